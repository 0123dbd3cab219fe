"""The health addresses for supervisors: alive always, ready only with database, showcase, engine and index."""

from __future__ import annotations

from typing import Any

import pytest

from matching.candidates.showcases import define, standard
from matching.settings import Settings
from matching.storage.database import Database
from matching.storage.migrate import upgrade
from tests.support.ports import free_port
from web.app import create_app


def health(settings: Settings, name: str) -> tuple[int, dict[str, Any]]:
    answer = create_app(settings).test_client().get(f"/health/{name}")
    assert answer.json is not None
    return answer.status_code, answer.json


@pytest.fixture
def migrated(engine_settings: Settings) -> Settings:
    """Settings of an installation with tables and the engine, and nothing in either."""
    engine_settings.state_dir.mkdir()
    database = Database(engine_settings.database)
    upgrade(database)
    database.close()
    return engine_settings


@pytest.fixture
def with_showcase(migrated: Settings) -> Settings:
    """The same with one showcase that was never indexed."""
    database = Database(migrated.database)
    with database.write() as session:
        define(session, standard("noord", "Noord"))
    database.close()
    return migrated


def test_an_installation_with_all_its_parts_is_ready(demo_settings: Settings) -> None:
    assert health(demo_settings, "ready") == (200, {"status": "ok"})


def not_ready(settings: Settings) -> str:
    """The one reason why it isn't, while the process itself says that it lives."""
    assert health(settings, "live") == (200, {"status": "ok"})
    status, said = health(settings, "ready")
    assert (status, said["status"]) == (503, "not ready")
    [reason] = said["missing"]
    return str(reason)


def test_without_tables_the_command_that_makes_them_is_named(engine_settings: Settings) -> None:
    engine_settings.state_dir.mkdir()
    assert "run `hallowerk database upgrade`" in not_ready(engine_settings)


def test_without_a_showcase_that_is_said(migrated: Settings) -> None:
    assert "there is no showcase yet" in not_ready(migrated)


def test_a_showcase_without_an_index_is_named(with_showcase: Settings) -> None:
    assert "showcase noord has no index: run `hallowerk index rebuild --showcase noord`" in not_ready(with_showcase)


def test_an_engine_that_is_away_is_said(with_showcase: Settings) -> None:
    away = with_showcase.model_copy(update={"elasticsearch_url": f"http://127.0.0.1:{free_port()}"})
    assert "the search engine does not answer" in not_ready(away)
