"""The engine's double answers as the engine does, for every order of writes, deletes and switches that we send."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import orjson
from elasticsearch import ApiError, Elasticsearch
from hypothesis import given, settings
from hypothesis import strategies as st

from indexer.bulk import Write
from indexer.documents import stub
from indexer.engine.client import connect
from indexer.engine.instance import Running
from indexer.targets import LISTINGS, create_index
from matching.settings import load_settings
from tests.support.engine_double import EngineDouble

KEYS, VERSIONS = (1, 2, 3), 9
NAMES = ("one", "two")
ALIAS = "alias"
#: Only what the rules depend on: an index of the full mapping takes the engine a quarter of a second.
BODY = {"settings": {}, "mappings": {"dynamic": False, "properties": {"gone": {"type": "boolean"}}}}
_HEADERS = {"accept": "application/json", "content-type": "application/x-ndjson"}
_NUMBERS = itertools.count()


class Step(NamedTuple):
    """A write to an index or the alias, or a switch of the alias to an index."""

    kind: str
    name: str
    key: int
    version: int


STEPS = st.lists(
    st.one_of(
        st.builds(
            Step,
            st.sampled_from(("document", "document", "stub", "delete")),
            st.sampled_from((*NAMES, ALIAS, "missing")),
            st.sampled_from(KEYS),
            st.integers(1, VERSIONS),
        ),
        st.builds(Step, st.just("switch"), st.sampled_from(NAMES), st.just(0), st.just(0)),
    ),
    max_size=40,
)


@settings(max_examples=25)
@given(steps=STEPS)
def test_the_double_answers_as_the_engine(engine: Running, steps: list[Step]) -> None:
    real = connect(load_settings(elasticsearch_url=engine.url))
    prefix = f"test_double_{os.getpid()}_{next(_NUMBERS)}"
    try:
        assert _walk(EngineDouble().client(), prefix, steps) == _walk(real, prefix, steps)
    finally:
        real.indices.delete(index=[f"{prefix}-{name}" for name in NAMES], ignore_unavailable=True)


def _walk(client: Elasticsearch, prefix: str, steps: Sequence[Step]) -> list[Any]:
    """Every answer on the way, and what is there at the end."""
    for name in NAMES:
        create_index(client, f"{prefix}-{name}", BODY, {})
    live: str | None = None
    told: list[Any] = []
    for step in steps:
        if step.kind == "switch":
            told.append(_told(lambda step=step, live=live: _switch(client, prefix, step.name, live)))
            live = step.name
        else:
            told.append(_told(lambda step=step: _write(client, prefix, step)))
    names = [f"{prefix}-{name}" for name in NAMES] + ([f"{prefix}-{ALIAS}"] if live else [])
    for name in names:
        client.indices.refresh(index=name)
        found = client.search(index=name, size=100, sort=["_doc"], version=True)
        told.append(sorted((hit["_id"], hit["_version"], hit["_source"]) for hit in found["hits"]["hits"]))
        told.append(client.count(index=name)["count"])
    return told


def _told(request: Callable[[], Any]) -> Any:
    try:
        return request()
    except ApiError as error:
        return error.status_code


def _switch(client: Elasticsearch, prefix: str, new: str, old: str | None) -> int:
    alias = f"{prefix}-{ALIAS}"
    remove = [{"remove": {"index": f"{prefix}-{old}", "alias": alias, "must_exist": True}}] if old else []
    add = [{"add": {"index": f"{prefix}-{new}", "alias": alias, "filter": LISTINGS}}]
    return client.indices.update_aliases(actions=[*remove, *add]).meta.status


def _write(client: Elasticsearch, prefix: str, step: Step) -> tuple[int, str]:
    bodies = {
        "document": orjson.dumps({"id": step.key, "name": "Naam", "written": step.version}),
        "stub": stub(step.key, step.version),
    }
    write = Write(f"{prefix}-{step.name}", step.key, step.version, bodies.get(step.kind), live=step.name == ALIAS)
    answer = client.perform_request("POST", "/_bulk", headers=_HEADERS, body=write.encode())
    [item] = answer["items"][0].values()
    return item["status"], item.get("error", {}).get("reason", "").split(": ", 1)[-1]
