"""In which part of a profile a word stands, told from the listing itself, for the few hits that are shown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache, lru_cache
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
CODED = {
    "level": ("level", "level"),
    "languages": ("languages", "language"),
    "licences": ("licences", "licence"),
    "transport": ("transport", "transport"),
    "certificates": ("certificates", "certificate"),
    "work_types": ("work_types", "work_type"),
    "fields": ("fields", "field"),
}


def parts_with_words(words: Sequence[str], listing: Mapping[str, Any], knowledge: Knowledge) -> dict[str, str]:
    """For each word the first profile part whose text holds it, or a form of it; '' when none or only the name does."""
    if not words:
        return {}
    texts: dict[str, str] = {}
    for part, text in _texts(listing, knowledge):
        texts[part] = f"{texts.get(part, '')} {text}"
    normal = {part: f" {normalise(text)} " for part, text in texts.items()}
    found = {word: _first(normal, [f" {normalise(word)} "]) for word in words}
    missing = [word for word, part in found.items() if not part]
    if missing:
        stemmed = {part: " ".join(map(_stem, text.split())) for part, text in normal.items()}
        for word in missing:
            tokens = normalise(word).split()
            found[word] = _first(stemmed, list(map(_stem, tokens))) or _first(stemmed, _parts(tokens, knowledge))
    return found


def _first(texts: Mapping[str, str], pieces: Sequence[str]) -> str:
    return next((part for part, text in texts.items() if pieces and all(piece in text for piece in pieces)), "")


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


@lru_cache(maxsize=16_384)
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
    for part, (field, vocabulary) in CODED.items():
        for code in _listed(listing.get(field)):
            term = knowledge.vocabularies[vocabulary].get(code)
            if term:
                yield part, term.label


def _listed(value: Any) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]
