"""The relay: reads the change log and the outbox, and tells the workers which candidates changed and which mails are
due; the only one that speaks to the broker, so that no page ever waits for it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple, TypeVar

import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from indexer import failpoints
from indexer.fan_out import due, shared_changes, start_fan_outs
from indexer.queues import CHANGES, MAIL, REBUILD, Broker, BrokerAway
from indexer.rebuild.lease import HELD, is_held, unfinished
from indexer.tasks import FAN_OUT, INDEX, MAIL_OUT, RESUME
from matching.post.rules import due as mails_due
from matching.settings import Settings
from matching.storage.changes import CANDIDATE, Waiting, mark_sent, unsent
from matching.storage.clock import database_now
from matching.storage.database import Database

log = structlog.get_logger()

_What = TypeVar("_What")

POLL_S = 0.2
#: While there is more than workers can take, looking often only costs.
BACKLOG_POLL_S = 1.0
#: The engine shows a write after its refresh interval, so telling of one candidate more often shows nothing sooner.
HOLD_S = 1.0
#: Candidates in one message: read, built and written together.
BATCH = 500
#: Messages that may wait: more would only get old, and be sent again on top of that while no worker is there.
MOST_WAITING = 20
#: Mails that workers are told of at a time; the next ones are due when these are sent or put off.
_MAILS_AT_ONCE = 20
_ROWS_AT_ONCE = BATCH * MOST_WAITING
_LONGEST_WAIT_S = 5.0


class _Step(NamedTuple):
    """A part of long work, or one try at a mail: the task that does it, its queue, and how far the work is."""

    task: str
    queue: str
    arguments: tuple[int, ...]
    checkpoint: tuple[int | str, ...]


class Relay:
    """Passes the change log on. Losing it, the broker or the workers loses nothing: what still waits is sent again.

    A second one at the same time does no harm, and only costs messages.
    """

    def __init__(
        self, database: Database, broker: Broker, settings: Settings, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._clock = clock
        self._database = database
        self._broker = broker
        self._lease_s = settings.lease_s
        self._behind = False
        #: When what was sent, by `clock`: candidates for HOLD_S, steps of long work and tries at mails for a lease.
        self._candidates: dict[int, float] = {}
        self._steps: dict[_Step, float] = {}

    def run(self, stop: threading.Event) -> None:
        """Step until `stop` is set. While database or broker are away it waits, longer each time, up to seconds."""
        wait_s = POLL_S
        while not stop.is_set():
            try:
                self.step()
                wait_s = BACKLOG_POLL_S if self._behind else POLL_S
            except (BrokerAway, SQLAlchemyError) as error:
                wait_s = min(wait_s * 2, _LONGEST_WAIT_S)
                log.warning("relay_waits", kind=type(error).__name__, seconds=wait_s)
            stop.wait(wait_s)

    def step(self) -> int:
        """Look at the log once; returns the number of messages sent. Raises BrokerAway, or what the database raises."""
        with self._database.read() as session:
            now = database_now(session)
            rows = unsent(session, _ROWS_AT_ONCE, self._lease_s, now)
            shared = shared_changes(session)
            steps = [*_batches(session, self._lease_s), *_rebuilds(session, self._lease_s), *_mails(session)]
        self._behind = len(rows) == _ROWS_AT_ONCE
        if shared:
            with self._database.write() as session:
                start_fan_outs(session, shared)
        return self._send_changes([row for row in rows if row.kind == CANDIDATE], now) + self._resume(steps)

    def _send_changes(self, rows: Sequence[Waiting], now: datetime) -> int:
        self._candidates = _since(self._candidates, self._clock() - HOLD_S)
        changes: dict[int, list[int]] = {}
        for row in rows:
            if row.key not in self._candidates:
                changes.setdefault(row.key, []).append(row.id)
        if not changes:
            return 0
        room = MOST_WAITING - self._broker.state(CHANGES).waiting
        keys = list(changes)
        told: list[int] = []
        messages = 0
        try:
            for first in range(0, min(len(keys), room * BATCH), BATCH):
                batch = keys[first : first + BATCH]
                failpoints.reached("relay.before_send")
                self._broker.send(INDEX, CHANGES, batch)
                messages += 1
                for key in batch:
                    self._candidates[key] = self._clock()
                    told += changes[key]
        finally:
            if told:
                failpoints.reached("relay.before_mark")
                with self._database.write() as session:
                    mark_sent(session, told, now)
        return messages

    def _resume(self, steps: Sequence[_Step]) -> int:
        """Send the next step of whatever nobody is at, once in a lease."""
        self._steps = _since(self._steps, self._clock() - self._lease_s)
        messages = 0
        for step in steps:
            if step not in self._steps:
                self._broker.send(step.task, step.queue, *step.arguments)
                self._steps[step] = self._clock()
                messages += 1
        return messages


def _batches(session: Session, lease_s: float) -> Iterator[_Step]:
    """The next batch of each fan-out that no worker has in hand."""
    for fan_out, after in due(session, lease_s):
        yield _Step(FAN_OUT, REBUILD, (fan_out,), (after,))


def _rebuilds(session: Session, lease_s: float) -> Iterator[_Step]:
    """What is left of each rebuild whose process is gone; one that waits at the gate waits for a person."""
    for work in unfinished(session):
        if work.step != HELD and not is_held(work, database_now(session), lease_s):
            yield _Step(RESUME, REBUILD, (), (work.id, work.step, work.after_key))


def _mails(session: Session) -> Iterator[_Step]:
    """The next try at each mail that is due."""
    for mail in mails_due(session, _MAILS_AT_ONCE):
        yield _Step(MAIL_OUT, MAIL, (mail.id,), (mail.tries,))


def _since(moments: Mapping[_What, float], oldest: float) -> dict[_What, float]:
    """Those that are later than `oldest`."""
    return {what: at for what, at in moments.items() if at > oldest}
