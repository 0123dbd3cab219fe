"""Occupations, their groups and relations: what is near what, and which occupation a text names."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from types import MappingProxyType
from typing import Literal, TypeVar

from matching.taxonomy.tables import read_table, split_list
from matching.taxonomy.text import normalise
from matching.taxonomy.variants import variants

Ring = Literal["exact", "unit_group", "related", "group"]
Kind = Literal["occupation", "group"]
Via = Literal["label", "synonym", "variant"]


class TaxonomyError(ValueError):
    """The tables contradict each other: a code used twice, or one that doesn't exist; the message names it."""


@dataclass(frozen=True)
class Occupation:
    """An occupation: `isco` is the four-digit ISCO-08 unit group, the other codes are vocabularies' codes.

    `field` is that of the group. `work_type` and `level` are empty where the source doesn't know them (ESCO).
    """

    code: str
    label: str
    isco: str
    group: str
    field: str
    work_type: str
    level: str
    synonyms: tuple[str, ...] = ()


@dataclass(frozen=True)
class OccupationGroup:
    """An occupation group (beroepsgroep) within a field of work (vakgebied)."""

    code: str
    label: str
    field: str
    synonyms: tuple[str, ...] = ()


@dataclass(frozen=True)
class Rings:
    """Codes around one occupation, nearest ring first; no code is in two rings.

    `related` holds stated relations, those of distance 1 before those of distance 2.
    """

    exact: tuple[str, ...]
    unit_group: tuple[str, ...]
    related: tuple[str, ...]
    group: tuple[str, ...]

    @property
    def codes(self) -> tuple[str, ...]:
        """All codes, nearest first."""
        return self.exact + self.unit_group + self.related + self.group


@dataclass(frozen=True)
class Match:
    """What a text names: `matched` is the label or synonym as the taxonomy writes it."""

    kind: Kind
    code: str
    label: str
    matched: str
    via: Via


@dataclass(frozen=True)
class Relation:
    """Why one occupation is near another: the ring, and what they share.

    `text` is the ISCO unit group for 'unit_group', the stated distance ('1' or '2') for 'related', the
    group's label for 'group' and the occupation's own label for 'exact'.
    """

    ring: Ring
    text: str


Item = TypeVar("Item", Occupation, OccupationGroup)


@dataclass(frozen=True)
class _Index:
    """What `Taxonomy` looks up, worked out once when it is built."""

    by_isco: Mapping[str, tuple[str, ...]]
    by_group: Mapping[str, tuple[str, ...]]
    stated: Mapping[str, Mapping[str, int]]
    names: Mapping[str, tuple[Match, ...]]
    joined: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, eq=False)
class Taxonomy:
    """All occupations and groups with their relations; made by `Taxonomy.build`, from files or SQL alike.

    Equal only to itself, so that what follows from it can be kept by it.
    """

    occupations: Mapping[str, Occupation]
    groups: Mapping[str, OccupationGroup]
    _index: _Index

    @classmethod
    def build(
        cls,
        occupations: Iterable[Occupation],
        groups: Iterable[OccupationGroup],
        relations: Iterable[tuple[str, str, int]] = (),
    ) -> Taxonomy:
        """Put tables together; `relations` are (code, code, distance 1 or 2), each valid in both directions.

        A pair stated twice keeps the nearer distance. Raises TaxonomyError on a repeated or unknown code.
        """
        group_map = _unique("group", groups)
        occupation_map = _unique("occupation", occupations)
        for occupation in occupation_map.values():
            if occupation.group not in group_map:
                raise TaxonomyError(f"occupation {occupation.code}: unknown group {occupation.group!r}")
        names = _names(occupation_map.values(), group_map.values())
        index = _Index(
            by_isco=_codes_by(occupation_map.values(), "isco"),
            by_group=_codes_by(occupation_map.values(), "group"),
            stated=_both_ways(relations, occupation_map),
            names=names,
            joined=_by_joined(names),
        )
        return cls(MappingProxyType(occupation_map), MappingProxyType(group_map), index)

    @property
    def relations(self) -> tuple[tuple[str, str, int], ...]:
        """All stated relations as (code, code, distance), each pair once, in order of code."""
        stated = self._index.stated
        pairs = ((one, two, distance) for one, others in stated.items() for two, distance in others.items())
        return tuple(sorted(pair for pair in pairs if pair[0] < pair[1]))

    def related(self, code: str) -> Rings:
        """The rings around occupation `code`; raises KeyError when there is none of that code (CAND-14)."""
        occupation = self.occupations[code]
        seen = {code}
        rings = []
        stated = self._index.stated.get(code, {})
        for ring in (
            self._index.by_isco.get(occupation.isco, ()),
            sorted(stated, key=lambda other: (stated[other], other)),
            self._index.by_group.get(occupation.group, ()),
        ):
            rings.append(tuple(other for other in ring if other not in seen))
            seen.update(ring)
        return Rings((code,), *rings)

    def why_related(self, code: str, other: str) -> Relation | None:
        """The nearest ring around `code` that holds `other`, and what they share; None when none does.

        Raises KeyError when either code doesn't exist.
        """
        one, two = self.occupations[code], self.occupations[other]
        if code == other:
            return Relation("exact", one.label)
        if one.isco and one.isco == two.isco:
            return Relation("unit_group", one.isco)
        distance = self._index.stated.get(code, {}).get(other)
        if distance is not None:
            return Relation("related", str(distance))
        if one.group == two.group:
            return Relation("group", self.groups[one.group].label)
        return None

    def members(self, group: str) -> tuple[str, ...]:
        """Codes of the occupations in a group, in table order; raises KeyError when there is no such group."""
        return self._index.by_group.get(self.groups[group].code, ())

    def find_label(self, text: str) -> list[Match]:
        """What `text` names as a whole: occupations by label, then by synonym, then groups (CAND-12).

        Letter case, accents, hyphens and blanks don't matter. Only when nothing is called exactly that are plural
        and female forms tried ('vrachtwagenchauffeurs', 'medewerkster bediening'), and compounds written apart or
        together ('software ontwikkelaar'). An unknown text gives no match.
        """
        key = normalise(text)
        exact = self._index.names.get(key)
        if exact:
            return list(exact)
        found: dict[tuple[Kind, str], Match] = {}
        for form in (key, *variants(key)):
            for name in self._index.joined.get(form.replace(" ", ""), ()):
                for match in self._index.names[name]:
                    variant = replace(match, via="variant")
                    found.setdefault((match.kind, match.code), variant)
        return sorted(found.values(), key=lambda match: match.kind == "group")


def _unique(kind: Kind, items: Iterable[Item]) -> dict[str, Item]:
    found: dict[str, Item] = {}
    for item in items:
        if item.code in found:
            raise TaxonomyError(f"{kind} {item.code}: code used twice")
        found[item.code] = item
    return found


def _codes_by(occupations: Iterable[Occupation], attribute: Literal["isco", "group"]) -> Mapping[str, tuple[str, ...]]:
    codes: defaultdict[str, list[str]] = defaultdict(list)
    for occupation in occupations:
        key = occupation.isco if attribute == "isco" else occupation.group
        if key:
            codes[key].append(occupation.code)
    return {key: tuple(values) for key, values in codes.items()}


def _both_ways(
    relations: Iterable[tuple[str, str, int]], occupations: Mapping[str, Occupation]
) -> Mapping[str, Mapping[str, int]]:
    stated: defaultdict[str, dict[str, int]] = defaultdict(dict)
    for one, two, distance in relations:
        if one == two or distance not in (1, 2):
            raise TaxonomyError(f"relation {one} - {two}: needs two occupations and distance 1 or 2")
        for code in (one, two):
            if code not in occupations:
                raise TaxonomyError(f"relation {one} - {two}: unknown occupation {code!r}")
        nearest = min(distance, stated[one].get(two, distance))
        stated[one][two] = stated[two][one] = nearest
    return dict(stated)


def _names(occupations: Iterable[Occupation], groups: Iterable[OccupationGroup]) -> Mapping[str, tuple[Match, ...]]:
    found: defaultdict[str, dict[tuple[Kind, str], Match]] = defaultdict(dict)

    def enter(kind: Kind, item: Occupation | OccupationGroup, name: str, via: Via) -> None:
        if key := normalise(name):
            found[key].setdefault((kind, item.code), Match(kind, item.code, item.label, name, via))

    listed = list(occupations)
    for occupation in listed:
        enter("occupation", occupation, occupation.label, "label")
    for occupation in listed:
        for synonym in occupation.synonyms:
            enter("occupation", occupation, synonym, "synonym")
    for group in groups:
        enter("group", group, group.label, "label")
        for synonym in group.synonyms:
            enter("group", group, synonym, "synonym")
    return {key: tuple(matches.values()) for key, matches in found.items()}


def _by_joined(names: Iterable[str]) -> Mapping[str, tuple[str, ...]]:
    """Names without their blanks -> the names themselves: Dutch compounds are often written apart."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for name in names:
        found[name.replace(" ", "")].append(name)
    return {joined: tuple(spelt) for joined, spelt in found.items()}


@cache
def load_bundled() -> Taxonomy:
    """The list written for this project, read once per process from the package's tables."""
    groups = [
        OccupationGroup(row["code"], row["label"], row["field"], split_list(row["synonyms"]))
        for row in read_table("occupation_groups")
    ]
    field_of = {group.code: group.field for group in groups}
    occupations: list[Occupation] = []
    relations: list[tuple[str, str, int]] = []
    for row in read_table("occupations"):
        occupations.append(
            Occupation(
                code=row["code"],
                label=row["label"],
                isco=row["isco"],
                group=row["group"],
                field=field_of.get(row["group"], ""),
                work_type=row["work_type"],
                level=row["level"],
                synonyms=split_list(row["synonyms"]),
            )
        )
        for stated in split_list(row["related"]):
            other, _, distance = stated.partition(":")
            relations.append((row["code"], other, int(distance or 0)))
    return Taxonomy.build(occupations, groups, relations)
