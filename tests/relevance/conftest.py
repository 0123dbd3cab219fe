"""One corpus for all relevance tests of a session."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import pytest

from indexer.engine.instance import Running
from matching.settings import load_settings
from tests.relevance.corpus import Corpus, load_corpus


@pytest.fixture(scope="session")
def corpus(engine: Running, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Corpus]:
    """The demo's people, searchable; their indexes are removed at the end."""
    folder = tmp_path_factory.mktemp("corpus")
    settings = load_settings(
        state_dir=folder, database_url="", elasticsearch_url=engine.url, index_prefix=f"test_{uuid.uuid4().hex[:12]}"
    )
    found = load_corpus(settings, folder)
    yield found
    found.client.indices.delete(index=list(found.client.indices.get(index=f"{settings.index_prefix}-*")))
