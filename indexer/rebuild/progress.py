"""How far a fill is, how fast it goes and how many changes wait meanwhile; and how it is held back on purpose."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from matching.storage.changes import pending_counts
from matching.storage.database import Database

#: Counting what waits takes longer the more it is, so it is not done at every window.
_LAG_EVERY_S = 2.0
_LONGEST_PAUSE_S = 1.0


@dataclass(frozen=True)
class Progress:
    """How far a fill is, in listings.

    `done` of `total` were handed to the engine; `rate` listings a second, so `left_s` seconds more (None: not known
    yet); `lag` changes wait to be indexed, the oldest for `lag_s` seconds.
    """

    done: int
    total: int
    rate: float = 0.0
    left_s: float | None = None
    lag: int = 0
    lag_s: float = 0.0


class Meter:
    """Measures one run of a fill; what an earlier run did counts as done, not as speed."""

    def __init__(self, database: Database, done: int, total: int, limit: int) -> None:
        """`limit`: listings a second at most; 0: none."""
        self._database = database
        self._before = done
        self._total = total
        self._limit = limit
        self._started = time.monotonic()
        self._lag, self._lag_s, self._looked = 0, 0.0, float("-inf")

    def progress(self, done: int) -> Progress:
        """Where the fill stands now."""
        now = time.monotonic()
        if now - self._looked >= _LAG_EVERY_S:
            self._looked = now
            self._look()
        rate = (done - self._before) / max(now - self._started, 1e-9)
        left_s = max(0, self._total - done) / rate if rate else None
        return Progress(done, self._total, rate, left_s, self._lag, self._lag_s)

    def hold_back(self, done: int, meanwhile: Callable[[], None]) -> None:
        """Wait until so much may be done; calls `meanwhile` at least once a second."""
        if not self._limit:
            return
        due = self._started + (done - self._before) / self._limit
        pause = threading.Event()
        while (left_s := due - time.monotonic()) > 0:
            pause.wait(min(left_s, _LONGEST_PAUSE_S))
            meanwhile()

    def _look(self) -> None:
        with self._database.read() as session:
            waiting = pending_counts(session).values()
        self._lag = sum(one.changes for one in waiting)
        now = datetime.now(UTC)
        self._lag_s = max((one.age_s(now) for one in waiting), default=0.0)
