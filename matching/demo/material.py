"""The words the demo's people are made of, read from the text files beside this module."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from string import Formatter

from matching.demo.chance import Weighted

TRADE_FILES = ("trades_logistics", "trades_technology", "trades_services", "trades_people")
#: The levels from low to high, as the vocabulary has them.
LEVELS = ("basisonderwijs", "praktijkonderwijs", "vmbo", "mbo-1", "mbo-2", "mbo-3", "mbo-4", "havo", "vwo", "hbo", "wo")
Tasks = tuple[tuple[str, tuple[str, ...]], ...]
RANK = {level: rank for rank, level in enumerate(LEVELS)}


@dataclass(frozen=True)
class Title:
    """A job title in people's own words; `code` its occupation, `lowest` the level it asks at least."""

    text: str
    code: str | None
    sex: str
    lowest: str
    senior: bool
    starter: bool


@dataclass(frozen=True)
class Trade:
    """A line of work: titles, tasks, studies and papers that belong together."""

    key: str
    field: str
    work: tuple[str, ...]
    women: float
    levels: tuple[str, ...]
    near: tuple[str, ...]
    titles: tuple[Title, ...]
    studies: tuple[tuple[str, str], ...]
    certificates: tuple[tuple[str, float], ...]
    courses: tuple[str, ...]
    licences: tuple[tuple[str, float], ...]
    employers: str
    tasks: Tasks

    def tasks_of(self, title: str) -> tuple[str, ...]:
        """What someone with this job title did: the tasks tied to a part of the title, and those tied to none.

        Common tasks join where the trade tells fewer than three.
        """
        folded = title.lower()
        fitting = tuple(task for task, ties in self.tasks if not ties or any(tie in folded for tie in ties))
        return fitting if len(fitting) >= 3 else fitting + lists()["common tasks"]


@dataclass(frozen=True)
class Town:
    """A town, its province where several towns share the name, and some of its four-digit postcodes."""

    name: str
    province: str | None
    postcodes: tuple[str, ...]


@dataclass(frozen=True)
class Sentence:
    """A template and the words it needs."""

    text: str
    needs: frozenset[str]


def sections(name: str) -> dict[str, list[str]]:
    """The sections of `data/NAME.txt`: heading -> lines, without comments and empty lines."""
    found: dict[str, list[str]] = {}
    current: list[str] = []
    for line in files("matching.demo").joinpath("data", f"{name}.txt").read_text(encoding="utf-8").splitlines():
        if heading := re.fullmatch(r"\[(.+)\]", line):
            current = found.setdefault(heading[1], [])
        elif line.strip() and not line.startswith("#"):
            current.append(line.strip())
    return found


@cache
def trades() -> tuple[Mapping[str, Trade], Weighted[str]]:
    """All trades by key, and their keys by how many people work in them."""
    codes = dict(line.rsplit(" = ", 1) for line in sections("title_codes")["titles"])
    by_key: dict[str, Trade] = {}
    weights: list[tuple[str, float]] = []
    for name in TRADE_FILES:
        for key, lines in sections(name).items():
            values = dict(line.split(": ", 1) for line in lines if not line.startswith("- "))
            tasks = tuple(_task(line[2:]) for line in lines if line.startswith("- "))
            by_key[key] = _trade(key, values, tasks, codes)
            weights.append((key, float(values["weight"])))
    return by_key, Weighted(weights)


def _trade(key: str, values: Mapping[str, str], tasks: Tasks, codes: Mapping[str, str]) -> Trade:
    return Trade(
        key=key,
        field=values["field"],
        work=tuple(values["work"].split()),
        women=float(values["v"]),
        levels=tuple(values["levels"].split()),
        near=tuple(values["near"].split()),
        titles=tuple(_title(text, codes) for text in split(values["titles"])),
        studies=tuple(_pair(text) for text in split(values["studies"])),
        certificates=_shares(values.get("certs", "")),
        courses=split(values["courses"]),
        licences=_shares(values.get("licence", "")),
        employers=values["employers"],
        tasks=tasks,
    )


def _task(text: str) -> tuple[str, tuple[str, ...]]:
    """A task and the parts of titles that it is tied to, marked with '@'."""
    task, *ties = text.split(" @")
    return task, tuple(tie.strip().lower() for tie in ties)


def _title(text: str, codes: Mapping[str, str]) -> Title:
    words = text.split()
    marks = {word[1:] for word in words if word.startswith("@")}
    label = " ".join(word for word in words if not word.startswith("@"))
    return Title(
        text=label,
        code=codes.get(label),
        sex=next(iter(marks & {"v", "m"}), ""),
        lowest=next(iter(marks & RANK.keys()), LEVELS[0]),
        senior="senior" in marks,
        starter="starter" in marks,
    )


def split(text: str) -> tuple[str, ...]:
    """The parts of a list parted by ';'."""
    return tuple(part.strip() for part in text.split(";") if part.strip())


def _pair(text: str) -> tuple[str, str]:
    left, right = text.split(" = ")
    return left, right


def _shares(text: str) -> tuple[tuple[str, float], ...]:
    return tuple((code, float(share)) for code, share in (part.split() for part in split(text)))


@cache
def names() -> tuple[Mapping[tuple[str, str], tuple[str, ...]], Mapping[str, tuple[str, ...]]]:
    """First names by (origin, 'v' or 'm') and family names by origin."""
    first: dict[tuple[str, str], tuple[str, ...]] = {}
    family: dict[str, tuple[str, ...]] = {}
    for heading, lines in sections("names").items():
        kind, origin, *sex = heading.split()
        if kind == "first":
            first[origin, sex[0]] = tuple(" ".join(lines).split())
        else:
            family[origin] = split(" ".join(lines))
    return first, family


@cache
def towns() -> Mapping[str, Weighted[Town]]:
    """Region -> its towns by weight."""
    found = {}
    for region, lines in sections("towns").items():
        pairs = []
        for line in lines:
            town, rest = line.split(" = ")
            weight, postcodes = rest.split(" | ")
            name, _, province = town.rstrip(")").partition(" (")
            pairs.append((Town(name, province or None, tuple(postcodes.split())), float(weight)))
        found[region] = Weighted(pairs)
    return found


@cache
def employers() -> Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]]:
    """Kind of employer -> (starts or whole names, endings); whole names start with '='."""
    found = {}
    for kind, lines in sections("employers").items():
        starts = split(" ".join(line for line in lines if not line.startswith("/")))
        endings = split(" ".join(line[1:] for line in lines if line.startswith("/")))
        found[kind] = (starts, endings)
    return found


@cache
def lists() -> Mapping[str, tuple[str, ...]]:
    """The smaller lists by heading."""
    return {heading: split(";".join(lines)) for heading, lines in sections("lists").items()}


@cache
def table(heading: str) -> Mapping[str, str]:
    """A list of 'key = value' lines as a mapping."""
    return dict(line.split(" = ", 1) for line in sections("lists")[heading])


@cache
def countries() -> Mapping[str, tuple[str, tuple[str, ...]]]:
    """Origin -> (country, towns there)."""
    found = {}
    for line in sections("lists")["countries"]:
        origin, rest = line.split(": ", 1)
        country, places = rest.split(" | ")
        found[origin] = (country, split(places))
    return found


@cache
def sentences(heading: str) -> tuple[Sentence, ...]:
    """The templates under a heading of texts.txt."""
    return tuple(
        Sentence(text, frozenset(key for _, key, _, _ in Formatter().parse(text) if key))
        for text in sections("texts")[heading]
    )
