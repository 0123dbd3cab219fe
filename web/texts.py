"""gettext for code and templates: as Flask-Babel's, but finds the catalogue once per request, not once per text."""

from __future__ import annotations

from typing import Any, Protocol

from flask import g
from flask_babel import get_translations
from markupsafe import Markup


class Catalogue(Protocol):
    """What both a real and an empty catalogue can do."""

    def gettext(self, message: str) -> str: ...
    def ngettext(self, singular: str, plural: str, n: int) -> str: ...


def _catalogue() -> Catalogue:
    # The object behind `g` itself: a page asks hundreds of texts, and each step through the proxy takes as long as one.
    own = g._get_current_object()
    found: Catalogue | None = own.get("catalogue")
    if found is None:
        found = own.catalogue = get_translations()
    return found


def translate(message: str, **variables: Any) -> Markup:
    """As `gettext`, for templates: the text is trusted as HTML, what fills its placeholders is not."""
    text = Markup(_catalogue().gettext(message))  # noqa: S704 - texts are ours
    return text % variables if variables else text


def translate_number(singular: str, plural: str, num: int, **variables: Any) -> Markup:
    """As `ngettext`, for templates."""
    return Markup(_catalogue().ngettext(singular, plural, num)) % {"num": num, **variables}  # noqa: S704 - as above


def gettext(message: str, **variables: Any) -> str:
    """The text in the language of this request, with its placeholders filled."""
    text = _catalogue().gettext(message)
    return text % variables if variables else text


def ngettext(singular: str, plural: str, num: int, **variables: Any) -> str:
    """The form for `num` in the language of this request; `num` itself is a placeholder too."""
    return _catalogue().ngettext(singular, plural, num) % {"num": num, **variables}
