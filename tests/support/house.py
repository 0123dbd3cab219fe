"""An installation of database, broker and indexes that a test changes, and asks whether SQL and searches agree."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from elasticsearch import Elasticsearch
from sqlalchemy import func, select, update

from indexer.celery import make_app
from indexer.engine.client import connect
from indexer.fan_out import running
from indexer.queues import CHANGES, Broker
from indexer.rebuild.run import rebuild
from indexer.verify import verify
from matching.candidates.records import Candidate
from matching.private import private_folder
from matching.settings import Settings
from matching.storage.changes import Change
from matching.storage.database import Database
from tests.support.indexing import fill
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

    def agree(self) -> None:
        """No change waits, and every index holds what SQL says, field by field, and nothing else."""
        assert not self.waiting()
        found = verify(self.database, self.client, self.settings, full=True)
        assert [one for one in found if not one.agrees or one.refused or (one.live and not one.recomputed)] == []

    def fan_outs(self) -> int:
        """Fan-outs that have not ended."""
        with self.database.read() as session:
            return len(running(session))

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


def open_house(database: Database, settings: Settings, redis: RedisServer | None = None, people: int = PEOPLE) -> House:
    """Fill a migrated, empty database with so many candidates in 'stad' and index them.

    `settings` says which engine; the house's own settings have this database, this broker and a short lease.
    """
    own = settings.model_copy(
        update={
            "database_url": database.url.render_as_string(hide_password=False),
            "redis_url": redis.url if redis else "",
            "lease_s": LEASE_S,
        }
    )
    fill(database, {"stad": range(1, people + 1)})
    client = connect(own)
    rebuild(database, client, own)
    return House(database, client, own, redis)
