"""What every test can ask for: settings, a migrated database of either kind, a running engine."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import hypothesis
import pytest
from elasticsearch import Elasticsearch
from flask import Flask

from indexer.engine.client import connect
from indexer.engine.instance import Running
from matching.settings import Settings, load_settings
from matching.storage.database import Database
from matching.storage.migrate import upgrade
from tests.support.engine import own_corner, running_engine
from tests.support.intake import Office, fill_database, open_office
from tests.support.postgres import PostgresServer, running_server
from tests.support.redis import RedisServer, running_redis
from tests.support.site import fill_site, serving
from web.app import create_app

EMPTY, FILLED = "template_empty", "template_filled"
#: Under which name a test's report carries what the test has to say.
SAID = "said"

# A busy machine is no failure: examples have no deadline of their own.
hypothesis.settings.register_profile("hallowerk", deadline=None)
hypothesis.settings.load_profile("hallowerk")


def pytest_configure(config: pytest.Config) -> None:
    """Register the markers of this project."""
    config.addinivalue_line("markers", "requirement(*ids): the requirements that this test shows")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what tests had to say, whichever process they ran in."""
    reports = [*terminalreporter.getreports("passed"), *terminalreporter.getreports("failed")]
    for report in reports:
        for name, line in report.user_properties if report.when == "call" else ():
            if name == SAID:
                terminalreporter.write_line(line)


@pytest.fixture
def say(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Takes lines that are printed when all tests have run: figures, and seeds to repeat a test with."""
    return lambda line: request.node.user_properties.append((SAID, line))


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A PostgreSQL server with templates: one with the migrated tables, one that profiles can be imported into."""
    with running_server() as server:
        for template, fill in ((EMPTY, upgrade), (FILLED, _upgrade_and_fill)):
            database = Database(server.url(server.create(template)))
            fill(database)
            database.close()
        yield server


@pytest.fixture(scope="session")
def sqlite_templates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the same templates as SQLite files."""
    folder = tmp_path_factory.mktemp("sqlite")
    for template, fill in ((EMPTY, upgrade), (FILLED, _upgrade_and_fill)):
        database = Database(f"sqlite:///{folder / template}")
        fill(database)
        database.close()
    return folder


def _upgrade_and_fill(database: Database) -> None:
    upgrade(database)
    fill_database(database)


def _copy(request: pytest.FixtureRequest, kind: str, template: str, folder: Path) -> Iterator[Database]:
    if kind == "sqlite":
        templates: Path = request.getfixturevalue("sqlite_templates")
        path = folder / "hallowerk.db"
        shutil.copy(templates / template, path)
        database = Database(f"sqlite:///{path}")
        yield database
        database.close()
    else:
        server: PostgresServer = request.getfixturevalue("postgres")
        name = server.create(template=template)
        database = Database(server.url(name))
        yield database
        database.close()
        server.drop(name)


@pytest.fixture
def sqlite_database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A migrated, empty SQLite database."""
    yield from _copy(request, "sqlite", EMPTY, tmp_path)


@pytest.fixture
def postgres_database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A migrated, empty PostgreSQL database."""
    yield from _copy(request, "postgresql", EMPTY, tmp_path)


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A migrated, empty database; the test runs once on each kind."""
    yield from _copy(request, request.param, EMPTY, tmp_path)


@pytest.fixture(params=["sqlite", "postgresql"])
def office(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Office]:
    """A database of each kind that profiles can be imported into: vocabularies, showcases 'noord' and 'zuid'."""
    for database in _copy(request, request.param, FILLED, tmp_path):
        yield open_office(database, tmp_path / "office")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings with a state folder of the test's own and SQLite in it."""
    return Settings(
        state_dir=tmp_path / "state",
        database_url="",
        elasticsearch_url="",
        redis_url="",
        secret_key="for tests only, and long enough!",
    )


@pytest.fixture(scope="session")
def engine() -> Running:
    """An engine that answers, shared by all tests of the session; use an index prefix of your own."""
    return running_engine(load_settings())


@pytest.fixture
def engine_settings(settings: Settings, engine: Running) -> Iterator[Settings]:
    """Settings that point at the running engine, with an index prefix that no other test uses."""
    with own_corner(engine, settings) as own:
        yield own


@pytest.fixture
def client(engine_settings: Settings) -> Elasticsearch:
    """A client of the engine of `engine_settings`."""
    return connect(engine_settings)


@pytest.fixture(params=["redis", "files"])
def redis_server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[RedisServer | None]:
    """A Redis of the test's own; the test runs once more with None, where files in the state folder are the broker."""
    if request.param == "files":
        yield None
    else:
        with running_redis(tmp_path) as server:
            yield server


@pytest.fixture(scope="session")
def demo_settings(engine: Running, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """Settings of an installation with demo people in three showcases, indexed; read it, don't change it."""
    with own_corner(engine, load_settings()) as own:
        settings = fill_site(tmp_path_factory.mktemp("site"), own)
        yield settings


@pytest.fixture(scope="module")
def app(demo_settings: Settings) -> Flask:
    """The application on `demo_settings`, for tests without a server."""
    return create_app(demo_settings)


@pytest.fixture(scope="session")
def site(demo_settings: Settings) -> Iterator[str]:
    """The address of a web server that serves `demo_settings`."""
    with serving(demo_settings) as address:
        yield address
