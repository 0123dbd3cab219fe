"""Workers that index the same candidates at once, while these change, go and come back: the end is what SQL says."""

from __future__ import annotations

import random
import threading

import pytest
from elasticsearch import Elasticsearch
from sqlalchemy import delete, func, select, update

from indexer.changes import drain
from indexer.rebuild.run import rebuild
from indexer.registry import registered
from indexer.targets import LISTINGS
from matching.candidates.records import Candidate, CandidateShowcase, Showcase
from matching.settings import Settings
from matching.storage.changes import CANDIDATE, Change, note_changes
from matching.storage.database import Database
from matching.storage.errors import DatabaseBusy
from matching.storage.index_state import DeadLetter, Finding, LedgerEntry
from tests.support.profiles import insert_full, insert_showcase, insert_taxonomy, show

SHOWCASES = ("stad", "regio")
PEOPLE = 6
STEPS = 120
WORKERS = 3


class Workers:
    """Threads that drain the log until they are told to end; an error of one of them ends the test."""

    def __init__(self, database: Database, client: Elasticsearch, settings: Settings) -> None:
        self._arguments = (database, client, settings)
        self._ended = threading.Event()
        self._failed: list[Exception] = []
        self._threads = [threading.Thread(target=self._work) for _ in range(WORKERS)]

    def __enter__(self) -> Workers:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        for thread in self._threads:
            thread.join()
        if self._failed:
            raise self._failed[0]

    def _work(self) -> None:
        while not self._ended.is_set() and not self._failed:
            try:
                drain(*self._arguments)
            except DatabaseBusy:
                continue  # as a worker does: what was claimed is free again
            except Exception as error:
                self._failed.append(error)


def change(database: Database, chance: random.Random, step: int) -> None:
    """One transaction that changes, hides, shows, deletes or brings back a candidate."""
    key = chance.randrange(1, PEOPLE + 1)
    with database.write() as session:
        there = session.execute(select(Candidate.id).where(Candidate.id == key)).scalar()
        kind = chance.choice(("rename", "rename", "same", "hide", "show", "delete"))
        if there is None:
            insert_full(session, key, chance.sample(SHOWCASES, chance.randrange(3)), name=f"Naam{step}")
        elif kind == "rename":
            session.execute(update(Candidate).where(Candidate.id == key).values(name=f"Naam{step}"))
        elif kind == "same":
            session.execute(update(Candidate).where(Candidate.id == key).values(phone=f"06{step:08}"))
        elif kind == "delete":
            session.execute(delete(Candidate).where(Candidate.id == key))
        else:
            session.execute(delete(CandidateShowcase).where(CandidateShowcase.candidate_id == key))
            show(session, key, SHOWCASES if kind == "show" else chance.sample(SHOWCASES, 1))
        note_changes(session, CANDIDATE, [key])


def by_sql(database: Database, showcase: str) -> dict[int, str]:
    """id -> name of whom a showcase shows."""
    shown = (
        select(Candidate.id, Candidate.name)
        .join(CandidateShowcase, CandidateShowcase.candidate_id == Candidate.id)
        .join(Showcase, Showcase.id == CandidateShowcase.showcase_id)
        .where(Showcase.code == showcase)
    )
    with database.read() as session:
        return {row.id: row.name for row in session.execute(shown)}


def by_index(client: Elasticsearch, index: str) -> dict[int, str]:
    """id -> name of the listings of an index."""
    client.indices.refresh(index=index)
    hits = client.search(index=index, query=LISTINGS, size=100)["hits"]["hits"]
    return {int(hit["_id"]): hit["_source"]["name"] for hit in hits}


@pytest.mark.parametrize("seed", [1, 2])
def test_crossing_writers_leave_what_sql_says(
    database: Database, client: Elasticsearch, engine_settings: Settings, seed: int
) -> None:
    """Live and spare, with a rebuild in the middle; nobody waits in the log, and all that is acknowledged is there."""
    chance = random.Random(seed)
    with database.write() as session:
        insert_taxonomy(session)
        for code in SHOWCASES:
            insert_showcase(session, code)
        for key in range(1, PEOPLE + 1):
            insert_full(session, key, SHOWCASES[: key % 3])
    rebuild(database, client, engine_settings)
    with Workers(database, client, engine_settings):
        for step in range(STEPS):
            change(database, chance, step)
            if step == STEPS // 2:
                rebuild(database, client, engine_settings)
    drain(database, client, engine_settings)
    with database.read() as session:
        assert session.execute(select(func.count()).select_from(Change).where(Change.kind == CANDIDATE)).scalar() == 0
        assert session.execute(select(DeadLetter)).all() == []
        assert session.execute(select(Finding)).all() == []
        targets = registered(session)
        entries = session.execute(select(LedgerEntry)).scalars().all()
    for code in SHOWCASES:
        wanted = by_sql(database, code)
        assert len(targets[code]) == 2
        for target in targets[code]:
            assert by_index(client, target.index) == wanted, (target, seed)
        known = {entry.candidate_id: entry.gone for entry in entries if entry.showcase == code}
        assert {key for key, gone in known.items() if not gone} == set(wanted)
        live = next(target.index for target in targets[code] if target.live)
        for entry in entries:
            if entry.showcase == code and entry.acknowledged == entry.intended and not entry.gone:
                stored = client.get(index=live, id=str(entry.candidate_id), source_includes=["digest"])
                assert stored["_source"]["digest"] == entry.digest, (entry.candidate_id, seed)
        assert by_index(client, f"{engine_settings.index_prefix}-{code}") == wanted
