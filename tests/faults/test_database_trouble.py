"""F4, F5, F16, F23, and F1 where a candidate is to blame: broker, database or processes fail around the commit."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Select, column, delete, select, text, update
from sqlalchemy import table as sql_table
from sqlalchemy.orm import Session

from indexer.celery import make_app
from indexer.ledger import entries
from indexer.queues import CHANGES, Broker
from indexer.tasks import INDEX
from matching.candidates.records import Candidate
from matching.settings import Settings
from matching.storage.changes import present_version, raise_version
from matching.storage.database import Database
from matching.storage.index_state import LedgerEntry
from tests.support.command import hallowerk
from tests.support.house import PEOPLE, House, open_house
from tests.support.postgres import PostgresServer
from tests.support.processes import running
from tests.support.profiles import insert_full
from tests.support.redis import running_redis
from tests.support.waiting import wait_until

BUSY = '"kind": "DatabaseBusy"'
PAUSED = '"kind": "WritesPaused"'
#: Statements of the write path that PostgreSQL is made to refuse, and how often each.
REFUSED = (("changes", "UPDATE"), ("changes", "DELETE"), ("index_ledger", "UPDATE"))
TIMES = 2
#: Refuses the first TIMES statements; a number that was drawn stays drawn when the transaction is rolled back.
_REFUSE = """
CREATE SEQUENCE refused_{table}_{event};
CREATE FUNCTION refuse_{table}_{event}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
  IF nextval('refused_{table}_{event}') <= {times} THEN
    RAISE EXCEPTION 'could not serialize access' USING ERRCODE = 'serialization_failure';
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER refuse_{event} BEFORE {event} ON {table} FOR EACH STATEMENT EXECUTE FUNCTION refuse_{table}_{event}();
"""


def hasty(house: House) -> House:
    """The same house with leases of a second: what failed is tried again soon."""
    return replace(house, settings=house.settings.model_copy(update={"lease_s": 1.0}))


def said(folder: Path, command: str, words: str) -> int:
    """How often a process has said this."""
    return (folder / f"{command}.log").read_text().count(words)


def test_a_broker_that_dies_again_and_again(
    sqlite_database: Database, engine_settings: Settings, tmp_path: Path
) -> None:
    """F4: with messages in it, and with changes made while it is away; each time it has lost everything."""
    with running_redis(tmp_path) as redis:
        house = hasty(open_house(sqlite_database, engine_settings, redis))
        with running(house.settings, tmp_path, "relay"):
            for number in range(3):
                for key in range(1, PEOPLE + 1):
                    house.rename(key, f"Voor{number}")
                wait_until(house.in_queue, "messages are in the queue")
                with house.without_broker():
                    for key in range(1, PEOPLE):
                        house.rename(key, f"Na{number}")
                    tries = said(tmp_path, "relay", "relay_waits")
                    wait_until(lambda before=tries: said(tmp_path, "relay", "relay_waits") > before, "the relay waits")
            with running(house.settings, tmp_path, "worker"):
                for key in range(1, PEOPLE):
                    house.wait_for(key, "Na2")
                house.wait_for(PEOPLE, "Voor2")
        house.agree()


def test_sqlite_that_is_busy_for_longer_than_a_writer_waits(
    sqlite_database: Database, engine_settings: Settings, tmp_path: Path
) -> None:
    """F5: the worker gives up, says so, and is told again; the relay reads on meanwhile."""
    house = hasty(open_house(sqlite_database, engine_settings))
    with (
        closing(sqlite3.connect(str(sqlite_database.url.database), isolation_level=None)) as other,
        running(house.settings, tmp_path, "relay"),
        running(house.settings, tmp_path, "worker"),
    ):
        house.rename(1, "Eerst")
        house.wait_for(1, "Eerst")
        other.execute("BEGIN IMMEDIATE")
        other.execute("UPDATE candidates SET name = 'Anders' WHERE id = 1")
        with Broker(make_app(house.settings)) as broker:
            broker.send(INDEX, CHANGES, [1, 2])  # the worker tries to claim
        wait_until(lambda: said(tmp_path, "worker", BUSY), "the worker gives up")
        other.execute("COMMIT")
        house.wait_for(1, "Anders")
        house.rename(2, "Ook anders")
        house.wait_for(2, "Ook anders")
    house.agree()


def test_a_deadlock_with_a_worker(postgres_database: Database, engine_settings: Settings, tmp_path: Path) -> None:
    """F5: crossed locks on the ledger, of which PostgreSQL ends the worker's transaction."""
    house = hasty(open_house(postgres_database, engine_settings))
    name = str(postgres_database.url.database)
    deadlocks = text("SELECT deadlocks FROM pg_stat_database WHERE datname = :name")
    blocked = text("SELECT count(*) FROM pg_locks WHERE NOT granted")

    def held(key: int) -> Select[Any]:
        return entries().where(LedgerEntry.candidate_id == key).with_for_update()

    with running(house.settings, tmp_path, "worker"), Session(house.database.engine) as other:
        # Who waits first looks for a deadlock first, and is ended by it: the worker.
        other.execute(text("SET LOCAL deadlock_timeout = '60s'"))
        other.execute(text("SET LOCAL lock_timeout = '60s'"))
        other.execute(held(2))
        with house.database.write() as session:
            session.execute(update(Candidate).where(Candidate.id.in_([1, 2])).values(name="Anders"))
        with running(house.settings, tmp_path, "relay"):
            wait_until(lambda: other.execute(blocked).scalar_one(), "the worker waits for the second")
            other.execute(held(1))
            other.commit()
            for key in (1, 2):
                house.wait_for(key, "Anders")
    assert said(tmp_path, "worker", BUSY) >= 1

    def noted() -> bool:
        with house.database.read() as session:
            return bool(session.execute(deadlocks, {"name": name}).scalar_one())

    wait_until(noted, "PostgreSQL counts a deadlock")
    house.agree()


def test_transactions_that_can_not_be_serialized(
    postgres_database: Database, engine_settings: Settings, tmp_path: Path
) -> None:
    """F5: each write of the write path is refused a few times, of relay and worker."""
    house = hasty(open_house(postgres_database, engine_settings))
    with house.database.write() as session:
        for table, event in REFUSED:
            session.connection().exec_driver_sql(_REFUSE.format(table=table, event=event, times=TIMES))
    with running(house.settings, tmp_path, "relay"), running(house.settings, tmp_path, "worker"):
        for key in (1, 2):
            house.rename(key, "Anders")
        for key in (1, 2):
            house.wait_for(key, "Anders")
    with house.database.read() as session:
        for table, event in REFUSED:
            drawn = select(column("last_value")).select_from(sql_table(f"refused_{table}_{event}".lower()))
            assert session.execute(drawn).scalar_one() > TIMES, (table, event)
    assert said(tmp_path, "relay", BUSY) + said(tmp_path, "worker", BUSY) >= len(REFUSED)
    house.agree()


@pytest.mark.parametrize(("place", "messages"), [("relay.before_send", 1), ("relay.before_mark", 2)])
def test_a_crash_between_commit_and_hint(
    sqlite_database: Database, engine_settings: Settings, tmp_path: Path, place: str, messages: int
) -> None:
    """F16: the change is committed; its hint was not sent, or nobody knows that it was. No lease has to end for it."""
    house = open_house(sqlite_database, engine_settings)
    house = replace(house, settings=house.settings.model_copy(update={"lease_s": 600.0}))
    house.rename(1, "Anders")
    failing = {"HALLOWERK_TESTING": "1", "HALLOWERK_FAILPOINT": place}
    with running(house.settings, tmp_path, "relay", **failing) as relay:
        wait_until(relay.killed_itself, "the relay is killed")
    assert house.in_queue() == messages - 1
    with running(house.settings, tmp_path, "relay"):
        wait_until(lambda: house.in_queue() == messages, "the change is told of")
        with running(house.settings, tmp_path, "worker"):
            house.wait_for(1, "Anders")
    house.agree()


def test_a_hint_before_the_transaction_ends(
    postgres_database: Database, engine_settings: Settings, tmp_path: Path
) -> None:
    """F16: a worker that was told too early indexes nothing of it, whether it is rolled back or committed then."""
    house = open_house(postgres_database, engine_settings)
    with (
        Broker(make_app(house.settings)) as broker,
        running(house.settings, tmp_path, "relay"),
        running(house.settings, tmp_path, "worker"),
    ):
        for end, name in ((Session.rollback, "Naam1"), (Session.commit, "Anders")):
            with Session(house.database.engine) as other:
                other.execute(update(Candidate).where(Candidate.id == 1).values(name="Anders"))
                broker.send(INDEX, CHANGES, [1])
                house.rename(2, f"Dan {name}")  # the worker takes it after that
                house.wait_for(2, f"Dan {name}")
                assert (house.in_queue(), house.name_of(1)) == (0, "Naam1")
                end(other)
            house.wait_for(1, name)
    house.agree()


class Backup:
    """A copy of a database, and the way back to it."""

    def __init__(self, database: Database, server: PostgresServer | None) -> None:
        self._database, self._server = database, server
        self._name = str(database.url.database)
        self._copy = f"{self._name}_backup" if server else f"{self._name}.backup"

    def make(self) -> None:
        """Copy it as it is now."""
        self._database.close()
        if self._server:
            self._server.create(self._copy, template=self._name)
        else:
            with closing(sqlite3.connect(self._name)) as source, closing(sqlite3.connect(self._copy)) as target:
                source.backup(target)

    def put_back(self) -> None:
        """Have the database as it was then."""
        self._database.close()
        if self._server:
            self._server.drop(self._name)
            self._server.create(self._name, template=self._copy)
            self._server.drop(self._copy)
        else:
            for end in ("-wal", "-shm"):
                Path(self._name + end).unlink(missing_ok=True)
            shutil.copy(self._copy, self._name)


@pytest.mark.parametrize(("kind", "told"), [("postgres", True), ("sqlite", False)], ids=["told", "not told"])
def test_last_nights_database_under_a_newer_index(
    request: pytest.FixtureRequest, engine_settings: Settings, tmp_path: Path, kind: str, told: bool
) -> None:
    """F23: writes pause, for good, until a rebuild is asked for; searches go on with what the index knew."""
    database: Database = request.getfixturevalue(f"{kind}_database")
    house = hasty(open_house(database, engine_settings))
    backup = Backup(database, request.getfixturevalue("postgres") if kind == "postgres" else None)
    backup.make()
    with running(house.settings, tmp_path, "relay"), running(house.settings, tmp_path, "worker"):
        house.rename(1, "Vandaag")
        with house.database.write() as session:
            session.execute(delete(Candidate).where(Candidate.id == 2))
            insert_full(session, PEOPLE + 1, ["stad"])
        for key, name in ((1, "Vandaag"), (2, None), (PEOPLE + 1, f"Naam{PEOPLE + 1}")):
            house.wait_for(key, name)
    with house.database.read() as session:
        came_to = present_version(session)
    backup.put_back()
    with house.database.read() as session:
        assert session.execute(select(Candidate.name).where(Candidate.id == 1)).scalar_one() == "Naam1"
        assert present_version(session) < came_to
    if told:
        address = database.url.render_as_string(hide_password=False)
        assert hallowerk(tmp_path, "database", "restored", DATABASE_URL=address).returncode == 0
    with running(house.settings, tmp_path, "relay"), running(house.settings, tmp_path, "worker"):
        house.rename(3, "Na herstel")
        wait_until(lambda: said(tmp_path, "worker", PAUSED), "the worker pauses")
        with house.database.write() as session:
            raise_version(session, came_to + 100)  # as after many tries
        tries = said(tmp_path, "worker", PAUSED)
        wait_until(lambda: said(tmp_path, "worker", PAUSED) > tries + 1, "the worker still pauses")
        assert [house.name_of(key) for key in (1, 2, 3, PEOPLE + 1)] == ["Vandaag", None, "Naam3", f"Naam{PEOPLE + 1}"]
        assert house.waiting()
        with running(house.settings, tmp_path, "index", "rebuild") as rebuild:
            assert rebuild.wait() == 0, rebuild.log.read_text()
        for key, name in ((3, "Na herstel"), (1, "Naam1"), (2, "Naam2"), (PEOPLE + 1, None)):
            house.wait_for(key, name)
    house.agree()


#: A worker that one candidate kills, as a document of gigabytes would.
_DIES = """
import os, signal
from indexer.documents import ListingBuilder
listings = ListingBuilder.listings
def killing(self, profile):
    if profile.single.id == {key}:
        os.kill(os.getpid(), signal.SIGKILL)
    return listings(self, profile)
ListingBuilder.listings = killing
from web.commands import main
main()
"""


def test_a_candidate_who_kills_workers_holds_up_nobody(
    sqlite_database: Database, engine_settings: Settings, tmp_path: Path
) -> None:
    """F1: they came in one batch; each worker that it kills leaves fewer with the one who does."""
    house = hasty(open_house(sqlite_database, engine_settings))
    with running(house.settings, tmp_path, "relay"):
        with house.database.write() as session:
            session.execute(update(Candidate).values(name="Anders"))
        deaths = 0
        while house.waiting() > 1:
            with running(house.settings, tmp_path, "worker", program=_DIES.format(key=2)) as worker:
                wait_until(worker.killed_itself, "the worker dies", 60)
            deaths += 1
            assert deaths <= 4
        keys = range(1, PEOPLE + 1)
        wanted = ["Naam2" if key == 2 else "Anders" for key in keys]
        wait_until(lambda: [house.name_of(key) for key in keys] == wanted, "all others are searchable")
        with running(house.settings, tmp_path, "worker"):
            house.wait_for(2, "Anders")
    assert deaths > 1
    house.agree()
