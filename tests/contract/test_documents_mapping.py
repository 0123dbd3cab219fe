"""Listings and mapping agree both ways, and a showcase's index holds nothing that it hides."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from elasticsearch import Elasticsearch
from sqlalchemy import event

from indexer.catalogue import read_catalogue
from indexer.documents import ListingBuilder, stub
from indexer.engine.client import connect
from indexer.rebuild.run import rebuild
from matching.candidates.listings import STATEMENTS_PER_WINDOW, read_keys, read_showcases, read_window
from matching.candidates.parts import PARTS
from matching.search.fields import FIELDS
from matching.search.mapping import index_body
from matching.settings import Settings
from matching.storage.database import Database
from tests.support.profiles import PRIVATE, SECRET_WORDS, insert_full, insert_showcase, insert_taxonomy


@pytest.fixture
def full(sqlite_database: Database) -> dict[str, Any]:
    """All that an index may hold of a candidate of whom everything is known, in a showcase that shows everything."""
    with sqlite_database.write() as session:
        insert_taxonomy(session)
        insert_showcase(session, "alles")
        insert_full(session, 1, ["alles"])
    with sqlite_database.read() as session:
        catalogue = read_catalogue(session)
        [profile] = read_keys(session, [1], catalogue.showcases)
    [(_, listing)] = ListingBuilder(catalogue.labels, [row.view for row in catalogue.showcases]).listings(profile)
    body: dict[str, Any] = json.loads(listing.body(1, 1))
    # A stub is a document of the same index.
    return body | json.loads(stub(1, 1))


def mapped(properties: Mapping[str, Any], above: str = "") -> Iterator[str]:
    """Dotted names of all mapped fields but multi-fields."""
    for name, field in properties.items():
        yield f"{above}{name}"
        if field.get("type") != "geo_point":
            yield from mapped(field.get("properties", {}), f"{above}{name}.")


def stored(listing: Mapping[str, Any], above: str = "") -> Iterator[str]:
    """Dotted names of all fields in a listing."""
    for name, value in listing.items():
        yield f"{above}{name}"
        if name == "point":
            continue
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, dict):
                yield from stored(item, f"{above}{name}.")


def test_every_stored_field_is_mapped_and_every_mapped_field_is_stored(full: dict[str, Any]) -> None:
    mapping = index_body()["mappings"]
    assert mapping["dynamic"] is False  # so that an index takes a later release's listings, whose new fields rest
    fields = set(mapped(mapping["properties"]))
    opaque = {name for name, field in mapping["properties"].items() if field.get("enabled") is False}
    found = {name for name in stored(full) if name.split(".")[0] not in opaque or "." not in name}
    assert found == {name for name in fields if name.split(".")[0] not in opaque or "." not in name}


def test_a_listing_holds_exactly_the_fields_of_the_one_list(full: dict[str, Any]) -> None:
    assert set(full) == {field.name for field in FIELDS}


@pytest.mark.parametrize("count", [1, 60])
def test_a_window_takes_the_same_number_of_statements_whatever_its_size(database: Database, count: int) -> None:
    with database.write() as session:
        insert_taxonomy(session)
        insert_showcase(session, "alles")
        for key in range(1, count + 1):
            insert_full(session, key, ["alles"])
    statements: list[str] = []
    event.listen(database.engine, "before_cursor_execute", lambda *event: statements.append(event[2]))
    with database.read() as session:
        showcases = read_showcases(session)
        statements.clear()
        assert len(read_window(session, 0, 1_000, showcases)) == count
        assert len(statements) == STATEMENTS_PER_WINDOW
        statements.clear()
        assert len(read_keys(session, list(range(1, count + 1)), showcases)) == count
        assert len(statements) == STATEMENTS_PER_WINDOW


def test_windows_pass_over_candidates_that_no_chosen_showcase_shows(database: Database) -> None:
    with database.write() as session:
        insert_taxonomy(session)
        insert_showcase(session, "een")
        insert_showcase(session, "twee")
        for key in range(1, 10):
            insert_full(session, key, ["een", "twee"] if key % 3 == 0 else ["een"])
    with database.read() as session:
        two = [row for row in read_showcases(session) if row.view.code == "twee"]
        first = read_window(session, 0, 2, two)
        rest = read_window(session, first[-1].single.id, 2, two)
        assert [profile.single.id for profile in first + rest] == [3, 6, 9]
        assert {profile.showcases for profile in first} == {frozenset({"twee"})}
        assert len(first[0].terms["function"]) == 2
        assert read_window(session, 9, 2, two) == []


@pytest.mark.requirement("PROF-03", "CAND-37", "CONT-02")
def test_what_a_showcase_hides_is_not_in_its_index(sqlite_database: Database, engine_settings: Settings) -> None:
    """One showcase for each part, which hides only that: no field, no word and no stored text betrays it."""
    hiding = {f"zonder-{part}": part for part in PARTS}
    with sqlite_database.write() as session:
        insert_taxonomy(session)
        insert_showcase(session, "alles")
        for code, part in hiding.items():
            insert_showcase(session, code, set(PARTS) - {part})
        insert_full(session, 1, ["alles", *hiding])
    client = connect(engine_settings)
    prefix = engine_settings.index_prefix
    built = rebuild(sqlite_database, client, engine_settings)
    assert built.refused == ()
    everything = document(client, f"{prefix}-alles")
    assert not [name for name, value in PRIVATE.items() if value in everything]
    for part, word in SECRET_WORDS.items():
        assert word in everything, part
        assert finds(client, f"{prefix}-alles", anywhere(word)), part
    for code, part in hiding.items():
        index = f"{prefix}-{code}"
        hidden = [field.name for field in FIELDS if field.part == part]
        assert not set(json.loads(document(client, index))) & set(hidden), code
        if part in SECRET_WORDS:
            assert SECRET_WORDS[part] not in document(client, index), code
            assert not finds(client, index, anywhere(SECRET_WORDS[part])), code
        assert not [name for name in hidden if finds(client, index, {"exists": {"field": name}})], code


def document(client: Elasticsearch, index: str) -> str:
    """The only listing of an index, as the engine stores it."""
    return json.dumps(client.get(index=index, id="1")["_source"])


def anywhere(word: str) -> Mapping[str, Any]:
    """A query for a word in any field there is."""
    return {"multi_match": {"query": word, "fields": ["*"], "lenient": True}}


def finds(client: Elasticsearch, index: str, query: Mapping[str, Any]) -> bool:
    """Whether a query finds the listing."""
    total: int = client.count(index=index, query=query)["count"]
    return total > 0
