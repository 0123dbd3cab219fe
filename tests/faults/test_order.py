"""F6, F17, F22: messages and commits that come twice, late, or in another order: the index ends as SQL says."""

from __future__ import annotations

import random
from dataclasses import replace
from functools import partial
from itertools import combinations, count
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Update, delete, func, select, update
from sqlalchemy.orm import Session

from indexer.celery import make_app
from indexer.changes import drain, index_candidates
from indexer.queues import CHANGES, Broker
from indexer.tasks import INDEX
from matching.candidates.records import Candidate, CandidateShowcase, CandidateTerm
from matching.settings import Settings
from matching.storage.changes import Change
from matching.storage.database import Database
from tests.support.house import PEOPLE, House, open_house
from tests.support.indexing import live_index
from tests.support.processes import running
from tests.support.profiles import insert_full, show
from tests.support.proxy import hold, proxy_before
from tests.support.redis import running_redis
from tests.support.stepping import Stepping, use_failpoints
from tests.support.waiting import wait_until

#: A worker's steps: claim, read and plan, write, mark as done.
BETWEEN = frozenset({"write.after_claim", "write.before_bulk", "write.before_mark"})
OPERATIONS = ("rename", "delete", "create", "hide", "show")


def operate(house: House, operation: str, key: int, name: str) -> None:
    """Do one of OPERATIONS to a candidate, as far as there is one."""
    with house.database.write() as session:
        there = session.execute(select(Candidate.id).where(Candidate.id == key)).first()
        shown = session.execute(select(CandidateShowcase).where(CandidateShowcase.candidate_id == key)).first()
        if operation == "create" and not there:
            insert_full(session, key, ["stad"], name=name)
        elif operation == "show" and there and not shown:
            show(session, key, ["stad"])
        elif operation == "rename":
            session.execute(update(Candidate).where(Candidate.id == key).values(name=name))
        elif operation == "delete":
            session.execute(delete(Candidate).where(Candidate.id == key))
        elif operation == "hide":
            session.execute(delete(CandidateShowcase).where(CandidateShowcase.candidate_id == key))


def new_licence(key: int) -> Update:
    """A change of a candidate that touches no row which a new name does."""
    mine = CandidateTerm.candidate_id == key, CandidateTerm.vocabulary == "licence"
    return update(CandidateTerm).where(*mine).values(code="C")


def by_sql(house: House, key: int) -> str | None:
    """The name of a candidate who is shown."""
    with house.database.read() as session:
        shown = select(Candidate.name).join(CandidateShowcase).where(Candidate.id == key)
        return session.execute(shown).scalar_one_or_none()


def by_index(house: House, index: str, key: int) -> str | None:
    """The name in an index, as last written."""
    found = house.client.options(ignore_status=404).get(index=index, id=str(key))
    name: str | None = found["_source"].get("name") if found["found"] else None
    return name


def test_reads_and_writes_in_any_order(
    postgres_database: Database, engine_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """F6: each change is read by a worker of its own, and written after others with later reads, perhaps twice."""
    house = open_house(postgres_database, engine_settings)
    use_failpoints(monkeypatch, frozenset({"write.before_bulk"}))
    index = live_index(house.database, "stad")
    arguments = (house.database, house.client, house.settings)
    keys = count(PEOPLE + 1)
    late = 0

    @settings(max_examples=20, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
    @given(
        st.lists(st.sampled_from(OPERATIONS), min_size=2, max_size=4),
        st.permutations(range(5)),
        st.sets(st.integers(0, 4)),
    )
    def check(operations: list[str], order: list[int], twice: set[int]) -> None:
        nonlocal late
        key = next(keys)
        workers = []
        for number, operation in enumerate(["create", *operations]):
            operate(house, operation, key, f"Stand{number}")
            worker = Stepping(partial(index_candidates, *arguments, [key]))
            if worker.step():  # it has read, and is about to write
                workers.append(worker)
        order = [number for number in order if number < len(workers)]
        late += order != sorted(order)
        for number in order:
            workers[number].finish()
            if number in twice:
                index_candidates(*arguments, [key])
        assert by_index(house, index, key) == by_sql(house, key)

    check()
    assert late >= 8
    house.agree()


def test_messages_twice_and_in_any_order(sqlite_database: Database, engine_settings: Settings, tmp_path: Path) -> None:
    """F6: two real workers get hints about who changed, who did not, and who never was, again and again."""
    with running_redis(tmp_path) as redis:
        house = open_house(sqlite_database, engine_settings, redis)
        chance = random.Random(6)
        with (
            Broker(make_app(house.settings)) as broker,
            running(house.settings, tmp_path, "relay"),
            running(house.settings, tmp_path, "worker", "--queue", CHANGES),
            running(house.settings, tmp_path, "worker", "--queue", CHANGES),
        ):
            for number in range(80):
                key = chance.randrange(1, PEOPLE + 3)
                operate(house, chance.choice(OPERATIONS), key, f"Stand{number}")
                for _ in range(chance.randrange(4)):
                    broker.send(INDEX, CHANGES, chance.choices(range(1, PEOPLE + 5), k=3))
            wait_until(lambda: not house.in_queue() and not house.waiting(), "all messages and changes are done", 60)
        house.agree()


def test_a_change_that_is_committed_late(
    postgres_database: Database, engine_settings: Settings, tmp_path: Path
) -> None:
    """F17: its row has a lower number than one that was indexed and taken off the log before it could be seen."""
    with running_redis(tmp_path) as redis:
        house = open_house(postgres_database, engine_settings, redis)
        newest = select(func.max(Change.id))
        with (
            running(house.settings, tmp_path, "relay"),
            running(house.settings, tmp_path, "worker"),
            Session(house.database.engine) as late,
        ):
            late.execute(update(Candidate).where(Candidate.id == 1).values(name="Laat"))
            lower = late.execute(newest).scalar_one()
            with house.database.write() as early:
                early.execute(update(Candidate).where(Candidate.id == 2).values(name="Vroeg"))
                higher = early.execute(newest).scalar_one()
            assert lower < higher
            house.wait_for(2, "Vroeg")
            assert house.name_of(1) == "Naam1"
            late.commit()
            house.wait_for(1, "Laat")
        house.agree()


def test_two_transactions_and_two_workers_interleaved(
    postgres_database: Database, engine_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """F22: both change one candidate and commit in the other order, at any moment between the workers' steps."""
    use_failpoints(monkeypatch, BETWEEN)
    orders = list(combinations(range(8), 4))
    house = open_house(postgres_database, engine_settings, people=len(orders))
    arguments = (house.database, house.client, house.settings)
    crossed = 0
    for number, first in enumerate(orders):
        key = number + 1
        workers = [Stepping(partial(index_candidates, *arguments, [key])) for _ in range(2)]
        turns = [turn not in first for turn in range(8)]
        schedule = [workers[turn].step for turn in turns]
        with Session(house.database.engine) as late, Session(house.database.engine) as early:
            late.execute(update(Candidate).where(Candidate.id == key).values(name="Laat"))
            early.execute(new_licence(key))
            # The first worker finds one change; the other is committed at some moment before the second one looks.
            second = turns.index(not turns[0])
            schedule.insert(1 + number % second, late.commit)
            schedule.insert(0, early.commit)
            for step in schedule:
                step()
        for worker in workers:
            worker.finish()
        crossed += all(worker.halts for worker in workers)
    assert crossed == len(orders)
    drain(*arguments)
    house.client.indices.refresh(index=live_index(house.database, "stad"))
    both = {"bool": {"filter": [{"match": {"name": "Laat"}}, {"term": {"licences": "C"}}]}}
    assert house.client.count(index=f"{house.settings.index_prefix}-stad", query=both)["count"] == len(orders)
    house.agree()


def test_a_worker_that_is_late_with_half_of_what_changed(
    postgres_database: Database, engine_settings: Settings, tmp_path: Path
) -> None:
    """F22: it read one of two changes, and its bulk arrives after that of a worker who read both."""
    house = open_house(postgres_database, engine_settings)
    house = replace(house, settings=house.settings.model_copy(update={"lease_s": 60.0}))
    with (
        proxy_before(house.settings.elasticsearch_url) as proxy,
        running(house.settings, tmp_path, "relay"),
        Session(house.database.engine) as late,
    ):
        proxy.fail(hold, on="_bulk")
        slow = house.settings.model_copy(update={"elasticsearch_url": proxy.url})
        with running(slow, tmp_path, "worker") as first:
            late.execute(update(Candidate).where(Candidate.id == 1).values(name="Laat"))
            with house.database.write() as early:
                early.execute(new_licence(1))
            wait_until(lambda: proxy.done["held"], "the first worker is at its bulk")
            late.commit()
            with running(house.settings, tmp_path, "worker", "--queue", CHANGES):
                wait_until(lambda: house.name_of(1) == "Laat", "the second worker wrote both")
                assert house.waiting() == 1
                proxy.release()
                wait_until(lambda: not house.waiting(), "the first worker is done")
                assert proxy.done["delivered"] == 1
            assert first.end() == 0
    house.agree()
