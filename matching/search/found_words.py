"""In which part of a profile a word stands, told from the listing itself, for the few hits that are shown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from matching.search.compounds import split_compound
from matching.search.knowledge import Knowledge
from matching.search.mapping import load_word_lists
from matching.search.textfields import TEXT_FIELDS
from matching.taxonomy.text import normalise

#: Endings that a Dutch word may have here and not there; taken off before looking.
_ENDINGS = ("sters", "ster", "ers", "en", "er", "es", "s", "e")
_SHORTEST_STEM = 4

#: part -> (field with codes, vocabulary): their labels are words too, in the index as `term_labels`.
_CODED = {
    "level": ("level", "level"),
    "languages": ("languages", "language"),
    "licences": ("licences", "licence"),
    "transport": ("transport", "transport"),
    "certificates": ("certificates", "certificate"),
    "work_types": ("work_types", "work_type"),
    "fields": ("fields", "field"),
}


def part_with_word(word: str, listing: Mapping[str, Any], knowledge: Knowledge) -> str:
    """The first profile part whose text holds the word, or a form of it; '' when none or only the name does."""
    texts = [(part, normalise(text)) for part, text in _texts(listing, knowledge)]
    tokens = normalise(word).split()
    phrase = f" {' '.join(tokens)} "
    for part, text in texts:
        if phrase in f" {text} ":
            return part
    stemmed = [(part, " ".join(map(_stem, text.split()))) for part, text in texts]
    for looked_for in (list(map(_stem, tokens)), _parts(tokens, knowledge)):
        for part, text in stemmed:
            if looked_for and all(piece in text for piece in looked_for):
                return part
    return ""


def _parts(tokens: list[str], knowledge: Knowledge) -> list[str]:
    return [_stem(part) for token in tokens for part in split_compound(token, knowledge.compound_parts) or (token,)]


@cache
def _reviewed_forms() -> Mapping[str, str]:
    """form -> the form it is found by, from the reviewed stems of the index."""
    forms: dict[str, str] = {}
    for rule in load_word_lists().stems:
        left, _, right = rule.partition("=>")
        forms |= {form.strip(): right.strip() for form in left.split(",")}
    return forms


def _stem(token: str) -> str:
    if token in _reviewed_forms():
        return _reviewed_forms()[token]
    for ending in _ENDINGS:
        if token.endswith(ending) and len(token) - len(ending) >= _SHORTEST_STEM:
            return token[: -len(ending)]
    return token


def _texts(listing: Mapping[str, Any], knowledge: Knowledge) -> Iterator[tuple[str, str]]:
    """(part, text) for every text of the listing, in the order of TEXT_FIELDS."""
    for field, part in TEXT_FIELDS.items():
        name, _, inner = field.partition(".")
        for item in _listed(listing.get(name)):
            text = item.get(inner) if isinstance(item, Mapping) else item
            if isinstance(text, str):
                yield part, text
    for part, (field, vocabulary) in _CODED.items():
        labels = knowledge.vocabularies[vocabulary].labels
        for code in _listed(listing.get(field)):
            yield part, labels.get(code, "")


def _listed(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]
