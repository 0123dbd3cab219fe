"""The made-up job seekers of the demo: the same 20,000 people on every machine, dates aside."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from matching.candidates.profile import CandidateProfile, Home
from matching.demo.careers import draw_jobs, write_courses, write_education, write_jobs
from matching.demo.material import lists
from matching.demo.media import draw_media
from matching.demo.persona import Persona, draw_persona
from matching.demo.story import Wishes, write_story
from matching.demo.terms import (
    draw_capabilities,
    draw_certificates,
    draw_functions,
    draw_hours,
    draw_languages,
    draw_licences,
    draw_targets,
    draw_times,
    draw_transport,
    draw_work_types,
)

SEED = "hallowerk-demo-1"
#: Parts that a thin profile keeps, each with this share, beside name, home and showcases.
KEPT_WHEN_THIN = {"functions": 0.5, "level": 0.5, "hours_min": 0.3, "languages": 0.2, "contact": 0.3}
THIN_KEEPS_ALWAYS = {"external_id", "name", "showcases", "updated_at", "home", "phone", "email", "birth_date"}


def today() -> datetime:
    """The start of this day (UTC): the usual reference moment of the demo's dates."""
    return datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def generate(count: int, seed: str = SEED, now: datetime | None = None, first: int = 1) -> Iterator[CandidateProfile]:
    """`count` people from number `first` on, with external ids from 'demo-00001'; dates are relative to `now`.

    `now` is the start of today by default. Each person follows from `seed` and the own number alone: the first
    people are the same for any count.
    """
    moment = now or today()
    for index in range(first, first + count):
        yield write_profile(draw_persona(seed, index), moment)


def write_profile(person: Persona, now: datetime) -> CandidateProfile:
    """The profile of one person, with parts left out as people leave them out."""
    chance = person.chance("profile")
    now_month = now.year * 12 + now.month - 1
    jobs = draw_jobs(person)
    hours_min, hours_max = draw_hours(person)
    days, day_parts = draw_times(person)
    licences = draw_licences(person)
    transport = draw_transport(person, licences)
    certificates = draw_certificates(person, jobs)
    functions, wishes, fields = draw_functions(person, jobs)
    story = write_story(person, jobs, Wishes(wishes, hours_min, hours_max, days, day_parts, "auto" in transport))
    portrait, photos, videos, links, documents = draw_media(person)
    profile = CandidateProfile(
        external_id=f"demo-{person.index:05d}",
        name=person.name,
        showcases=person.showcases,
        updated_at=now - timedelta(minutes=person.updated_minutes_ago),
        intro=story.intro,
        one_liner=story.one_liner,
        about=story.about,
        hobbies=story.hobbies,
        home=_home(person) if chance.maybe(0.98) else None,
        level=person.level if chance.maybe(0.97) else None,
        hours_min=hours_min,
        hours_max=hours_max,
        work_types=draw_work_types(person),
        target_groups=draw_targets(person),
        fields=fields,
        functions=functions,
        languages=draw_languages(person),
        licences=licences,
        transport=transport,
        certificates=certificates,
        days=days,
        day_parts=day_parts,
        capabilities=draw_capabilities(person),
        contact=("direct" if chance.maybe(0.62) else "accountmanager") if chance.maybe(0.95) else None,
        phone=f"06-000{person.index:05d}" if chance.maybe(0.9) else None,
        email=_email(person) if chance.maybe(0.88) else None,
        address=_address(person) if chance.maybe(0.8) else None,
        birth_date=person.birth_date(now.date()),
        experience=write_jobs(person, jobs, now_month) if chance.maybe(0.98) else (),
        education=write_education(person, jobs, now_month) if chance.maybe(0.85) else (),
        courses=write_courses(person, certificates, now_month),
        portrait=portrait,
        photos=photos,
        videos=videos,
        links=links,
        documents=documents,
    )
    return _thinned(person, profile) if person.thin else profile


def _thinned(person: Persona, profile: CandidateProfile) -> CandidateProfile:
    chance = person.chance("thin")
    kept = set(THIN_KEEPS_ALWAYS) | set(chance.each(KEPT_WHEN_THIN.items()))
    if "hours_min" in kept:
        kept.add("hours_max")
    return CandidateProfile(**{name: getattr(profile, name) for name in CandidateProfile.model_fields if name in kept})


def _home(person: Persona) -> Home:
    postcode = person.postcode if person.chance("home").maybe(0.45) else None
    return Home(place=person.town, province=person.province, postcode=postcode)


def _email(person: Persona) -> str:
    """An address under example.org (RFC 2606), which belongs to nobody."""
    written = f"{person.given}.{person.family}".lower().replace("ł", "l").replace("ı", "i")
    folded = unicodedata.normalize("NFKD", written)
    plain = "".join(char for char in folded if char.isascii() and (char.isalnum() or char in ".-"))
    return f"{plain}.{person.index}@example.org"


def _address(person: Persona) -> str:
    chance = person.chance("address")
    street = chance.pick(lists()["streets"]) + chance.pick(lists()["street endings"])
    letters = chance.pick("ABCDEFGHJKLMNPRSTVWXZ") + chance.pick("ABCDEFGHJKLMNPRSTVWXZ")
    return f"{street} {chance.low(1, 180)}, {person.postcode} {letters} {person.town}"
