"""An engine that is away, stalls, breaks off, is too busy or takes no large bodies: F2, F3 and F13.

A proxy stands between real processes and a real engine. Relay and worker of the house below run through one all the
time; a rebuild has one of its own, and goes on beside them.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import delete, select, update

from indexer.bulk import BULK_TIMEOUT_S, USUAL_PATIENCE
from indexer.engine.instance import Running
from indexer.registry import LIVE, SPARE
from matching.candidates.records import Candidate
from matching.settings import Settings
from matching.storage.database import Database
from matching.storage.index_state import DeadLetter
from matching.storage.migrate import upgrade
from tests.support.engine import own_corner
from tests.support.house import House, open_house
from tests.support.indexing import live_index, newest_rebuild, states
from tests.support.processes import Process, running
from tests.support.proxy import (
    Fault,
    Proxy,
    answer_too_late,
    cut_after,
    hold,
    lose,
    no_engine_behind,
    pass_on,
    proxy_before,
    refuse_items,
    too_busy,
    too_large_above,
)
from tests.support.waiting import wait_until

PEOPLE = 120
BULK = "/_bulk"
#: A bulk that stalls is given up after seconds instead of a minute, and a rebuild sends many small ones.
HURRIED = """
import indexer.bulk
indexer.bulk.BULK_TIMEOUT_S = 3.0
from web.commands import main
main()
"""
IN_SMALL_BULKS = "import indexer.bulk\nindexer.bulk.CHUNK_BYTES = 20_000\n" + HURRIED
#: A third of the listings above fits below it, the longest one does not.
LIMIT = 60_000
#: Seconds that relay, worker and a rebuild wait for what is no bulk.
TIMEOUT_S = "3"


@dataclass(frozen=True)
class Standing:
    """A house in which relay and worker run through a proxy; each test has candidates of its own."""

    house: House
    proxy: Proxy
    worker: Process
    keys: Iterator[int]

    def said(self, word: str) -> int:
        """How often the worker's log has this word."""
        return self.worker.log.read_text().count(word)

    def remove(self, key: int) -> None:
        """Delete a candidate in SQL, as anybody might."""
        with self.house.database.write() as session:
            session.execute(delete(Candidate).where(Candidate.id == key))

    def letters(self) -> set[tuple[int, int]]:
        """Candidate and status of every dead letter."""
        with self.house.database.read() as session:
            rows = session.execute(select(DeadLetter.candidate_id, DeadLetter.status))
            return {(row.candidate_id, row.status) for row in rows}

    def write(self, text: str, *keys: int) -> None:
        """Change what these candidates (none: all) say of themselves."""
        changed = update(Candidate).values(about=text)
        with self.house.database.write() as session:
            session.execute(changed.where(Candidate.id.in_(keys)) if keys else changed)

    def settle(self) -> None:
        """Wait until the log is empty, and see that all agrees."""
        wait_until(lambda: not self.house.waiting(), "the log is empty", 60)
        self.house.agree()


@pytest.fixture
def standing(started: Standing) -> Iterator[Standing]:
    """The one house of this file, with a network that is in order again afterwards."""
    yield started
    started.proxy.heal()


@pytest.fixture(scope="module")
def started(engine: Running, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Standing]:
    """SQLite and files, as in the demo."""
    folder = tmp_path_factory.mktemp("network")
    settings = Settings(
        state_dir=folder / "state", elasticsearch_url="", redis_url="", secret_key="for tests only, and long enough!"
    )
    database = Database(f"sqlite:///{folder / 'hallowerk.db'}")
    upgrade(database)
    with own_corner(engine, settings) as own, proxy_before(engine.url) as proxy:
        house = open_house(database, own, people=PEOPLE)
        hurried = {"program": HURRIED, "HALLOWERK_SEARCH_TIMEOUT_S": TIMEOUT_S}
        with (
            running(behind(proxy, house), folder, "relay"),
            running(behind(proxy, house), folder, "worker", **hurried) as worker,
        ):
            yield Standing(house, proxy, worker, iter(range(1, PEOPLE)))
            assert worker.end() == 0
    database.close()


def behind(proxy: Proxy, house: House) -> Settings:
    """The settings of a process that reaches the engine through this proxy."""
    return house.settings.model_copy(update={"elasticsearch_url": proxy.url})


@contextmanager
def rebuilding(
    standing: Standing, folder: Path, *faults: Fault, on: str = BULK, times: int | None = None, program: str = HURRIED
) -> Iterator[tuple[Proxy, Process]]:
    """A rebuild that meets these faults, and the proxy that makes them."""
    with proxy_before(standing.house.settings.elasticsearch_url) as road:
        road.fail(*faults, on=on, times=times)
        settings = behind(road, standing.house)
        variables = {"program": program, "HALLOWERK_SEARCH_TIMEOUT_S": TIMEOUT_S}
        with running(settings, folder, "index", "rebuild", **variables) as process:
            yield road, process


FAULTS: dict[str, tuple[Fault, int]] = {
    "lost": (lose, 2),
    "cut": (cut_after(30), 2),
    "answered_too_late": (answer_too_late, 1),
    "too_busy": (too_busy, 2),
    "no_engine_behind": (no_engine_behind, 2),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_bulk_of_a_worker_that_fails_as_a_whole(standing: Standing, name: str) -> None:
    """F2, F3: it is sent again; where the engine had taken it already, that is no later read's doing."""
    fault, times = FAULTS[name]
    changed, gone = next(standing.keys), next(standing.keys)
    before = standing.proxy.done[name]
    standing.proxy.fail(fault, on=BULK, times=times)
    with standing.house.database.write() as session:
        session.execute(update(Candidate).where(Candidate.id == changed).values(name="Anders"))
        session.execute(delete(Candidate).where(Candidate.id == gone))
    standing.house.wait_for(changed, "Anders")
    standing.house.wait_for(gone, None)
    assert standing.proxy.done[name] - before == times
    standing.house.agree()


def test_single_writes_of_a_worker_that_are_refused(standing: Standing) -> None:
    """F3: in any mix; only these are sent again, and none is taken for written."""
    house, proxy = standing.house, standing.proxy
    before = proxy.done["refused_items"]
    proxy.fail(refuse_items(lambda key, tries: (429, 503)[tries % 2] if tries < int(key) % 4 else 0), on=BULK)
    standing.write("Geweigerd en weer gestuurd")
    wait_until(lambda: proxy.done["mixed"] >= 2, "bulks of which a part is refused")
    standing.settle()
    with house.database.read() as session:
        there = session.execute(select(Candidate.id)).scalars().all()
    assert proxy.done["refused_items"] - before == len(states(house.database)) * sum(key % 4 for key in there)
    assert standing.letters() == set()


def test_an_engine_that_is_away_and_comes_back(standing: Standing) -> None:
    """F2: the change waits in the log, and nobody has to do anything."""
    changed, gone = next(standing.keys), next(standing.keys)
    before = standing.said('"kind": "ConnectionError"')
    standing.proxy.refuse()
    standing.house.rename(changed, "Anders")
    standing.remove(gone)
    wait_until(lambda: standing.said('"kind": "ConnectionError"') > before, "the worker is refused")
    assert standing.house.waiting() == 2
    standing.proxy.accept()
    standing.house.wait_for(changed, "Anders")
    standing.house.wait_for(gone, None)
    standing.house.agree()


def test_an_engine_that_stalls(standing: Standing) -> None:
    """F2: whatever is asked for; a worker doesn't wait for ever."""
    changed, gone = next(standing.keys), next(standing.keys)
    before = standing.said('"kind": "ConnectionTimeout"')
    standing.proxy.fail(hold)
    standing.house.rename(changed, "Anders")
    standing.remove(gone)
    wait_until(lambda: standing.said('"kind": "ConnectionTimeout"') > before, "the worker gives up")
    assert standing.house.waiting() == 2
    standing.proxy.heal()
    standing.house.wait_for(changed, "Anders")
    standing.house.wait_for(gone, None)
    standing.house.agree()


def test_a_bulk_that_arrives_long_after_it_was_given_up(standing: Standing) -> None:
    """F2: it holds what was right then; it brings nobody back, and undoes no change."""
    house, proxy = standing.house, standing.proxy
    changed, gone = next(standing.keys), next(standing.keys)
    before = proxy.done["held"]
    proxy.fail(hold, on=BULK, times=1)
    with house.database.write() as session:
        session.execute(update(Candidate).where(Candidate.id.in_([changed, gone])).values(name="Eerst"))
    wait_until(lambda: proxy.done["held"] > before, "the bulk is on its way")
    house.wait_for(gone, "Eerst")
    house.rename(changed, "Later")
    standing.remove(gone)
    house.wait_for(changed, "Later")
    house.wait_for(gone, None)
    delivered = proxy.done["delivered"]
    proxy.release()
    wait_until(lambda: proxy.done["delivered"] > delivered, "the bulk arrives")
    house.agree()
    assert (house.name_of(changed), house.name_of(gone)) == ("Later", None)


def test_a_worker_whose_bodies_are_too_large(standing: Standing) -> None:
    """F13: sent in parts; one listing that is too large by itself is put aside, until it is shorter."""
    proxy, long = standing.proxy, next(standing.keys)
    before = proxy.done["too_large"]
    proxy.fail(too_large_above(LIMIT), on=BULK)
    standing.write("Past niet in één keer")
    standing.write("lang verhaal " * (LIMIT // 10), long)
    wait_until(lambda: not standing.house.waiting(), "the log is empty", 60)
    assert proxy.done["too_large"] - before >= 3
    assert standing.letters() == {(long, 413)}
    standing.write("kort verhaal", long)
    standing.settle()
    assert standing.letters() == set()


def test_a_rebuild_whose_bulks_fail_in_every_way(standing: Standing, tmp_path: Path) -> None:
    """F2, F3: it goes live all the same, with what was changed meanwhile."""
    house = standing.house
    changed, gone = next(standing.keys), next(standing.keys)
    before = live_index(house.database, "stad")
    some = refuse_items(lambda key, tries: (429, 503)[int(key) % 2] if tries < int(key) % 3 else 0)
    faults = [hold, *(fault for fault, _ in FAULTS.values()), some, some]
    with rebuilding(standing, tmp_path, *faults, times=len(faults), program=IN_SMALL_BULKS) as (road, process):
        wait_until(lambda: road.done["held"], "the first bulk", 60)
        house.rename(changed, "Anders")
        standing.remove(gone)
        assert process.wait(60) == 0, process.log.read_text()
    assert all(road.done[name] for name in (*FAULTS, "held", "refused_items")), road.done
    assert live_index(house.database, "stad") != before
    standing.settle()
    assert (house.name_of(changed), house.name_of(gone)) == ("Anders", None)


def test_patience_does_not_end_with_the_first_bulk_that_stalls() -> None:
    """F2: as it is set above for the tests, it is in use."""
    assert USUAL_PATIENCE.give_up_after_s >= 2 * BULK_TIMEOUT_S


def test_an_engine_that_goes_away_and_comes_back_during_a_rebuild(standing: Standing, tmp_path: Path) -> None:
    """F2."""
    before = live_index(standing.house.database, "stad")
    with rebuilding(standing, tmp_path, hold, times=1) as (road, process):
        wait_until(lambda: road.done["held"], "the first bulk", 60)
        road.refuse()
        wait_until(lambda: "Connection refused" in process.log.read_text(), "the rebuild is refused")
        road.accept()
        assert process.wait(60) == 0, process.log.read_text()
    assert live_index(standing.house.database, "stad") != before
    standing.settle()


def test_a_rebuild_whose_bodies_are_too_large(standing: Standing, tmp_path: Path) -> None:
    """F13: sent in parts; it says whose listing was refused, and goes live without it."""
    long = next(standing.keys)
    standing.write("lang verhaal " * (LIMIT // 10), long)
    standing.settle()
    before = live_index(standing.house.database, "stad")
    with rebuilding(standing, tmp_path, too_large_above(LIMIT)) as (road, process):
        assert process.wait(60) == 1
        told = process.log.read_text()
    assert f"candidate {long} in" in told
    assert "Traceback" not in told
    assert road.done["too_large"] >= 3
    assert live_index(standing.house.database, "stad") != before
    assert standing.letters() == {(long, 413)}
    standing.write("kort verhaal", long)
    standing.settle()
    assert standing.letters() == set()


@pytest.mark.parametrize(("name", "fault"), [("lost", lose), ("cut", cut_after(3))])
def test_a_rebuild_that_never_hears_of_its_switch(standing: Standing, tmp_path: Path, name: str, fault: Fault) -> None:
    """F2: the alias is where it was, or was moved; a worker looks, and carries on from there."""
    house = standing.house
    changed = next(standing.keys)
    before = live_index(house.database, "stad")
    # The first call raises the sign of who switches.
    with rebuilding(standing, tmp_path, pass_on, fault, on="/_aliases", times=2) as (road, process):
        assert process.wait(60) == 1
        assert "does not answer" in process.log.read_text()
    assert road.done[name] == 1
    house.rename(changed, "Anders")
    wait_until(lambda: newest_rebuild(house.database).ended_at, "a worker has carried on", 60)
    assert live_index(house.database, "stad") != before
    assert sorted(states(house.database).values()) == [LIVE, SPARE]
    house.wait_for(changed, "Anders")
    house.agree()
