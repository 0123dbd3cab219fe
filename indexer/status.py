"""Says how the index of each showcase stands against the record."""

from __future__ import annotations

from dataclasses import dataclass

from elasticsearch import Elasticsearch
from sqlalchemy import func, select

from indexer.catalogue import read_catalogue
from indexer.documents import fingerprint
from indexer.synonyms import listing_body
from indexer.targets import alias_name, find_targets, live_target
from matching.candidates.listings import count_shown
from matching.candidates.write import CANDIDATE
from matching.settings import Settings
from matching.storage.changes import Change
from matching.storage.database import Database


@dataclass(frozen=True)
class ShowcaseStatus:
    """The index of one showcase: `index` None before the first build.

    `documents` are in the index, `shown` in the record. `rebuild_due`: builder, labels, mapping or the parts shown
    are no longer those that the index was made with. `others` are spare and unfinished indexes.
    """

    showcase: str
    alias: str
    index: str | None
    documents: int
    shown: int
    rebuild_due: bool
    others: tuple[str, ...]


@dataclass(frozen=True)
class IndexStatus:
    """All showcases, and how many changes wait to be indexed."""

    showcases: tuple[ShowcaseStatus, ...]
    pending_changes: int


def index_status(database: Database, client: Elasticsearch, settings: Settings) -> IndexStatus:
    """Compare the engine with the record; reads no candidate. Raises the client's errors."""
    with database.read() as session:
        catalogue = read_catalogue(session)
        shown = {row.view.code: count_shown(session, row.id) for row in catalogue.showcases}
        waiting = select(func.count()).where(Change.kind == CANDIDATE)
        pending = session.execute(waiting).scalar_one()
    body = listing_body(settings)
    targets = find_targets(client, settings.index_prefix, catalogue.codes)
    rows = []
    for row in catalogue.showcases:
        code = row.view.code
        live = live_target(targets[code])
        documents, due = 0, True
        if live:
            documents = client.count(index=live.index)["count"]
            mapping = client.indices.get_mapping(index=live.index)[live.index]["mappings"]
            due = mapping.get("_meta", {}).get("fingerprint") != fingerprint(row.view, catalogue.labels, body)
        rows.append(
            ShowcaseStatus(
                showcase=code,
                alias=alias_name(settings.index_prefix, code),
                index=live.index if live else None,
                documents=documents,
                shown=shown[code],
                rebuild_due=due,
                others=tuple(target.index for target in targets[code] if not target.live),
            )
        )
    return IndexStatus(tuple(rows), pending)
