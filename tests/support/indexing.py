"""Candidates in showcases to index, and what SQL says of indexes and waiting changes, for tests of the indexer."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import pytest
from elasticsearch import Elasticsearch
from sqlalchemy import delete, select, update

from indexer import changes as indexing
from indexer.registry import registered
from indexer.targets import find_targets, live_target
from matching.accounts.records import AuditEntry
from matching.candidates.listings import read_keys
from matching.candidates.parts import PARTS
from matching.candidates.records import Candidate, CandidateShowcase
from matching.settings import Settings
from matching.storage.changes import CANDIDATE, Change, note_changes
from matching.storage.database import Database
from matching.storage.index_state import IndexTarget, LedgerEntry, Rebuild
from tests.support.profiles import insert_full, insert_showcase, insert_taxonomy


def fill(
    database: Database,
    shown: Mapping[str, Iterable[int]],
    parts: Mapping[str, Iterable[str]] | None = None,
    unshown: Iterable[int] = (),
) -> None:
    """Make these showcases, in order, with full profiles under the ids that each shows; the changes wait in the log.

    `parts`: what a showcase shows, where that is not everything. `unshown` are candidates in no showcase.
    """
    of: dict[int, list[str]] = {key: [] for key in unshown}
    with database.write() as session:
        insert_taxonomy(session)
        for code, keys in shown.items():
            insert_showcase(session, code, (parts or {}).get(code, tuple(PARTS)))
            for key in keys:
                of.setdefault(key, []).append(code)
        for key in sorted(of):
            insert_full(session, key, of[key])


def fill_stad_and_regio(database: Database, people: int, unshown: Iterable[int] = ()) -> None:
    """Make so many candidates in 'stad', and every third one in 'regio' too, which shows little; no change waits."""
    keys = range(1, people + 1)
    fill(database, {"stad": keys, "regio": keys[2::3]}, {"regio": {"intro", "level"}}, unshown)
    forget_changes(database)


def forget_changes(database: Database) -> None:
    """Empty the change log."""
    with database.write() as session:
        session.execute(delete(Change))


def silently(database: Database, statement: Any) -> None:
    """Change the record and take what the change log says of it away."""
    with database.write() as session:
        session.execute(statement)
        session.execute(delete(Change))


def waiting(database: Database) -> set[int]:
    """Keys of the candidates in the change log."""
    with database.read() as session:
        return set(session.execute(select(Change.key).where(Change.kind == CANDIDATE)).scalars())


def live_index(database: Database, showcase: str) -> str:
    """The index that SQL calls live."""
    with database.read() as session:
        found = live_target(registered(session)[showcase])
    assert found
    return found.index


def searched(client: Elasticsearch, settings: Settings, showcase: str) -> str | None:
    """The index that searches of a showcase use, as the engine says."""
    found = live_target(find_targets(client, settings.index_prefix, [showcase])[showcase])
    return found.index if found else None


def states(database: Database) -> dict[str, str]:
    """index -> state of every registered index."""
    with database.read() as session:
        return {row.index: row.state for row in session.execute(select(IndexTarget)).scalars()}


def newest_rebuild(database: Database) -> Rebuild:
    """The rebuild that was begun last."""
    with database.read() as session:
        return session.execute(select(Rebuild).order_by(Rebuild.id.desc()).limit(1)).scalar_one()


def trail(database: Database) -> Sequence[AuditEntry]:
    """The audit trail, oldest first."""
    with database.read() as session:
        return session.scalars(select(AuditEntry).order_by(AuditEntry.id)).all()


def count(client: Elasticsearch, settings: Settings, showcase: str) -> int:
    """Listings that searches of a showcase can find."""
    client.indices.refresh(index=f"{settings.index_prefix}-{showcase}")
    found: int = client.count(index=f"{settings.index_prefix}-{showcase}")["count"]
    return found


def stored(client: Elasticsearch, index: str) -> dict[int, str | None]:
    """id -> name of every document in an index, None for a stub."""
    client.indices.refresh(index=index)
    hits = client.search(index=index, query={"match_all": {}}, size=1_000)["hits"]["hits"]
    return {int(hit["_id"]): hit["_source"].get("name") for hit in hits}


def names(client: Elasticsearch, index: str) -> dict[int, str]:
    """id -> name of every listing in an index."""
    return {key: name for key, name in stored(client, index).items() if name is not None}


def stubs(client: Elasticsearch, index: str) -> set[int]:
    """Ids of the stubs in an index; nothing else is in them."""
    client.indices.refresh(index=index)
    hits = client.search(index=index, query={"term": {"gone": True}}, size=100)["hits"]["hits"]
    assert all(hit["_source"].keys() == {"gone", "written", "bucket"} for hit in hits)
    return {int(hit["_id"]) for hit in hits}


def entry(database: Database, key: int, showcase: str = "stad") -> LedgerEntry | None:
    """What the ledger says of a candidate."""
    with database.read() as session:
        return session.get(LedgerEntry, (showcase, key))


def rename(database: Database, key: int, name: str) -> None:
    """Change a candidate; the database notes it."""
    with database.write() as session:
        session.execute(update(Candidate).where(Candidate.id == key).values(name=name))
        note_changes(session, CANDIDATE, [key])


def remove(database: Database, key: int) -> None:
    """Delete a candidate and announce it, in one transaction."""
    with database.write() as session:
        session.execute(delete(CandidateShowcase).where(CandidateShowcase.candidate_id == key))
        session.execute(delete(Candidate).where(Candidate.id == key))
        note_changes(session, CANDIDATE, [key])


def after_next_read(monkeypatch: pytest.MonkeyPatch, act: Callable[[], None]) -> None:
    """Act once, between the next read of candidates and what is done with it."""

    def read_then_act(*arguments: Any) -> Any:
        found = read_keys(*arguments)
        monkeypatch.setattr(indexing, "read_keys", read_keys)
        act()
        return found

    monkeypatch.setattr(indexing, "read_keys", read_then_act)
