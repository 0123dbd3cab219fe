"""What tests of the index start from."""

from __future__ import annotations

import pytest
from elasticsearch import Elasticsearch

from indexer.rebuild.run import rebuild
from matching.settings import Settings
from matching.storage.database import Database
from tests.support.indexing import fill, forget_changes, live_index


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
