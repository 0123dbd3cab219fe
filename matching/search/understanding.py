"""What typed text means when nothing was chosen from the suggestions: chips where a name is recognised, else words.

The rule (issue 4, CAND-13, CAND-15): text equal to a label or synonym becomes that chip, and can be searched as a word
instead; other words must all occur. Plural and female forms, a compound written apart or together, and a small typing
error with only one reading count as equal, and what was read is always shown.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal, TypeVar

from rapidfuzz.distance import OSA

from matching.candidates.parts import ShowcaseView
from matching.search.criteria import CHIP_FIELDS, MAX_CHIPS, SearchCriteria
from matching.search.suggestions import allowed_errors
from matching.search.terms import FILTER_KINDS, KINDS, Name, names, offered
from matching.taxonomy.occupations import Match, Taxonomy
from matching.taxonomy.text import normalise
from matching.taxonomy.vocabularies import Vocabulary

Via = Literal["label", "synonym", "variant", "spacing", "typo", "word"]
Named = TypeVar("Named", Name, Match)

#: A shorter text with a typing error has too many readings.
MIN_MISSPELT = 6


@dataclass(frozen=True)
class Understood:
    """One piece of the text: `typed` was read as the term `code` of `kind`, or as a free word (kind 'word')."""

    kind: str
    code: str
    label: str
    typed: str
    via: Via


@dataclass(frozen=True)
class Understander:
    """Reads text with the names of all terms at hand; build it once per process."""

    taxonomy: Taxonomy
    entries: tuple[Name, ...]

    @classmethod
    def build(cls, taxonomy: Taxonomy, vocabularies: Mapping[str, Vocabulary]) -> Understander:
        """Collect the names."""
        return cls(taxonomy, tuple(names(taxonomy, vocabularies)))

    def read(self, text: str, view: ShowcaseView) -> tuple[Understood, ...]:
        """Return what each comma-separated piece of `text` was read as; at most MAX_CHIPS items, each once."""
        found: dict[tuple[str, str], Understood] = {}
        for piece in text.split(","):
            for item in self._piece(piece.strip(), view):
                found.setdefault((item.kind, item.code), item)
        return tuple(found.values())[:MAX_CHIPS]

    def _piece(self, typed: str, view: ShowcaseView) -> Sequence[Understood]:
        key = normalise(typed)
        if not key:
            return ()
        kinds = [kind for kind in KINDS if offered(kind, view)]
        terms = self._equal(key, typed, kinds) or self._misspelt(key, typed, kinds)
        return terms or [Understood("word", word, word, word, "word") for word in dict.fromkeys(key.split())]

    def _equal(self, key: str, typed: str, kinds: Sequence[str]) -> Sequence[Understood]:
        """The term that is called this, in one spelling or another; several groups may share a name ('chauffeur')."""
        named = [name for name in self._by_key.get(key, ()) if name.kind in kinds]
        if named:
            return [_as_chip(name, typed, "label" if name.preferred else "synonym") for name in _alike(named)]
        variants = _alike([match for match in self.taxonomy.find_label(typed) if match.kind in kinds])
        if variants and (len(variants) == 1 or variants[0].kind == "group"):
            return [Understood(match.kind, match.code, match.label, typed, "variant") for match in variants]
        squeezed = [name for name in self._by_squeezed.get(key.replace(" ", ""), ()) if name.kind in kinds]
        return [_as_chip(name, typed, "spacing") for name in _alike(squeezed)]

    def _misspelt(self, key: str, typed: str, kinds: Sequence[str]) -> Sequence[Understood]:
        """The one term whose name is nearest, if it is near enough and no other term is as near.

        Words that names are made of ('medewerker') are spelt right, whatever they resemble.
        """
        if len(key) < MIN_MISSPELT or all(word in self._words for word in key.split()):
            return ()
        errors = allowed_errors(len(key))
        nearest: dict[tuple[str, str], tuple[int, Name]] = {}
        for name in self.entries:
            if name.kind not in kinds or name.key[:1] != key[:1] or abs(len(name.key) - len(key)) > errors:
                continue
            distance = OSA.distance(key, name.key, score_cutoff=errors)
            known = nearest.get((name.kind, name.code))
            if distance <= errors and (known is None or distance < known[0]):
                nearest[name.kind, name.code] = (distance, name)
        if not nearest:
            return ()
        least = min(distance for distance, _ in nearest.values())
        best = [name for distance, name in nearest.values() if distance == least]
        return [_as_chip(best[0], typed, "typo")] if len(best) == 1 else ()

    @cached_property
    def _words(self) -> frozenset[str]:
        return frozenset(word for name in self.entries for word in name.key.split())

    @cached_property
    def _by_key(self) -> Mapping[str, list[Name]]:
        return _grouped([(name.key, name) for name in self.entries])

    @cached_property
    def _by_squeezed(self) -> Mapping[str, list[Name]]:
        return _grouped([(name.key.replace(" ", ""), name) for name in self.entries])


def with_understood(base: SearchCriteria, items: Iterable[Understood]) -> SearchCriteria:
    """`base` with what typed text was read as: options ticked, chips and words added, each once."""
    criteria = base
    for item in items:
        if item.kind in FILTER_KINDS:
            ticked = criteria.filters.get(item.kind, frozenset()) | {item.code}
            criteria = replace(criteria, filters={**criteria.filters, item.kind: ticked})
        else:
            name = CHIP_FIELDS[item.kind]
            values: tuple[str, ...] = getattr(criteria, name)
            changed = {name: tuple(dict.fromkeys((*values, item.code)))}
            criteria = replace(criteria, **changed)  # type: ignore[arg-type]
    return criteria


def _grouped(pairs: list[tuple[str, Name]]) -> Mapping[str, list[Name]]:
    """Names by key; labels before synonyms, and kinds in their order."""
    found: dict[str, list[Name]] = {}
    for key, name in sorted(pairs, key=lambda pair: (not pair[1].preferred, KINDS.index(pair[1].kind))):
        found.setdefault(key, []).append(name)
    return found


def _alike(found: Sequence[Named]) -> Sequence[Named]:
    """The first, and with it the others of its kind where that is 'group': a name belongs to one term otherwise."""
    if not found or found[0].kind != "group":
        return found[:1]
    return [one for one in found if one.kind == "group"]


def _as_chip(name: Name, typed: str, via: Via) -> Understood:
    return Understood(name.kind, name.code, name.label, typed, via)
