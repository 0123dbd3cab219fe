"""Work of the indexer that a test takes step by step: it halts at every failpoint until it is let go on."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from indexer import failpoints

_WITHIN_S = 60.0
_HERE = threading.local()


class Stepping:
    """A call in a thread of its own, before its first step; `use_failpoints` makes it halt."""

    def __init__(self, work: Callable[[], object]) -> None:
        self.halts: list[str] = []
        self._work = work
        self._ended = False
        self._failed: Exception | None = None
        self._go, self._stands = threading.Semaphore(0), threading.Semaphore(0)
        threading.Thread(target=self._run, daemon=True).start()

    def step(self) -> bool:
        """Let it go on to its next failpoint, or to its end; whether there is more. Raises what the work raised."""
        if not self._ended:
            self._go.release()
            assert self._stands.acquire(timeout=_WITHIN_S), f"it hangs after {self.halts}"
        if self._failed:
            raise self._failed
        return not self._ended

    def finish(self) -> None:
        """Let it go on to its end."""
        while self.step():
            pass

    def halt(self, name: str) -> None:
        """Stand at a failpoint."""
        self.halts.append(name)
        self._stands.release()
        self._go.acquire()

    def _run(self) -> None:
        _HERE.stepping = self
        self._go.acquire()
        try:
            self._work()
        except Exception as error:
            self._failed = error
        self._ended = True
        self._stands.release()


def use_failpoints(monkeypatch: pytest.MonkeyPatch, names: frozenset[str]) -> None:
    """Have the threads of Stepping halt at these failpoints, and everybody else pass them."""

    def reached(name: str) -> None:
        stepping: Stepping | None = getattr(_HERE, "stepping", None)
        if stepping and name in names:
            stepping.halt(name)

    monkeypatch.setattr(failpoints, "reached", reached)
