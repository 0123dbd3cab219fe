"""A clock that a test sets, for processes of its own: Debian's libfaketime stands between them and the machine's."""

from __future__ import annotations

import time
from pathlib import Path

DAY_S = 86_400.0
HOUR_S = 3_600.0
#: Its version 0.9.10 refuses the call that Python's sleep makes (its issue 426); this sleeps by another one.
_OTHER_SLEEP = "import select, time\ntime.sleep = lambda seconds: select.select([], [], [], seconds) and None\n"


class FakeClock:
    """The time of day of the processes that are started with `variables`; it may be set while they run.

    Only the time of day is false: waiting, and what goes by the monotonic clock, is as ever.
    """

    def __init__(self, folder: Path, ahead_s: float = 0.0, zone: str = "UTC") -> None:
        self._folder = folder / f"clock-{id(self)}"
        self._folder.mkdir()
        (self._folder / "sitecustomize.py").write_text(_OTHER_SLEEP)
        self._file = self._folder / "ahead"
        self._zone = zone
        self.set(ahead_s)

    def set(self, ahead_s: float) -> None:
        """Let it be so many seconds ahead of the machine's from now on; behind when below 0."""
        partial = self._file.with_suffix(".new")
        partial.write_text(f"{ahead_s:+.3f}\n")
        partial.rename(self._file)
        self._ahead_s = ahead_s

    def time(self) -> float:
        """What it says, in seconds since 1970."""
        return time.time() + self._ahead_s

    def shows(self, moment: float) -> bool:
        """Whether a moment, in seconds since 1970, is within an hour of what it says."""
        return abs(moment - self.time()) < HOUR_S

    @property
    def variables(self) -> dict[str, str]:
        """The environment of a process that goes by this clock."""
        return {
            "LD_PRELOAD": str(_library()),
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "NO_FAKE_STAT": "1",
            "PYTHONPATH": str(self._folder),
            "TZ": self._zone,
        }


def _library() -> Path:
    """Where Debian has put it, which depends on the machine's architecture."""
    found = sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))
    assert found, "libfaketime is not installed; `make test` tells how to get it"
    return found[0]
