"""kombu's two transports as HalloWerk needs them: messages as files that are there whole or not at all, and a Redis
that fails fast.
"""

from __future__ import annotations

import json
import os
import time
import uuid
from pathlib import Path
from queue import Empty
from typing import Any

from kombu.transport import filesystem, redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from matching.private import private_file, private_folder


class FileChannel(filesystem.Channel):
    """A folder of messages, one file each, that only this user can read.

    kombu's own writes a message in place, so that another process may read half of one, and reads it through the
    system's temporary folder. Here a message gets its name when it is whole, and belongs to whoever removes the name.
    """

    @property
    def data_folder_in(self) -> str:
        """The folder of the waiting messages, made anew when somebody removed it."""
        folder = super().data_folder_in
        private_folder(Path(folder))
        return str(folder)

    @property
    def data_folder_out(self) -> str:
        """The same: what is sent waits where it is read."""
        return self.data_folder_in

    def peek(self, queue: str) -> dict[str, Any] | None:
        """The oldest waiting message of a queue; it stays there. None: nothing waits."""
        for name in self._waiting(queue):
            try:
                return _message(Path(self.data_folder_in, name).read_bytes())
            except FileNotFoundError:
                continue  # another process took it
        return None

    def _waiting(self, queue: str) -> list[str]:
        end = f".{queue}.msg"
        names = os.listdir(self.data_folder_in)
        return sorted(name for name in names if name.endswith(end) and not name.startswith("."))

    def _put(self, queue: str, payload: dict[str, Any], **_: object) -> None:
        name = f"{time.time_ns():020d}_{uuid.uuid4().hex}.{queue}.msg"
        partial = Path(self.data_folder_in, f".{name}")
        try:
            private_file(partial)
            partial.write_text(json.dumps(payload))
            partial.rename(partial.with_name(name))
        except OSError:
            partial.unlink(missing_ok=True)
            raise

    def _get(self, queue: str) -> dict[str, Any]:
        for name in self._waiting(queue):
            file = Path(self.data_folder_in, name)
            try:
                content = file.read_bytes()
                file.unlink()
            except FileNotFoundError:
                continue  # another process took it
            return _message(content)
        raise Empty

    def _size(self, queue: str) -> int:
        return len(self._waiting(queue))

    def _queue_bind(self, *_: object) -> None:
        """Messages are sent to queues by name, so there is nothing to keep."""

    def _delete(self, *_: object, **__: object) -> None:
        """Nothing is kept of a queue but its messages."""

    def get_table(self, exchange: str) -> list[Any]:
        """What is bound to an exchange: nothing, see `_queue_bind`."""
        return []


class FileTransport(filesystem.Transport):
    """Messages in a folder, for one machine without a Redis. A folder that can't be used is a broker that is away."""

    Channel = FileChannel
    connection_errors = (*filesystem.Transport.connection_errors, OSError)

    def establish_connection(self) -> Any:
        """Look at the folder, so that a worker tries again until it can be used; see kombu's."""
        private_folder(Path(self.client.transport_options["data_folder_in"]))
        return super().establish_connection()


class RedisChannel(redis.Channel):
    """kombu's, which leaves trying again to the caller: redis-py alone would wait for seconds first."""

    def peek(self, queue: str) -> dict[str, Any] | None:
        """The oldest waiting message of a queue; it stays there. None: nothing waits."""
        content = self.client.lindex(queue, -1)
        return None if content is None else _message(content)

    def _connparams(self, asynchronous: bool = False) -> dict[str, Any]:
        return {**super()._connparams(asynchronous), "retry": Retry(NoBackoff(), 0)}


class RedisTransport(redis.Transport):
    """Messages in a Redis."""

    Channel = RedisChannel


def _message(content: bytes) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(content)
    return found
