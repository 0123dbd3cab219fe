"""What a search returns of listings: enough for rows and reasons, and no more than it needs."""

from __future__ import annotations

from typing import Any

import pytest

from matching.candidates.parts import CATEGORIES
from matching.search.reasons import Explainer
from matching.search.returned import ROW_FIELDS, returned_fields
from tests.support.knowing import asked, hiding, knowledge
from tests.support.listings import PEOPLE, ROTTERDAM
from tests.unit.test_search_bodies import EVERYTHING_ASKED

KNOWN = knowledge()
QUESTIONS: list[dict[str, Any]] = [
    {},
    {"centre": ROTTERDAM},
    {"occupations": ("heftruckchauffeur",)},
    {"groups": ("heftruck-intern-transport",)},
    {"words": ("containers", "vca", "turks")},
    {"levels": ("mbo-2",), "languages": ("nl", "tr"), "licences": ("B",), "working_times": ("voltijd",)},
    *({"filters": {code: ["niet-ingevuld"]}} for code in CATEGORIES),
    {"filters": {"licence": ["B"], "working_times": ["maandag", "ochtend"], "recency": ["maand"]}},
    {"filters": {"hours": ["24-32"], "certificate": ["heftruck"]}},
    EVERYTHING_ASKED,
]


def returned(listing: dict[str, Any], fields: list[str]) -> dict[str, Any]:
    """What the engine makes of `_source`: whole fields, or of objects only the inner ones that are named."""
    found: dict[str, Any] = {}
    for name, value in listing.items():
        inner = {field.removeprefix(f"{name}.") for field in fields if field.startswith(f"{name}.")}
        if name in fields:
            found[name] = value
        elif inner:
            found[name] = [{key: one[key] for key in inner if key in one} for one in value]
    return found


@pytest.mark.parametrize("question", QUESTIONS, ids=str)
def test_reasons_are_told_from_what_is_returned(question: dict[str, Any]) -> None:
    criteria = asked(**question)
    explainer, fields = Explainer(criteria, KNOWN), returned_fields(criteria)
    for listing in PEOPLE.values():
        whole = {**listing, "updated_at": listing.get("updated_at", "2026-11-01T09:00:00+00:00")}
        assert explainer.reasons(returned(whole, fields), 3.0) == explainer.reasons(whole, 3.0)


def test_a_list_without_a_question_returns_rows_only() -> None:
    assert returned_fields(asked()) == list(ROW_FIELDS)
    assert returned_fields(asked(hiding("home", "level"))) == ["id", "name", "updated_at", "portrait", "hours"]
