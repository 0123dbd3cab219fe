"""An engine that takes no writes, refuses a listing, or was changed behind our back: F8, F9, F14, F15 and F24.

Relay and worker run all the time, as they do where nobody watches; what has to be put right by hand is put right by the
commands for that.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from elasticsearch import Elasticsearch
from sqlalchemy import delete, insert, select, update
from sqlalchemy.orm import Session

from indexer.registry import FILLING
from indexer.targets import alias_name
from matching.candidates.records import Candidate, CandidateEntry
from matching.settings import Settings
from matching.storage.changes import present_version
from matching.storage.database import Database
from matching.storage.index_state import DeadLetter, Finding
from tests.support.house import House, open_house
from tests.support.indexing import live_index, newest_rebuild, states
from tests.support.processes import Process, running
from tests.support.profiles import insert_full, spoil
from tests.support.redis import running_redis
from tests.support.waiting import wait_until

PEOPLE = 20
BLOCK = "index.blocks.read_only_allow_delete"
#: How many jobs the engine takes of one candidate.
JOBS = "index.mapping.nested_objects.limit"
#: Gives up after a second instead of two minutes.
IMPATIENT = """
import indexer.bulk
indexer.bulk.USUAL_PATIENCE = indexer.bulk.Patience(give_up_after_s=1.0)
from web.commands import main
main()
"""


@dataclass(frozen=True)
class Standing:
    """A house in which relay and worker run."""

    house: House
    worker: Process
    folder: Path

    @property
    def live(self) -> str:
        """The index that searches use, as SQL has it."""
        return live_index(self.house.database, "stad")

    def said(self, word: str) -> int:
        """How often the worker's log has this word."""
        return self.worker.log.read_text().count(word)

    def change(self) -> None:
        """One candidate gets another name, one is deleted, one is new."""
        with self.house.database.write() as session:
            session.execute(update(Candidate).where(Candidate.id == 1).values(name="Anders"))
            session.execute(delete(Candidate).where(Candidate.id == 2))
            insert_full(session, PEOPLE + 1, ["stad"], name="Nieuw")

    def wait_for_change(self) -> None:
        """Wait until searches find what `change` made, and all agrees."""
        for key, name in ((1, "Anders"), (2, None), (PEOPLE + 1, "Nieuw")):
            self.house.wait_for(key, name)
        self.house.agree()

    def letters(self) -> set[tuple[int, int]]:
        """Candidate and tries of every dead letter."""
        with self.house.database.read() as session:
            rows = session.execute(select(DeadLetter.candidate_id, DeadLetter.tries))
            return {(row.candidate_id, row.tries) for row in rows}

    def findings(self) -> set[tuple[str, bool]]:
        """Kind of every finding, and whether it was seen repaired."""
        with self.house.database.read() as session:
            rows = session.execute(select(Finding)).scalars()
            return {(row.kind, row.repaired_at is not None) for row in rows}

    def command(self, *arguments: str) -> tuple[int, str]:
        """Run `hallowerk index ...` to its end; its exit code and what it said."""
        folder = self.folder / "-".join(arguments)
        folder.mkdir(exist_ok=True)
        with running(self.house.settings, folder, "index", *arguments) as process:
            code = process.wait(60)
            return code, process.log.read_text()


@contextmanager
def standing_in(house: House, folder: Path, program: str = "") -> Iterator[Standing]:
    """Relay and worker of a house run; `program` is the worker's."""
    with (
        running(house.settings, folder, "relay") as relay,
        running(house.settings, folder, "worker", program=program) as worker,
    ):
        yield Standing(house, worker, folder)
        assert [relay.end(), worker.end()] == [0, 0]


@pytest.fixture
def standing(engine_settings: Settings, postgres_database: Database, tmp_path: Path) -> Iterator[Standing]:
    """PostgreSQL and Redis, as in production."""
    with running_redis(tmp_path) as redis:
        house = open_house(postgres_database, engine_settings, redis, PEOPLE)
        with standing_in(house, tmp_path) as standing:
            yield standing


@contextmanager
def flooded(house: House) -> Iterator[None]:
    """Every index is closed to writes, as the engine does when a disk is nearly full."""
    names = f"{house.settings.index_prefix}-*"
    house.client.indices.put_settings(index=names, settings={BLOCK: True})
    yield
    house.client.indices.put_settings(index=names, settings={BLOCK: None})


def test_a_full_disk_while_changes_come_in_and_a_rebuild_fills(standing: Standing, tmp_path: Path) -> None:
    """F8: all wait, nothing is dropped or blamed, and all go on by themselves once there is room."""
    house, before = standing.house, standing.live
    with running(house.settings, tmp_path, "index", "rebuild", HALLOWERK_REBUILD_RATE=f"{PEOPLE // 3}") as process:
        wait_until(lambda: FILLING in states(house.database).values(), "the new index", 60)
        with flooded(house):
            standing.change()
            for log in (standing.worker.log, process.log):
                wait_until(
                    lambda log=log: "cluster_block_exception" in log.read_text(), f"{log.name} tells of the block"
                )
            assert house.waiting() == 3
            assert standing.letters() == set()
            assert [house.name_of(key) for key in (1, 2, PEOPLE + 1)] == ["Naam1", "Naam2", None]
        assert process.wait(60) == 0, process.log.read_text()
    standing.wait_for_change()
    assert standing.live != before


def test_a_disk_that_stays_full_for_longer_than_patience_lasts(
    engine_settings: Settings, postgres_database: Database, tmp_path: Path
) -> None:
    """F8: the rebuild ends with a word, and the worker gives its changes back; it does both once there is room."""
    house = open_house(postgres_database, engine_settings, people=PEOPLE)
    before = live_index(house.database, "stad")
    with standing_in(house, tmp_path, program=IMPATIENT) as standing:
        slow = {"HALLOWERK_REBUILD_RATE": f"{PEOPLE // 2}", "program": IMPATIENT}
        with running(house.settings, tmp_path, "index", "rebuild", **slow) as process:
            wait_until(lambda: FILLING in states(house.database).values(), "the new index", 60)
            with flooded(house):
                standing.change()
                assert process.wait(60) == 1
                assert "stayed too busy" in process.log.read_text()
                for task in ("index", "resume"):
                    failed = f'"task": "{task}", "kind": "EngineBusy"'
                    wait_until(lambda failed=failed: standing.said(failed), f"{failed}", 60)
                assert house.waiting() == 3
                assert (standing.letters(), newest_rebuild(house.database).ended_at) == (set(), None)
        wait_until(lambda: newest_rebuild(house.database).ended_at, "a worker has carried on", 60)
        standing.wait_for_change()
        assert standing.live != before


#: What the engine refuses of a candidate, and what it takes instead: a coordinate, a number, a word of 32 kB and more.
POISON: dict[int, dict[str, Any]] = {
    3: {"place_id": "nergens", "postcode": None},
    4: {"hours_min": 2**40},
    5: {"level": "x" * 40_000},
}
CURE: dict[int, dict[str, Any]] = {3: {"place_id": "geheimdorp"}, 4: {"hours_min": 16}, 5: {"level": "mbo-3"}}


def test_poison_among_good_listings(engine_settings: Settings, sqlite_database: Database, tmp_path: Path) -> None:
    """F9: each kind is put aside and the rest lands; what is cured in the record goes in by itself, else by a replay.

    On SQLite, which keeps numbers and words of any length.
    """
    house = open_house(sqlite_database, engine_settings, people=PEOPLE)
    with standing_in(house, tmp_path) as standing:
        with house.database.write() as session:
            spoil(session, [])
            _give(session, POISON)
            session.execute(
                insert(CandidateEntry).values(candidate_id=6, kind="work", position=1, title="Nog een baan")
            )
        house.client.indices.put_settings(index=standing.live, settings={JOBS: 1})
        standing.change()
        wait_until(lambda: not house.waiting(), "the log is empty", 60)
        for key, name in ((1, "Anders"), (2, None), (PEOPLE + 1, "Nieuw")):
            house.wait_for(key, name)
        assert standing.letters() == {(key, 1) for key in (3, 4, 5, 6)}

        with house.database.write() as session:
            _give(session, CURE)
        wait_until(lambda: standing.letters() == {(6, 1)}, "what was cured is taken")
        code, told = standing.command("dead-letters", "replay", "--all")
        assert (code, standing.letters()) == (1, {(6, 2)}), told
        house.client.indices.put_settings(index=standing.live, settings={JOBS: None})
        code, told = standing.command("dead-letters", "replay", "--all")
        assert (code, standing.letters()) == (0, set()), told
        standing.wait_for_change()


def _give(session: Session, values: dict[int, dict[str, Any]]) -> None:
    for key, columns in values.items():
        session.execute(update(Candidate).where(Candidate.id == key).values(columns))


@contextmanager
def making_indexes(house: House) -> Iterator[None]:
    """The engine makes any index that somebody writes to, under our names only: others use it too."""
    ours = f"+{house.settings.index_prefix}*,-*"
    house.client.cluster.put_settings(persistent={"action.auto_create_index": ours})
    try:
        yield
    finally:
        house.client.cluster.put_settings(persistent={"action.auto_create_index": None})


@pytest.mark.requirement("ROLE-22")
def test_an_alias_that_was_deleted_by_hand(standing: Standing) -> None:
    """F14: no write of ours makes an index under its name, and one that somebody else made goes."""
    house = standing.house
    alias = alias_name(house.settings.index_prefix, "stad")
    with making_indexes(house):
        house.client.indices.delete_alias(index=standing.live, name=alias)
        standing.change()
        wait_until(lambda: standing.said("WritesPaused"), "the worker pauses")
        assert not house.client.indices.exists(index=alias)
        assert house.waiting() == 3
        house.client.index(index=alias, id="1", document={"name": "Vreemd"})
    _, told = standing.command("reconcile")
    assert "alias put back: stad" in told
    standing.wait_for_change()
    assert standing.findings() == {("alias", True)}
    assert standing.letters() == set()


def empty(client: Elasticsearch, index: str, _: list[Any]) -> None:
    """Delete every document, which the engine keeps the versions of for a while."""
    client.delete_by_query(index=index, query={"match_all": {}}, refresh=True)


def remove(client: Elasticsearch, index: str, _: list[Any]) -> None:
    """Delete the index."""
    client.indices.delete(index=index)


def restore(client: Elasticsearch, index: str, old: list[Any]) -> None:
    """Have an index of that name with what it held some time ago, as from a snapshot."""
    facts = client.indices.get(index=index)[index]
    settings = {name: facts["settings"]["index"][name] for name in ("analysis", "max_result_window")}
    client.indices.delete(index=index)
    client.indices.create(index=index, mappings=facts["mappings"], aliases=facts["aliases"], settings=settings)
    for hit in old:
        source, version = hit["_source"], hit["_version"]
        client.index(index=index, id=hit["_id"], document=source, version=version, version_type="external")


@pytest.mark.requirement("ROLE-22")
@pytest.mark.parametrize("damage", [empty, remove, restore])
def test_an_index_that_lost_what_it_held(
    standing: Standing, damage: Callable[[Elasticsearch, str, list[Any]], None]
) -> None:
    """F15: verification tells, one command repairs, and changes go on coming in."""
    house, index = standing.house, standing.live
    old = house.client.search(index=index, size=PEOPLE, version=True)["hits"]["hits"]
    standing.change()
    standing.wait_for_change()
    damage(house.client, index, old)
    code, told = standing.command("verify")
    assert code == 1, told
    house.rename(6, "Later")
    standing.command("reconcile")
    house.wait_for(6, "Later")
    standing.wait_for_change()
    assert (standing.live == index) == (damage is not remove)


@pytest.mark.requirement("ROLE-22")
def test_documents_that_were_changed_by_hand(standing: Standing) -> None:
    """F24: a change goes above their version, be it the very next one or far ahead; else a command sees and repairs."""
    house, index = standing.house, standing.live
    house.rename(6, "Eerst")
    house.wait_for(6, "Eerst")
    house.client.update(index=index, id="6", doc={"name": "Met de hand"})
    with house.database.read() as session:
        drawn = present_version(session)
    found = house.client.get(index=index, id="7")
    assert house.client.get(index=index, id="6")["_version"] == drawn + 1
    strange = drawn + 1_000
    document = found["_source"] | {"name": "Met de hand"}
    for change in ("6", "7"):
        if change == "7":
            house.client.index(index=index, id="7", document=document, version=strange, version_type="external")
        house.rename(int(change), "Later")
        house.wait_for(int(change), "Later")
    assert house.client.get(index=index, id="7")["_version"] > strange
    house.agree()
    house.client.update(index=index, id="8", doc={"name": "Met de hand"})
    code, told = standing.command("verify")
    assert (code, "were written by something else than the indexer: 8" in told) == (1, True), told
    standing.command("reconcile")
    house.wait_for(8, "Naam8")
    house.agree()
    assert standing.findings() == {("edited", True)}
