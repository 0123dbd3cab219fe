"""Puts the typed reasons of a result into words: a few for the row, a sentence and its source for the profile."""

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
class ShortReason:
    """One reason in a row of the list."""

    sign: str
    symbol: str
    sign_label: str
    text: str


@dataclass(frozen=True)
class ReasonView:
    """One reason on a profile; `source` is the part of the profile that it was read from."""

    sign: str
    symbol: str
    sign_label: str
    sentence: str
    source: str


def short_reason(reason: Reason) -> ShortReason:
    """The few words for one reason: a page of results needs dozens of these, and no sentences."""
    text = _SHORT[reason.kind](reason.sign, reason.values)
    return ShortReason(reason.sign, SYMBOLS[reason.sign], _sign_label(reason.sign), text)


def reason_view(reason: Reason) -> ReasonView:
    """The sentence for one reason."""
    sentence = _SENTENCES[reason.kind](reason.sign, reason.values)
    return ReasonView(
        sign=reason.sign,
        symbol=SYMBOLS[reason.sign],
        sign_label=_sign_label(reason.sign),
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


def _short_experience(_sign: str, values: Values) -> str:
    years = values.get("years")
    if years is None:
        return _("deed dit werk")
    if years < 1:
        return _("< 1 jaar ervaring")
    return ngettext("%(num)s jaar ervaring", "%(num)s jaar ervaring", years)


def _short_level(_sign: str, values: Values) -> str:
    return term_label("level", values["has"]) if values.get("has") else _("niveau")


def _short_working_time(_sign: str, values: Values) -> str:
    hours = formatting.format_hours(values.get("min"), values.get("max"))
    return hours or formatting.lower_first(term_label("working_time", values["code"]))


def _short_filter(sign: str, values: Values) -> str:
    category = values["category"]
    if sign == "unknown":
        return formatting.lower_first(_("%(category)s niet ingevuld", category=category_label(category)))
    if category == "licence":
        return _("rijbewijs %(code)s", code=", ".join(values["codes"]))
    labels = [option_label(category, code) for code in values["codes"][:OPTIONS_IN_ROW]]
    return ", ".join(labels) + (" …" if len(values["codes"]) > OPTIONS_IN_ROW else "")


def _short_distance(_sign: str, values: Values) -> str:
    km = values.get("km")
    if km is None:
        return _("afstand")
    return str(values["centre"]) if values["same_town"] else formatting.format_short_km(km)


_SHORT: dict[str, Callable[[str, Values], str]] = {
    "function": lambda _sign, _values: _("wil dit werk"),
    "experience": _short_experience,
    "related": lambda _sign, values: formatting.lower_first(values["label"]),
    "word": lambda _sign, values: f"“{values['word']}”",
    "level": _short_level,
    "language": lambda _sign, values: term_label("language", values["code"]),
    "licence": lambda _sign, values: _("rijbewijs %(code)s", code=values["code"]),
    "working_time": _short_working_time,
    "hours": lambda _sign, values: formatting.format_hours(values.get("min"), values.get("max")) or _("uren"),
    "filter": _short_filter,
    "distance": _short_distance,
}


def _years(years: int) -> str:
    return _("minder dan een jaar") if years < 1 else _("%(n)s jaar", n=years)


def _function(_sign: str, values: Values) -> str:
    return _("Wil werken als %(function)s", function=formatting.lower_first(values["label"]))


def _experience(_sign: str, values: Values) -> str:
    label, years, until = formatting.lower_first(values["label"]), values.get("years"), values.get("until")
    if years is None:
        return _("Werkte als %(function)s", function=label)
    text = _("%(years)s als %(function)s", years=_years(years), function=label)
    if values.get("current"):
        return _("%(text)s, tot nu", text=text)
    return _("%(text)s, tot %(year)s", text=text, year=until) if until else text


def _related(_sign: str, values: Values) -> str:
    label, asked = formatting.lower_first(values["label"]), formatting.lower_first(values["asked"])
    if values.get("wanted"):
        return _("Wil werken als %(function)s, verwant aan %(asked)s", function=label, asked=asked)
    return _("Werkte als %(function)s, verwant aan %(asked)s", function=label, asked=asked)


def _word(sign: str, values: Values) -> str:
    word, part = values["word"], values.get("part")
    if sign == "met" and part in PARTS:
        return _("“%(word)s” staat bij %(part)s", word=word, part=part_label(part).lower())
    if sign == "met":
        return _("“%(word)s” staat in het profiel", word=word)
    return _("“%(word)s” staat niet in het profiel", word=word)


def _level(sign: str, values: Values) -> str:
    asked = term_label("level", values["code"])
    if not values.get("has"):
        return _("Niveau niet ingevuld, gevraagd %(asked)s", asked=asked)
    has, steps = term_label("level", values["has"]), values.get("steps") or 0
    if sign == "met" and steps == 0:
        return has if has == asked else _("%(has)s, gelijk aan %(asked)s", has=has, asked=asked)
    if steps < 0:
        lower = ngettext("%(num)s niveau lager", "%(num)s niveaus lager", -steps)
        return _("%(has)s, gevraagd %(asked)s: %(lower)s", has=has, asked=asked, lower=lower)
    return _("%(has)s, gevraagd %(asked)s", has=has, asked=asked)


def _language(sign: str, values: Values) -> str:
    language = term_label("language", values["code"])
    if sign == "unknown":
        return _("%(language)s: talen niet ingevuld", language=language)
    if sign == "not_met":
        return _("%(language)s niet genoemd bij de talen", language=language)
    grade = values.get("grade")
    spoken = (
        _("%(language)s (%(grade)s)", language=language, grade=term_label("language_level", grade).lower())
        if grade
        else language
    )
    return _("Spreekt %(language)s", language=spoken)


def _licence(sign: str, values: Values) -> str:
    code, via = values["code"], values.get("via")
    if sign == "unknown":
        return _("Rijbewijzen niet ingevuld, gevraagd %(code)s", code=code)
    if sign == "not_met":
        return _("Geen rijbewijs %(code)s", code=code)
    if via and via != code:
        return _("Rijbewijs %(via)s, daarmee ook %(code)s", via=via, code=code)
    return _("Rijbewijs %(code)s", code=code)


def _working_time(_sign: str, values: Values) -> str:
    asked = formatting.lower_first(term_label("working_time", values["code"]))
    hours = formatting.format_hours(values.get("min"), values.get("max"))
    if not hours:
        return _("Uren niet ingevuld, gevraagd %(asked)s", asked=asked)
    return _("%(hours)s, gevraagd %(asked)s", hours=hours, asked=asked)


def _hours(_sign: str, values: Values) -> str:
    hours = formatting.format_hours(values.get("min"), values.get("max"))
    return _("%(hours)s per week", hours=hours) if hours else _("Uren niet ingevuld")


def _filter(sign: str, values: Values) -> str:
    category = values["category"]
    label = category_label(category)
    if sign == "unknown":
        return _("%(category)s niet ingevuld", category=label)
    if category == "licence":
        pairs = zip(values["codes"], values["via"], strict=True)
        return "; ".join(_licence("met", {"code": code, "via": via}) for code, via in pairs)
    return f"{label}: {', '.join(option_label(category, code) for code in values['codes'])}"


def _distance(_sign: str, values: Values) -> str:
    km = values.get("km")
    if km is None:
        return _("Woonplaats niet ingevuld")
    if values["same_town"]:
        return _("Woont in %(place)s", place=values["centre"])
    return _("%(km)s van %(place)s", km=formatting.format_km(km), place=values["centre"])


_SENTENCES: dict[str, Callable[[str, Values], str]] = {
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
