"""What the routes of one application share: settings, database, engine client and vocabularies, made at first use."""

from __future__ import annotations

import time
from functools import cached_property
from typing import cast

from elasticsearch import Elasticsearch
from flask import current_app

from indexer.engine.client import connect
from indexer.reader import Basis, Reader
from matching.accounts.attempts.counting import Attempts
from matching.accounts.attempts.stores import attempt_store
from matching.accounts.vault import Vault, open_vault
from matching.post.sms import TextGateway, open_gateway
from matching.search.ranking import RankingProfile, load_profile
from matching.search.suggestions import SuggestionIndex
from matching.search.understanding import Understander
from matching.settings import Settings
from matching.storage.database import Database
from matching.taxonomy.occupations import Taxonomy
from matching.taxonomy.places import Gazetteer
from matching.taxonomy.store import load_gazetteer, load_taxonomy
from matching.taxonomy.vocabularies import Vocabulary, load_vocabularies

EXTENSION = "hallowerk"


class Services:
    """The parts a route works with; nothing is opened until it is used."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    @cached_property
    def database(self) -> Database:
        """The record."""
        return Database(self.settings.database)

    @cached_property
    def vault(self) -> Vault:
        """Opens the secrets that the record holds."""
        return open_vault(self.settings)

    @cached_property
    def attempts(self) -> Attempts:
        """Counts tries, to slow down who guesses."""
        return Attempts(attempt_store(self.settings), time.time)

    @cached_property
    def gateway(self) -> TextGateway:
        """Sends text messages."""
        return open_gateway(self.settings)

    @cached_property
    def client(self) -> Elasticsearch:
        """The engine's client."""
        return connect(self.settings)

    @cached_property
    def reader(self) -> Reader:
        """Reads the index."""
        return Reader(self.client, self.settings.index_prefix, self.settings.search_timeout_s)

    @cached_property
    def profile(self) -> RankingProfile:
        """The ranking profile in use."""
        return load_profile(self.settings.ranking_profile)

    @cached_property
    def taxonomy(self) -> Taxonomy:
        """Occupations and their relations, as the record holds them."""
        with self.database.read() as session:
            return load_taxonomy(session)

    @cached_property
    def gazetteer(self) -> Gazetteer:
        """Places and postcodes, as the record holds them."""
        with self.database.read() as session:
            return load_gazetteer(session)

    @cached_property
    def understander(self) -> Understander:
        """Reads typed text."""
        return Understander.build(self.taxonomy, self.vocabularies)

    @cached_property
    def suggestions(self) -> SuggestionIndex:
        """Finds terms for what is typed so far."""
        return SuggestionIndex.build(self.taxonomy, self.vocabularies)

    @property
    def basis(self) -> Basis:
        """What searches are understood and ranked by."""
        return Basis(self.profile, self.taxonomy, self.vocabularies)

    @property
    def vocabularies(self) -> dict[str, Vocabulary]:
        """The fixed vocabularies."""
        return dict(load_vocabularies())


def services() -> Services:
    """The services of the running application."""
    return cast(Services, current_app.extensions[EXTENSION])
