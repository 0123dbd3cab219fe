"""The parts of a rebuild that need neither engine nor database: who is misplaced, and how fast a fill may go."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from indexer.rebuild import progress
from indexer.rebuild.golden import Golden, misplaced
from indexer.rebuild.lease import Work, is_held
from indexer.rebuild.progress import Meter
from matching.search.results import Hit
from matching.storage.database import Database

NOW = datetime(2026, 11, 24, tzinfo=UTC)
EXPECTED = Golden(7, "stad", "kok", (1, 2, 3), NOW)


def hits(**scores: float) -> list[Hit]:
    """Hits with these scores, by 'cNUMBER'."""
    return [Hit(int(name[1:]), {}, score, {}, None, ()) for name, score in scores.items()]


@pytest.mark.parametrize(
    ("found", "unchanged", "faults"),
    [
        (hits(c1=9, c2=8, c3=7), {1, 2, 3}, []),
        (hits(c1=9, c2=8, c3=7, c4=6), {1, 2, 3, 4}, []),
        (hits(c2=8.1, c1=8, c3=7), {1, 2, 3}, []),  # next to equal
        (hits(c2=9, c1=8, c3=7), {1, 2, 3}, ["candidate 1 now comes after 2"]),
        (
            hits(c1=9, c4=8.5, c2=8, c3=7),
            {1, 2, 3, 4},
            ["candidate 2 now comes after 4", "candidate 3 now comes after 4"],
        ),
        (hits(c1=9, c3=7), {1, 2, 3}, ["candidate 2 is no longer found"]),
        (hits(c1=9, c3=7), {1, 3}, []),  # who changed may be anywhere, or nowhere
        ([], set(), []),
    ],
)
def test_who_did_not_change_must_stand_where_they_stood(
    found: list[Hit], unchanged: set[int], faults: list[str]
) -> None:
    expected = [f"golden query 7 in stad: {fault}" for fault in faults]
    assert list(misplaced(EXPECTED, found, unchanged)) == expected


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """A clock that only moves when somebody waits."""
    clock = SimpleNamespace(now=100.0, waits=[])

    class Pause:
        def wait(self, seconds: float) -> None:
            clock.waits.append(seconds)
            clock.now += seconds

    monkeypatch.setattr(progress, "time", SimpleNamespace(monotonic=lambda: clock.now))
    monkeypatch.setattr(progress, "threading", SimpleNamespace(Event=Pause))
    return clock


def test_a_fill_is_held_back_to_its_rate_and_looks_up_meanwhile(
    clock: SimpleNamespace, sqlite_database: Database
) -> None:
    looks: list[float] = []
    meter = Meter(sqlite_database, done=1_000, total=10_000, limit=200)
    meter.hold_back(1_500, lambda: looks.append(clock.now))
    assert clock.now == 102.5
    assert looks == [101.0, 102.0, 102.5]
    found = meter.progress(1_500)
    assert (found.done, found.total, found.rate, found.left_s) == (1_500, 10_000, 200.0, 42.5)
    clock.now = 200.0
    meter.hold_back(2_000, lambda: looks.append(clock.now))
    assert len(looks) == 3  # late already


def test_a_fill_without_a_rate_never_waits(clock: SimpleNamespace, sqlite_database: Database) -> None:
    Meter(sqlite_database, done=0, total=10, limit=0).hold_back(10**9, lambda: None)
    assert clock.waits == []


@pytest.mark.parametrize(
    ("until", "held"),
    [(None, False), (timedelta(seconds=-1), False), (timedelta(seconds=9), True), (timedelta(1), False)],
)
def test_a_lease_holds_until_its_end_and_not_after_the_clock_stepped_back(until: timedelta | None, held: bool) -> None:
    work = Work(1, {}, "fill", 0, 0, 0, None, NOW, NOW, None if until is None else NOW + until)
    assert is_held(work, NOW, 10.0) is held
