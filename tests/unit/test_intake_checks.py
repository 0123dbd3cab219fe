"""What intake checks beyond form: codes, places, hours, dates."""

from __future__ import annotations

from functools import cache

import orjson
import pytest

from matching.candidates.checks import Reference, Residence, find_problems
from matching.candidates.lines import Line, parse
from matching.candidates.profile import CandidateProfile, Home
from matching.taxonomy.places import Gazetteer, Place, Postcode
from matching.taxonomy.vocabularies import load_vocabularies
from tests.support.intake import FULL, NOW, profile


@cache
def _reference() -> Reference:
    places = [
        Place("rotterdam", "Rotterdam", "Zuid-Holland", 51.92, 4.48, 650_000),
        Place("bergen-nh", "Bergen", "Noord-Holland", 52.67, 4.7, 14_000),
        Place("bergen-l", "Bergen", "Limburg", 51.6, 6.03, 13_000),
        Place("s-gravenhage", "'s-Gravenhage", "Zuid-Holland", 52.07, 4.3, 550_000, aliases=("Den Haag",)),
        Place("hengelo-1", "Hengelo", "Gelderland", 52.05, 6.3, 8_000),
        Place("hengelo-2", "Hengelo", "Gelderland", 52.2, 6.1, 100),
    ]
    postcodes = [Postcode("3011", "rotterdam", 51.92, 4.49), Postcode("5854", "bergen-l", 51.6, 6.03)]
    return Reference(
        vocabularies={name: frozenset(one.codes) for name, one in load_vocabularies().items()},
        occupations=frozenset({"magazijnmedewerker"}),
        showcases={"noord": 1, "zuid": 2},
        gazetteer=Gazetteer.build(places, postcodes),
    )


def _problems(content: dict[str, object]) -> list[tuple[str, str, str]]:
    record = parse(Line(1, orjson.dumps(content)))
    assert isinstance(record, CandidateProfile), record
    return [tuple(problem) for problem in find_problems(record, _reference(), NOW)]


def test_a_full_profile_has_no_problems() -> None:
    assert _problems(FULL) == []


@pytest.mark.parametrize(
    ("parts", "field", "value", "reason"),
    [
        ({"showcases": ["oost"]}, "showcases", "oost", "no showcase"),
        ({"level": "doctor"}, "level", "doctor", "no level"),
        ({"work_types": ["slapen"]}, "work_types", "slapen", "no work type"),
        ({"target_groups": ["x"]}, "target_groups", "x", "no target group"),
        ({"fields": ["x"]}, "fields", "x", "no field"),
        ({"licences": ["B", "Z"]}, "licences", "Z", "no licence"),
        ({"transport": ["paard"]}, "transport", "paard", "no transport"),
        ({"certificates": ["x"]}, "certificates", "x", "no certificate"),
        ({"days": ["monday"]}, "days", "monday", "no day"),
        ({"day_parts": ["x"]}, "day_parts", "x", "no day part"),
        ({"capabilities": ["x"]}, "capabilities", "x", "no capability"),
        ({"languages": [{"language": "klingon"}]}, "languages.0.language", "klingon", "no language"),
        ({"languages": [{"language": "nl", "level": "x"}]}, "languages.0.level", "x", "no language level"),
        ({"functions": [{"occupation": "x"}]}, "functions.0.occupation", "x", "no occupation"),
        ({"functions": [{}]}, "functions.0", "", "needs an occupation or a title"),
        ({"experience": [{"title": "a", "occupation": "x"}]}, "experience.0.occupation", "x", "no occupation"),
        ({"education": [{"title": "a", "level": "x"}]}, "education.0.level", "x", "no level"),
        ({"home": {"place": "Rotterdom"}}, "home.place", "Rotterdom", "like it: Rotterdam"),
        ({"home": {"place": "x" * 100}}, "home.place", None, "no known place"),
        ({"home": {"place": "Bergen"}}, "home.place", "Bergen", "Bergen (Noord-Holland), Bergen (Limburg)"),
        ({"home": {"place": "Bergen", "province": "Zeeland"}}, "home.province", "Zeeland", "no place called Bergen"),
        ({"home": {"place": "Bergen", "province": "Atlantis"}}, "home.province", "Atlantis", "no province"),
        ({"home": {"place": "3011"}}, "home.place", "3011", "home.postcode"),
        ({"home": {"province": "Limburg"}}, "home.place", "", "beside a province"),
        ({"home": {"postcode": "9999"}}, "home.postcode", "9999", "no postcode"),
        ({"hours_min": 32, "hours_max": 16}, "hours_min", "32", "more than hours_max"),
        ({"updated_at": "2026-11-24T12:06:00Z"}, "updated_at", None, "in the future"),
        ({"updated_at": "1970-01-01T00:00:00Z"}, "updated_at", None, "before 2000"),
        ({"updated_at": "0001-01-01T00:00:00+12:00"}, "updated_at", None, "before 2000"),
        ({"updated_at": "9999-12-31T23:59:59-12:00"}, "updated_at", None, "in the future"),
        ({"birth_date": "2026-11-24"}, "birth_date", None, "not in the past"),
        ({"experience": [{"title": "a", "start": "2020-05", "end": "2020-04"}]}, "experience.0.end", "2020-04", "befo"),
        ({"courses": [{"title": "a", "start": "2020", "end": "2019-12"}]}, "courses.0.end", "2019-12", "before start"),
        ({"education": [{"title": "a", "end": "2020", "current": True}]}, "education.0.end", "2020", "current is true"),
    ],
)
def test_what_cannot_be_taken(parts: dict[str, object], field: str, value: str | None, reason: str) -> None:
    problems = _problems(profile("a", **parts))
    assert len(problems) == 1, problems
    assert problems[0][0] == field
    assert value is None or problems[0][1] == value
    assert reason in problems[0][2]


def test_every_problem_of_a_line_is_told() -> None:
    assert len(_problems(profile("a", level="x", licences=["y"], hours_min=3, hours_max=2))) == 3


@pytest.mark.parametrize(
    ("home", "residence"),
    [
        (None, Residence(None, None)),
        (Home(), Residence(None, None)),
        (Home(place="den  haag"), Residence("s-gravenhage", None)),
        (Home(place="Bergen", province="NH"), Residence("bergen-nh", None)),
        (Home(place="Bergen (Limburg)"), Residence("bergen-l", None)),
        (Home(place="Bergen", postcode="5854 AA"), Residence("bergen-l", "5854AA")),
        (Home(postcode="3011"), Residence(None, "3011")),
        (Home(place="Rotterdam", postcode="3999"), Residence("rotterdam", "3999")),
    ],
)
def test_one_place_is_found_without_guessing(home: Home | None, residence: Residence) -> None:
    """A postcode tells places of one name apart; a postcode newer than our list is kept beside a known place."""
    assert _reference().residence(home) == residence


def test_a_year_and_a_month_in_it_are_in_order() -> None:
    assert _problems(profile("a", experience=[{"title": "a", "start": "2020-05", "end": "2020"}])) == []


def test_a_clock_that_is_minutes_ahead_is_forgiven() -> None:
    assert _problems(profile("a", updated_at="2026-11-24T12:04:00Z")) == []
