"""The tokens that both Dutch analysis chains make, on the real engine, with their false friends."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from indexer.engine.instance import Running
from tests.support.searching import Searching, hand_made


@pytest.fixture(scope="module")
def people(engine: Running) -> Iterator[Searching]:
    with hand_made(engine) as searching:
        yield searching


def tokens(people: Searching, analyzer: str, text: str) -> set[str]:
    answer = people.client.indices.analyze(index=people.alias, analyzer=analyzer, text=text)
    return {token["token"] for token in answer["tokens"]}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("vrachtwagenchauffeurs", {"vrachtwagenchauffeur", "vrachtwagen", "chauffeur"}),
        ("Caissières", {"kassier"}),
        ("kapsters", {"kapper"}),
        ("Bartstraat", {"bartstraat"}),
        ("VCA", {"vca"}),
        ("auto’s en auto's", {"auto"}),
        ("C++ en C#", {"cplusplus", "csharp"}),
        ("productiemedewerkster", {"productiemedewerkster", "productie", "medewerker"}),
    ],
)
def test_the_index_holds_a_compound_and_its_parts(people: Searching, text: str, expected: set[str]) -> None:
    assert tokens(people, "dutch_index", text) == expected


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        ("bezorger", "zorg"),
        ("automatisering", "auto"),
        ("landbouwmachine", "bouw"),
        ("gebouw", "bouw"),
        ("compost", "post"),
        ("hartslag", "arts"),
        ("thuiszorgmedewerker", "huis"),
        ("opleider", "leider"),
    ],
)
def test_a_part_that_stands_in_a_word_by_accident_is_not_found(people: Searching, text: str, hidden: str) -> None:
    assert not tokens(people, "dutch_index", text) & tokens(people, "dutch_search", hidden)


@pytest.mark.parametrize("text", ["vrachtwagenchauffeur", "magazijnmedewerker"])
def test_what_is_typed_is_not_split_by_the_engine(people: Searching, text: str) -> None:
    """A split there would be an OR: a lorry driver would find every driver."""
    assert tokens(people, "dutch_search", text) == {text}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("vrachtauto", {"vrachtauto", "vrachtwagen", "truck"}),
        ("eerste hulp", {"ehbo", "eerst", "hulp"}),
        ("EHBO", {"ehbo", "eerst", "hulp"}),
        ("huisarts", {"huisarts"}),
        ("in de", set()),
    ],
)
def test_synonyms_come_last_and_at_search_only(people: Searching, text: str, expected: set[str]) -> None:
    assert tokens(people, "dutch_search", text) == expected


def test_arts_finds_a_doctor_but_not_the_other_way_round(people: Searching) -> None:
    assert "huisarts" in tokens(people, "dutch_search", "artsen")
    assert tokens(people, "dutch_search", "huisartsen") == {"huisarts"}
