"""What tests of the index, and of signing in with Microsoft, start from."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from elasticsearch import Elasticsearch

from indexer.rebuild.run import rebuild
from matching.settings import Settings
from matching.storage.database import Database
from tests.support.indexing import fill, forget_changes, live_index
from tests.support.openid import Provider, running_provider


@pytest.fixture
def built(database: Database, client: Elasticsearch, engine_settings: Settings) -> Database:
    """Candidates 1 to 5 in 'stad', indexed; 'regio' is there with none, and nothing waits."""
    fill(database, {"stad": range(1, 6), "regio": []}, {"regio": {"intro"}})
    rebuild(database, client, engine_settings)
    forget_changes(database)
    return database


@pytest.fixture
def stad(built: Database) -> str:
    """The live index of 'stad'."""
    return live_index(built, "stad")


@pytest.fixture(scope="session")
def provider_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Provider]:
    """An OpenID provider in the shape of Microsoft's."""
    with running_provider(tmp_path_factory.mktemp("openid")) as provider:
        yield provider


@pytest.fixture
def provider(provider_process: Provider, monkeypatch: pytest.MonkeyPatch) -> Provider:
    """The provider, doing everything right, and trusted."""
    provider_process.lie()
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(provider_process.certificate))
    return provider_process
