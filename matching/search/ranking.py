"""A ranking profile: the versioned list of parts that a score is the sum of, with a weight, shape and sentence each."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Any

from matching.candidates.parts import SENSITIVE_PARTS
from matching.search.fields import FIELDS

PART_PREFIX = "part:"
RINGS = ("exact", "synonym", "titled", "unit_group", "related", "further", "group")
#: How somebody stands in a ring: wants it most and did it, wants it and did it, wants it most, wants it, did it.
HOW = ("first_and_done", "wanted_and_done", "first", "wanted", "done")
#: part -> the shape values it needs; each is a share of the weight (0 to 1) unless named otherwise in docs/ranking.md.
SHAPES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "occupation": (*RINGS, *HOW),
        "words": ("half_at", "written_apart", "name"),
        "level": ("same", "same_rank", "higher", "lower"),
        "language": (),
        "licence": (),
        "working_time": (),
        "distance": ("full_within", "reach_km"),
        "hours": ("inside", "overlapping"),
        "recency": ("half_after_days",),
    }
)
#: Shape values that are no shares: any number above 0 will do.
_UNBOUNDED = frozenset({"half_at", "reach_km", "half_after_days", "name"})
_FIELD_PREFIX = "field:"


class ProfileError(ValueError):
    """A ranking profile can't be used; the message names the file's part and what is wrong with it."""


@dataclass(frozen=True)
class Part:
    """One term of the score: at most `weight` points, from the fields it `reads`; `why` is for people."""

    name: str
    weight: float
    reads: tuple[str, ...]
    shape: Mapping[str, float]
    why: str

    @property
    def clause_name(self) -> str:
        """What the clause is called in a body."""
        return PART_PREFIX + self.name

    def points(self, *shares: str) -> float:
        """The weight times the shape values of these names."""
        points = self.weight
        for share in shares:
            points *= self.shape[share]
        return points

    def weighted(self, field: str) -> str:
        """A text field as queries name it, with how much it counts ('field^3'; a field of an object as its object)."""
        above = field.partition(".")[0]
        weight = self.shape.get(_FIELD_PREFIX + field, self.shape.get(_FIELD_PREFIX + above, 1.0))
        return field if weight == 1 else f"{field}^{weight:g}"


@dataclass(frozen=True)
class RankingProfile:
    """Name and version say which file; `parts` holds one of each part there is, in the order shown to people."""

    name: str
    version: int
    description: str
    parts: Mapping[str, Part]

    def __getitem__(self, name: str) -> Part:
        return self.parts[name]


@cache
def load_profile(name: str = "standard", version: int = 1) -> RankingProfile:
    """The profile in `profiles/NAME.vVERSION.json`, checked. Raises ProfileError when there is none or it is wrong."""
    file = files("matching.search").joinpath("profiles", f"{name}.v{version}.json")
    if not file.is_file():
        raise ProfileError(f"there is no ranking profile {name!r} version {version}")
    return read_profile(json.loads(file.read_text(encoding="utf-8")))


def read_profile(data: Mapping[str, Any]) -> RankingProfile:
    """Check a profile as its file has it.

    Raises ProfileError when a part is missing, unknown or doubled, lacks a shape value, weighs nothing, says no why,
    or reads a field that doesn't exist or that can discriminate (SENSITIVE_PARTS): those filter, never rank.
    """
    parts = [_read_part(entry) for entry in data["parts"]]
    names = [part.name for part in parts]
    if sorted(names) != sorted(SHAPES):
        raise ProfileError(f"a profile has each of these parts once: {', '.join(SHAPES)}; found {', '.join(names)}")
    return RankingProfile(
        str(data["name"]), int(data["version"]), str(data["description"]), MappingProxyType({p.name: p for p in parts})
    )


def _read_part(entry: Mapping[str, Any]) -> Part:
    part = Part(
        name=str(entry["name"]),
        weight=float(entry["weight"]),
        reads=tuple(entry["reads"]),
        shape=MappingProxyType({str(key): float(value) for key, value in entry["shape"].items()}),
        why=str(entry["why"]).strip(),
    )
    problems = [problem for problem in _problems(part) if problem]
    if problems:
        raise ProfileError(f"part {part.name}: {'; '.join(problems)}")
    return part


def _problems(part: Part) -> Iterable[str]:
    needed = SHAPES.get(part.name)
    if needed is None:
        yield "there is no such part"
        return
    if part.weight <= 0:
        yield "its weight must be above 0"
    if not part.why:
        yield "it doesn't say why"
    yield from _wrong_reads(part.reads)
    given = {key for key in part.shape if not key.startswith(_FIELD_PREFIX)}
    if given != set(needed):
        yield f"its shape needs {', '.join(needed) or 'nothing'}; found {', '.join(sorted(given)) or 'nothing'}"
    for key, value in part.shape.items():
        if key.startswith(_FIELD_PREFIX):
            yield from _wrong_field_weight(part, key.removeprefix(_FIELD_PREFIX), value)
        elif value <= 0 or (key not in _UNBOUNDED and value > 1):
            yield f"{key} must be above 0{'' if key in _UNBOUNDED else ' and at most 1'}"


def _wrong_reads(reads: Iterable[str]) -> Iterable[str]:
    known = {field.name: field.part for field in FIELDS}
    for name in reads:
        if name not in known:
            yield f"listings have no field {name}"
        elif known[name] in SENSITIVE_PARTS:
            yield f"{name} can discriminate: it may be filtered on, never ranked by"


def _wrong_field_weight(part: Part, field: str, value: float) -> Iterable[str]:
    if part.name != "words" or field.partition(".")[0] not in part.reads:
        yield f"it doesn't read {field}"
    if value < 1:
        yield f"the weight of {field} must be 1 or more"
