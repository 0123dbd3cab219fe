"""Notes in SQL what a hand-made or freshly built index holds: that it is live, and the ledger of its listings."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from elasticsearch import Elasticsearch
from sqlalchemy import delete, insert

from indexer.registry import LIVE, register
from indexer.targets import find_targets, live_target, read_meta, write_meta
from matching.storage.changes import timeline
from matching.storage.database import Database
from matching.storage.index_state import IndexTarget, LedgerEntry


def remember(database: Database, client: Elasticsearch, prefix: str, showcases: Sequence[str]) -> None:
    """Make SQL know the live indexes of these showcases as they are now."""
    now = datetime.now(UTC)
    for code, targets in find_targets(client, prefix, showcases).items():
        live = live_target(targets)
        assert live
        client.indices.refresh(index=live.index)
        hits = client.search(index=live.index, size=1000, source=["digest", "written"])["hits"]["hits"]
        with database.write() as session:
            session.execute(delete(IndexTarget).where(IndexTarget.showcase == code))
            session.execute(delete(LedgerEntry).where(LedgerEntry.showcase == code))
            register(session, code, live.index, LIVE)
            life = timeline(session)
            entries = [
                {
                    "showcase": code,
                    "candidate_id": int(hit["_id"]),
                    "bucket": int(hit["_id"]) % 1024,
                    "digest": hit["_source"]["digest"],
                    "intended": hit["_source"]["written"],
                    "acknowledged": hit["_source"]["written"],
                    "gone": False,
                    "at": now,
                }
                for hit in hits
            ]
            if entries:
                session.execute(insert(LedgerEntry), entries)
        write_meta(client, live.index, {**read_meta(client, live.index), "timeline": life})
