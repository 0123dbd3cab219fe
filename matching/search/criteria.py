"""What a person asks for, typed and frozen: the only input of query building."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from matching.candidates.parts import ShowcaseView

RADII_KM = (5, 10, 25, 50, 100)
DEFAULT_RADIUS_KM = 25
PAGE_SIZE = 20
MAX_RESULT_WINDOW = 100_000
MAX_TEXT = 200
MAX_CHIPS = 20
#: kind of chip -> the field of SearchCriteria that holds its values.
CHIP_FIELDS = {
    "occupation": "occupations",
    "group": "groups",
    "word": "words",
    "level": "levels",
    "language": "languages",
    "licence": "licences",
    "working_time": "working_times",
}

#: How results can be ordered: best match first (CAND-04), or by a column, up or down (UI-20).
Order = Literal["match", "name", "-name", "updated", "-updated"]


@dataclass(frozen=True)
class Centre:
    """The point that distances are counted from; `ref` is a place id or four-digit postcode, as in addresses."""

    ref: str
    label: str
    lat: float
    lon: float


@dataclass(frozen=True)
class SearchCriteria:
    """One search in one showcase.

    What must match: `occupations` and `groups` (OR between them) and each of `words` (AND). What ranks only: the
    wishes (`levels`, `languages`, `licences`, `working_times` = voltijd/deeltijd). What excludes: `centre` with
    `radius_km` (None: no limit) and `filters` (category code -> option codes; OR within, AND between: OPEN-09).
    `related` False keeps only those with the occupation itself.
    """

    showcase: ShowcaseView
    occupations: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    levels: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    licences: tuple[str, ...] = ()
    working_times: tuple[str, ...] = ()
    centre: Centre | None = None
    radius_km: int | None = DEFAULT_RADIUS_KM
    filters: Mapping[str, frozenset[str]] = field(default_factory=dict)
    related: bool = True
    order: Order = "match"
    page: int = 1
    page_size: int = PAGE_SIZE

    @property
    def wishes(self) -> bool:
        """Whether anything is asked that only ranks."""
        return bool(self.levels or self.languages or self.licences or self.working_times)
