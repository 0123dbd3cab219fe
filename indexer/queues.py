"""The queues, what may be sent to each, and one connection to the broker that never waits long."""

from __future__ import annotations

import time
from dataclasses import dataclass
from types import TracebackType
from typing import Any

from celery import Celery
from kombu import Connection
from kombu.exceptions import KombuError

#: A rebuild or a fan-out has a queue of its own, so that single changes never stand behind it.
CHANGES, REBUILD, MAIL, HOUSEKEEPING = "changes", "rebuild", "mail", "housekeeping"
QUEUES = (CHANGES, REBUILD, MAIL, HOUSEKEEPING)

#: When a message was handed to the broker, in seconds since 1970.
SENT_AT = "sent_at"

#: How long the broker may take to connect, and to answer.
ANSWER_WITHIN_S = 2.0
_IMPATIENT = {
    "socket_connect_timeout": ANSWER_WITHIN_S,
    "socket_timeout": ANSWER_WITHIN_S,
    "max_retries": 0,
    "interval_start": 0,
}


class BrokerAway(Exception):
    """The broker does not answer, or refused; the message says why. Nothing is lost: the change log keeps all."""


@dataclass(frozen=True)
class QueueState:
    """How many messages wait in a queue, and for how many seconds the oldest does (None: none waits)."""

    name: str
    waiting: int
    oldest_s: float | None


class Broker:
    """Sends tasks and looks at queues; every call ends within seconds, or raises BrokerAway.

    Connects at the first call, and anew after a failure. Used in a `with` block.
    """

    def __init__(self, app: Celery) -> None:
        self._app = app
        self._connection: Connection | None = None

    def __enter__(self) -> Broker:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def send(self, task: str, queue: str, *arguments: Any) -> None:
        """Hand a task to the workers of a queue. Arguments are ids only: the worker reads the rest from SQL."""
        try:
            self._app.send_task(task, args=arguments, queue=queue, connection=self._connected(), retry=False)
        except (KombuError, OSError) as error:
            raise self._away(error) from error

    def state(self, queue: str) -> QueueState:
        """How many messages wait in a queue, and how old the first is."""
        try:
            channel = self._connected().default_channel
            waiting = channel.queue_declare(queue=queue).message_count
            oldest = channel.peek(queue)
        except (KombuError, OSError, *self._connection_errors()) as error:
            raise self._away(error) from error
        since = oldest["headers"].get(SENT_AT) if oldest else None
        return QueueState(queue, waiting, None if since is None else max(0.0, time.time() - since))

    def close(self) -> None:
        """End the connection; the next call makes another."""
        if self._connection is not None:
            self._connection.release()
            self._connection = None

    def _connected(self) -> Connection:
        if self._connection is None:
            self._connection = self._app.connection_for_write(transport_options=_IMPATIENT)
        return self._connection

    def _connection_errors(self) -> tuple[type[Exception], ...]:
        return self._connection.connection_errors + self._connection.channel_errors if self._connection else ()

    def _away(self, error: Exception) -> BrokerAway:
        self.close()
        return BrokerAway(str(error) or type(error).__name__)
