"""The change log on both databases: claims, marks, versions; nothing is skipped, whoever commits when."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import combinations

import pytest
from sqlalchemy import delete, insert, select, text, update
from sqlalchemy.orm import Session

from matching.candidates.records import Candidate, CandidateTerm
from matching.storage import changes
from matching.storage.changes import (
    CANDIDATE,
    OCCUPATIONS,
    SHOWCASE,
    Change,
    claim_changes,
    claim_oldest,
    draw_index_version,
    mark_indexed,
    mark_sent,
    new_timeline,
    note_changes,
    parts_to_claim,
    pending_counts,
    present_version,
    raise_version,
    release,
    timeline,
    unsent,
)
from matching.storage.database import Database
from matching.taxonomy.records import PlaceRow
from tests.support.waiting import wait_until

LEASE_S = 60
LONG_AGO = timedelta(days=1)
#: How many transactions of PostgreSQL wait for another.
BLOCKED = text("SELECT count(*) FROM pg_locks WHERE NOT granted")


def note(database: Database, *keys: int, kind: str = CANDIDATE) -> None:
    with database.write() as session:
        note_changes(session, kind, keys)


def claim(database: Database, token: str, *keys: int) -> list[int]:
    """Keys of the rows that were claimed."""
    with database.write() as session:
        return [key for _, key in claim_changes(session, CANDIDATE, keys, token, LEASE_S)]


def claim_first(database: Database, token: str, limit: int) -> list[int]:
    with database.write() as session:
        return [key for _, key in claim_oldest(session, CANDIDATE, limit, token, LEASE_S)]


def shift_claims(database: Database, by: timedelta) -> None:
    """Let every claim have been made at another time."""
    with database.write() as session:
        for row in session.scalars(select(Change).where(Change.claimed_at.is_not(None))):
            assert row.claimed_at is not None
            row.claimed_at += by


def test_a_claim_takes_all_rows_of_its_keys_and_no_other(database: Database) -> None:
    note(database, 7, 8, 7, 9)
    note(database, 7, kind=SHOWCASE)
    assert claim(database, "a", 7, 9) == [7, 7, 9]
    assert claim(database, "b", 7, 8, 9, 10) == [8]
    assert claim(database, "b") == []


def test_the_oldest_rows_come_first_with_all_that_is_about_the_same_keys(database: Database) -> None:
    note(database, 3, 1, 2, 3)
    assert claim_first(database, "a", 2) == [3, 1, 3]
    assert claim_first(database, "b", 2) == [2]
    assert claim_first(database, "b", 2) == []


@pytest.mark.parametrize("by", [-LONG_AGO, LONG_AGO], ids=["past", "clock set back since"])
def test_a_claim_that_was_not_kept_is_free_again(database: Database, by: timedelta) -> None:
    note(database, 7)
    claim(database, "dead", 7)
    assert claim(database, "b", 7) == []
    shift_claims(database, by)
    assert claim(database, "b", 7) == [7]
    assert claim_first(database, "c", 1) == []


def test_what_a_lost_claim_held_comes_last_and_in_small_parts(database: Database) -> None:
    """Whoever kills workers is soon alone, and holds up nobody; who was in two lost claims counts with the fewer."""
    note(database, *range(1, 41))
    claim(database, "a", *range(1, 21))
    note(database, 5)
    claim(database, "b", 5, 21, 22)
    claim(database, "held", 23)
    with database.read() as session:
        assert parts_to_claim(session, CANDIDATE, range(1, 41), LEASE_S) == [list(range(1, 41))]
    shift_claims(database, -LONG_AGO)
    with database.write() as session:
        session.execute(update(Change).where(Change.claim == "held").values(claimed_at=datetime.now(UTC)))
    with database.read() as session:
        free, *parts = parts_to_claim(session, CANDIDATE, range(1, 41), LEASE_S)
    assert free == list(range(23, 41))
    suspects = [1, 2, 3, 4, *range(6, 21)]
    assert parts == [*(suspects[first : first + 2] for first in range(0, 19, 2)), [5], [21], [22]]
    assert claim_first(database, "c", 40) == list(range(24, 41))
    assert claim_first(database, "c", 40) == [1, 2]


def test_released_rows_may_be_claimed_at_once(database: Database) -> None:
    note(database, 7, 8)
    claim(database, "a", 7)
    claim(database, "b", 8)
    with database.write() as session:
        release(session, "a")
    assert claim_first(database, "c", 5) == [7]


def test_a_claim_that_was_rolled_back_claims_nothing(database: Database) -> None:
    note(database, 7)

    def claim_and_fail() -> None:
        with database.write() as session:
            claim_changes(session, CANDIDATE, [7], "a", LEASE_S)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        claim_and_fail()
    assert claim(database, "b", 7) == [7]


def test_more_rows_are_marked_than_one_statement_can_name(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(changes, "_IDS_AT_ONCE", 3)
    note(database, *range(8))
    with database.write() as session:
        rows = [change for change, _ in claim_oldest(session, CANDIDATE, 10, "a", LEASE_S)]
    with database.write() as session:
        assert mark_indexed(session, [*rows, 999]) == set(rows)
        assert mark_indexed(session, rows) == set()
        assert pending_counts(session) == {}


def test_exactly_the_claimed_rows_are_taken_off(database: Database) -> None:
    note(database, 7, 8, 7)
    with database.write() as session:
        rows = [change for change, _ in claim_oldest(session, CANDIDATE, 10, "a", LEASE_S)]
    note(database, 7)
    with database.write() as session:
        mark_indexed(session, rows)
        assert session.scalars(select(Change.key)).all() == [7]


def test_what_waits_is_counted_by_kind_with_the_oldest(database: Database) -> None:
    before = datetime.now(UTC)
    note(database, 1, 2)
    note(database, 0, kind=OCCUPATIONS)
    with database.read() as session:
        counts = pending_counts(session)
    assert {kind: pending.changes for kind, pending in counts.items()} == {CANDIDATE: 2, OCCUPATIONS: 1}
    assert all(before <= pending.oldest <= datetime.now(UTC) for pending in counts.values())


def test_the_relay_gets_each_row_once_and_again_after_a_while(database: Database) -> None:
    note(database, 7, 8)
    note(database, 5, kind=SHOWCASE)
    now = datetime.now(UTC)

    def sendable(at: datetime, limit: int = 10) -> list[tuple[str, int]]:
        with database.read() as session:
            return [(row.kind, row.key) for row in unsent(session, limit, LEASE_S, at)]

    assert sendable(now) == [(CANDIDATE, 7), (CANDIDATE, 8), (SHOWCASE, 5)]
    assert sendable(now, 1) == [(CANDIDATE, 7)]
    with database.write() as session:
        mark_sent(session, [row.id for row in unsent(session, 1, LEASE_S, now)], now)
    claim(database, "a", 8)
    assert sendable(now) == [(SHOWCASE, 5)]
    assert sendable(now + LONG_AGO) == [(CANDIDATE, 7), (CANDIDATE, 8), (SHOWCASE, 5)]
    assert sendable(now - LONG_AGO) == [(CANDIDATE, 7), (CANDIDATE, 8), (SHOWCASE, 5)]


def test_versions_rise_and_can_be_lifted_above_a_stranger(database: Database) -> None:
    with database.read() as session:
        assert present_version(session) == 0
    with database.write() as session:
        first = draw_index_version(session)
    with database.write() as session:
        raise_version(session, 1_000)
    with database.write() as session:
        raised = draw_index_version(session)
        raise_version(session, 5)
        assert draw_index_version(session) > raised > 1_000 > first >= 1
    with database.read() as session:
        assert present_version(session) > raised


def test_versions_drawn_at_once_differ(database: Database) -> None:
    """Also while somebody lifts the counter."""
    drawn: list[int] = []

    def draw(number: int) -> None:
        for _ in range(20):
            with database.write() as session:
                if number == 0:
                    raise_version(session, present_version(session) + 3)
                drawn.append(draw_index_version(session))

    threads = [threading.Thread(target=draw, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(set(drawn)) == len(drawn) == 80


def test_a_database_has_one_timeline_at_a_time(database: Database) -> None:
    with database.read() as session:
        first = timeline(session)
        assert timeline(session) == first
    with database.write() as session:
        second = new_timeline(session)
    with database.read() as session:
        assert timeline(session) == second != first


def test_claims_at_once_share_the_rows_between_them(database: Database) -> None:
    note(database, *range(200), *range(199, -1, -1))
    taken: dict[str, list[int]] = {}

    def work(token: str) -> None:
        taken[token] = []
        while keys := claim_first(database, token, 17):
            taken[token] += keys

    threads = [threading.Thread(target=work, args=(f"w{number}",)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(key for keys in taken.values() for key in keys) == sorted([*range(200)] * 2)


def test_a_row_that_is_being_marked_as_sent_is_waited_for_not_skipped(postgres_database: Database) -> None:
    """Else the worker that was just told of it would find nothing, and nobody would tell it again for a while."""
    note(postgres_database, 7)
    claimed: list[list[int]] = []
    worker = threading.Thread(target=lambda: claimed.append(claim(postgres_database, "a", 7)))
    with postgres_database.write() as relay:
        relay.execute(update(Change).values(sent_at=datetime.now(UTC)))
        worker.start()
        wait_until(lambda: relay.execute(BLOCKED).scalar_one() == 1, "the worker waits")
    worker.join(60)
    assert claimed == [[7]]


def test_a_change_that_is_committed_late_is_not_skipped(postgres_database: Database) -> None:
    """Its row has the lower number and becomes visible after a higher one was claimed and marked (F17)."""
    insert_people(postgres_database, 2)
    with Session(postgres_database.engine) as late:
        late.execute(update(Candidate).where(Candidate.id == 1).values(name="late"))
        with postgres_database.write() as early:
            early.execute(update(Candidate).where(Candidate.id == 2).values(name="early"))
        with postgres_database.write() as session:
            [(higher, key)] = claim_oldest(session, CANDIDATE, 10, "a", LEASE_S)
            assert key == 2
        with postgres_database.write() as session:
            assert mark_indexed(session, [higher]) == {higher}
        with postgres_database.read() as session:
            assert unsent(session, 10, LEASE_S, datetime.now(UTC)) == []
        late.commit()
    with postgres_database.read() as session:
        [row] = unsent(session, 10, LEASE_S, datetime.now(UTC))
        assert (row.key, row.id < higher) == (1, True)
    assert claim_first(postgres_database, "b", 10) == [1]


def test_a_candidate_who_moves_to_a_place_while_it_is_renamed_is_noted_for_it(postgres_database: Database) -> None:
    """The move may be indexed before the new name is committed; the renaming waits for it, and finds the candidate."""
    insert_people(postgres_database, 1)
    place = {"name": "Oud", "kind": "town", "municipality": "x", "province": "x", "population": 1, "aliases": []}
    with postgres_database.write() as session:
        session.execute(insert(PlaceRow).values(id="dorp", lat=52, lon=5, **place))

    def rename() -> None:
        with postgres_database.write() as session:
            session.execute(update(PlaceRow).values(name="Nieuw"))

    renaming = threading.Thread(target=rename)
    with postgres_database.write() as moving:
        moving.execute(update(Candidate).values(place_id="dorp"))
        renaming.start()
        wait_until(lambda: moving.execute(BLOCKED).scalar_one() == 1, "the renaming waits")
    renaming.join(60)
    assert claim_first(postgres_database, "a", 10) == [1, 1]


@dataclass
class Worker:
    """Indexes one candidate step by step, into `index`, which keeps what carries the highest version."""

    database: Database
    index: dict[int, tuple[int, tuple[str, str]]]
    token: str
    key: int
    claimed: list[int] = field(default_factory=list)
    version: int = 0
    found: tuple[str, str] = ("", "")

    def steps(self) -> list[Callable[[], None]]:
        """In the order in which one worker takes them."""
        return [self.claim, self.draw, self.read, self.write]

    def claim(self) -> None:
        with self.database.write() as session:
            rows = claim_changes(session, CANDIDATE, [self.key], self.token, LEASE_S)
        self.claimed = [change for change, _ in rows]

    def draw(self) -> None:
        if self.claimed:
            with self.database.write() as session:
                self.version = draw_index_version(session)

    def read(self) -> None:
        if self.claimed:
            columns = select(Candidate.name, CandidateTerm.code).join(CandidateTerm)
            with self.database.read() as session:
                name, code = session.execute(columns.where(Candidate.id == self.key)).one()
            self.found = (name, code or "")

    def write(self) -> None:
        if self.claimed:
            if self.version > self.index.get(self.key, (0, None))[0]:
                self.index[self.key] = (self.version, self.found)
            with self.database.write() as session:
                mark_indexed(session, self.claimed)


def test_two_workers_at_once_end_with_both_changes_in_whatever_order(postgres_database: Database) -> None:
    """Two open transactions on one candidate commit in the other order, at any moment between the steps (F22)."""
    orders = list(combinations(range(8), 4))
    insert_people(postgres_database, len(orders))
    index: dict[int, tuple[int, tuple[str, str]]] = {}
    for number, first in enumerate(orders):
        key = number + 1
        steps = [iter(Worker(postgres_database, index, token, key).steps()) for token in ("a", "b")]
        schedule = [next(steps[turn not in first]) for turn in range(8)]
        with Session(postgres_database.engine) as late, Session(postgres_database.engine) as early:
            late.execute(update(Candidate).where(Candidate.id == key).values(name="late"))
            early.execute(update(CandidateTerm).where(CandidateTerm.candidate_id == key).values(code="early"))
            schedule.insert(number % 3, early.commit)
            schedule.insert(3 + number % 7, late.commit)
            for step in schedule:
                step()
        for step in Worker(postgres_database, index, "last", key).steps():
            step()
    assert {found for _, found in index.values()} == {("late", "early")}
    assert len(index) == len(orders)
    with postgres_database.read() as session:
        assert pending_counts(session) == {}


def insert_people(database: Database, count: int) -> None:
    """Candidates 1 to `count`, each with one term; nothing waits."""
    now = datetime.now(UTC)
    with database.write() as session:
        for key in range(1, count + 1):
            columns = {"external_id": f"x{key}", "name": "Eerst", "updated_at": now, "fingerprint": "x"}
            session.execute(insert(Candidate).values(id=key, **columns))
            session.execute(insert(CandidateTerm).values(candidate_id=key, vocabulary="licence", position=0, code="B"))
        session.execute(delete(Change))
