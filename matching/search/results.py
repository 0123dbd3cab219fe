"""The typed answers of a search: what pages and commands render."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

Sign = Literal["met", "related", "partly", "not_met", "unknown"]


@dataclass(frozen=True)
class Reason:
    """Why a result is here, for one thing asked: `kind` with `values` makes the sentence, `part` is where it stands.

    Kinds: function (wants the occupation), experience (did it: values years, until), related (values label, ring),
    word (values word, part), level, language, licence, working_time, distance (values km, place). Only what was asked
    is judged; an empty field is 'unknown', never met.
    """

    sign: Sign
    kind: str
    part: str
    values: Mapping[str, Any]


@dataclass(frozen=True)
class Hit:
    """One candidate found: its listing (`_source`), score with named parts, distance and reasons."""

    id: int
    listing: Mapping[str, Any]
    score: float
    parts: Mapping[str, float]
    distance_km: float | None
    reasons: tuple[Reason, ...]


@dataclass(frozen=True)
class FacetOption:
    """One option of a category with the number of candidates it would give."""

    code: str
    label: str
    count: int
    active: bool


@dataclass(frozen=True)
class Facet:
    """A category with its options in their order, 'Niet ingevuld' last."""

    code: str
    options: tuple[FacetOption, ...]

    @property
    def active(self) -> int:
        """How many options of this category are ticked."""
        return sum(option.active for option in self.options)


@dataclass(frozen=True)
class ResultPage:
    """One page of results.

    `total` counts all that match; with an occupation asked, `exact` have it themselves and `related` (total - exact)
    are brought by relation; both are None when no occupation is asked.
    """

    total: int
    exact: int | None
    related: int | None
    hits: tuple[Hit, ...]
    facets: tuple[Facet, ...]
    page: int
    pages: int


@dataclass(frozen=True)
class Relaxation:
    """A search with one thing left out, and how many it would find: shown when there are few results.

    `kind` is occupation, group, word, level, language, licence, working_time, filter (value: category) or radius.
    """

    kind: str
    value: str
    total: int


@dataclass(frozen=True)
class Suggestion:
    """A recognised term while typing (CAND-12): becomes a chip of `kind`; `count` candidates in this showcase."""

    kind: str
    code: str
    label: str
    matched: str
    count: int
