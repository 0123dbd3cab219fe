"""Showcases (etalages) as configuration: defined, checked and read (CAND-37, PROF-03)."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from matching.candidates.listings import read_showcases
from matching.candidates.parts import CATEGORIES, PARTS, ShowcaseView, ShownCategory
from matching.candidates.records import Showcase
from matching.storage.base import table_of
from matching.taxonomy.vocabularies import load_vocabularies

_CODE = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*")
_LONGEST_CODE = 40
_LONGEST_NAME = 120


class ShowcaseRefused(ValueError):
    """The configuration names something that doesn't exist; the message lists every fault."""


def standard(code: str, name: str) -> ShowcaseView:
    """A showcase that shows every profile part and every filter category with all options, in the manual's order."""
    return ShowcaseView(code, name, frozenset(PARTS), tuple(ShownCategory(category) for category in CATEGORIES))


def find_faults(view: ShowcaseView) -> list[str]:
    """What is wrong with a showcase's configuration, a sentence each; empty when it can be used."""
    return list(_faults(view))


def _faults(view: ShowcaseView) -> Iterator[str]:
    if not _CODE.fullmatch(view.code) or len(view.code) > _LONGEST_CODE:
        yield f"code {view.code!r}: use at most {_LONGEST_CODE} small letters, digits and single hyphens"
    if not view.name.strip() or len(view.name) > _LONGEST_NAME:
        yield f"name: give one of at most {_LONGEST_NAME} characters"
    yield from (f"unknown profile part {part!r}" for part in sorted(view.parts - PARTS.keys()))
    for code, times in Counter(shown.code for shown in view.categories).items():
        if code not in CATEGORIES:
            yield f"unknown filter category {code!r}"
        elif times > 1:
            yield f"filter category {code!r} is given {times} times"
        elif CATEGORIES[code].part not in {"", *view.parts}:
            yield f"filter category {code!r} would betray the profile part {CATEGORIES[code].part!r}, which is hidden"
    for shown in view.categories:
        if shown.code in CATEGORIES and shown.options is not None:
            known = {
                option for name in CATEGORIES[shown.code].vocabularies for option in load_vocabularies()[name].codes
            }
            yield from (f"unknown option {one!r} of {shown.code!r}" for one in shown.options if one not in known)


def define(session: Session, view: ShowcaseView, position: int = 0) -> int:
    """Make or change the showcase with this code; its id. `position` orders the tabs (CAND-03).

    Pages and requests follow at once; its index is due for a rebuild when its parts changed.
    Raises ShowcaseRefused when it names parts, categories or options that don't exist.
    """
    faults = find_faults(view)
    if faults:
        raise ShowcaseRefused(f"showcase {view.code}: " + "; ".join(faults))
    table = table_of(Showcase)
    values = {
        "name": view.name,
        "position": position,
        "parts": [part for part in PARTS if part in view.parts],
        "categories": [
            {"code": shown.code, "options": None if shown.options is None else list(shown.options)}
            for shown in view.categories
        ],
    }
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    made = dialect.insert(table).values(code=view.code, **values)
    upsert = made.on_conflict_do_update(index_elements=["code"], set_=values).returning(table.c.id)
    return int(session.execute(upsert).scalar_one())


def load_showcases(session: Session) -> dict[str, ShowcaseView]:
    """Every showcase by code, in the order of the tabs."""
    return {row.view.code: row.view for row in read_showcases(session)}
