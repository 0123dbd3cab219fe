"""What the engine can't answer becomes a typed error that says nothing of what was typed."""

from __future__ import annotations

import socket
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest
from elasticsearch import Elasticsearch

from indexer.engine.instance import Running
from indexer.reader import EngineDown, EngineRefused, Reader
from matching.search.criteria import MAX_CHIPS, MAX_TEXT
from matching.search.errors import TooDeep
from tests.support.knowing import asked
from tests.support.listings import EVERYTHING
from tests.support.searching import Searching, hand_made

SECRET = "geheimwoord"


@pytest.fixture(scope="module")
def people(engine: Running) -> Iterator[Searching]:
    with hand_made(engine) as searching:
        yield searching


def test_no_engine(people: Searching) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, not listening: a connection is refused
        client = Elasticsearch(f"http://127.0.0.1:{taken.getsockname()[1]}", max_retries=0, request_timeout=2)
        reader = Reader(client, "nobody")
        with pytest.raises(EngineDown) as down:
            reader.search(asked(words=(SECRET,)), people.basis)
    assert SECRET not in str(down.value)


def test_an_engine_that_keeps_silent(people: Searching) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        client = Elasticsearch(f"http://127.0.0.1:{silent.getsockname()[1]}", max_retries=0, request_timeout=0.2)
        with pytest.raises(EngineDown):
            Reader(client, "nobody").search(asked(), people.basis)


def test_a_showcase_without_an_index(people: Searching) -> None:
    view = replace(EVERYTHING, code="nergens")
    with pytest.raises(EngineDown, match="nergens: index_not_found"):
        people.search(view, words=(SECRET,))


def test_a_page_too_deep(people: Searching) -> None:
    with pytest.raises(TooDeep):
        people.search(page=10**9)
    assert people.search(page=5000).hits == ()


@pytest.mark.requirement("CAND-15")
@pytest.mark.parametrize(
    "text",
    [
        '"',
        "a AND",
        "((((",
        "*:*",
        "\\",
        "/.*/",
        "~",
        "name:x^9",
        "{{",
        "ş",
        "\u0000",
        "<script>",
        "a" * MAX_TEXT,
        "x " * 99,
    ],
)
def test_no_text_breaks_a_search(people: Searching, text: str) -> None:
    assert people.search(words=(text,)).total == 0


def test_a_large_search_is_answered_and_a_monstrous_one_refused(people: Searching) -> None:
    """As many chips as there may be; and as many as there may be, each as long as may be typed."""
    occupations = tuple(people.basis.taxonomy.occupations)[:MAX_CHIPS]
    words = tuple(f"heftruckchauffeur {number}" for number in range(MAX_CHIPS))
    assert people.search(words=words, occupations=occupations).total == 0
    long = ("heftruckchauffeur vrachtauto ehbo computer " * 9)[: MAX_TEXT - 3]
    with pytest.raises(EngineRefused):
        people.search(words=tuple(f"{long} {number}" for number in range(MAX_CHIPS)))


class Slow:
    """Stands in for an engine that stopped working on a search when its time was up."""

    searches: Sequence[Mapping[str, Any]] = ()

    def msearch(self, searches: Sequence[Mapping[str, Any]], **_: Any) -> Mapping[str, Any]:
        self.searches = searches
        return {"responses": [{"timed_out": True}] * (len(searches) // 2)}


def test_the_engine_is_told_when_to_stop_and_half_an_answer_is_none(people: Searching) -> None:
    slow = Slow()
    reader = Reader(slow, "nobody", timeout_s=2.5)  # type: ignore[arg-type]
    with pytest.raises(EngineDown, match="took too long"):
        reader.search(asked(words=(SECRET,)), people.basis)
    assert [body["timeout"] for body in slow.searches[1::2]] == ["2500ms", "2500ms"]


def test_a_large_search_is_not_counted_without_each_thing(people: Searching) -> None:
    assert people.reader.relaxations(asked(words=("kraan", "nacht")), people.basis)
    assert people.reader.relaxations(asked(words=tuple(f"woord{n}" for n in range(MAX_CHIPS))), people.basis) == ()
