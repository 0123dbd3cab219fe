"""Migrations, transactions and typed failures, the same on SQLite and PostgreSQL."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Delete, Update, delete, insert, select, text, update
from sqlalchemy.exc import DatabaseError, IntegrityError

from matching.accounts.audit import append, broken_lines
from matching.accounts.records import AuditEntry, Organisation
from matching.storage.changes import draw_index_version
from matching.storage.database import Database
from matching.storage.errors import DatabaseBusy, DatabaseUnavailable
from matching.storage.migrate import is_current, newest_revisions, present_revisions, upgrade
from matching.storage.tables import metadata

WAIT_S = 20


@pytest.mark.filterwarnings("ignore:.*expression-based index")  # of SQLite they can't be compared
def test_migrated_tables_equal_the_declared_ones(database: Database) -> None:
    with database.read() as session:
        context = MigrationContext.configure(session.connection(), opts={"compare_server_default": True})
        assert compare_metadata(context, metadata) == []


def test_upgrade_twice_changes_nothing(database: Database) -> None:
    assert is_current(database)
    upgrade(database)
    assert present_revisions(database) == newest_revisions()


def test_a_new_database_is_not_current_until_upgraded(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'new' / 'x.db'}")
    assert not is_current(database)
    upgrade(database)
    assert is_current(database)
    with database.read() as session:
        assert session.execute(text("PRAGMA journal_mode")).scalar_one() == "wal"
        assert session.execute(text("PRAGMA foreign_keys")).scalar_one() == 1


def _line(database: Database, key: str) -> None:
    with database.write() as session:
        append(session, actor_id=1, action="candidates.view", subject="candidate", key=key, details={"n": 1})


@pytest.mark.parametrize("change", [update(AuditEntry).values(subject_key="x"), delete(AuditEntry)])
def test_audit_trail_refuses_change_and_delete(database: Database, change: Update | Delete) -> None:
    """What was written stays as it was, also against raw SQL (security.md, Logs)."""
    _line(database, "1")
    _line(database, "2")
    with pytest.raises(DatabaseError, match="append-only"), database.write() as session:
        session.execute(change)
    with database.read() as session:
        assert session.scalars(select(AuditEntry.subject_key).order_by(AuditEntry.id)).all() == ["1", "2"]
        assert list(broken_lines(session)) == []


def test_audit_trail_refuses_to_replace_a_line(sqlite_database: Database) -> None:
    """SQLite's INSERT OR REPLACE takes the old row away on its own, also on connections that aren't ours."""
    _line(sqlite_database, "1")
    replace = (
        "INSERT OR REPLACE INTO audit_trail SELECT id, at, actor_id, action, subject, '2', details, previous_hash, {} "
        "FROM audit_trail"
    )
    for new_hash in ("hash", "'x'"):
        with pytest.raises(DatabaseError, match="append-only"), sqlite_database.write() as session:
            session.execute(text(replace.format(new_hash)))
        with (
            closing(sqlite3.connect(str(sqlite_database.url.database))) as foreign,
            pytest.raises(sqlite3.IntegrityError, match="append-only"),
        ):
            foreign.execute(replace.format(new_hash))
    _line(sqlite_database, "3")
    with sqlite_database.read() as session:
        assert session.execute(text("PRAGMA recursive_triggers")).scalar_one() == 1
        assert session.scalars(select(AuditEntry.subject_key).order_by(AuditEntry.id)).all() == ["1", "3"]


def test_audit_trail_refuses_truncate(postgres_database: Database) -> None:
    _line(postgres_database, "1")
    with pytest.raises(DatabaseError, match="append-only"), postgres_database.write() as session:
        session.execute(text("TRUNCATE audit_trail"))
    with postgres_database.read() as session:
        assert session.scalars(select(AuditEntry.subject_key)).all() == ["1"]


def test_a_write_that_raises_keeps_nothing(database: Database) -> None:
    def fail_after_a_write() -> None:
        with database.write() as session:
            session.execute(insert(Organisation).values(code="a", name="A"))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_after_a_write()
    with database.read() as session:
        assert session.scalars(select(Organisation.code)).all() == []


def test_a_read_is_one_snapshot(database: Database) -> None:
    """What another transaction commits during a read is not seen by it."""
    with database.read() as reader:
        assert reader.scalars(select(Organisation.code)).all() == []
        with database.write() as writer:
            writer.execute(insert(Organisation).values(code="a", name="A"))
        assert reader.scalars(select(Organisation.code)).all() == []
    with database.read() as reader:
        assert reader.scalars(select(Organisation.code)).all() == ["a"]


def test_a_write_sees_what_was_committed_meanwhile_whatever_the_default_is(postgres_database: Database) -> None:
    with postgres_database.write() as session:
        name = postgres_database.url.database
        session.execute(text(f"ALTER DATABASE {name} SET default_transaction_isolation = 'serializable'"))
    postgres_database.close()
    with postgres_database.write() as session:
        assert session.execute(text("SHOW default_transaction_isolation")).scalar_one() == "serializable"
        assert session.execute(text("SHOW transaction_isolation")).scalar_one() == "read committed"


def test_a_failed_statement_is_still_an_integrity_error(database: Database) -> None:
    same = insert(Organisation).values(code="a", name="A")
    with database.write() as session:
        session.execute(same)
    with pytest.raises(IntegrityError), database.write() as session:
        session.execute(same)


def test_a_locked_database_gives_a_typed_error(database: Database) -> None:
    """A writer waits for its turn and then says that the database is busy; the message holds no value."""
    with database.write() as session:
        session.execute(insert(Organisation).values(code="secret", name="first"))
    impatient = Database(database.url.render_as_string(hide_password=False), busy_timeout_ms=100)
    change = update(Organisation).where(Organisation.code == "secret")
    with database.write() as holder:
        holder.execute(change.values(name="held"))
        with pytest.raises(DatabaseBusy) as failure, impatient.write() as session:
            session.execute(change.values(name="other"))
    impatient.close()
    assert "secret" not in str(failure.value)
    with database.read() as session:
        assert session.scalars(select(Organisation.name)).all() == ["held"]


def test_a_patient_writer_gets_its_turn(database: Database) -> None:
    with database.write() as session:
        session.execute(insert(Organisation).values(code="a", name="0"))
    change = update(Organisation).where(Organisation.code == "a")
    started = threading.Event()

    def other() -> None:
        started.set()
        with database.write() as session:
            session.execute(change.values(name="second"))

    thread = threading.Thread(target=other)
    with database.write() as session:
        session.execute(change.values(name="first"))
        thread.start()
        assert started.wait(WAIT_S)
    thread.join(WAIT_S)
    with database.read() as session:
        assert session.scalars(select(Organisation.name)).all() == ["second"]


@pytest.mark.parametrize(
    "url", ["postgresql+psycopg://nobody@127.0.0.1:1/none?connect_timeout=2", "sqlite:////proc/none/x.db"]
)
def test_an_unreachable_database_gives_a_typed_error(url: str) -> None:
    with pytest.raises(DatabaseUnavailable), Database(url).read() as session:
        session.execute(text("SELECT 1"))


def test_index_versions_only_rise(database: Database) -> None:
    drawn = []
    for _ in range(3):
        with database.write() as session:
            drawn.append(draw_index_version(session))
    assert drawn == [1, 2, 3]
