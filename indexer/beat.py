"""Sends the regular tasks when they are due."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import structlog

from indexer.queues import HOUSEKEEPING, Broker, BrokerAway
from indexer.tasks import RECONCILE, RETAIN, SWEEP

log = structlog.get_logger()

#: Regular task -> seconds between two.
EVERY_S = {SWEEP: 600.0, RECONCILE: 600.0, RETAIN: 3600.0}
#: Regular tasks that may wait: without a worker they would only pile up.
MOST_WAITING = 10


class Beat:
    """Sends each regular task once in its interval; after a start each waits its interval first.

    Counted by a clock that nobody sets: Celery's own beat goes by the time of day, and would send nothing for a day
    after that was set back by one (F7).
    """

    def __init__(self, broker: Broker, clock: Callable[[], float] = time.monotonic) -> None:
        self._broker = broker
        self._clock = clock
        self._due = {task: clock() + seconds for task, seconds in EVERY_S.items()}

    def run(self, stop: threading.Event) -> None:
        """Send what is due until `stop` is set."""
        while not stop.wait(max(0.0, min(self._due.values()) - self._clock())):
            self.step()

    def step(self) -> None:
        """Send what is due, unless enough waits already or the broker is away: it is due again soon."""
        for task, due in self._due.items():
            if due <= self._clock():
                self._due[task] = self._clock() + EVERY_S[task]
                self._send(task)

    def _send(self, task: str) -> None:
        try:
            if self._broker.state(HOUSEKEEPING).waiting < MOST_WAITING:
                self._broker.send(task, HOUSEKEEPING)
        except BrokerAway as error:
            log.warning("beat_waits", kind=type(error.__cause__).__name__)
