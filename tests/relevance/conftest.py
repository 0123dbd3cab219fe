"""One corpus for all relevance tests of a session."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from indexer.engine.instance import Running
from matching.settings import load_settings
from tests.relevance.corpus import Corpus, load_corpus
from tests.support.engine import own_corner


@pytest.fixture(scope="session")
def corpus(engine: Running, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Corpus]:
    """The demo's people, searchable."""
    folder = tmp_path_factory.mktemp("corpus")
    with own_corner(engine, load_settings(state_dir=folder, database_url="")) as settings:
        yield load_corpus(settings, folder)
