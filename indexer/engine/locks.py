"""A lock between processes that the system releases when its holder dies."""

from __future__ import annotations

import fcntl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

Report = Callable[[str], None]


def silent(_message: str) -> None:
    """A report that goes nowhere."""


@contextmanager
def exclusive(path: Path, waiting: str, report: Report) -> Iterator[None]:
    """Hold the lock on file `path`; tells `waiting` once when another process has it, then waits for it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            report(waiting)
            fcntl.flock(file, fcntl.LOCK_EX)
        yield
