"""Named places at which a test can have the process killed, as a power failure would; they do nothing otherwise."""

from __future__ import annotations

import os
import signal


def reached(name: str) -> None:
    """End the process with SIGKILL where HALLOWERK_FAILPOINT names this place and HALLOWERK_TESTING is 1."""
    if os.environ.get("HALLOWERK_FAILPOINT") == name and os.environ.get("HALLOWERK_TESTING") == "1":
        os.kill(os.getpid(), signal.SIGKILL)
