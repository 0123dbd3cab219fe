"""What runs beside the web server of `hallowerk up`: relay, workers and beat, started again when they die."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping

from indexer.queues import CHANGES, QUEUES

#: Sub-commands of `hallowerk`. Changes have a worker of their own, so that a long rebuild does not hold them up.
COMMANDS = {
    "relay": ["relay"],
    "worker of changes": ["worker", "--queue", CHANGES],
    "worker of the rest": ["worker", *(word for queue in QUEUES if queue != CHANGES for word in ("--queue", queue))],
    "beat": ["beat"],
}
#: One that dies at once is not started more often than this.
PAUSE_S = 5.0
#: How long they may take to finish what they have in hand, together.
STOP_WITHIN_S = 15.0


class Beside:
    """Runs COMMANDS, one process each, with `variables` in their environment; `say` hears of those that die."""

    def __init__(self, say: Callable[[str], None], variables: Mapping[str, str]) -> None:
        self._say = say
        self._environment = {**os.environ, **variables}
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._started: dict[str, float] = {}

    def start(self) -> None:
        """Start all of them."""
        for name in COMMANDS:
            self._start(name)

    def look(self) -> None:
        """Say which have died, and start them again."""
        for name in COMMANDS:
            if name in self._running and (code := self._running[name].poll()) is not None:
                del self._running[name]
                self._say(f"The {name} ended by itself (exit code {code}); it is started again. Nothing is lost.")
            if name not in self._running and time.monotonic() - self._started[name] > PAUSE_S:
                self._start(name)

    def stop(self) -> None:
        """End all that run; each finishes what it has in hand, unless that takes longer than STOP_WITHIN_S."""
        for process in self._running.values():
            process.terminate()
        deadline = time.monotonic() + STOP_WITHIN_S
        for process in self._running.values():
            try:
                process.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def _start(self, name: str) -> None:
        command = [sys.executable, "-c", "from web.commands import main; main()", *COMMANDS[name]]
        self._running[name] = subprocess.Popen(  # noqa: S603 - our own command
            command, stdout=subprocess.DEVNULL, env=self._environment
        )
        self._started[name] = time.monotonic()
