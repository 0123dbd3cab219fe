"""The fixed vocabularies of profiles and filters: levels, licences, languages, certificates and the like."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, cached_property
from types import MappingProxyType

from matching.taxonomy.tables import read_table, split_list

#: The vocabularies in vocabularies.tsv; 'field' and 'occupation_group' have tables of their own.
TABLE_NAMES = (
    "level",
    "licence",
    "language",
    "language_level",
    "transport",
    "certificate",
    "target_group",
    "capability",
    "work_type",
    "day",
    "day_part",
    "hours",
    "contact",
    "recency",
    "working_time",
)


@dataclass(frozen=True)
class Term:
    """One value of a vocabulary, with its Dutch label, the English one, and other names it is recognised by.

    `position` (from 1) is the order of showing. `rank` says how high a value is where that means something, and
    equals `position` elsewhere. Levels follow the NLQF, the Dutch qualification framework: vmbo and MBO 1 stand on
    one step, and so do havo, vwo and MBO 4; 'one level lower' is one rank lower. `extra` holds the rest as text:
    `kind` of a capability (physical, mental), `description` of a work type, `short` of a day, `days` of a
    recency, `min` and `max` (hours a week, both included) of hours and working time.
    """

    code: str
    label: str
    label_en: str
    synonyms: tuple[str, ...]
    position: int
    rank: int
    extra: Mapping[str, str] = field(default_factory=dict, hash=False)


@dataclass(frozen=True)
class Vocabulary:
    """A named, ordered list of terms; iterates in the order of showing."""

    name: str
    terms: tuple[Term, ...]
    _by_code: Mapping[str, Term] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_by_code", MappingProxyType({term.code: term for term in self.terms}))

    def get(self, code: str) -> Term | None:
        """The term with that code; None when there is none."""
        return self._by_code.get(code)

    @cached_property
    def labels(self) -> dict[str, str]:
        """Code -> Dutch label, in order."""
        return {term.code: term.label for term in self.terms}

    @cached_property
    def codes(self) -> tuple[str, ...]:
        """The codes in order."""
        return tuple(term.code for term in self.terms)

    def __iter__(self) -> Iterator[Term]:
        return iter(self.terms)

    def __len__(self) -> int:
        return len(self.terms)

    def __contains__(self, code: object) -> bool:
        return code in self._by_code


@cache
def load_vocabularies() -> Mapping[str, Vocabulary]:
    """All vocabularies by name, read once per process from the package's tables.

    Raises ValueError when a row belongs to no known vocabulary or an `extra` cell isn't 'key=value;key=value'.
    """
    terms: dict[str, list[Term]] = {name: [] for name in TABLE_NAMES}
    for row in read_table("vocabularies"):
        if row["vocabulary"] not in terms:
            raise ValueError(f"vocabularies.tsv: unknown vocabulary {row['vocabulary']!r}")
        terms[row["vocabulary"]].append(_term(row, int(row["position"]), _extra(row["extra"])))
    for name, table in (("field", "fields_of_work"), ("occupation_group", "occupation_groups")):
        terms[name] = [_term(row, number, {}) for number, row in enumerate(read_table(table), start=1)]
    return MappingProxyType(
        {name: Vocabulary(name, tuple(sorted(found, key=lambda term: term.position))) for name, found in terms.items()}
    )


def _term(row: Mapping[str, str], position: int, extra: dict[str, str]) -> Term:
    synonyms = extra.pop("synonyms", row.get("synonyms", ""))
    rank = int(extra.pop("rank", position))
    return Term(
        code=row["code"],
        label=row["label"],
        label_en=row["label_en"],
        synonyms=split_list(synonyms),
        position=position,
        rank=rank,
        extra=MappingProxyType(extra),
    )


def _extra(cell: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for part in cell.split(";"):
        if part.strip():
            key, equals, value = part.partition("=")
            if not equals:
                raise ValueError(f"vocabularies.tsv: {part!r} is no key=value")
            found[key.strip()] = value.strip()
    return found


@cache
def implied_licences(code: str) -> frozenset[str]:
    """All licence categories that holding `code` lets one drive, itself included; empty for an unknown code.

    Directive 2006/126/EC, articles 4 and 6: C or D needs B; CE also covers C1E and BE (PROF-22, CAND-26).
    """
    term = load_vocabularies()["licence"].get(code)
    if term is None:
        return frozenset()
    implied = split_list(term.extra.get("implies", ""))
    return frozenset({code}).union(*(implied_licences(other) for other in implied))


@cache
def licences_that_cover(code: str) -> frozenset[str]:
    """All licences whose holder may drive category `code`, itself included; empty for an unknown code."""
    return frozenset(held for held in load_vocabularies()["licence"].codes if code in implied_licences(held))
