"""What people read: dates, initials, days, hours and periods."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime

import pytest
import time_machine
from flask import Flask
from flask_babel import Babel

from web import formatting

DAYS = ("maandag", "dinsdag", "woensdag", "donderdag", "vrijdag", "zaterdag", "zondag")


@pytest.fixture(autouse=True)
def dutch() -> Iterator[None]:
    """A request in Dutch on a fixed day."""
    app = Flask("formatting", static_folder=None)
    Babel(app, default_locale="nl")
    with app.test_request_context(), time_machine.travel(datetime(2026, 11, 24, 9, tzinfo=UTC), tick=False):
        yield


@pytest.mark.requirement("UI-25")
@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (datetime(2026, 11, 24, 8, tzinfo=UTC), "vandaag"),
        (datetime(2026, 11, 23, 23, 30, tzinfo=UTC), "vandaag"),  # half past midnight in the Netherlands
        (datetime(2026, 11, 23, 12, tzinfo=UTC), "gisteren"),
        (date(2026, 11, 3), "3-11-2026"),
        ("2026-01-02T10:00:00+01:00", "2-1-2026"),
    ],
)
def test_dates_are_day_month_year_or_relative(moment: datetime | date | str, text: str) -> None:
    assert formatting.format_date(moment) == text


def test_moments_have_the_time_in_the_netherlands() -> None:
    assert formatting.format_moment(datetime(2026, 11, 24, 7, 5, tzinfo=UTC)) == "vandaag 8:05"
    assert formatting.format_moment(datetime(2026, 7, 3, 12, 30, tzinfo=UTC)) == "3-7-2026 14:30"
    assert formatting.format_clock(datetime(2026, 11, 24, 7, 5, 9, tzinfo=UTC)) == "8:05:09"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.4, "0 s"),
        (12, "12 s"),
        (89, "89 s"),
        (90, "2 min"),
        (3600, "60 min"),
        (5400, "2 uur"),
        (2 * 86400, "2 dagen"),
    ],
)
def test_durations_are_in_one_unit(seconds: float, text: str) -> None:
    assert formatting.format_duration(seconds) == text


@pytest.mark.parametrize(
    ("size", "text"),
    [(0, "0 kB"), (700_000, "700 kB"), (1_000_000, "1,0 MB"), (1_234_000_000, "1,2 GB"), (3 * 10**12, "3,0 TB")],
)
def test_sizes_are_in_one_unit(size: int, text: str) -> None:
    assert formatting.format_bytes(size) == text


def test_a_profile_is_stale_after_six_months() -> None:
    assert not formatting.is_stale(date(2026, 5, 25))
    assert formatting.is_stale(date(2026, 5, 24))


@pytest.mark.requirement("UI-24")
@pytest.mark.parametrize(
    ("name", "letters"),
    [
        ("Rachid van den Steen", "RS"),
        ("Pai-Lin te Muijzers", "PM"),
        ("Thialda Einden Jr.", "TE"),
        ("Madonna", "M"),
        ("'t Hart", "H"),
        ("van den", "VD"),
        ("Şeyma Çelik", "ŞÇ"),
        ("12", "?"),
        ("Samira Achahbar-Zuidgeest", "SA"),
        ("Anne-Marie de Vries-Dam", "AV"),
    ],
)
def test_initials(name: str, letters: str) -> None:
    assert formatting.initials(name) == letters


@pytest.mark.requirement("PROF-25")
@pytest.mark.parametrize(
    ("positions", "text"),
    [
        ([0, 1, 2, 3, 4], "maandag t/m vrijdag"),
        ([4, 0, 2], "maandag, woensdag en vrijdag"),
        ([0, 1], "maandag en dinsdag"),
        ([0, 1, 2, 5], "maandag t/m woensdag en zaterdag"),
        ([6], "zondag"),
        ([], ""),
    ],
)
def test_days_that_follow_each_other_are_a_range(positions: list[int], text: str) -> None:
    assert formatting.format_days(positions, DAYS) == text


@pytest.mark.requirement("PROF-14")
@pytest.mark.parametrize(
    ("least", "most", "text"),
    [
        (24, 32, "24 - 32 uur"),
        (32, 32, "32 uur"),
        (None, 16, "tot 16 uur"),
        (0, 16, "tot 16 uur"),
        (32, None, "32 uur of meer"),
        (32, 60, "32 uur of meer"),
        (None, None, ""),
    ],
)
def test_hours_a_week(least: int | None, most: int | None, text: str) -> None:
    assert formatting.format_hours(least, most) == text


@pytest.mark.requirement("PROF-33", "PROF-34")
@pytest.mark.parametrize(
    ("start", "end", "current", "text"),
    [
        ("2018", "2021", False, "2018 – 2021"),
        ("2021-04", None, True, "4-2021 – nu"),
        (None, "2007", False, "2007"),
        ("2007", "2007", False, "2007"),
        ("2015", None, False, "2015"),
        (None, None, False, ""),
    ],
)
def test_periods(start: str | None, end: str | None, current: bool, text: str) -> None:
    assert formatting.format_period(start, end, current) == text


@pytest.mark.requirement("GEN-03")
def test_numbers_are_written_as_the_reader_writes_them() -> None:
    assert (formatting.format_number(1130), formatting.format_decimal(1.5)) == ("1.130", "1,5")
    with Flask("english", static_folder=None).test_request_context(headers={"Cookie": "taal=en"}):
        assert (formatting.format_number(1130), formatting.format_decimal(1.5)) == ("1,130", "1.5")


def test_a_label_begins_small_inside_a_sentence_unless_it_is_an_abbreviation() -> None:
    assert [formatting.lower_first(label) for label in ("Kok", "ICT-medewerker")] == ["kok", "ICT-medewerker"]


def test_numbers_and_distances() -> None:
    assert formatting.format_number(100_000) == "100.000"
    assert formatting.format_km(0.4) == "minder dan 1 km"
    assert formatting.format_km(6.4) == "6 km"
