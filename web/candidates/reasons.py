"""Puts the typed reasons of a result into words: short for the row, a sentence and its source for the profile."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from matching.candidates.parts import PARTS
from matching.search.results import Reason
from web import formatting
from web.labels import category_label, option_label, part_label, term_label
from web.texts import gettext as _
from web.texts import ngettext

#: A sign beside the word, never colour alone (look.md).
SYMBOLS = {"met": "✓", "related": "≈", "partly": "◐", "not_met": "✕", "unknown": "?"}

#: In the row a filter names this many of the options that somebody has.
OPTIONS_IN_ROW = 2

Values = Mapping[str, Any]


@dataclass(frozen=True)
class ReasonView:
    """One reason: `short` for the row, `sentence` and `source` (the part of the profile) for the profile page."""

    sign: str
    symbol: str
    sign_label: str
    short: str
    sentence: str
    source: str


def reason_view(reason: Reason) -> ReasonView:
    """The words for one reason."""
    short, sentence = _WORDS[reason.kind](reason.sign, reason.values)
    return ReasonView(
        sign=reason.sign,
        symbol=SYMBOLS[reason.sign],
        sign_label=_sign_label(reason.sign),
        short=short,
        sentence=sentence[:1].upper() + sentence[1:],
        source=part_label(reason.part).lower() if reason.part in PARTS else "",
    )


def _sign_label(sign: str) -> str:
    match sign:
        case "met":
            return _("voldoet")
        case "related":
            return _("verwant")
        case "partly":
            return _("deels")
        case "not_met":
            return _("voldoet niet")
        case _unknown:
            return _("niet ingevuld")


def _years(years: int) -> str:
    return _("minder dan een jaar") if years < 1 else _("%(n)s jaar", n=years)


def _function(_sign: str, values: Values) -> tuple[str, str]:
    return _("wil dit werk"), _("Wil werken als %(function)s", function=formatting.lower_first(values["label"]))


def _experience(_sign: str, values: Values) -> tuple[str, str]:
    label, years, until = formatting.lower_first(values["label"]), values.get("years"), values.get("until")
    if years is None:
        return _("deed dit werk"), _("Werkte als %(function)s", function=label)
    text = _("%(years)s als %(function)s", years=_years(years), function=label)
    short = _("< 1 jaar ervaring") if years < 1 else _("%(n)s jaar ervaring", n=years)
    if values.get("current"):
        return short, _("%(text)s, tot nu", text=text)
    return short, _("%(text)s, tot %(year)s", text=text, year=until) if until else text


def _related(_sign: str, values: Values) -> tuple[str, str]:
    label, asked = formatting.lower_first(values["label"]), formatting.lower_first(values["asked"])
    if values.get("wanted"):
        sentence = _("Wil werken als %(function)s, verwant aan %(asked)s", function=label, asked=asked)
    else:
        sentence = _("Werkte als %(function)s, verwant aan %(asked)s", function=label, asked=asked)
    return label, sentence


def _word(sign: str, values: Values) -> tuple[str, str]:
    word, part = values["word"], values.get("part")
    if sign == "met" and part in PARTS:
        where = _("“%(word)s” staat bij %(part)s", word=word, part=part_label(part).lower())
    elif sign == "met":
        where = _("“%(word)s” staat in het profiel", word=word)
    else:
        where = _("“%(word)s” staat niet in het profiel", word=word)
    return f"“{word}”", where


def _level(sign: str, values: Values) -> tuple[str, str]:
    asked = term_label("level", values["code"])
    if not values.get("has"):
        return _("niveau"), _("Niveau niet ingevuld, gevraagd %(asked)s", asked=asked)
    has, steps = term_label("level", values["has"]), values.get("steps") or 0
    if sign == "met" and steps == 0:
        return has, has if has == asked else _("%(has)s, gelijk aan %(asked)s", has=has, asked=asked)
    if steps < 0:
        lower = ngettext("%(num)s niveau lager", "%(num)s niveaus lager", -steps)
        return has, _("%(has)s, gevraagd %(asked)s: %(lower)s", has=has, asked=asked, lower=lower)
    return has, _("%(has)s, gevraagd %(asked)s", has=has, asked=asked)


def _language(sign: str, values: Values) -> tuple[str, str]:
    language = term_label("language", values["code"])
    if sign == "unknown":
        return language, _("%(language)s: talen niet ingevuld", language=language)
    if sign == "not_met":
        return language, _("%(language)s niet genoemd bij de talen", language=language)
    grade = values.get("grade")
    spoken = (
        _("%(language)s (%(grade)s)", language=language, grade=term_label("language_level", grade).lower())
        if grade
        else language
    )
    return language, _("Spreekt %(language)s", language=spoken)


def _licence(sign: str, values: Values) -> tuple[str, str]:
    code, via = values["code"], values.get("via")
    short = _("rijbewijs %(code)s", code=code)
    if sign == "unknown":
        return short, _("Rijbewijzen niet ingevuld, gevraagd %(code)s", code=code)
    if sign == "not_met":
        return short, _("Geen rijbewijs %(code)s", code=code)
    if via and via != code:
        return short, _("Rijbewijs %(via)s, daarmee ook %(code)s", via=via, code=code)
    return short, _("Rijbewijs %(code)s", code=code)


def _working_time(sign: str, values: Values) -> tuple[str, str]:
    asked = term_label("working_time", values["code"])
    hours = formatting.format_hours(values.get("min"), values.get("max"))
    if not hours:
        return formatting.lower_first(asked), _(
            "Uren niet ingevuld, gevraagd %(asked)s", asked=formatting.lower_first(asked)
        )
    return hours, _("%(hours)s, gevraagd %(asked)s", hours=hours, asked=formatting.lower_first(asked))


def _hours(_sign: str, values: Values) -> tuple[str, str]:
    hours = formatting.format_hours(values.get("min"), values.get("max"))
    return (hours, _("%(hours)s per week", hours=hours)) if hours else (_("uren"), _("Uren niet ingevuld"))


def _filter(sign: str, values: Values) -> tuple[str, str]:
    category = values["category"]
    label = category_label(category)
    if sign == "unknown":
        text = _("%(category)s niet ingevuld", category=label)
        return formatting.lower_first(text), text
    if category == "licence":
        short = _("rijbewijs %(code)s", code=", ".join(values["codes"]))
        pairs = zip(values["codes"], values["via"], strict=True)
        return short, "; ".join(_licence("met", {"code": code, "via": via})[1] for code, via in pairs)
    labels = [option_label(category, code) for code in values["codes"]]
    short = ", ".join(labels[:OPTIONS_IN_ROW]) + (" …" if len(labels) > OPTIONS_IN_ROW else "")
    return short, f"{label}: {', '.join(labels)}"


def _distance(_sign: str, values: Values) -> tuple[str, str]:
    km = values.get("km")
    if km is None:
        return _("afstand"), _("Woonplaats niet ingevuld")
    if values["same_town"]:
        return values["centre"], _("Woont in %(place)s", place=values["centre"])
    sentence = _("%(km)s van %(place)s", km=formatting.format_km(km), place=values["centre"])
    return formatting.format_short_km(km), sentence


_WORDS: dict[str, Callable[[str, Values], tuple[str, str]]] = {
    "function": _function,
    "experience": _experience,
    "related": _related,
    "word": _word,
    "level": _level,
    "language": _language,
    "licence": _licence,
    "working_time": _working_time,
    "hours": _hours,
    "filter": _filter,
    "distance": _distance,
}
