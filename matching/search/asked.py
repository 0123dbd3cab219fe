"""The occupations asked, with the rings of related ones around them, as clauses (CAND-14)."""

from __future__ import annotations

from collections.abc import Iterable, Set
from dataclasses import dataclass
from functools import lru_cache

from matching.candidates.parts import ShowcaseView
from matching.search.clauses import Clause, any_of, terms
from matching.search.criteria import SearchCriteria
from matching.taxonomy.occupations import Taxonomy
from matching.taxonomy.text import normalise

#: Rings of those who have the occupation asked themselves; all others are brought by relation.
OWN_RINGS = ("exact", "synonym", "titled")


@dataclass(frozen=True)
class AskedRing:
    """One ring around all that is asked: whoever has one of its codes, titles or phrases stands in it.

    `titles` are label keys that a whole title is equal to, `phrases` labels that stand somewhere in a title.
    """

    name: str
    codes: tuple[str, ...] = ()
    titles: tuple[str, ...] = ()
    phrases: tuple[str, ...] = ()


@lru_cache(maxsize=32_768)
def label_key(text: str) -> str:
    """What titles are compared by, as the index's normalizer has it: 'Vorkheftruck-bestuurder' is one word."""
    return normalise(text).replace(" ", "")


def asked_rings(criteria: SearchCriteria, taxonomy: Taxonomy, parts: Set[str]) -> tuple[AskedRing, ...]:
    """The rings around the chips' occupations and the groups' members, nearest first; no code or name is in two.

    'exact' is the code itself, 'synonym' a free title equal to its label or a synonym, 'titled' a longer title that
    holds the label; then the taxonomy's rings, with stated relations of distance 2 apart as 'further'. Without
    `criteria.related` only the OWN_RINGS. A label that is itself one of the compound `parts` is not looked for in
    longer titles: 'Schilder' would be found in 'Autoschilder'. Nothing asked gives no ring. Raises KeyError for a
    code that doesn't exist.
    """
    return _rings(criteria.occupations, criteria.groups, criteria.related, taxonomy, frozenset(parts))


@lru_cache(maxsize=1024)
def _rings(
    occupations: tuple[str, ...], groups: tuple[str, ...], related: bool, taxonomy: Taxonomy, parts: frozenset[str]
) -> tuple[AskedRing, ...]:
    """`asked_rings`: one page of results needs them four times, and its next page and every filter again."""
    rings: dict[str, list[str]] = {"exact": [], "unit_group": [], "related": [], "further": [], "group": []}
    for group in groups:
        rings["exact"] += taxonomy.members(group)
    for code in occupations:
        around = taxonomy.related(code)
        rings["exact"].append(code)
        if related:
            rings["unit_group"] += around.unit_group
            rings["group"] += around.group
            for other in around.related:
                relation = taxonomy.why_related(code, other)
                rings["further" if relation and relation.text == "2" else "related"].append(other)
    if not rings["exact"]:
        return ()
    seen: set[str] = set()
    names: set[str] = set()
    found = []
    for name, codes in rings.items():
        fresh = tuple(sorted(set(codes) - seen))
        seen.update(fresh)
        titles = tuple(sorted(set(_names(fresh, taxonomy)) - names))
        names.update(titles)
        if name == "exact":
            found += [AskedRing("exact", codes=fresh), AskedRing("synonym", titles=titles)]
            phrases = tuple(
                sorted(
                    taxonomy.occupations[code].label
                    for code in set(occupations)
                    if label_key(taxonomy.occupations[code].label) not in parts
                )
            )
            if phrases:
                found.append(AskedRing("titled", phrases=phrases))
        elif fresh:
            found.append(AskedRing(name, codes=fresh, titles=titles))
    return tuple(found)


def _names(codes: Iterable[str], taxonomy: Taxonomy) -> Iterable[str]:
    for code in codes:
        occupation = taxonomy.occupations[code]
        yield from filter(None, map(label_key, (occupation.label, *occupation.synonyms)))


def wanted(ring: AskedRing, view: ShowcaseView) -> Clause | None:
    """The candidate wants an occupation of this ring; None when the showcase hides wanted functions."""
    return _clause(ring, "functions", "function_titles") if view.shows("functions") else None


def wanted_first(ring: AskedRing, view: ShowcaseView) -> Clause | None:
    """What the candidate wants most is of this ring (PROF-20: functions are in the candidate's order)."""
    return _first(ring) if view.shows("functions") else None


def done(ring: AskedRing, view: ShowcaseView) -> Clause | None:
    """The candidate did an occupation of this ring; None when the showcase hides work experience."""
    return _clause(ring, "experience.code", "experience.title") if view.shows("experience") else None


def any_ring(rings: Iterable[AskedRing], view: ShowcaseView) -> Clause:
    """The candidate wants or did an occupation of any of these rings: all rings in one clause, for counting."""
    rings = list(rings)
    one = AskedRing(
        "any",
        codes=tuple(code for ring in rings for code in ring.codes),
        titles=tuple(title for ring in rings for title in ring.titles),
        phrases=tuple(phrase for ring in rings for phrase in ring.phrases),
    )
    return any_of([clause for clause in (wanted(one, view), done(one, view)) if clause])


# Rings name hundreds of titles, and each page asks them of three bodies: their clauses are made once and not changed.
@lru_cache(maxsize=512)
def _first(ring: AskedRing) -> Clause:
    return terms("first_function", [*ring.codes, *ring.titles, *ring.phrases])


@lru_cache(maxsize=512)
def _clause(ring: AskedRing, code_field: str, title_field: str) -> Clause:
    clauses = []
    if ring.codes:
        clauses.append(terms(code_field, ring.codes))
    if ring.titles:
        clauses.append(terms(f"{title_field}.label", ring.titles))
    clauses += [{"match_phrase": {title_field: phrase}} for phrase in ring.phrases]
    return any_of(clauses)
