"""The reasons in a row of the list: in which order, which of them, and what is left to '+n'."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask

from matching.search.results import Hit, Reason, Sign
from tests.support.listings import EVERYTHING
from web.candidates.reasons import reason_view, short_reason
from web.candidates.rows import Row, row_view
from web.language import install_language

LABEL = {"label": "Heftruckchauffeur", "code": "heftruckchauffeur"}
FUNCTION = Reason("met", "function", "functions", {**LABEL, "first": True})
EXPERIENCE = Reason("met", "experience", "experience", {**LABEL, "years": 4, "until": 2021, "current": False})


def language(code: str, sign: Sign) -> Reason:
    return Reason(sign, "language", "languages", {"code": code, "grade": None})


def distance(km: float | None) -> Reason:
    sign: Sign = "unknown" if km is None else "met"
    return Reason(sign, "distance", "home", {"km": km, "place": "Schiedam", "centre": "Rotterdam"})


@pytest.fixture(autouse=True)
def in_a_request() -> Iterator[None]:
    app = Flask("rows")
    install_language(app)
    with app.test_request_context():
        yield


def row(*reasons: Reason, km: float | None = None, **listing: Any) -> Row:
    person = {"name": "Amina Bakker", "updated_at": "2026-11-01T09:00:00+00:00", **listing}
    return row_view(EVERYTHING, Hit(1, person, 1.0, {}, km, reasons), "", None)


def texts(shown: Row) -> list[str]:
    return [f"{reason.symbol} {reason.text}" for reason in shown.reasons]


@pytest.mark.requirement("CAND-14")
def test_what_is_missing_or_unknown_comes_before_what_is_met() -> None:
    level = Reason("partly", "level", "level", {"code": "mbo-2", "has": "mbo-1", "steps": -1})
    shown = row(FUNCTION, EXPERIENCE, level, language("pl", "not_met"), language("de", "unknown"))
    assert texts(shown) == ["✕ Pools", "◐ MBO 1", "? Duits"]
    assert shown.more == 2


def test_what_was_asked_comes_before_wanting_and_having_done_the_work() -> None:
    shown = row(FUNCTION, EXPERIENCE, language("pl", "met"))
    assert texts(shown) == ["✓ Pools", "✓ wil dit werk"]
    assert (shown.more, shown.more_text) == (1, "✓ 4 jaar ervaring")
    assert shown.more_spoken == "voldoet: 4 jaar ervaring"


def test_a_third_reason_stands_there_when_it_fits_and_nothing_is_left() -> None:
    level = Reason("met", "level", "level", {"code": "mbo-2", "has": "mbo-2", "steps": 0})
    shown = row(FUNCTION, level, language("pl", "met"))
    assert texts(shown) == ["✓ MBO 2", "✓ Pools", "✓ wil dit werk"]
    assert shown.more == 0


def test_the_distance_stands_in_the_facts_and_not_among_the_reasons() -> None:
    near = row(FUNCTION, distance(4.2), km=4.2, place_name="Schiedam")
    assert (near.facts, texts(near)) == ("Schiedam, 4 km", ["✓ wil dit werk"])
    assert texts(row(FUNCTION, distance(None))) == ["? afstand", "✓ wil dit werk"]


@pytest.mark.requirement("CAND-16")
def test_no_distance_is_said_within_the_town_searched_around() -> None:
    place = {"km": 0.0, "place": "Rotterdam", "centre": "Rotterdam"}
    person = {"name": "Amina Bakker", "updated_at": "2026-11-01T09:00:00+00:00", "place_name": "Rotterdam"}
    hit = Hit(1, person, 1.0, {}, 0.0, (FUNCTION,), same_town=True)
    assert row_view(EVERYTHING, hit, "", None).facts == "Rotterdam"
    same = Reason("met", "distance", "home", {**place, "same_town": True})
    assert (short_reason(same).text, reason_view(same).sentence) == ("Rotterdam", "Woont in Rotterdam")
    near = reason_view(Reason("met", "distance", "home", {**place, "same_town": False}))
    assert near.sentence == "Minder dan 1 km van Rotterdam"


def test_a_text_stands_in_the_row_once() -> None:
    again = Reason("met", "function", "functions", {"label": "Reachtruckchauffeur", "code": "x", "first": False})
    assert texts(row(FUNCTION, again)) == ["✓ wil dit werk"]
