"""Opens the database and hands out transactions that behave the same on SQLite and PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import Connection, make_url
from sqlalchemy.orm import Session

from matching.private import private_file, private_folder
from matching.storage.errors import DatabaseUnavailable, translate_errors

#: How long a writer waits for its turn before it gets DatabaseBusy, on both databases.
BUSY_TIMEOUT_MS = 5_000
BEGIN_OPTION = "sqlite_begin"


class Database:
    """One database; connects at the first transaction, not before.

    A *read* is one consistent snapshot (PostgreSQL: REPEATABLE READ, read only; SQLite: BEGIN). A *write* takes the
    write lock at its start on SQLite (BEGIN IMMEDIATE), so that it waits for its turn instead of failing half-way; on
    PostgreSQL it sees what others committed meanwhile, whatever the server's default is (READ COMMITTED).
    """

    def __init__(self, url: str, busy_timeout_ms: int = BUSY_TIMEOUT_MS) -> None:
        self.url = make_url(url)
        self.busy_timeout_ms = busy_timeout_ms

    @property
    def is_sqlite(self) -> bool:
        """Whether this is the SQLite default."""
        return self.url.get_backend_name() == "sqlite"

    @cached_property
    def engine(self) -> Engine:
        """The SQLAlchemy engine, made at first use."""
        if not self.is_sqlite:
            options = f"-c lock_timeout={self.busy_timeout_ms}"
            engine = create_engine(self.url, pool_pre_ping=True, connect_args={"options": options})
            translate_errors(engine)
            return engine
        if self.url.database and self.url.database != ":memory:":
            _make_file(Path(self.url.database))
        engine = create_engine(self.url, connect_args={"timeout": self.busy_timeout_ms / 1000})
        translate_errors(engine)
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A session on one consistent snapshot; nothing it does is kept."""
        options: dict[str, Any] = (
            {BEGIN_OPTION: "DEFERRED"}
            if self.is_sqlite
            else {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
        )
        with self.engine.connect().execution_options(**options) as connection, Session(connection) as session:
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """A session that commits when the block ends and rolls back when it raises."""
        options: dict[str, Any] = (
            {BEGIN_OPTION: "IMMEDIATE"} if self.is_sqlite else {"isolation_level": "READ COMMITTED"}
        )
        with (
            self.engine.connect().execution_options(**options) as connection,
            connection.begin(),
            Session(connection, join_transaction_mode="conditional_savepoint") as session,
        ):
            yield session
            session.flush()

    def close(self) -> None:
        """Close all pooled connections."""
        self.engine.dispose()


def _make_file(file: Path) -> None:
    """Make the database file before SQLite does, for us alone; SQLite gives its log the same mode."""
    try:
        private_folder(file.parent)
        private_file(file)
    except OSError as error:
        raise DatabaseUnavailable(error) from error


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # the driver must not begin transactions on its own
    cursor = connection.cursor()
    # recursive_triggers: INSERT OR REPLACE must not remove a row without its delete trigger (the audit trail).
    for pragma in ("journal_mode=WAL", "foreign_keys=ON", "recursive_triggers=ON", "synchronous=NORMAL"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    connection.exec_driver_sql(f"BEGIN {connection.get_execution_options().get(BEGIN_OPTION, 'IMMEDIATE')}")
