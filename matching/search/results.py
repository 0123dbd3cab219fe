"""The typed answers of a search: what pages and commands render."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

Sign = Literal["met", "related", "partly", "not_met", "unknown"]
#: category -> option -> how many candidates ticking it would give; all in their order, 'Niet ingevuld' last.
Facets: TypeAlias = Mapping[str, Mapping[str, int]]


@dataclass(frozen=True)
class Reason:
    """Why a result is here, for one thing asked: `kind` with `values` makes the sentence, `part` is where it stands.

    Only what was asked is judged; an empty field is 'unknown', never met. `values` by kind (codes are vocabularies'
    or occupations' codes, `label` a Dutch label or the candidate's own words):

    - function (wants it): label, code (of the occupation asked), first (it is what is wanted most)
    - experience (did it): label, code, years (whole, 0: less than one, None: no dates), until (year, None: unknown
      or now), current
    - related: label (of the occupation the candidate has), code, asked (label of the one asked), ring (unit_group,
      related, further, group), wanted (else done)
    - word: word, part ('' when it stands in the name, or in another form than a quick look finds)
    - level: code (asked), has (the candidate's code or None), steps (ranks higher, negative: lower; None: unknown)
    - language: code, grade (code of language_level or None)
    - licence: code, via (the licence held that covers it; the code itself when it is held)
    - working_time: code, min, max (the candidate's hours or None)
    - hours: min, max (the candidate's hours or None); judged only when hours are filtered on
    - filter (a ticked category other than hours; met or 'Niet ingevuld' only): category, codes (of the ticked options
      those that the candidate has; none when unknown), via (for each of them the code it is had by: a licence held)
    - distance: km (None: unknown), place (the candidate's), centre (label asked), same_town (as of `Hit`)
    """

    sign: Sign
    kind: str
    part: str
    values: Mapping[str, Any]


@dataclass(frozen=True)
class Hit:
    """One candidate found: its listing (`_source`), score with named parts, distance and reasons.

    `same_town`: lives in the very town that was searched around, of which only the middle is known, so that a distance
    from there to there says nothing.
    """

    id: int
    listing: Mapping[str, Any]
    score: float
    parts: Mapping[str, float]
    distance_km: float | None
    reasons: tuple[Reason, ...]
    same_town: bool = False


@dataclass(frozen=True)
class ResultPage:
    """One page of results.

    `total` counts all that match; with an occupation asked, `exact` have it themselves and `related` (total - exact)
    are brought by relation; both are None when no occupation is asked. `facets` are the counts beside filter options.
    """

    total: int
    exact: int | None
    related: int | None
    hits: tuple[Hit, ...]
    facets: Facets
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
    """A recognised term while typing (CAND-12): becomes a chip of `kind`; `matched` is the name that was recognised.

    `fit` tells how well that name fits what was typed: 0 best. `count` is how many candidates of this showcase have it
    themselves, `related` how many more it would find by relation; None until the engine was asked.
    """

    kind: str
    code: str
    label: str
    matched: str
    count: int | None = None
    related: int | None = None
    fit: int = 0
