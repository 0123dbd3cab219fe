"""What waits can be seen, regular work is sent when due, and what ended long ago is forgotten."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson
import pytest
from sqlalchemy import insert, select
from structlog.testing import capture_logs

from indexer.beat import EVERY_S, MOST_WAITING, Beat
from indexer.celery import App, make_app
from indexer.queues import CHANGES, HOUSEKEEPING, Broker
from indexer.retention import KEPT, forget_ended
from matching.settings import Settings
from matching.storage.changes import CANDIDATE, note_changes
from matching.storage.database import Database
from matching.storage.index_state import FanOut, Finding
from tests.support.command import hallowerk
from tests.support.redis import RedisServer


@pytest.fixture
def app(settings: Settings, redis_server: RedisServer | None) -> App:
    """The application with the broker of the test."""
    return make_app(settings.model_copy(update={"redis_url": redis_server.url if redis_server else ""}))


def waiting(app: App, queue: str) -> int:
    """Messages in a queue."""
    with Broker(app) as broker:
        return broker.state(queue).waiting


def test_regular_tasks_are_sent_when_due(app: App) -> None:
    """Each is known to the workers; a broker without workers does not fill up."""
    assert EVERY_S.keys() <= app.tasks.keys()
    passed = [0.0]
    often, seldom = min(EVERY_S.values()), max(EVERY_S.values())
    soon = sum(seconds == often for seconds in EVERY_S.values())
    with Broker(app) as broker:
        beat = Beat(broker, lambda: sum(passed))
        for seconds in (0, often - 1):
            passed.append(seconds)
            beat.step()
        assert waiting(app, HOUSEKEEPING) == 0
        for seconds in (1, often - 1):
            passed.append(seconds)
            beat.step()
        assert waiting(app, HOUSEKEEPING) == soon
        for _ in range(MOST_WAITING):
            passed.append(seldom)
            beat.step()
    assert waiting(app, HOUSEKEEPING) == MOST_WAITING


def test_a_regular_task_without_a_broker_is_skipped(settings: Settings, tmp_path: Path) -> None:
    now = 0.0
    away = make_app(settings.model_copy(update={"redis_url": RedisServer(tmp_path).url}))
    with capture_logs() as logged, Broker(away) as broker:
        beat = Beat(broker, lambda: now)
        now = 2 * max(EVERY_S.values())
        beat.step()
        beat.step()
    assert [entry["event"] for entry in logged] == ["beat_waits"] * len(EVERY_S)


def test_nothing_but_json_is_taken(app: App) -> None:
    assert app.conf.accept_content == ["json"]
    assert app.conf.task_serializer == "json"
    assert app.backend.__class__.__name__ == "DisabledBackend"


def test_the_command_shows_log_and_queues(settings: Settings, sqlite_database: Database, tmp_path: Path) -> None:
    with sqlite_database.write() as session:
        note_changes(session, CANDIDATE, [1, 2])
        progress = {"kind": "showcase", "key": 3, "done": 500, "total": 1200, "started_at": datetime.now(UTC)}
        session.execute(insert(FanOut).values(progress))
    with Broker(make_app(settings)) as broker:
        broker.send("index", CHANGES, [1])
    url = {"DATABASE_URL": str(sqlite_database.url)}
    said = hallowerk(tmp_path, "queues", **url)
    assert said.returncode == 0, said.stderr
    assert "change log, candidate: 2 waiting, the oldest for " in said.stdout
    assert "queue changes: 1 waiting, the oldest for " in said.stdout
    assert "queue mail: 0 waiting\n" in said.stdout
    assert "mail: 0 waiting; 0 failed\n" in said.stdout
    assert "fan-out 1, showcase 3: 500 of 1200 candidates" in said.stdout
    found = orjson.loads(hallowerk(tmp_path, "queues", "--json", **url).stdout)
    assert found["changes"][0]["waiting"] == 2
    assert found["queues"][0]["oldest_s"] > 0
    assert found["broker_away"] is None


def test_the_command_says_when_the_broker_is_away(
    settings: Settings, sqlite_database: Database, tmp_path: Path
) -> None:
    with sqlite_database.write() as session:
        note_changes(session, CANDIDATE, [1])
    variables = {"DATABASE_URL": str(sqlite_database.url), "REDIS_URL": RedisServer(tmp_path).url}
    said = hallowerk(tmp_path, "queues", **variables)
    assert said.returncode == 1
    assert "change log, candidate: 1 waiting" in said.stdout
    assert "the broker does not answer" in said.stdout


def test_what_ended_long_ago_is_forgotten(database: Database, settings: Settings) -> None:
    now = datetime.now(UTC)
    old, older = now - KEPT + timedelta(hours=1), now - KEPT - timedelta(hours=1)
    with database.write() as session:
        for ended in (None, old, older):
            session.execute(insert(FanOut).values(kind="showcase", key=1, started_at=older, ended_at=ended))
            found = {"at": older, "showcase": "stad", "kind": "missing", "count": 1, "repaired_at": ended}
            session.execute(insert(Finding).values(found))
    forget_ended(database, settings)
    with database.read() as session:
        assert session.execute(select(FanOut.ended_at).order_by(FanOut.id)).scalars().all() == [None, old]
        assert session.execute(select(Finding.repaired_at).order_by(Finding.id)).scalars().all() == [None, old]
