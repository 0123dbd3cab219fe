"""A thread that does something again and again while a block runs."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_PAUSE_S = 0.02


@contextmanager
def repeating(act: Callable[[], object]) -> Iterator[None]:
    """Do it while the block runs, with a short pause in between; what it raises ends it, and is raised at the end."""
    failures: list[Exception] = []
    stop = threading.Event()

    def repeat() -> None:
        while not stop.wait(_PAUSE_S) and not failures:
            try:
                act()
            except Exception as error:
                failures.append(error)

    thread = threading.Thread(target=repeat)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
    if failures:
        raise failures[0]
