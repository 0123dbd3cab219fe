"""Relay and workers as real processes, which a test ends or kills."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from matching.settings import PROJECT_ROOT, Settings
from tests.support.command import HALLOWERK
from tests.support.site import environment

ENDS_WITHIN_S = 30


class Process:
    """A running `hallowerk` command; what it says is in `log`."""

    def __init__(self, settings: Settings, log: Path, *arguments: str, **variables: str) -> None:
        variables = {"REDIS_URL": settings.redis_url, "HALLOWERK_LEASE_S": str(settings.lease_s), **variables}
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                [*HALLOWERK, *arguments],
                env=environment(settings) | variables,
                cwd=PROJECT_ROOT,
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    @property
    def lives(self) -> bool:
        """Whether it runs."""
        return self._process.poll() is None

    def end(self) -> int:
        """Ask it to end, as a supervisor does; its exit code."""
        self._process.send_signal(signal.SIGTERM)
        return self._process.wait(ENDS_WITHIN_S)

    def kill(self) -> None:
        """End it as a power failure would."""
        self._process.kill()
        self._process.wait(ENDS_WITHIN_S)

    def killed_itself(self) -> bool:
        """Whether it reached its failpoint."""
        return self._process.poll() == -signal.SIGKILL


@contextmanager
def running(settings: Settings, folder: Path, *arguments: str, **variables: str) -> Iterator[Process]:
    """A `hallowerk` command with these settings, its words in `folder`; killed at the end where it still runs."""
    process = Process(settings, folder / f"{arguments[0]}.log", *arguments, **variables)
    try:
        yield process
    finally:
        if process.lives:
            process.kill()
