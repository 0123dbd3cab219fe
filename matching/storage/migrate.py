"""Brings a database to the newest revision of its tables, and tells whether it is there."""

from __future__ import annotations

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text
from sqlalchemy.engine import Connection

from matching.storage.database import Database

#: Any constant will do: two upgrades of one PostgreSQL database take turns; SQLite's writers already do.
_UPGRADE_LOCK = 0x48414D49


def upgrade(database: Database, revision: str = "head") -> None:
    """Apply every missing revision in one transaction: all of it happens, or nothing does.

    Does nothing on a database that is current. Raises matching.storage.errors.DatabaseBusy or DatabaseUnavailable.
    """
    with database.write() as session:
        connection = session.connection()
        if not database.is_sqlite:
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _UPGRADE_LOCK})
        command.upgrade(configuration(connection), revision)


def is_current(database: Database) -> bool:
    """Whether the database has every revision of this code and none that it doesn't know."""
    return present_revisions(database) == newest_revisions()


def present_revisions(database: Database) -> tuple[str, ...]:
    """The revisions the database is at; empty for one that was never upgraded."""
    with database.read() as session:
        return tuple(sorted(MigrationContext.configure(session.connection()).get_current_heads()))


def newest_revisions() -> tuple[str, ...]:
    """The revisions this code asks for."""
    return tuple(sorted(ScriptDirectory.from_config(configuration()).get_heads()))


def configuration(connection: Connection | None = None) -> Config:
    """Alembic's configuration for the revisions of this package, to run on `connection`."""
    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", "matching.storage:migrations")
    config.set_main_option("path_separator", "os")
    return config
