"""Which fields of a listing a search returns: what its row shows and its reasons are told from, as a page waits."""

from __future__ import annotations

from collections.abc import Iterator

from matching.search.criteria import SearchCriteria
from matching.search.fields import FIELDS
from matching.search.filters import EMPTY_FIELDS
from matching.search.found_words import CODED
from matching.search.textfields import TEXT_FIELDS

#: What every row of a list shows, and where its distance is counted from.
ROW_FIELDS = ("id", "name", "updated_at", "portrait", "place", "place_name", "point", "level", "hours")
#: What tells who wants an occupation and who did it, and when.
OCCUPATION_FIELDS = (
    "functions",
    "function_titles",
    "experience.title",
    "experience.code",
    "experience.start",
    "experience.end",
    "experience.current",
)
_PARTS = {field.name: field.part for field in FIELDS}


def returned_fields(criteria: SearchCriteria) -> list[str]:
    """The fields that listings are returned with: those this search needs, of parts that its showcase shows now."""
    needed = dict.fromkeys(_needed(criteria))
    return [name for name in needed if criteria.showcase.shows(_PARTS[name.partition(".")[0]])]


def _needed(criteria: SearchCriteria) -> Iterator[str]:
    yield from ROW_FIELDS
    if criteria.occupations or criteria.groups:
        yield from OCCUPATION_FIELDS
    if criteria.words:
        yield from (field for field in TEXT_FIELDS if not field.startswith("term_labels."))
        yield from (field for field, _vocabulary in CODED.values())
    if criteria.languages:
        yield from ("languages", "language_levels")
    if criteria.licences:
        yield "licences"
    for category in criteria.filters:
        yield from (field.partition(".")[0] for field in EMPTY_FIELDS[category])
