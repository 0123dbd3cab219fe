"""Says what is missing before searches can be answered."""

from __future__ import annotations

from elasticsearch import ApiError, Elasticsearch, TransportError
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from indexer.engine.errors import EngineError
from indexer.targets import alias_name
from matching.candidates.records import Showcase
from matching.storage.database import Database

ANSWER_WITHIN_S = 2.0


def missing_parts(database: Database, client: Elasticsearch, prefix: str) -> list[str]:
    """Return a sentence for each thing that is missing (nothing about persons); empty when all is ready."""
    try:
        with database.read() as session:
            showcases = list(session.scalars(select(Showcase.code).order_by(Showcase.position)))
    except SQLAlchemyError:
        return ["the database does not answer or is not migrated: run `hallowerk database upgrade`"]
    if not showcases:
        return ["there is no showcase yet: run `hallowerk demo load` or define one"]
    try:
        engine = client.options(request_timeout=ANSWER_WITHIN_S, max_retries=0)
        there = {code for code in showcases if engine.indices.exists_alias(name=alias_name(prefix, code))}
    except (ApiError, TransportError, EngineError):
        return ["the search engine does not answer: run `hallowerk engine status`"]
    return [
        f"showcase {code} has no index: run `hallowerk index rebuild --showcase {code}`"
        for code in showcases
        if code not in there
    ]
