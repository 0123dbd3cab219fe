"""A reader of the hand-made listings on the real engine, for a whole test module."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from elasticsearch import Elasticsearch

from indexer.engine.client import connect
from indexer.engine.instance import Running
from indexer.reader import Basis, Reader
from matching.candidates.parts import ShowcaseView
from matching.search.criteria import SearchCriteria
from matching.search.ranking import RankingProfile, load_profile
from matching.search.results import ResultPage
from matching.settings import load_settings
from matching.taxonomy.occupations import load_bundled
from matching.taxonomy.vocabularies import load_vocabularies
from tests.support.engine import own_corner
from tests.support.knowing import asked
from tests.support.listings import EVERYTHING, TODAY, searchable


@dataclass(frozen=True)
class Searching:
    """Searches with short names; `alias` is the index's name for the engine."""

    client: Elasticsearch
    reader: Reader
    alias: str
    basis: Basis

    def search(self, view: ShowcaseView = EVERYTHING, **changes: Any) -> ResultPage:
        """One page of results."""
        return self.run(asked(view, **changes))

    def run(self, criteria: SearchCriteria) -> ResultPage:
        """One page of results of these criteria."""
        return self.reader.search(criteria, self.basis)

    def ids(self, view: ShowcaseView = EVERYTHING, **changes: Any) -> list[int]:
        """Ids of the hits, best first."""
        return [hit.id for hit in self.search(view, **changes).hits]

    def counts(self, category: str, **changes: Any) -> dict[str, int]:
        """The counts of a category that are above 0."""
        return {option: count for option, count in self.search(**changes).facets[category].items() if count}


@contextmanager
def hand_made(engine: Running, profile: RankingProfile | None = None) -> Iterator[Searching]:
    """An index of the hand-made listings with a name of its own."""
    with own_corner(engine, load_settings()) as settings:
        client = connect(settings)
        with searchable(client, settings) as alias:
            yield Searching(
                client,
                Reader(client, settings.index_prefix),
                alias,
                Basis(profile or load_profile(), load_bundled(), dict(load_vocabularies()), TODAY),
            )
