"""A rebuild of 20,000 listings while people save, come, go and search all the time (F12)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from sqlalchemy import select

from benchmarks.people import count_listings, fill
from benchmarks.rebuilding import Searches
from indexer.engine.client import connect
from indexer.rebuild.compare import stored_documents
from indexer.rebuild.run import rebuild
from indexer.registry import LIVE
from indexer.targets import alias_name
from indexer.verify import verify
from matching.candidates.records import CandidateShowcase, Showcase
from matching.settings import Settings
from matching.storage.database import Database
from tests.support.house import House
from tests.support.indexing import states
from tests.support.processes import running
from tests.support.redis import running_redis
from tests.support.repeating import repeating
from tests.support.waiting import wait_until
from tests.support.writer import writing

LISTINGS, PEOPLE, DRAWN = 20_000, 18_000, 1_000
CHANGES_PER_SECOND = 50
MANY_CHANGES, MANY_SEARCHES = 100, 10
REBUILT_WITHIN_S, DRAINED_WITHIN_S = 150, 60


@pytest.mark.timeout(600)
def test_a_rebuild_under_load(postgres_database: Database, engine_settings: Settings, tmp_path: Path) -> None:
    """F12: no search fails, no change is lost, and nobody who was deleted is found."""
    fill(postgres_database, PEOPLE, DRAWN)
    assert count_listings(postgres_database) >= LISTINGS
    with running_redis(tmp_path) as redis:
        url = postgres_database.url.render_as_string(hide_password=False)
        own = engine_settings.model_copy(update={"database_url": url, "redis_url": redis.url})
        house = House(postgres_database, connect(own), own, redis)
        before = rebuild(house.database, house.client, own)
        searches, took = Searches(house.database, house.client, own), list[float]()
        with running(own, tmp_path, "relay"), running(own, tmp_path, "worker"):
            with (
                repeating(lambda: took.extend(searches.run(1))),
                writing(house.database, CHANGES_PER_SECOND) as done,
                running(own, tmp_path, "index", "rebuild") as rebuilding,
            ):
                assert rebuilding.wait(REBUILT_WITHIN_S) == 0, rebuilding.log.read_text()
            wait_until(lambda: not house.waiting(), "the log is empty", DRAINED_WITHIN_S)
        assert (searches.failed, len(took) > MANY_SEARCHES) == (0, True)
        assert done.counts["changed"] > MANY_CHANGES
        assert done.counts["deleted"] > done.counts["made_anew"] > 0
        live = {index for index, state in states(house.database).items() if state == LIVE}
        assert live.isdisjoint(before.indexes.values())
        assert_found(house, done.last)
        found = verify(house.database, house.client, own)
        assert [one for one in found if not one.agrees or one.refused or one.waiting] == []


def assert_found(house: House, last: Mapping[int, str | None]) -> None:
    """What was written last is what searches find, in every showcase that shows who it is about."""
    shown: dict[str, list[int]] = {}
    with house.database.read() as session:
        joined = select(Showcase.code, CandidateShowcase.candidate_id).join_from(CandidateShowcase, Showcase)
        for code, key in session.execute(joined):
            shown.setdefault(code, []).append(key)
    keys = sorted(last)
    for code, there in shown.items():
        alias = alias_name(house.settings.index_prefix, code)
        stored = stored_documents(house.client, alias, keys, ["one_liner", "gone"])
        words = {key: document["one_liner"] for key, document in stored.items()}
        assert words == {key: last[key] for key in set(keys).intersection(there)}
