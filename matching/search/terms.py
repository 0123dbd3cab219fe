"""The terms that a search can be about besides free words: occupations, groups and values of vocabularies."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from matching.candidates.parts import ShowcaseView
from matching.taxonomy.occupations import Taxonomy
from matching.taxonomy.text import normalise
from matching.taxonomy.vocabularies import Vocabulary

#: The kinds of CAND-12 in the order in which they are offered; each but the first two is a vocabulary's name.
KINDS = ("occupation", "group", "level", "language", "licence", "working_time", "capability", "target_group")

#: Kinds that become a ticked filter: they exclude and never rank.
FILTER_KINDS = frozenset({"capability", "target_group"})

_PARTS = {
    "level": "level",
    "language": "languages",
    "licence": "licences",
    "working_time": "hours",
}


@dataclass(frozen=True)
class Name:
    """One name of a term: `key` is it normalised; `preferred` tells the label from a synonym."""

    kind: str
    code: str
    label: str
    text: str
    key: str
    preferred: bool


def names(taxonomy: Taxonomy, vocabularies: Mapping[str, Vocabulary]) -> Iterator[Name]:
    """Yield every name of every term, a term's label before its synonyms."""
    for kind in KINDS:
        if kind == "occupation":
            items = [(o.code, o.label, (o.label, *o.synonyms)) for o in taxonomy.occupations.values()]
        elif kind == "group":
            items = [(g.code, g.label, (g.label, *g.synonyms)) for g in taxonomy.groups.values()]
        else:
            items = [
                (t.code, t.label, (t.label, *_other_names(kind, t.label, t.code), *t.synonyms))
                for t in vocabularies[kind]
            ]
        for code, label, texts in items:
            for number, text in enumerate(texts):
                if key := normalise(text):
                    yield Name(kind, code, label, text, key, number == 0)


def _other_names(kind: str, label: str, code: str) -> tuple[str, ...]:
    """'Rijbewijs B' for 'B: personenauto'; a single letter alone names nothing."""
    if kind == "licence":
        return (f"rijbewijs {code}", label.partition(":")[2].strip())
    return ()


def offered(kind: str, view: ShowcaseView) -> bool:
    """Whether a showcase lets people search on this kind: the part it reads must be shown there (CAND-37)."""
    if kind in ("occupation", "group"):
        return view.shows("functions") or view.shows("experience")
    if kind in FILTER_KINDS:
        return view.category(kind) is not None
    return view.shows(_PARTS[kind])
