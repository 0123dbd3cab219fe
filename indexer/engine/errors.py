"""The errors of the engine's management; the text of each is what the user reads."""

from __future__ import annotations


class EngineError(Exception):
    """Something about the engine went wrong; `str(error)` says what happened and what to do."""


class EngineUnavailable(EngineError):
    """No engine is running for this installation."""


class WayError(EngineError):
    """One way to get the engine does not work here; the next one may."""


class DiskFullError(EngineError):
    """There is no room for what was to be written; no other way would do better."""
