"""The demo's people: always the same, believable, and valid in every code they name."""

from __future__ import annotations

import hashlib
import itertools
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from matching.candidates.checks import Reference, find_problems
from matching.candidates.profile import CandidateProfile
from matching.demo.careers import draw_jobs
from matching.demo.material import RANK, employers, lists, sentences, trades
from matching.demo.people import SEED, generate
from matching.demo.persona import draw_persona
from matching.demo.showcases import SHOWCASES
from matching.taxonomy.occupations import load_bundled
from matching.taxonomy.places import load_places
from matching.taxonomy.vocabularies import load_vocabularies

NOW = datetime(2026, 11, 24, tzinfo=UTC)
COUNT = 3_000
#: Of the first hundred people at NOW. Their profiles are judged by hand in tests/relevance: another value here means
#: that those judgments are about people who no longer exist.
FIRST_HUNDRED = "c4ed5d95e356c1225c649cdc9ffe814ec5e3fede71583d133795fb7d06711be0"


@pytest.fixture(scope="module")
def people() -> list[CandidateProfile]:
    return list(generate(COUNT, now=NOW))


def _digest(profiles: list[CandidateProfile]) -> str:
    lines = "\n".join(profile.model_dump_json() for profile in profiles)
    return hashlib.sha256(lines.encode()).hexdigest()


def _share(people: list[CandidateProfile], holds: Callable[[CandidateProfile], bool]) -> float:
    return sum(map(holds, people)) / len(people)


def test_people_are_frozen(people: list[CandidateProfile]) -> None:
    assert _digest(people[:100]) == FIRST_HUNDRED


def test_first_people_are_the_same_for_any_count(people: list[CandidateProfile]) -> None:
    assert list(generate(40, now=NOW)) == people[:40]
    assert list(generate(10, now=NOW, first=31)) == people[30:40]


def test_another_process_with_another_hash_seed_makes_the_same_people(people: list[CandidateProfile]) -> None:
    script = (
        "from datetime import datetime, UTC; from matching.demo.people import generate; import hashlib;"
        "lines = '\\n'.join(p.model_dump_json() for p in generate(60, now=datetime(2026, 11, 24, tzinfo=UTC)));"
        "print(hashlib.sha256(lines.encode()).hexdigest())"
    )
    environment = {"PYTHONHASHSEED": "77", "PATH": ""}
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, env=environment)
    assert done.stdout.strip() == _digest(people[:60])


def test_a_later_day_changes_dates_only(people: list[CandidateProfile]) -> None:
    later = list(generate(200, now=datetime(2028, 3, 2, tzinfo=UTC)))
    dated = {"updated_at", "birth_date", "experience", "education", "courses"}
    for one, other in zip(people, later, strict=False):
        assert one.model_dump(exclude=dated) == other.model_dump(exclude=dated)
        assert [work.description for work in one.experience] == [work.description for work in other.experience]
        assert NOW - one.updated_at == datetime(2028, 3, 2, tzinfo=UTC) - other.updated_at


@pytest.mark.requirement("ROLE-20", "PROF-12")
def test_intake_would_take_every_profile(people: list[CandidateProfile]) -> None:
    """Every code is in a vocabulary, every occupation in the bundled list, every place found without a guess."""
    reference = Reference(
        vocabularies={name: frozenset(vocabulary.codes) for name, vocabulary in load_vocabularies().items()},
        occupations=frozenset(load_bundled().occupations),
        showcases={view.code: number for number, view in enumerate(SHOWCASES)},
        gazetteer=load_places(),
    )
    problems = [(one.external_id, problem) for one in people for problem in find_problems(one, reference, NOW)]
    assert problems == []


def test_every_code_of_the_material_is_known() -> None:
    """Also those that no one among the people of this test happens to have."""
    vocabularies, occupations = load_vocabularies(), load_bundled().occupations
    for trade in trades()[0].values():
        assert trade.field in vocabularies["field"], trade.key
        assert set(trade.work) <= set(vocabularies["work_type"].codes), trade.key
        assert set(trade.levels) <= RANK.keys(), trade.key
        assert set(trade.near) <= trades()[0].keys() - {trade.key}, trade.key
        assert {code for code, _ in trade.certificates} <= set(vocabularies["certificate"].codes), trade.key
        assert {code for code, _ in trade.licences} <= set(vocabularies["licence"].codes), trade.key
        assert {title.code for title in trade.titles} - {None} <= occupations.keys(), trade.key
        assert {level for _, level in trade.studies} <= RANK.keys(), trade.key
        assert trade.employers in employers(), trade.key
        assert len(trade.tasks) >= 6, trade.key
    assert tuple(RANK) == vocabularies["level"].codes
    assert len(lists()["hobbies"]) > 30
    assert len(sentences("strength")) > 20


@pytest.mark.requirement("GEN-06", "PROF-03")
def test_showcases_overlap(people: list[CandidateProfile]) -> None:
    shares = Counter(code for one in people for code in one.showcases)
    assert 0.50 <= shares["rijnmond"] / COUNT <= 0.62
    assert 0.32 <= shares["haaglanden"] / COUNT <= 0.42
    assert 0.15 <= shares["leerwerkbanen"] / COUNT <= 0.23
    assert all(one.showcases for one in people)
    assert 0.08 <= _share(people, lambda one: len(one.showcases) > 1) <= 0.2


@pytest.mark.parametrize(
    ("part", "lowest", "highest"),
    [
        ("level", 0.05, 0.11),
        ("about", 0.25, 0.36),
        ("one_liner", 0.25, 0.4),
        ("transport", 0.16, 0.26),
        ("days", 0.2, 0.32),
        ("experience", 0.1, 0.2),
        ("education", 0.18, 0.3),
        ("target_groups", 0.35, 0.5),
        ("portrait", 0.66, 0.74),
        ("documents", 0.77, 0.83),
        ("videos", 0.93, 0.97),
        ("home", 0.01, 0.04),
    ],
)
@pytest.mark.requirement("PROF-04", "PROF-37")
def test_parts_are_missing_at_believable_rates(
    people: list[CandidateProfile], part: str, lowest: float, highest: float
) -> None:
    assert lowest <= _share(people, lambda one: getattr(one, part) in (None, ())) <= highest


@pytest.mark.requirement("CAND-35")
def test_updates_are_skewed_to_the_recent(people: list[CandidateProfile]) -> None:
    days = [(NOW - one.updated_at).days for one in people]
    assert all(one.updated_at < NOW for one in people)
    assert 0.3 <= sum(age <= 30 for age in days) / COUNT <= 0.4
    assert 0.11 <= sum(age > 183 for age in days) / COUNT <= 0.19
    assert 0.03 <= sum(age > 366 for age in days) / COUNT <= 0.07


def test_towns_are_skewed(people: list[CandidateProfile]) -> None:
    towns = Counter(one.home.place for one in people if one.home)
    assert [town for town, _ in towns.most_common(2)] == ["Rotterdam", "Den Haag"]
    assert len(towns) > 60


def test_careers_fit_the_person() -> None:
    """Most jobs are in the own trade or the one beside it; hardly anyone never worked in either."""
    own = near = total = strangers = workers = 0
    for index in range(1, 1_001):
        person = draw_persona(SEED, index)
        jobs = draw_jobs(person)
        total += len(jobs)
        own += sum(job.trade.key == person.trade.key for job in jobs)
        near += sum(job.trade.key == person.second.key for job in jobs)
        workers += bool(jobs)
        strangers += bool(jobs) and all(job.trade.key not in (person.trade.key, person.second.key) for job in jobs)
        assert all(RANK[job.title.lowest] <= RANK[person.level] for job in jobs)
        assert all(older.left >= newer.began for newer, older in itertools.pairwise(jobs))
        assert all(job.began > job.left for job in jobs)
    assert own / total >= 0.6
    assert (own + near) / total >= 0.78
    assert strangers / workers <= 0.03


def test_titles_are_in_peoples_own_words(people: list[CandidateProfile]) -> None:
    jobs = [work for one in people for work in one.experience]
    known = {title.text.lower() for trade in trades()[0].values() for title in trade.titles}
    mistyped = sum(work.title.lower().removeprefix("vrijwilliger, ") not in known for work in jobs)
    assert 0.04 <= mistyped / len(jobs) <= 0.12
    assert 0.5 <= sum(work.occupation is not None for work in jobs) / len(jobs) <= 0.65
    assert len({work.title for work in jobs}) > 1_000


def test_papers_fit_the_trade(people: list[CandidateProfile]) -> None:
    """A code 95 belongs to drivers of lorries and buses, a forklift paper mostly to warehouse people."""
    drivers = {"vrachtwagen", "bus", "stratenmaker", "grondwerk"}
    forklift = {key for key, trade in trades()[0].items() if "heftruck" in dict(trade.certificates)}
    for one in people:
        person = draw_persona(SEED, int(one.external_id.removeprefix("demo-")))
        if "code-95" in one.certificates:
            assert {person.trade.key, person.second.key} & drivers
        if "heftruck" in one.certificates:
            assert {person.trade.key, person.second.key} & forklift


def test_no_profile_repeats_another(people: list[CandidateProfile]) -> None:
    texts = [one.about for one in people if one.about]
    assert len(set(texts)) >= 0.98 * len(texts)
    told = [one.model_dump_json(include={"about", "experience", "education"}) for one in people if one.experience]
    assert len(set(told)) == len(told)


def test_contact_details_belong_to_nobody(people: list[CandidateProfile]) -> None:
    """06-0 is given to no subscriber (ACM numbering plan), example.org to no mail server (RFC 2606)."""
    phones = [one.phone for one in people if one.phone]
    mails = [one.email for one in people if one.email]
    assert len(set(phones)) == len(phones)
    assert all(phone.startswith("06-000") and len(phone) == 11 for phone in phones)
    assert len(set(mails)) == len(mails)
    assert all(mail.isascii() and mail.endswith("@example.org") for mail in mails)


def test_texts_are_filled_in(people: list[CandidateProfile]) -> None:
    for one in people:
        texts = [one.intro, one.one_liner, one.about, one.hobbies, *(work.description for work in one.experience)]
        for text in filter(None, texts):
            assert "{" not in text
            assert "  " not in text
            assert text[0] == text[0].upper()
