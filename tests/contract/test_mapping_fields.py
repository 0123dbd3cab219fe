"""The mapping file and the one list of fields name the same fields, and words are looked for in all text there is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from matching.candidates.parts import PARTS, SENSITIVE_PARTS
from matching.search.fields import FIELDS
from matching.search.filters import CODE_FIELDS, EMPTY_FIELDS
from matching.search.mapping import index_body, load_mapping
from matching.search.ranking import load_profile
from matching.search.textfields import NAME_FIELD, TEXT_FIELDS

PROPERTIES: Mapping[str, Any] = load_mapping()["mappings"]["properties"]


def mapped(properties: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Dotted name and mapping of every leaf field."""
    for name, field in properties.items():
        if "properties" in field:
            yield from mapped(field["properties"], f"{above}{name}.")
        else:
            yield f"{above}{name}", field


def test_the_mapping_has_exactly_the_fields_of_the_list() -> None:
    assert set(PROPERTIES) == {field.name for field in FIELDS}


def test_the_mapping_lets_a_later_release_in_and_says_what_it_is_for() -> None:
    mappings = load_mapping()["mappings"]
    assert mappings["dynamic"] is False
    assert (mappings["_meta"]["mapping"], mappings["_meta"]["version"]) == ("candidates", 1)
    assert "showcase" in mappings["_meta"]["description"]


def test_every_part_of_a_field_exists() -> None:
    assert {field.part for field in FIELDS} - {""} <= set(PARTS)


def test_words_are_looked_for_in_every_field_with_dutch_text() -> None:
    dutch = {name for name, field in mapped(PROPERTIES) if field.get("analyzer") == "dutch_index"}
    assert dutch == set(TEXT_FIELDS)
    assert {name.partition(".")[0] for name in TEXT_FIELDS} == {field.name for field in FIELDS if field.words}
    assert PROPERTIES[NAME_FIELD]["analyzer"] == "names"


def test_text_belongs_to_the_part_of_its_field() -> None:
    parts = {field.name: field.part for field in FIELDS}
    for name, part in TEXT_FIELDS.items():
        top, _, inner = name.partition(".")
        assert part == (inner if top == "term_labels" else parts[top]), name
        assert part not in SENSITIVE_PARTS


def test_filters_read_fields_that_are_indexed() -> None:
    leaves = dict(mapped(PROPERTIES))
    for field in [*CODE_FIELDS.values(), *(field for fields in EMPTY_FIELDS.values() for field in fields)]:
        assert leaves[field].get("index") is not False, field


def test_what_is_only_shown_is_not_indexed() -> None:
    for name in ("digest", "portrait", "documents_count"):
        assert PROPERTIES[name]["index"] is False
    assert PROPERTIES["media_counts"]["enabled"] is False


def test_the_ranking_profile_weighs_fields_that_exist() -> None:
    shape = load_profile()["words"].shape
    weighed = {key.removeprefix("field:") for key in shape if key.startswith("field:")}
    assert weighed <= {*TEXT_FIELDS, "term_labels"}


def test_an_index_is_made_without_a_file_in_the_engine() -> None:
    analysis = index_body()["settings"]["analysis"]
    for name, setting in {
        "compound_parts": "word_list",
        "stems": "rules",
        "protected": "keywords",
        "stop": "stopwords",
        "synonyms": "synonyms",
    }.items():
        assert len(analysis["filter"][name][setting]) > 5, name
        assert not [key for key in analysis["filter"][name] if key.endswith("_path")]


def test_synonyms_are_read_from_the_engines_file_when_one_is_named() -> None:
    """Then the index says nothing of the rules themselves, so that other rules make no other index."""
    named = index_body(synonyms_path="synonyms/candidates.txt")["settings"]["analysis"]
    assert named["filter"].pop("synonyms") == {
        "type": "synonym_graph",
        "synonyms_path": "synonyms/candidates.txt",
        "updateable": True,
        "lenient": True,
    }
    inline = index_body()["settings"]["analysis"]
    del inline["filter"]["synonyms"]
    assert named == inline
    assert [name for name, chain in named["analyzer"].items() if "synonyms" in chain["filter"]] == ["dutch_search"]
