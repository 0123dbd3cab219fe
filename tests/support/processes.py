"""Relay and workers as real processes, which a test ends or kills."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from matching.settings import PROJECT_ROOT, Settings
from tests.support.command import HALLOWERK
from tests.support.site import environment

ENDS_WITHIN_S = 30
#: A `hallowerk` that stops itself once, as a machine that hangs would, right after a call that is named.
_STOPS = """
import os, signal
import {module}
owner, name = {module}{owner}, {name!r}
real = getattr(owner, name)
def stopping(*arguments, **named):
    found = real(*arguments, **named)
    setattr(owner, name, real)
    os.kill(os.getpid(), signal.SIGSTOP)
    return found
setattr(owner, name, stopping)
from web.commands import main
main()
"""


class Process:
    """A running `hallowerk` command, of the source tree in `tree`; what it says is in `log`.

    `program` is what Python runs where that is not the command alone.
    """

    def __init__(
        self,
        settings: Settings,
        log: Path,
        *arguments: str,
        program: str = "",
        tree: Path = PROJECT_ROOT,
        **variables: str,
    ) -> None:
        variables = {"REDIS_URL": settings.redis_url, "HALLOWERK_LEASE_S": str(settings.lease_s), **variables}
        self.log = log
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                [*([sys.executable, "-c", program] if program else HALLOWERK), *arguments],
                env=environment(settings) | variables,
                cwd=tree,
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    @property
    def pid(self) -> int:
        """Its number."""
        return self._process.pid

    @property
    def lives(self) -> bool:
        """Whether it runs."""
        return self._process.poll() is None

    @property
    def stopped(self) -> bool:
        """Whether it is stopped, and not ended."""
        return self.lives and Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"

    def ask_to_end(self) -> None:
        """Send what a supervisor sends."""
        self._process.send_signal(signal.SIGTERM)

    def wait(self, seconds: float = ENDS_WITHIN_S) -> int:
        """Wait until it has ended; its exit code."""
        return self._process.wait(seconds)

    def end(self) -> int:
        """Ask it to end, as a supervisor does; its exit code."""
        self.ask_to_end()
        return self.wait()

    def stop(self) -> None:
        """Have it hang."""
        self._process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """Have it go on after it was stopped."""
        self._process.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        """End it as a power failure would."""
        self._process.kill()
        self._process.wait(ENDS_WITHIN_S)

    def killed_itself(self) -> bool:
        """Whether it reached its failpoint."""
        return self._process.poll() == -signal.SIGKILL


def stopping_after(module: str, name: str, owner: str = "") -> str:
    """A program for `running`: it stops itself after its first call of this function of a module, or of a class."""
    return _STOPS.format(module=module, name=name, owner=owner and f".{owner}")


@contextmanager
def running(
    settings: Settings,
    folder: Path,
    *arguments: str,
    program: str = "",
    tree: Path = PROJECT_ROOT,
    **variables: str,
) -> Iterator[Process]:
    """A `hallowerk` command with these settings, its words in `folder`; killed at the end where it still runs.

    See Process.
    """
    log = folder / f"{arguments[0]}.log"
    process = Process(settings, log, *arguments, program=program, tree=tree, **variables)
    try:
        yield process
    finally:
        if process.lives:
            process.kill()
