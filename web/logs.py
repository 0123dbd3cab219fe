"""Application logs: one JSON object a line on standard error; ids and kinds only, never names or search words."""

from __future__ import annotations

import sys
from contextlib import suppress
from typing import TextIO, cast

import structlog


class _Lines:
    """Standard error, but that a line which can't be written is dropped: a full disk must not end who tells of it."""

    def write(self, text: str) -> None:
        """As a file's."""
        with suppress(OSError):
            sys.stderr.write(text)

    def flush(self) -> None:
        """As a file's."""
        with suppress(OSError):
            sys.stderr.flush()


def configure_logs() -> None:
    """Set up structlog for this process."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(),
        ],
        logger_factory=structlog.PrintLoggerFactory(file=cast(TextIO, _Lines())),
        cache_logger_on_first_use=True,
    )
