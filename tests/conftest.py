"""What every test can ask for: settings, a migrated database of either kind, a running engine."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from indexer.engine.instance import Running
from matching.settings import Settings, load_settings
from matching.storage.database import Database
from matching.storage.migrate import upgrade
from tests.support.engine import running_engine
from tests.support.postgres import TEMPLATE, PostgresServer, running_server


def pytest_configure(config: pytest.Config) -> None:
    """Register the markers of this project."""
    config.addinivalue_line("markers", "requirement(*ids): the requirements that this test shows")


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A PostgreSQL server with a template database that holds the migrated tables."""
    with running_server() as server:
        name = server.create()
        database = Database(server.url(name))
        upgrade(database)
        database.close()
        server.rename(name, TEMPLATE)
        yield server


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file that holds the migrated tables."""
    path = tmp_path_factory.mktemp("sqlite") / "template.db"
    database = Database(f"sqlite:///{path}")
    upgrade(database)
    database.close()
    return path


@pytest.fixture
def sqlite_database(sqlite_template: Path, tmp_path: Path) -> Iterator[Database]:
    """A migrated, empty SQLite database."""
    shutil.copy(sqlite_template, tmp_path / "hallowerk.db")
    database = Database(f"sqlite:///{tmp_path / 'hallowerk.db'}")
    yield database
    database.close()


@pytest.fixture
def postgres_database(postgres: PostgresServer) -> Iterator[Database]:
    """A migrated, empty PostgreSQL database."""
    name = postgres.create(TEMPLATE)
    database = Database(postgres.url(name))
    yield database
    database.close()
    postgres.drop(name)


@pytest.fixture(params=["sqlite_database", "postgres_database"])
def database(request: pytest.FixtureRequest) -> Database:
    """A migrated, empty database; the test runs once on each kind."""
    found: Database = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings with a state folder of the test's own and SQLite in it."""
    return Settings(state_dir=tmp_path / "state", database_url="", elasticsearch_url="", secret_key="for tests only")


@pytest.fixture(scope="session")
def engine() -> Running:
    """An engine that answers, shared by all tests of the session; use an index prefix of your own."""
    return running_engine(load_settings())


@pytest.fixture
def engine_settings(settings: Settings, engine: Running) -> Settings:
    """Settings that point at the running engine, with an index prefix that no other test uses."""
    prefix = f"test_{uuid.uuid4().hex[:12]}"
    return settings.model_copy(update={"elasticsearch_url": engine.url, "index_prefix": prefix})
