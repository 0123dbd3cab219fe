"""The one way to a client of the engine that this installation uses."""

from __future__ import annotations

import os
from functools import lru_cache
from typing import Any

import orjson
from elasticsearch import Elasticsearch
from elasticsearch.serializer import NdjsonSerializer, OrjsonSerializer

from indexer.engine.errors import EngineUnavailable
from indexer.engine.note import read_note
from matching.settings import Settings


class _OrjsonLines(NdjsonSerializer):
    """The lines of several searches in one request: the client's own way takes longer than writing the page."""

    def json_dumps(self, data: Any) -> bytes:
        return orjson.dumps(data)


_SERIALIZERS = {one.mimetype: one for one in (OrjsonSerializer(), _OrjsonLines())}


def engine_url(settings: Settings) -> str:
    """The address of the engine in use: ELASTICSEARCH_URL, else that of the running managed engine.

    Raises EngineUnavailable when neither is there. Looks at the note and the process table, not at the network.
    """
    if settings.elasticsearch_url:
        return settings.elasticsearch_url
    note = read_note(settings)
    if note is None or not note.alive:
        raise EngineUnavailable(
            "The search engine is not running. Start it with `hallowerk engine start`, or set ELASTICSEARCH_URL."
        )
    return note.url


def connect(settings: Settings) -> Elasticsearch:
    """A client that keeps its connections open; the same one at each call in a process, until the address changes.

    No request is sent here. Requests end after HALLOWERK_SEARCH_TIMEOUT_S and are not sent again: who waits decides.
    Raises EngineUnavailable as `engine_url` does.
    """
    return _client(
        engine_url(settings),
        settings.elasticsearch_api_key,
        (settings.elasticsearch_user, settings.elasticsearch_password),
        settings.search_timeout_s,
        os.getpid(),
    )


@lru_cache(maxsize=8)
def _client(url: str, api_key: str, user: tuple[str, str], timeout: float, _process: int) -> Elasticsearch:
    # The process is part of the key: open connections must not be shared with a forked worker.
    return Elasticsearch(
        url,
        api_key=api_key or None,
        basic_auth=user if user[0] else None,
        request_timeout=timeout,
        retry_on_timeout=False,
        max_retries=0,
        serializers=_SERIALIZERS,
    )
