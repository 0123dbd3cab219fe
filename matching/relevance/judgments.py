"""Judged queries: what was asked, who was judged for it, how well they fit and why (a person's word, not a rule's)."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

GRADES = (0, 1, 2, 3)


class JudgmentsWrong(ValueError):
    """A file of queries or judgments contradicts itself; the message names the line."""


@dataclass(frozen=True)
class Query:
    """A search as a person types it; `held_out` queries take no part in tuning, `need` says what it is for."""

    id: str
    kind: str
    held_out: bool
    showcase: str
    text: str
    place: str
    radius_km: int | None
    need: str


@dataclass(frozen=True)
class Judgment:
    """How well one candidate fits one query: 3 would be proposed at once, 2 good, 1 worth a look, 0 not for this."""

    query: str
    candidate: str
    grade: int
    reason: str


def read_queries(path: Path) -> tuple[Query, ...]:
    """The queries of a tab-separated file, in its order. Raises JudgmentsWrong for an id used twice."""
    found = tuple(
        Query(
            id=row["id"],
            kind=row["kind"],
            held_out=row["held_out"] == "yes",
            showcase=row["showcase"],
            text=row["text"],
            place=row["place"],
            radius_km=int(row["radius_km"]) if row["radius_km"] else None,
            need=row["need"],
        )
        for row in _rows(path)
    )
    if len({query.id for query in found}) != len(found):
        raise JudgmentsWrong(f"{path.name}: a query id stands twice")
    return found


def read_judgments(path: Path, queries: Iterable[Query]) -> Mapping[str, Mapping[str, Judgment]]:
    """Judgments by query and candidate. Raises JudgmentsWrong for a grade off the scale, a pair twice, no reason."""
    found: dict[str, dict[str, Judgment]] = {query.id: {} for query in queries}
    for number, row in enumerate(_rows(path), start=2):
        judgment = Judgment(row["query"], row["candidate"], int(row["grade"]), row["reason"].strip())
        if judgment.query not in found or judgment.grade not in GRADES or not judgment.reason:
            raise JudgmentsWrong(f"{path.name}:{number}: unknown query, grade off the scale, or no reason")
        if judgment.candidate in found[judgment.query]:
            raise JudgmentsWrong(f"{path.name}:{number}: judged twice")
        found[judgment.query][judgment.candidate] = judgment
    return found


def _rows(path: Path) -> Sequence[Mapping[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
