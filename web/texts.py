"""gettext for code and templates: as Flask-Babel's, but finds the catalogue once per request, not once per text."""

from __future__ import annotations

from typing import Any, Protocol, cast

from flask import g
from flask_babel import get_translations


class Catalogue(Protocol):
    """What both a real and an empty catalogue can do."""

    def gettext(self, message: str) -> str: ...
    def ngettext(self, singular: str, plural: str, n: int) -> str: ...


def _catalogue() -> Catalogue:
    found = g.get("catalogue")
    if found is None:
        found = g.catalogue = get_translations()
    return cast(Catalogue, found)


def translate(message: str) -> str:
    """The text in the language of this request, placeholders left as they are; for templates."""
    return _catalogue().gettext(message)


def translate_number(singular: str, plural: str, n: int) -> str:
    """The form for `n` in the language of this request, placeholders left as they are; for templates."""
    return _catalogue().ngettext(singular, plural, n)


def gettext(message: str, **variables: Any) -> str:
    """The text in the language of this request, with its placeholders filled."""
    text = _catalogue().gettext(message)
    return text % variables if variables else text


def ngettext(singular: str, plural: str, num: int, **variables: Any) -> str:
    """The form for `num` in the language of this request; `num` itself is a placeholder too."""
    return _catalogue().ngettext(singular, plural, num) % {"num": num, **variables}
