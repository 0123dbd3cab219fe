"""The relay passes the change log on, through both brokers, whatever is away for a while."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import insert, select

from indexer.celery import make_app
from indexer.fan_out import running
from indexer.queues import CHANGES, HOUSEKEEPING, QUEUES, REBUILD, Broker, BrokerAway, QueueState
from indexer.relay import BATCH, MOST_WAITING, Relay
from matching.settings import Settings
from matching.storage.changes import CANDIDATE, OCCUPATIONS, SHOWCASE, Change, claim_changes, mark_indexed, note_changes
from matching.storage.database import Database
from tests.support.postgres import PostgresServer
from tests.support.redis import RedisServer
from tests.support.waiting import wait_until


@pytest.fixture
def broker_settings(settings: Settings, redis_server: RedisServer | None) -> Settings:
    """Settings with the broker of the test; leases so long that none ends."""
    url = redis_server.url if redis_server else ""
    return settings.model_copy(update={"redis_url": url, "lease_s": 600.0})


@pytest.fixture
def broker(broker_settings: Settings) -> Iterator[Broker]:
    """A connection to the test's broker."""
    with Broker(make_app(broker_settings)) as broker:
        yield broker


def received(settings: Settings, queue: str) -> list[list[object]]:
    """Take every message off a queue; the arguments of each task."""
    found = []
    with make_app(settings).connection_for_read() as connection, connection.channel() as channel:
        while message := channel.basic_get(queue, no_ack=True):
            assert message.content_type == "application/json"
            arguments, named, _ = json.loads(message.body)
            assert named == {}
            found.append(arguments)
    return found


def note(database: Database, *keys: int, kind: str = CANDIDATE) -> None:
    """Announce changes, in one transaction."""
    with database.write() as session:
        note_changes(session, kind, keys)


def test_a_change_is_told_once_with_its_id_only(
    sqlite_database: Database, broker: Broker, broker_settings: Settings
) -> None:
    relay = Relay(sqlite_database, broker, broker_settings)
    note(sqlite_database, 7, 3, 7)
    assert [relay.step(), relay.step()] == [1, 0]
    assert received(broker_settings, CHANGES) == [[[7, 3]]]


def test_it_works_on_both_databases(database: Database, settings: Settings) -> None:
    with Broker(make_app(settings)) as broker:
        relay = Relay(database, broker, settings)
        note(database, 1, 2)
        note(database, 5, kind=SHOWCASE)
        assert relay.step() == 1
        assert relay.step() == 1
    assert received(settings, CHANGES) == [[[1, 2]]]
    assert received(settings, REBUILD) == [[1]]


def test_a_hundred_changes_in_a_second_cost_two_messages(sqlite_database: Database, settings: Settings) -> None:
    """The worker is as fast as can be, so that nothing but the relay keeps changes together."""
    now = 0.0
    writes = 0
    with Broker(make_app(settings)) as broker:
        relay = Relay(sqlite_database, broker, settings, lambda: now)
        for change in range(110):
            if change < 100:
                note(sqlite_database, 1)
            relay.step()
            for _ in received(settings, CHANGES):
                with sqlite_database.write() as session:
                    claimed = claim_changes(session, CANDIDATE, [1], "worker", 60.0)
                    mark_indexed(session, [id for id, _ in claimed])
                writes += 1
            now += 0.01
        with sqlite_database.read() as session:
            assert session.execute(select(Change)).all() == []
    assert writes == 2


def test_what_nobody_finished_is_told_again_after_the_lease(
    sqlite_database: Database, broker: Broker, broker_settings: Settings
) -> None:
    note(sqlite_database, 1)
    assert Relay(sqlite_database, broker, broker_settings).step() == 1
    assert Relay(sqlite_database, broker, broker_settings).step() == 0
    shorter = broker_settings.model_copy(update={"lease_s": 0.001})
    wait_until(lambda: Relay(sqlite_database, broker, shorter).step(), "sent again")
    assert received(broker_settings, CHANGES) == [[[1]], [[1]]]


def test_no_more_is_sent_than_workers_will_take_in_time(
    sqlite_database: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("indexer.relay.BATCH", 2)
    monkeypatch.setattr("indexer.relay.MOST_WAITING", 3)
    assert BATCH * MOST_WAITING >= 7
    with Broker(make_app(settings)) as broker:
        relay = Relay(sqlite_database, broker, settings)
        note(sqlite_database, *range(1, 8))
        assert [relay.step(), relay.step()] == [3, 0]
        assert received(settings, CHANGES) == [[[1, 2]], [[3, 4]], [[5, 6]]]
        assert relay.step() == 1
        assert received(settings, CHANGES) == [[[7]]]


def test_a_broker_that_is_away_loses_nothing(sqlite_database: Database, settings: Settings, tmp_path: Path) -> None:
    redis = RedisServer(tmp_path)
    settings = settings.model_copy(update={"redis_url": redis.url})
    with Broker(make_app(settings)) as broker:
        relay = Relay(sqlite_database, broker, settings)
        note(sqlite_database, 1)
        with pytest.raises(BrokerAway):
            relay.step()
        redis.start()
        try:
            assert relay.step() == 1
            redis.stop()
            note(sqlite_database, 2)
            with pytest.raises(BrokerAway):
                relay.step()
            redis.start()
            assert relay.step() == 1
            assert received(settings, CHANGES) == [[[2]]]
        finally:
            redis.stop()


def test_a_silent_broker_is_given_up_within_seconds(sqlite_database: Database, settings: Settings) -> None:
    """A broker that accepts connections and never answers must not hold the relay."""
    note(sqlite_database, 1)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        settings = settings.model_copy(update={"redis_url": f"redis://127.0.0.1:{silent.getsockname()[1]}/0"})
        stop = threading.Event()
        with Broker(make_app(settings)) as broker:
            thread = threading.Thread(target=Relay(sqlite_database, broker, settings).run, args=[stop], daemon=True)
            thread.start()
            held = [silent.accept()[0], silent.accept()[0]]  # it gave up, and tries again
            stop.set()
            thread.join(30)
            assert not thread.is_alive()
            for link in held:
                link.close()
    with sqlite_database.read() as session:
        assert session.execute(select(Change.sent_at)).scalars().all() == [None]


def test_a_database_that_restarts_is_waited_for(
    postgres_database: Database, postgres: PostgresServer, settings: Settings
) -> None:
    """Every connection is cut, as by a restart, while the relay looks at the log again and again."""
    stop = threading.Event()
    with Broker(make_app(settings)) as broker:
        thread = threading.Thread(target=Relay(postgres_database, broker, settings).run, args=[stop], daemon=True)
        thread.start()
        try:
            for key in (1, 2, 3):
                postgres.cut(str(postgres_database.url.database))
                note(postgres_database, key)
                wait_until(lambda: broker_state(settings).waiting, "the change is sent")
                assert received(settings, CHANGES) == [[[key]]]
        finally:
            stop.set()
            thread.join(30)


def broker_state(settings: Settings) -> QueueState:
    """What waits for the workers, seen by somebody else than the relay."""
    with Broker(make_app(settings)) as other:
        return other.state(CHANGES)


def test_changes_of_shared_things_become_one_fan_out_each(
    sqlite_database: Database, broker: Broker, broker_settings: Settings
) -> None:
    relay = Relay(sqlite_database, broker, broker_settings)
    note(sqlite_database, 4, 4, 9, kind=SHOWCASE)
    note(sqlite_database, 0, kind=OCCUPATIONS)
    relay.step()
    note(sqlite_database, 4, kind=SHOWCASE)
    relay.step()
    relay.step()
    with sqlite_database.read() as session:
        found = [(row.kind, row.key) for row in running(session)]
        left = session.execute(select(Change)).all()
    assert found == [(OCCUPATIONS, 0), (SHOWCASE, 4), (SHOWCASE, 9)]
    assert left == []
    assert received(broker_settings, REBUILD) == [[1], [2], [3]]
    assert received(broker_settings, CHANGES) == []


def test_depth_and_age_of_queues(broker: Broker) -> None:
    started = time.time()
    assert [broker.state(name).waiting for name in QUEUES] == [0, 0, 0, 0]
    broker.send("retain", HOUSEKEEPING)
    wait_until(lambda: time.time() > started + 0.1, "time passes")
    broker.send("retain", HOUSEKEEPING)
    state = broker.state(HOUSEKEEPING)
    assert state.waiting == 2
    assert state.oldest_s is not None
    assert 0 < state.oldest_s <= time.time() - started
    assert broker.state(CHANGES).oldest_s is None


def test_messages_in_files_are_for_us_alone(settings: Settings) -> None:
    with Broker(make_app(settings)) as broker:
        broker.send("retain", HOUSEKEEPING)
    assert settings.broker_dir.stat().st_mode & 0o077 == 0
    [message] = settings.broker_dir.iterdir()
    assert message.stat().st_mode & 0o077 == 0
    assert datetime.now(UTC).timestamp() >= int(message.name.split("_")[0]) / 1e9


def test_a_sent_row_counts_as_sent_when_the_clock_was_set_back(
    sqlite_database: Database, broker: Broker, broker_settings: Settings
) -> None:
    """F7: a moment that lies a day ahead must not keep a change from being told for a day."""
    tomorrow = datetime.fromtimestamp(time.time() + 86_400, UTC)
    with sqlite_database.write() as session:
        row = {"kind": CANDIDATE, "key": 1, "at": tomorrow, "sent_at": tomorrow}
        session.execute(insert(Change), [row])
    assert Relay(sqlite_database, broker, broker_settings).step() == 1
