"""An old and a new release work on one database and engine, across a change of mapping and builder (F20)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import select

from indexer.changes import WritesPaused, index_candidates
from indexer.reader import Basis, Reader
from indexer.rebuild.lease import unfinished
from matching.candidates.listings import read_showcases
from matching.candidates.records import Candidate
from matching.search.criteria import SearchCriteria
from matching.search.ranking import load_profile
from matching.settings import Settings
from matching.storage.database import Database
from matching.storage.index_state import DeadLetter
from matching.taxonomy.store import load_taxonomy
from matching.taxonomy.vocabularies import load_vocabularies
from tests.support.house import PEOPLE, House, open_house
from tests.support.indexing import live_index
from tests.support.processes import running
from tests.support.proxy import hold, proxy_before
from tests.support.releases import SIGN, next_release
from tests.support.repeating import repeating
from tests.support.waiting import wait_until

#: Longer than a busy machine takes between two looks at what is held.
LEASE_S = 6.0


@pytest.fixture
def house(sqlite_database: Database, engine_settings: Settings) -> House:
    """Indexed by the old release, which is the one that runs these tests."""
    house = open_house(sqlite_database, engine_settings)
    return House(house.database, house.client, house.settings.model_copy(update={"lease_s": LEASE_S}), None)


@contextmanager
def searching(house: House) -> Iterator[list[int]]:
    """The old release searches while the block runs; how many it found each time. What it raises ends the test."""
    reader = Reader(house.client, house.settings.index_prefix)
    with house.database.read() as session:
        taxonomy = load_taxonomy(session)
        [row] = read_showcases(session)
    criteria = SearchCriteria(showcase=row.view)
    basis = Basis(load_profile(house.settings.ranking_profile), taxonomy, load_vocabularies())
    totals: list[int] = []
    with repeating(lambda: totals.append(reader.search(criteria, basis).total)):
        yield totals


def made_by_new(house: House, index: str = "") -> dict[int, bool]:
    """Candidate -> whether the new release made the listing in this index, or in what searches use."""
    index = index or f"{house.settings.index_prefix}-stad"
    house.client.indices.refresh(index=index)
    hits = house.client.search(index=index, size=100)["hits"]["hits"]
    return {int(hit["_id"]): hit["_source"]["one_liner"].startswith(SIGN) for hit in hits}


@pytest.mark.requirement("ROLE-22")
def test_two_releases_at_once(house: House, tmp_path: Path) -> None:
    """F20: old workers keep off the index that the new release builds; what they still write later is found."""
    settings, old, new = house.settings, tmp_path / "old", tmp_path / "new"
    old.mkdir()
    new.mkdir()
    tree = next_release(tmp_path)
    with (
        proxy_before(settings.elasticsearch_url) as proxy,
        searching(house) as totals,
        running(settings, old, "relay"),
    ):
        behind = settings.model_copy(update={"elasticsearch_url": proxy.url})
        with running(settings, old, "worker") as old_worker:
            house.rename(1, "Anders")
            house.wait_for(1, "Anders")
            assert made_by_new(house) == dict.fromkeys(range(1, PEOPLE + 1), False)
            proxy.fail(hold, on="/_bulk")
            with running(behind, new, "index", "rebuild", tree=tree) as rebuilding:
                wait_until(lambda: proxy.done["held"], "the fill is on its way")
                house.rename(2, "Alleen de oude is er")
                wait_until(lambda: "WritesPaused" in old_worker.log.read_text(), "the old worker keeps off")
                with running(settings, new, "worker", tree=tree) as new_worker:
                    house.wait_for(2, "Alleen de oude is er")
                    house.rename(3, "Beide zijn er")
                    house.wait_for(3, "Beide zijn er")
                    assert made_by_new(house)[2]
                    proxy.release()
                    assert rebuilding.wait() == 0, rebuilding.log.read_text()
                    assert made_by_new(house) == dict.fromkeys(range(1, PEOPLE + 1), True)
                    assert new_worker.end() == 0
            house.rename(4, "Nog eens de oude")
            house.wait_for(4, "Nog eens de oude")
            assert not made_by_new(house)[4]
            assert old_worker.end() == 0
        with running(settings, new, "worker", tree=tree):
            house.rename(5, "Nu de nieuwe")
            house.wait_for(5, "Nu de nieuwe")
            for command, code in (("verify", 1), ("reconcile", 0), ("verify", 0)):
                with running(settings, new, "index", command, "--full", tree=tree) as process:
                    assert process.wait() == code, process.log.read_text()
    assert made_by_new(house) == dict.fromkeys(range(1, PEOPLE + 1), True)
    assert names(house) == {key: house.name_of(key) for key in range(1, PEOPLE + 1)}
    assert set(totals) == {PEOPLE}
    with house.database.read() as session:
        assert session.execute(select(DeadLetter)).all() == []  # the old indexes took the new field too


def names(house: House) -> dict[int, str]:
    """What SQL says."""
    with house.database.read() as session:
        return {row.id: row.name for row in session.execute(select(Candidate.id, Candidate.name))}


def test_a_rebuild_of_another_release_that_nobody_works_on_stops_no_worker(house: House, tmp_path: Path) -> None:
    """F20: a new release whose rebuild died must not keep the old one, which is alone again, from its work."""
    tree = next_release(tmp_path)
    failing = {"HALLOWERK_TESTING": "1", "HALLOWERK_FAILPOINT": "rebuild.verify"}
    with running(house.settings, tmp_path, "index", "rebuild", tree=tree, **failing) as process:
        wait_until(process.killed_itself, "the rebuild is killed", 60)
    with house.database.read() as session:
        [left] = unfinished(session)
    house.rename(1, "Anders")
    with pytest.raises(WritesPaused):
        index_candidates(house.database, house.client, house.settings, [1])

    def written() -> bool:
        try:
            return index_candidates(house.database, house.client, house.settings, [1]).changes > 0
        except WritesPaused:
            return False

    wait_until(written, "the lease has ended")
    house.wait_for(1, "Anders")
    assert not made_by_new(house, left.indexes["stad"])[1]
    with running(house.settings, tmp_path, "index", "resume") as process:
        assert process.wait() == 0
        assert "it was begun with another mapping or builder" in process.log.read_text()
    assert live_index(house.database, "stad") != left.indexes["stad"]
    house.agree()
