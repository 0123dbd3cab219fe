"""Bounds slow work in a process, so that a burst of it leaves threads and cores to everything else (ASVS 5, 15.1.3)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore


class TooBusy(Exception):
    """More of this work is asked for than the process takes on: ask to try again in a moment."""


class Turns:
    """Lets so many in at once and a few wait, each for so long at most."""

    def __init__(self, waiting: int, patience_s: float, at_once: int = 1) -> None:
        #: How many threads this work takes at most.
        self.most = at_once + waiting
        self._places = BoundedSemaphore(self.most)
        self._working = BoundedSemaphore(at_once)
        self._patience_s = patience_s

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Have a turn. Raises TooBusy, at once when enough others wait, else after the patience."""
        if not self._places.acquire(blocking=False):
            raise TooBusy
        try:
            if not self._working.acquire(timeout=self._patience_s):
                raise TooBusy
            try:
                yield
            finally:
                self._working.release()
        finally:
            self._places.release()
