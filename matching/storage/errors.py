"""Database failures that callers tell apart: busy (try again in a moment) and unavailable (someone must look)."""

from __future__ import annotations

import sqlite3
from typing import Any

from sqlalchemy import Engine, event
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import OperationalError

#: serialization failure, deadlock, lock not available, cancelled by a time-out (PostgreSQL manual, appendix A)
_BUSY_STATES = frozenset({"40001", "40P01", "55P03", "57014"})
#: starting up or shutting down, out of connections, disk full; class 08 is connections
_UNAVAILABLE_STATES = frozenset({"57P01", "57P02", "57P03", "53300", "53100"})
_SQLITE_BUSY = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})
_SQLITE_UNAVAILABLE = frozenset(
    {
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_NOTADB,
        sqlite3.SQLITE_PERM,
        sqlite3.SQLITE_READONLY,
    }
)


class _Failure(OperationalError):
    """Base of both: says what is the matter, never a statement or its values, which may name people."""

    sentence = ""

    def __init__(self, orig: BaseException) -> None:
        super().__init__(None, None, orig)

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.orig,)

    def __str__(self) -> str:
        return self.sentence


class DatabaseBusy(_Failure):
    """Another writer held what this transaction needed for longer than it may wait; nothing was kept, try again."""

    sentence = "The database is busy: another process is writing. Nothing was changed; try again in a moment."


class DatabaseUnavailable(_Failure):
    """The database cannot be reached or written at all."""

    sentence = "The database cannot be used: it does not answer, its disk is full, or its file cannot be written."


def translate_errors(engine: Engine) -> None:
    """Make `engine` raise DatabaseBusy and DatabaseUnavailable in place of the drivers' own errors."""
    event.listen(engine, "handle_error", _translate)


def _translate(context: ExceptionContext) -> BaseException | None:
    if context.is_pre_ping:
        return None  # the pool sees for itself that the connection is gone, and makes another
    error = context.original_exception
    state = getattr(error, "sqlstate", None)
    code = getattr(error, "sqlite_errorcode", None)
    if isinstance(code, int):
        primary = code & 0xFF  # the rest of the number is SQLite's extended code
        if primary in _SQLITE_BUSY:
            return DatabaseBusy(error)
        return DatabaseUnavailable(error) if primary in _SQLITE_UNAVAILABLE else None
    if isinstance(state, str):
        if state in _BUSY_STATES:
            return DatabaseBusy(error)
        return DatabaseUnavailable(error) if state in _UNAVAILABLE_STATES or state.startswith("08") else None
    no_answer = context.connection is None or context.is_disconnect
    return (
        DatabaseUnavailable(error) if no_answer and isinstance(context.sqlalchemy_exception, OperationalError) else None
    )
