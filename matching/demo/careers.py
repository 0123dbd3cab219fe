"""Careers of the made-up people: jobs with gaps and switches, studies and courses that fit them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from matching.candidates.profile import Course, Education, Work
from matching.demo.chance import Chance
from matching.demo.material import (
    RANK,
    Title,
    Trade,
    countries,
    employers,
    lists,
    sentences,
    table,
    towns,
    trades,
)
from matching.demo.persona import SCHOOL_END, Persona
from matching.demo.wording import capitalise, fill, first_capital, mistype

SIDE_TRADES = (
    "vulploeg",
    "bediening",
    "keukenhulp",
    "magazijn",
    "productie",
    "schoonmaak",
    "bestelbus",
    "kassa",
    "kas",
)
VOLUNTEER_TRADES = ("kringloop", "activiteiten", "catering", "groen", "winkel", "sport", "jongerenwerk", "fiets")
TITLE_TYPO = 0.08
CODED = 0.6


@dataclass(frozen=True)
class Job:
    """A job as it was, in months before now (`left` 0 and `current`: still), and the trade it belongs to."""

    trade: Trade
    title: Title
    began: int
    left: int
    current: bool
    abroad: bool
    employer: str | None


def draw_jobs(person: Persona) -> list[Job]:
    """One to six jobs, newest first; none for those who never worked. Half a career or more is in the own trade."""
    chance = person.chance("jobs")
    months = person.working_years * 12
    if months <= 6:
        months = 18 if person.age >= 17 and chance.maybe(0.6) else 0
    wanted = min(6, 1 + chance.below(2 + months // 48)) if months else 0
    arrived = (person.arrived_years_ago or 99) * 12
    jobs: list[Job] = []
    at = 0 if chance.maybe(0.14) else 1 + chance.low(0, min(40, max(0, months - 4)))
    while len(jobs) < wanted and at < months:
        length = min(months - at, 3 + chance.low(0, min(132, max(6, months // 2))))
        if at < arrived < at + length:
            length = max(1, arrived - at - 1)  # a job does not go on across the border
        began = at + length
        since_school = (months - began) // 12
        previous = jobs[-1].title.text if jobs else ""
        trade = _trade(chance, person, first=not jobs, early=since_school < 3)
        title = draw_title(chance, person, trade, since_school, previous)
        abroad = at >= arrived - 1
        employer = draw_employer(chance, trade) if chance.maybe(0.93) and not abroad else None
        jobs.append(Job(trade, title, began, at, current=at == 0, abroad=abroad, employer=employer))
        at = began + (chance.between(0, 2) if chance.maybe(0.6) else chance.low(3, 40))
    return jobs


def _trade(chance: Chance, person: Persona, first: bool, early: bool) -> Trade:
    by_key, _ = trades()
    draw = chance.unit()
    if draw < (0.84 if first else 0.66):
        return person.trade
    if draw < (0.97 if first else 0.84):
        return person.second
    return by_key[chance.pick(SIDE_TRADES)] if early or draw > 0.93 else person.trade


def draw_title(chance: Chance, person: Persona, trade: Trade, years: int, previous: str = "") -> Title:
    """A title of the trade that this person can have had after `years` of work."""
    usable = [
        title
        for title in trade.titles
        if title.sex in ("", person.sex)
        and RANK[title.lowest] <= RANK[person.level]
        and (not title.senior or (years >= 5 and person.age >= 27))
        and (not title.starter or years <= 2)
        and title.text != previous
    ]
    return chance.pick(usable or trade.titles[:1])


def draw_employer(chance: Chance, trade: Trade) -> str:
    """A made-up employer of the trade's kind."""
    starts, endings = employers()[trade.employers]
    start = chance.pick(starts)
    if start.startswith("="):
        return start[1:]
    return f"{start} {chance.pick(endings)}" if chance.maybe(0.85) else start


def written_title(chance: Chance, person: Persona, title: Title) -> str:
    """The title as this person writes it: with or without a capital, sometimes mistyped."""
    text = mistype(chance, title.text) if chance.maybe(TITLE_TYPO) else title.text
    return first_capital(text) if person.capitals else text


def month(person: Persona, now_month: int, ago: int) -> str:
    """A moment `ago` months before `now_month` (year * 12 + month - 1), as 'YYYY' or 'YYYY-MM'."""
    year, number = divmod(now_month - ago, 12)
    return str(year) if person.whole_years else f"{year}-{number + 1:02d}"


def job_words(chance: Chance, trade: Trade, title: str) -> dict[str, str]:
    """Words about a job for the templates: three different tasks and the size of the team."""
    task, task2, task3 = chance.some(trade.tasks_of(title), 3)
    return {"task": task, "task2": task2, "task3": task3, "number": str(chance.between(3, 25))}


def write_jobs(person: Persona, jobs: list[Job], now_month: int) -> tuple[Work, ...]:
    """The work experience as the profile shows it, newest first, volunteer work among it."""
    chance = person.chance("work texts")
    items: list[tuple[int, Work]] = []
    for job in jobs:
        description = None
        if chance.maybe(0.78):
            description = _description(chance, "job description", job.trade, job.title)
            if description and chance.maybe(0.06):
                description = mistype(chance, description)
        place = chance.pick(countries()[person.origin][1]) if job.abroad else _place(chance, person)
        work = Work(
            title=written_title(chance, person, job.title),
            occupation=job.title.code if chance.maybe(CODED) else None,
            employer=job.employer,
            place=place if chance.maybe(0.85) else None,
            start=month(person, now_month, job.began) if chance.maybe(0.95) else None,
            end=None if job.current else month(person, now_month, job.left),
            current=job.current,
            description=description,
        )
        items.append((job.left, work))
    if chance.maybe(0.11):
        items.append(_volunteer(chance, person, now_month))
    return tuple(work for _, work in sorted(items, key=lambda item: item[0]))


def _description(chance: Chance, kind: str, trade: Trade, title: Title) -> str | None:
    words = job_words(chance, trade, title.text)
    text = fill(chance, sentences(kind), words)
    return capitalise(text) if text else None


def _volunteer(chance: Chance, person: Persona, now_month: int) -> tuple[int, Work]:
    trade = trades()[0][chance.pick(VOLUNTEER_TRADES)]
    title = draw_title(chance, person, trade, 0)
    left = 0 if chance.maybe(0.5) else chance.low(1, 40)
    began = left + chance.between(3, 30)
    return left, Work(
        title=first_capital(f"vrijwilliger, {title.text}") if chance.maybe(0.4) else first_capital(title.text),
        occupation=title.code if chance.maybe(CODED) else None,
        employer=draw_employer(chance, trade),
        place=person.town,
        start=month(person, now_month, began),
        end=None if left == 0 else month(person, now_month, left),
        current=left == 0,
        volunteer=True,
        description=_description(chance, "volunteer description", trade, title),
    )


def _place(chance: Chance, person: Persona) -> str:
    return person.town if chance.maybe(0.4) else chance.draw(towns()[person.region]).name


def write_education(person: Persona, jobs: list[Job], now_month: int) -> tuple[Education, ...]:
    """Studies that lead to the level, in the trade where it has one, newest first."""
    chance = person.chance("education")
    title, level = _main_study(chance, person)
    ended = max(0, person.age - SCHOOL_END[level]) * 12 + chance.between(1, 8)
    studying = ended < 12 and "leerwerkbanen" in person.showcases and chance.maybe(0.6)
    diploma = None if studying or chance.maybe(0.08) else chance.maybe(0.88)
    items = [_study(chance, person, jobs, now_month, title, level, (ended, studying, diploma))]
    if RANK[level] >= RANK["mbo-1"] and level not in ("havo", "vwo") and chance.maybe(0.5):
        before = "vmbo" if level.startswith("mbo") else chance.pick(("havo", "vwo", "havo"))
        school_end = max(ended + 24, (person.age - SCHOOL_END[before]) * 12 + 4)
        name = chance.pick(lists()[f"general studies {before}"])
        items.append(_study(chance, person, jobs, now_month, name, before, (school_end, False, True)))
    return tuple(items)


def _main_study(chance: Chance, person: Persona) -> tuple[str, str]:
    fitting = [study for study in person.trade.studies if study[1] == person.level]
    if fitting and chance.maybe(0.85):
        return chance.pick(fitting)
    lower = [study for study in person.trade.studies if RANK["mbo-1"] <= RANK[study[1]] < RANK[person.level]]
    if lower and person.level.startswith("mbo") and chance.maybe(0.7):
        return max(lower, key=lambda study: RANK[study[1]])
    return chance.pick(lists()[f"general studies {person.level}"]), person.level


def _study(
    chance: Chance,
    person: Persona,
    jobs: list[Job],
    now_month: int,
    title: str,
    level: str,
    outcome: tuple[int, bool, bool | None],
) -> Education:
    ended, studying, diploma = outcome
    abroad = ended > (person.arrived_years_ago or 99) * 12
    words: dict[str, str] = job_words(chance, person.trade, title)
    if RANK[level] >= RANK["mbo-4"]:
        words["higher"] = ""
    if jobs and jobs[-1].employer and not abroad:
        words |= {"employer": jobs[-1].employer, "title": jobs[-1].title.text}
    if abroad:
        words["in_country"] = ("op " if person.origin == "cw" else "in ") + countries()[person.origin][0]
    kind = "study abroad" if abroad else "study unfinished" if diploma is False else "study description"
    description = fill(chance, sentences(kind), words)
    practical = abroad or RANK[level] >= RANK["mbo-1"]
    length = 12 if level == "mbo-1" else 24 if level in ("mbo-2", "wo") else 36
    return Education(
        title="Middelbare school" if abroad and level in ("vmbo", "havo", "vwo") else title,
        institution=None if abroad else _school(chance, level),
        place=chance.pick(countries()[person.origin][1]) if abroad else _place(chance, person),
        start=month(person, now_month, ended + length) if chance.maybe(0.8) else None,
        end=None if studying else month(person, now_month, ended),
        current=studying,
        level=level,
        diploma=diploma,
        description=capitalise(description) if description and chance.maybe(0.25) and practical else None,
    )


def _school(chance: Chance, level: str) -> str | None:
    kind = "mbo" if level.startswith("mbo") else "havo" if level == "vwo" else level
    return chance.pick(lists()[f"schools {kind}"]) if chance.maybe(0.85) else None


def write_courses(person: Persona, certificates: tuple[str, ...], now_month: int) -> tuple[Course, ...]:
    """Courses of the trade and those that brought the certificates; four of ten people name some."""
    chance = person.chance("courses")
    titles: Mapping[str, str] = table("certificate courses")
    found = [(titles[code], True) for code in certificates if code in titles and chance.maybe(0.4)]
    if chance.maybe(0.35):
        found += [(title, False) for title in chance.some(person.trade.courses, chance.between(1, 2))]
    if chance.maybe(0.12):
        found.append((chance.pick(lists()["general courses"]), False))
    return tuple(
        Course(
            title=title,
            institution=chance.pick(lists()["trainers"]) if chance.maybe(0.7) else None,
            place=_place(chance, person) if chance.maybe(0.6) else None,
            start=month(person, now_month, chance.low(1, max(12, min(120, person.working_years * 12))))
            if chance.maybe(0.8)
            else None,
            certificate=True if certain else (chance.maybe(0.7) if chance.maybe(0.8) else None),
        )
        for title, certain in dict(found).items()
    )
