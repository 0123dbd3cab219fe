"""Sends the regular tasks when they are due."""

from __future__ import annotations

import signal
import sys
from typing import Any

import structlog
from celery import beat

from indexer.celery import make_app
from indexer.queues import HOUSEKEEPING, Broker, BrokerAway
from matching.settings import Settings

log = structlog.get_logger()

#: Regular tasks that may wait: without a worker they would only pile up.
MOST_WAITING = 10


class Scheduler(beat.Scheduler):
    """Celery's schedule in memory: kept on disk it would be a pickle. After a start each task waits its interval."""

    producer = None  # each message goes through a connection of its own

    def apply_entry(self, entry: Any, producer: None = None) -> None:
        """Send a task that is due, unless enough wait already or the broker is away: it is due again soon."""
        with Broker(self.app) as broker:
            try:
                if broker.state(HOUSEKEEPING).waiting < MOST_WAITING:
                    broker.send(entry.task, HOUSEKEEPING)
            except BrokerAway as error:
                log.warning("beat_waits", kind=type(error.__cause__).__name__)


def run_beat(settings: Settings) -> None:
    """Send the regular tasks until SIGTERM or SIGINT."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: sys.exit(0))
    beat.Service(make_app(settings), scheduler_cls=Scheduler).start()
