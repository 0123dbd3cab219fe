"""A change in SQL becomes searchable through real processes, on both brokers, whatever dies on the way."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest
from sqlalchemy import delete, update

from indexer.queues import CHANGES
from matching.candidates.records import Candidate, Showcase
from matching.settings import Settings
from matching.storage.database import Database
from tests.support.house import PEOPLE, House, open_house
from tests.support.processes import running
from tests.support.redis import RedisServer
from tests.support.waiting import wait_until


@pytest.fixture
def house(request: pytest.FixtureRequest, engine_settings: Settings, redis_server: RedisServer | None) -> House:
    """With Redis and PostgreSQL as in production, or files and SQLite as in the demo."""
    database: Database = request.getfixturevalue("postgres_database" if redis_server else "sqlite_database")
    return open_house(database, engine_settings, redis_server)


def test_a_change_and_a_delete_become_searchable(house: House, tmp_path: Path) -> None:
    with running(house.settings, tmp_path, "relay") as relay, running(house.settings, tmp_path, "worker") as worker:
        house.rename(1, "Anders")
        with house.database.write() as session:
            session.execute(delete(Candidate).where(Candidate.id == 2))
        house.wait_for(1, "Anders")
        house.wait_for(2, None)
        house.agree()
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
