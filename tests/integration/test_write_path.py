"""A change in SQL becomes searchable through real processes, on both brokers, whatever dies on the way."""

from __future__ import annotations

import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from elasticsearch import Elasticsearch
from sqlalchemy import delete, func, select, update

from indexer.celery import make_app
from indexer.engine.client import connect
from indexer.fan_out import running as fan_outs
from indexer.queues import CHANGES, Broker
from indexer.rebuild.run import rebuild
from matching.candidates.records import Candidate, Showcase
from matching.private import private_folder
from matching.settings import Settings
from matching.storage.changes import Change
from matching.storage.database import Database
from tests.support.indexing import fill
from tests.support.processes import running
from tests.support.redis import RedisServer
from tests.support.waiting import wait_until

LEASE_S = 3.0
PEOPLE = 5


@dataclass(frozen=True)
class House:
    """An installation with PEOPLE candidates in 'stad', indexed; nothing runs yet."""

    database: Database
    client: Elasticsearch
    settings: Settings
    redis: RedisServer | None

    def name_of(self, key: int) -> str | None:
        """What a search finds as the name of this candidate; None: it doesn't find it."""
        alias = f"{self.settings.index_prefix}-stad"
        hits = self.client.search(index=alias, query={"term": {"id": key}})["hits"]["hits"]
        return str(hits[0]["_source"]["name"]) if hits else None

    def rename(self, key: int, name: str) -> None:
        """Change a candidate in SQL, as anybody might."""
        with self.database.write() as session:
            session.execute(update(Candidate).where(Candidate.id == key).values(name=name))

    def wait_for(self, key: int, name: str | None) -> None:
        """Wait until a search finds this name, and the log is empty."""
        wait_until(lambda: self.name_of(key) == name, f"{name} is searchable", 60)
        wait_until(lambda: not self.waiting(), "the log is empty")

    def waiting(self) -> int:
        """Rows in the change log."""
        with self.database.read() as session:
            return session.execute(select(func.count()).select_from(Change)).scalar_one()

    def fan_outs(self) -> int:
        """Fan-outs that have not ended."""
        with self.database.read() as session:
            return len(fan_outs(session))

    def in_queue(self) -> int:
        """Messages about changes that no worker has taken."""
        with Broker(make_app(self.settings)) as broker:
            return broker.state(CHANGES).waiting

    @contextmanager
    def without_broker(self) -> Iterator[None]:
        """The broker is away, and has lost all when it comes back."""
        folder = self.settings.broker_dir
        if self.redis:
            self.redis.stop()
            yield
            self.redis.start()
        else:
            shutil.rmtree(folder, ignore_errors=True)
            private_folder(folder.parent)
            folder.touch()  # so that nobody can make the folder
            yield
            folder.unlink()


@pytest.fixture
def house(
    request: pytest.FixtureRequest, engine_settings: Settings, redis_server: RedisServer | None
) -> Iterator[House]:
    """With Redis and PostgreSQL as in production, or files and SQLite as in the demo."""
    database: Database = request.getfixturevalue("postgres_database" if redis_server else "sqlite_database")
    settings = engine_settings.model_copy(
        update={
            "database_url": database.url.render_as_string(hide_password=False),
            "redis_url": redis_server.url if redis_server else "",
            "lease_s": LEASE_S,
        }
    )
    fill(database, {"stad": range(1, PEOPLE + 1)})
    client = connect(settings)
    rebuild(database, client, settings)
    return House(database, client, settings, redis_server)


def test_a_change_and_a_delete_become_searchable(house: House, tmp_path: Path) -> None:
    with running(house.settings, tmp_path, "relay") as relay, running(house.settings, tmp_path, "worker") as worker:
        house.rename(1, "Anders")
        with house.database.write() as session:
            session.execute(delete(Candidate).where(Candidate.id == 2))
        house.wait_for(1, "Anders")
        house.wait_for(2, None)
        assert [relay.end(), worker.end()] == [0, 0]


def test_a_worker_killed_with_work_in_hand(house: House, tmp_path: Path) -> None:
    """It took the message and claimed the change; a stalling engine holds it until it is killed."""
    with socket.socket() as stalling, running(house.settings, tmp_path, "relay"):
        stalling.bind(("127.0.0.1", 0))
        stalling.listen()
        stalled = house.settings.model_copy(
            update={"elasticsearch_url": f"http://127.0.0.1:{stalling.getsockname()[1]}"}
        )
        with running(stalled, tmp_path, "worker", "--queue", CHANGES) as worker:
            house.rename(1, "Anders")
            with stalling.accept()[0]:
                worker.kill()
        assert house.name_of(1) == "Naam1"
        with running(house.settings, tmp_path, "worker"):
            house.wait_for(1, "Anders")


def test_the_broker_loses_everything(house: House, tmp_path: Path) -> None:
    with running(house.settings, tmp_path, "relay"):
        house.rename(1, "Anders")
        wait_until(house.in_queue, "the change is in the queue")
        with house.without_broker():
            pass
        with running(house.settings, tmp_path, "worker"):
            house.wait_for(1, "Anders")


def test_the_broker_is_away_when_a_change_is_made(house: House, tmp_path: Path) -> None:
    with running(house.settings, tmp_path, "relay") as relay, running(house.settings, tmp_path, "worker") as worker:
        house.rename(1, "Anders")
        house.wait_for(1, "Anders")
        with house.without_broker():
            house.rename(1, "Weer anders")
        house.wait_for(1, "Weer anders")
        assert [relay.end(), worker.end()] == [0, 0]


def test_a_change_of_a_showcase_reaches_every_listing(house: House, tmp_path: Path) -> None:
    alias = f"{house.settings.index_prefix}-stad"
    shown = {"query": {"exists": {"field": "hobbies"}}}
    assert house.client.count(index=alias, **shown)["count"] == PEOPLE
    with running(house.settings, tmp_path, "relay"), running(house.settings, tmp_path, "worker"):
        with house.database.write() as session:
            session.execute(update(Showcase).values(parts=["intro"]))
        wait_until(lambda: not house.client.count(index=alias, **shown)["count"], "hobbies are hidden", 60)
        wait_until(lambda: not house.fan_outs(), "the fan-out has ended")


def test_a_rebuild_whose_process_was_killed_is_carried_on_with(house: House, tmp_path: Path) -> None:
    failing = {"HALLOWERK_TESTING": "1", "HALLOWERK_FAILPOINT": "rebuild.verify"}
    alias = f"{house.settings.index_prefix}-stad"
    [before] = house.client.indices.get_alias(name=alias)
    with running(house.settings, tmp_path, "index", "rebuild", **failing) as process:
        wait_until(process.killed_itself, "the rebuild is killed", 60)
    with running(house.settings, tmp_path, "relay"), running(house.settings, tmp_path, "worker"):
        wait_until(lambda: before not in house.client.indices.get_alias(name=alias), "the new index is live", 60)
        house.rename(1, "Anders")
        house.wait_for(1, "Anders")


def test_they_end_when_asked_to_while_the_broker_is_away(house: House, tmp_path: Path) -> None:
    house.rename(1, "Anders")
    with house.without_broker():
        for command, words in {"relay": "relay_waits", "worker": "Cannot connect"}.items():
            log = tmp_path / f"{command}.log"
            with running(house.settings, tmp_path, command) as process:
                wait_until(lambda log=log, words=words: words in log.read_text(), f"{command} tries")
                assert process.end() == 0
