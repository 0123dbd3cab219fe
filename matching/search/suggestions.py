"""Suggestions while typing: the terms whose names fit what stands in the search field so far (CAND-11, CAND-12)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from rapidfuzz.distance import OSA

from matching.candidates.parts import ShowcaseView
from matching.search.results import Suggestion
from matching.search.terms import KINDS, Name, names, offered
from matching.taxonomy.occupations import Taxonomy
from matching.taxonomy.text import normalise
from matching.taxonomy.vocabularies import Vocabulary

MIN_LETTERS = 2
#: A word in the middle of a longer one ('truck' in 'heftruckchauffeur') needs this many letters.
MIN_MIDDLE = 3
#: From this length on, one or two typing errors are forgiven.
ONE_ERROR_FROM = 4
TWO_ERRORS_FROM = 8
PER_KIND = 8
LIMIT = 14

#: How well a name fits, best first; a label comes before a synonym that fits as well.
WHOLE, START, WORD, MIDDLE, MISSPELT = range(5)


@dataclass(frozen=True)
class SuggestionIndex:
    """All names of all terms, in memory: about 8,000 short texts, looked through in a few milliseconds."""

    entries: tuple[Name, ...]

    @classmethod
    def build(cls, taxonomy: Taxonomy, vocabularies: Mapping[str, Vocabulary]) -> SuggestionIndex:
        """Collect the names."""
        return cls(tuple(names(taxonomy, vocabularies)))

    def find(self, text: str, view: ShowcaseView, limit: int = LIMIT) -> tuple[Suggestion, ...]:
        """Return the best terms for `text`, each once, grouped by kind in the order of the kinds' best fit.

        Only kinds that the showcase offers. Text of less than two letters suggests nothing.
        """
        key = normalise(text)
        if len(key) < MIN_LETTERS:
            return ()
        kinds = {kind for kind in KINDS if offered(kind, view)}
        entries = [entry for entry in self.entries if entry.kind in kinds]
        ranked = [(fit, entry) for entry in entries if (fit := _fit(key, entry.key)) is not None]
        if not ranked and len(key) >= ONE_ERROR_FROM:
            ranked = [(MISSPELT, entry) for entry in entries if misspelt_start(key, entry.key)]
        return _chosen(key, ranked, limit)


def _fit(key: str, name: str) -> int | None:
    if name == key:
        return WHOLE
    if name.startswith(key):
        return START
    if f" {key}" in name:
        return WORD
    return MIDDLE if len(key) >= MIN_MIDDLE and key in name else None


def allowed_errors(length: int) -> int:
    """How many typing errors a text of this many letters may have: 0, 1 or 2."""
    return 0 if length < ONE_ERROR_FROM else 1 if length < TWO_ERRORS_FROM else 2


def misspelt_start(key: str, name: str) -> bool:
    """Whether `name` begins with `key` but for a few typing errors; the first letter must be right."""
    errors = allowed_errors(len(key))
    if not errors or name[:1] != key[:1]:
        return False
    return any(
        OSA.distance(key, name[: len(key) + extra], score_cutoff=errors) <= errors
        for extra in range(-errors, errors + 1)
    )


def _chosen(key: str, ranked: list[tuple[int, Name]], limit: int) -> tuple[Suggestion, ...]:
    def order(item: tuple[int, Name]) -> tuple[int, bool, int, str]:
        fit, entry = item
        return fit, not entry.preferred, abs(len(entry.key) - len(key)), entry.key

    chosen: dict[tuple[str, str], Suggestion] = {}
    per_kind: Counter[str] = Counter()
    for fit, entry in sorted(ranked, key=order):
        if (entry.kind, entry.code) in chosen or per_kind[entry.kind] >= PER_KIND:
            continue
        chosen[entry.kind, entry.code] = Suggestion(entry.kind, entry.code, entry.label, entry.text, fit=fit)
        per_kind[entry.kind] += 1
        if len(chosen) >= limit:
            break
    kinds = list(dict.fromkeys(suggestion.kind for suggestion in chosen.values()))
    return tuple(sorted(chosen.values(), key=lambda suggestion: kinds.index(suggestion.kind)))
