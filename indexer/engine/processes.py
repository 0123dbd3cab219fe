"""Tells whether a process that was noted is still that process, and ends it."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

_POLL_SECONDS = 0.1


def started_at(pid: int) -> str | None:
    """When the living process `pid` started, in the system's own words; None when there is none (or a zombie).

    Together with the pid it names one process for good: a pid is given out again, with another start.
    """
    stat = Path(f"/proc/{pid}/stat")
    if Path("/proc/self/stat").exists():
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            return None
        return None if fields[0] in "ZX" else fields[19]
    answer = subprocess.run(  # noqa: S603
        ["/bin/ps", "-o", "state=,lstart=", "-p", str(pid)], capture_output=True, text=True
    )
    state, _, start = answer.stdout.strip().partition(" ")
    return start.strip() if start and not state.startswith("Z") else None


def group_lives(group: int) -> bool:
    """Whether any process (zombies aside) is in that process group: children may outlive a leader that was killed."""
    if Path("/proc/self/stat").exists():
        for stat in Path("/proc").glob("[0-9]*/stat"):
            try:
                fields = stat.read_text().rpartition(")")[2].split()
            except (FileNotFoundError, ProcessLookupError):
                continue  # it ended while we looked
            if int(fields[2]) == group and fields[0] not in "ZX":
                return True
        return False
    answer = subprocess.run(["/bin/ps", "-A", "-o", "pgid=,state="], capture_output=True, text=True)
    rows = [line.split() for line in answer.stdout.splitlines()]
    return any(row[0] == str(group) and not row[1].startswith("Z") for row in rows)


def group_gone(group: int, within_seconds: float) -> bool:
    """Whether the process group empties within that time."""
    deadline = time.monotonic() + within_seconds
    while group_lives(group):
        if time.monotonic() > deadline:
            return False
        time.sleep(_POLL_SECONDS)
    return True


def end(pid: int, started: str, patience_seconds: float) -> None:
    """Ask the process to end; after `patience_seconds` kill it and its group. Returns when it is gone.

    A pid that meanwhile belongs to another process is left alone.
    """
    if not _signal(pid, started, signal.SIGTERM) or gone(pid, started, patience_seconds):
        return
    if started_at(pid) == started:
        os.killpg(os.getpgid(pid), signal.SIGKILL)
    gone(pid, started, patience_seconds)


def gone(pid: int, started: str, within_seconds: float) -> bool:
    """Whether the process ends within that time."""
    deadline = time.monotonic() + within_seconds
    while started_at(pid) == started:
        if time.monotonic() > deadline:
            return False
        time.sleep(_POLL_SECONDS)
    return True


def _signal(pid: int, started: str, number: int) -> bool:
    if started_at(pid) != started:
        return False
    os.kill(pid, number)
    return True
