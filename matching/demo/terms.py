"""The coded parts of the made-up profiles: hours, days, languages, licences, papers, target groups and the like."""

from __future__ import annotations

from matching.candidates.profile import Function, Language
from matching.demo.careers import Job, draw_title, written_title
from matching.demo.chance import Chance, Weighted
from matching.demo.material import RANK, trades
from matching.demo.persona import Persona

HOURS = Weighted(
    [
        ((32, 40), 24.0),
        ((24, 32), 19.0),
        ((36, 40), 8.0),
        ((16, 24), 14.0),
        ((20, 32), 8.0),
        ((0, 16), 5.0),
        ((8, 16), 5.0),
        ((12, 20), 4.0),
        ((24, 40), 8.0),
        ((40, 40), 4.0),
        ((None, 24), 2.0),
        ((32, None), 2.5),
        ((None, 16), 1.0),
        ((16, None), 1.0),
    ]
)
DAYS = ("maandag", "dinsdag", "woensdag", "donderdag", "vrijdag", "zaterdag", "zondag")
DAY_PATTERNS = Weighted(
    [
        (DAYS[:5], 46.0),
        (DAYS, 15.0),
        (DAYS[:6], 8.0),
        (DAYS[:4], 7.0),
        (DAYS[1:5], 3.0),
        (DAYS[5:], 3.0),
        (("maandag", "dinsdag", "donderdag"), 6.0),
        (("maandag", "dinsdag", "donderdag", "vrijdag"), 5.0),
        (("maandag", "woensdag", "vrijdag"), 4.0),
        (("dinsdag", "donderdag"), 3.0),
    ]
)
DAY_PARTS = Weighted(
    [
        (("ochtend", "middag"), 50.0),
        (("ochtend", "middag", "avond"), 18.0),
        (("ochtend",), 10.0),
        (("ochtend", "middag", "avond", "nacht"), 10.0),
        (("middag", "avond"), 5.0),
        (("avond", "nacht"), 2.0),
        (("middag",), 3.0),
        (("middag", "avond", "nacht"), 2.0),
    ]
)
HOME_LANGUAGES = {
    "tr": ("tr",),
    "ma": ("ary", "ber", "ar"),
    "sr": ("srn", "hns"),
    "cw": ("pap",),
    "pl": ("pl",),
    "ua": ("uk",),
    "er": ("ti",),
    "sy": ("ar",),
    "cv": ("kea", "pt"),
    "so": ("so",),
    "ir": ("fa", "prs"),
    "bg": ("bg", "ro"),
    "zh": ("zh", "yue", "vi"),
    "es": ("es", "pt"),
}
SECOND_LANGUAGES = {"ua": "ru", "sy": "ku", "er": "am", "cw": "es", "cv": "pt", "ma": "fr", "pl": "de", "ir": "ps"}
BODY = {
    "aanpakken": ("staan", "lopen", "tillen", "bukken", "duwen-en-trekken", "traplopen", "dragen", "buiten-werken"),
    "vervoeren": ("zitten", "autorijden", "tillen", "lopen", "wisselende-diensten", "warmte-en-kou"),
    "maken": ("staan", "fijne-handbewegingen", "reiken", "knielen", "lawaai", "klimmen", "nauwkeurig-werken"),
    "helpen": ("lopen", "staan", "contact-met-klanten", "omgaan-met-emoties", "zitten", "afwisselend-zitten-en-staan"),
    "verkopen": ("contact-met-klanten", "staan", "rekenen", "omgaan-met-drukte", "beeldschermwerk"),
}
MIND: tuple[str, ...] = (
    "concentreren",
    "samenwerken",
    "zelfstandig-werken",
    "instructies-opvolgen",
    "onthouden",
    "meerdere-taken",
)
MIND += ("omgaan-met-veranderingen", "omgaan-met-tijdsdruk", "lezen-en-schrijven", "plannen", "verantwoordelijkheid")
OTHER_PAPERS = (("bhv", 0.05), ("ehbo", 0.035), ("vog", 0.06), ("microsoft-office", 0.02))
TARGETS = (
    ("banenafspraak", 0.11),
    ("praktijkroute", 0.025),
    ("beschut-werk", 0.015),
    ("participatiewet", 0.2),
    ("ww", 0.1),
    ("wia-wga", 0.015),
    ("nugger", 0.03),
    ("alleenstaande-ouder", 0.02),
    ("langdurig-werkloos", 0.05),
    ("ex-gedetineerde", 0.008),
    ("van-werk-naar-werk", 0.03),
    ("werkervaringsplek", 0.04),
)
#: Target groups of the learning and working showcase, of which a person has one at most.
LEARNING = (("bbl", 0.45), ("leerwerkplek", 0.3), ("bol-stage", 0.08))


def draw_hours(person: Persona) -> tuple[int | None, int | None]:
    """Hours a week, lowest and highest; one in ten profiles has none, thin ones included, some give one end."""
    chance = person.chance("hours")
    return (None, None) if chance.maybe(0.05) else chance.draw(HOURS)


def draw_times(person: Persona) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Days and day parts; in a quarter of the profiles, thin ones included, none."""
    chance = person.chance("times")
    if chance.maybe(0.18):
        return (), ()
    return chance.draw(DAY_PATTERNS), chance.draw(DAY_PARTS) if chance.maybe(0.92) else ()


def draw_functions(person: Persona, jobs: list[Job]) -> tuple[tuple[Function, ...], tuple[str, ...], tuple[str, ...]]:
    """Wanted functions with their titles, and fields of work; mostly the own trade, then the trades beside it."""
    chance = person.chance("functions")
    by_key, _ = trades()
    titles = [job.title for job in jobs[:2] if chance.maybe(0.7)]
    for _ in range(1 + chance.low(0, 4)):
        near = by_key[chance.pick(person.trade.near)]
        trade = person.trade if chance.maybe(0.62) else person.second if chance.maybe(0.6) else near
        titles.append(draw_title(chance, person, trade, person.working_years))
    unique = list({title.text: title for title in titles}.values())
    functions = []
    known: set[str | None] = set()
    for title in unique:
        way = chance.unit()
        text = written_title(chance, person, title)
        code = title.code if way < 0.72 and title.code not in known else None
        known.add(code)
        functions.append(Function(occupation=code, title=None if code and way < 0.46 else text))
    fields = [person.trade.field, person.second.field, by_key[chance.pick(person.second.near)].field]
    fields = list(dict.fromkeys(fields[: chance.between(1, 3)]))
    return (
        tuple(functions) if chance.maybe(0.9) else (),
        tuple(title.text for title in unique),
        tuple(fields) if chance.maybe(0.8) else (),
    )


def draw_work_types(person: Persona) -> tuple[str, ...]:
    """One to three work types, those of the trade first."""
    chance = person.chance("work types")
    if chance.maybe(0.1):
        return ()
    found = list(person.trade.work)
    if chance.maybe(0.3):
        found.append(chance.pick(("aanpakken", "helpen", "maken", "verkopen", "vervoeren")))
    return tuple(dict.fromkeys(found))


def draw_languages(person: Persona) -> tuple[Language, ...]:
    """Dutch at a believable level, the language of home, and what school or travel brought."""
    chance = person.chance("languages")
    if chance.maybe(0.07):
        return ()
    arrived = person.arrived_years_ago
    home = HOME_LANGUAGES.get(person.origin, ())
    settled = 0.9 if person.origin in ("sr", "cw") or RANK[person.level] >= RANK["mbo-4"] else 0.4
    if not home or (arrived is None and chance.maybe(settled)):
        dutch = "moedertaal"
    elif arrived is None:
        dutch = "goed" if chance.maybe(0.8) else "redelijk"
    else:
        dutch = "goed" if arrived > 7 and chance.maybe(0.5) else "redelijk" if arrived > 2 else "matig"
    found = [Language(language="nl", level=dutch if chance.maybe(0.94) else None)]
    if home and (arrived is not None or chance.maybe(0.8)):
        level = "moedertaal" if arrived is not None or chance.maybe(0.6) else "goed"
        found.append(Language(language=home[0] if chance.maybe(0.6) else chance.pick(home), level=level))
    second = SECOND_LANGUAGES.get(person.origin)
    if second and chance.maybe(0.3):
        found.append(Language(language=second, level=chance.pick(("goed", "redelijk"))))
    rank = RANK[person.level]
    if chance.maybe(0.25 + rank * 0.06):
        level = "goed" if rank >= RANK["hbo"] or chance.maybe(0.3) else chance.pick(("redelijk", "redelijk", "matig"))
        found.append(Language(language="en", level=level))
    known = {language.language for language in found}
    for code, share in (("de", 0.03 + rank * 0.015), ("fr", 0.01 + rank * 0.008)):
        if code not in known and chance.maybe(share):
            found.append(Language(language=code, level=chance.pick(("redelijk", "matig"))))
    return tuple(found)


def draw_licences(person: Persona) -> tuple[str, ...]:
    """Licences by age and trade; who holds C or CE often leaves B out, as people do."""
    chance = person.chance("licences")
    if person.age < 17:
        return ()
    found = set(chance.each(person.trade.licences)) if person.age >= 19 or person.trade.licences == () else set()
    share = 0.32 if person.age < 22 else 0.56 if person.arrived_years_ago is None else 0.3
    if person.age >= 18 and chance.maybe(share):
        found.add("B")
    if "CE" in found and chance.maybe(0.6):
        found.add("C")
    if found & {"C", "CE", "D"}:
        found.discard("B") if chance.maybe(0.4) else found.add("B")
    if "B" in found and person.age > 24:
        found |= set(chance.each((("BE", 0.05), ("A", 0.06))))
    if not found and chance.maybe(0.12):
        found.add("AM")
    return tuple(code for code in ("AM", "A", "B", "BE", "C1", "C", "CE", "D1", "D", "T") if code in found)


def draw_transport(person: Persona, licences: tuple[str, ...]) -> tuple[str, ...]:
    """Means of transport; a fifth of the profiles, thin ones included, has none."""
    chance = person.chance("transport")
    if chance.maybe(0.12):
        return ()
    drives = bool(set(licences) & {"B", "BE", "C", "CE", "D"})
    shares = [("auto", 0.62 if drives else 0.0), ("bestelauto", 0.03 if drives else 0.0)]
    shares += [("motor", 0.5 if "A" in licences else 0.0), ("scooter", 0.4 if "AM" in licences else 0.05)]
    shares += [("e-bike", 0.13), ("fiets", 0.56), ("openbaar-vervoer", 0.48), ("meerijden", 0.03)]
    shares += [("aangepast-vervoer", 0.008), ("bakfiets", 0.01), ("lopend", 0.05)]
    return tuple(chance.each(shares)) or ("openbaar-vervoer",)


def draw_certificates(person: Persona, jobs: list[Job]) -> tuple[str, ...]:
    """Papers that belong to the trades someone worked in, seldom others."""
    chance = person.chance("certificates")
    worked = {job.trade.key for job in jobs}
    factor = 1.0 if person.trade.key in worked else 0.35
    found = chance.each((code, share * factor) for code, share in person.trade.certificates)
    if person.second.key in worked:
        found += chance.each((code, share * 0.5) for code, share in person.second.certificates)
    found += chance.each(OTHER_PAPERS)
    if person.arrived_years_ago is not None and person.arrived_years_ago > 2 and chance.maybe(0.25):
        found.append("inburgering")
    return () if chance.maybe(0.08) else tuple(dict.fromkeys(found))


def draw_capabilities(person: Persona) -> tuple[str, ...]:
    """What the person can take, physical and mental, by the kind of work wanted; a third leaves it out."""
    chance = person.chance("capabilities")
    if chance.maybe(0.34):
        return ()
    body = [code for work in person.trade.work for code in BODY[work]]
    found = chance.some(list(dict.fromkeys(body)), chance.between(1, 5)) + chance.some(MIND, chance.between(0, 4))
    return tuple(found)


def draw_targets(person: Persona) -> tuple[str, ...]:
    """Target groups by age, origin and chance; four of ten people have none."""
    chance = person.chance("targets")
    found: list[str] = []
    if "leerwerkbanen" in person.showcases:
        found += chance.each(LEARNING)[:1]
    if person.age < 24 and chance.maybe(0.04):
        found.append("wajong")
    found += _origin_targets(chance, person)
    drawn = chance.each(TARGETS)
    found += drawn[:2]
    if "banenafspraak" in found and chance.maybe(0.35):
        found.append("loonkostensubsidie")
    if person.young and chance.maybe(0.25):
        found.append("jongere")
    if RANK[person.level] <= RANK["mbo-1"] and person.age < 24 and chance.maybe(0.3):
        found.append("jongere-zonder-startkwalificatie")
    if person.age >= 50 and chance.maybe(0.3):
        found.append("50-plus")
    return tuple(dict.fromkeys(found))


def _origin_targets(chance: Chance, person: Persona) -> list[str]:
    if person.arrived_years_ago is None:
        return []
    if person.origin == "ua":
        return ["oekraine"] if chance.maybe(0.8) else []
    return ["statushouder"] if person.origin in ("sy", "er", "ir", "so") and chance.maybe(0.7) else []
