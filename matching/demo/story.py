"""What the made-up people write about themselves: introduction, one-liner, 'over mij' and hobbies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from matching.demo.careers import Job, job_words
from matching.demo.chance import Chance
from matching.demo.material import countries, lists, sentences, table
from matching.demo.persona import Persona
from matching.demo.wording import capitalise, fill, first_capital, mistype, pick_sentence

TEXT_TYPO = 0.06
#: Words that one text says once at most.
ONCE = frozenset({"title2", "task", "employer", "years", "wish", "field", "age", "name", "hours", "hobby", "country"})


@dataclass(frozen=True)
class Wishes:
    """What the texts need to know of the rest of the profile, so that they don't contradict it."""

    functions: tuple[str, ...]
    hours_min: int | None
    hours_max: int | None
    days: tuple[str, ...]
    day_parts: tuple[str, ...]
    has_car: bool


@dataclass(frozen=True)
class Story:
    """The free texts of one profile."""

    intro: str | None
    one_liner: str | None
    about: str | None
    hobbies: str | None


def write_story(person: Persona, jobs: list[Job], wishes: Wishes) -> Story:
    """The free texts, each missing at its own rate; nothing is claimed that the jobs and wishes don't hold."""
    chance = person.chance("story")
    words = _words(chance, person, jobs, wishes)
    intro = _intro(chance, person, words) if chance.maybe(0.74) else None
    one_liner = fill(chance, sentences("one-liner"), words) if chance.maybe(0.75) else None
    about = _about(chance, person, jobs, words) if chance.maybe(0.77) else None
    hobbies = fill(chance, sentences("hobbies"), words) if chance.maybe(0.55) else None
    return Story(*(_finish(chance, text) for text in (intro, one_liner, about, hobbies)))


def _finish(chance: Chance, text: str | None) -> str | None:
    if text is None:
        return None
    text = capitalise(text)
    return mistype(chance, text) if chance.maybe(TEXT_TYPO) else text


def _words(chance: Chance, person: Persona, jobs: list[Job], wishes: Wishes) -> dict[str, str]:
    hobby, hobby2, hobby3 = chance.some(lists()["hobbies"], 3)
    words = {
        "name": person.given,
        "town": person.town,
        "age": str(person.age),
        "field": table("field phrases")[person.trade.field],
        "hobby": hobby,
        "hobby2": hobby2,
        "hobby3": hobby3,
    }
    own = [job for job in jobs if job.trade.key == person.trade.key]
    known_for = own[0].title.text if own else (*wishes.functions, "")[0]
    words |= {key: text for key, text in job_words(chance, person.trade, known_for).items() if key != "number"}
    if own:
        words["title"] = _inside(own[0].title.text)
        words["Title"] = first_capital(own[0].title.text)
        years = round(sum(job.began - job.left for job in own) / 12)
        if years >= 2:
            words["years"] = str(years)
        if own[0].employer:
            words["employer"] = own[0].employer
        earlier = [job.title.text for job in jobs if job.title.text != own[0].title.text]
        if earlier:
            words["title2"] = _inside(earlier[-1])
    for key, wish in zip(("wish", "wish2"), wishes.functions, strict=False):
        words[key] = _inside(wish)
    others = [_inside(wish) for wish in wishes.functions if _inside(wish) != words.get("title")]
    if others:
        words["other_wish"] = others[0]
    if wishes.hours_min is not None and wishes.hours_max is not None and wishes.hours_max > 0:
        low, high = wishes.hours_min, wishes.hours_max
        words["hours"] = str(high) if low in (0, high) else f"{low} tot {high}"
    if person.arrived_years_ago is not None:
        words["country"] = countries()[person.origin][0]
        words["in_country"] = f"{'op' if person.origin == 'cw' else 'in'} {words['country']}"
    return words | _conditions(person, wishes)


def _inside(title: str) -> str:
    """A title inside a sentence: no capital, unless it starts with an abbreviation."""
    return title if title[:2].isupper() else title[:1].lower() + title[1:]


def _conditions(person: Persona, wishes: Wishes) -> dict[str, str]:
    """Empty words that are known only where a sentence holds, such as 'no_night'."""
    work = set(person.trade.work)
    holds = {
        "hands": bool(work & {"aanpakken", "vervoeren"}),
        "maker": "maken" in work and person.trade.field in ("techniek", "bouw", "productie"),
        "seller": "verkopen" in work,
        "carer": person.trade.field in ("zorg", "welzijn", "onderwijs-kinderopvang"),
        "outdoor": person.trade.field in ("groen", "bouw") or person.trade.key in ("afval", "verkeer", "post"),
        "desk": person.trade.field in ("administratie", "financieel", "ict", "personeel-beleid", "overheid"),
        "young": person.young,
        "parent": person.age >= 28,
        "no_night": "nacht" not in wishes.day_parts,
        "irregular": not wishes.day_parts or "avond" in wishes.day_parts,
        "weekend": not wishes.days or "zaterdag" in wishes.days,
        "no_car": not wishes.has_car,
    }
    return {key: "" for key, true in holds.items() if true}


def _intro(chance: Chance, person: Persona, words: Mapping[str, str]) -> str | None:
    experienced = "title" in words and chance.maybe(0.75)
    return fill(chance, sentences("intro experienced" if experienced else "intro general"), words)


def _about(chance: Chance, person: Persona, jobs: list[Job], words: Mapping[str, str]) -> str:
    """Two to nine sentences in the order people tell it: who I am, what I did, what I'm good at, what I want."""
    openings = ["opening"]
    if person.arrived_years_ago is not None:
        openings = ["opening abroad", "opening abroad", "opening"]
    elif person.young and len(jobs) < 3:
        openings = ["opening young", "opening"]
    elif person.age > 52:
        openings = ["opening older", "opening"]
    plan = [chance.pick(openings)]
    plan += ["experience" if "title" in words else "learning"] * chance.between(0, 3)
    plan += ["strength"] * chance.between(0, 2)
    plan += ["wish"] * chance.between(0 if len(plan) > 2 else 1, 2)
    plan += ["closing"] if chance.maybe(0.4) else []
    told: list[str] = []
    texts: list[str] = []
    used: set[str] = set()
    for part in plan:
        options = [sentence for sentence in sentences(part) if not used & sentence.needs]
        chosen = pick_sentence(chance, options, words)
        if chosen and chosen.text not in texts:
            texts.append(chosen.text)
            told.append(chosen.text.format_map(words))
            used |= chosen.needs & ONCE
    return " ".join(told)
