"""How long and until when somebody did something, from the periods of work experience as profiles have them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

MONTHS = 12


@dataclass(frozen=True)
class Span:
    """Whole years in all (overlaps counted once; None: no dates), the last year (None: unknown or now), still going."""

    years: int | None
    until: int | None
    current: bool


def span_of(entries: Iterable[Mapping[str, Any]], today: date) -> Span:
    """The span of entries with `start` and `end` ('YYYY' or 'YYYY-MM') and `current`.

    A year without a month counts as its January, so that '2018 to 2020' is two years, never more than is told.
    """
    now = today.year * MONTHS + today.month
    periods = []
    ends = []
    current = False
    for entry in entries:
        running = bool(entry.get("current"))
        current = current or running
        start, end = _months(entry.get("start")), now if running else _months(entry.get("end"))
        if end is not None:
            ends.append(end)
        if start is not None and end is not None and end >= start:
            # A last month that is named was worked as well.
            periods.append((start, end + (not running and "-" in str(entry["end"]))))
    years = _length(periods) // MONTHS if periods else None
    until = None if current or not ends else (max(ends) - 1) // MONTHS
    return Span(years, until, current)


def _months(text: object) -> int | None:
    if not text:
        return None
    year, _, month = str(text).partition("-")
    return int(year) * MONTHS + int(month or 1)


def _length(periods: list[tuple[int, int]]) -> int:
    total, reached = 0, 0
    for start, end in sorted(periods):
        total += max(0, end - max(start, reached))
        reached = max(reached, end)
    return total
