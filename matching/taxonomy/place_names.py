"""Folding of Dutch place names: spellings of one name come out alike, and a province behind it is told apart."""

from __future__ import annotations

import re

from matching.taxonomy.text import normalise

#: Province -> the ways people and postal lists write it behind a name ('Bergen NH', 'Hengelo (Gld)').
PROVINCES: dict[str, tuple[str, ...]] = {
    "Drenthe": ("dr", "drenthe"),
    "Flevoland": ("fl", "flevoland"),
    "Friesland": ("fr", "frl", "friesland", "fryslan"),
    "Gelderland": ("gld", "ge", "gelderland"),
    "Groningen": ("gn", "gr", "groningen"),
    "Limburg": ("l", "lb", "li", "limburg"),
    "Noord-Brabant": ("nb", "noord brabant", "brabant"),
    "Noord-Holland": ("nh", "noord holland"),
    "Overijssel": ("ov", "overijssel"),
    "Utrecht": ("ut", "utrecht"),
    "Zeeland": ("ze", "zld", "zeeland"),
    "Zuid-Holland": ("zh", "zuid holland"),
}

_PROVINCE_OF = {normalise(written): province for province, ways in PROVINCES.items() for written in ways}
_ON_RIVER = re.compile(r"\b(?:aan den|aan de|aan der|a d|ad)\b")
_SAINT = re.compile(r"\b(?:sint|sinte|st)\b")
_POSTCODE = re.compile(r"\s*([1-9]\d{3})\s*(?:[a-z]{2})?\s*", re.IGNORECASE)


def place_key(text: str) -> str:
    """The form under which a place name is looked up; empty when nothing but separators is left.

    Besides what `normalise` folds: 'aan den', 'aan de' and 'a/d' are one, so are 'Sint' and 'St.', and 'y' is 'ij'.
    """
    key = normalise(text).replace("y", "ij")
    return _SAINT.sub("st", _ON_RIVER.sub("a d", key))


def split_province(text: str) -> tuple[str, str]:
    """The key of the name and the province written behind it: 'Bergen (NH)' -> ('bergen', 'Noord-Holland').

    Without a province behind it the second part is empty. A province alone ('Utrecht') is a name.
    """
    words = normalise(text).split()
    for length in (2, 1):
        if len(words) > length:
            province = _PROVINCE_OF.get(" ".join(words[-length:]))
            if province:
                return place_key(" ".join(words[:-length])), province
    return place_key(text), ""


def postcode_in(text: str) -> str:
    """The four digits when `text` is a Dutch postcode, with or without its letters; else empty."""
    match = _POSTCODE.fullmatch(text)
    return match.group(1) if match else ""
