"""What every template may call: the menu, addresses of static files with their version, and the formats."""

from __future__ import annotations

import hashlib
from functools import cache, lru_cache
from pathlib import Path

from flask import Flask, get_template_attribute, request, url_for
from flask_login import current_user
from markupsafe import Markup

from matching.accounts.proofs.phones import masked
from web import formatting
from web.menu import menu_items
from web.settings.switching import other_accounts
from web.texts import translate, translate_number

STATIC = Path(__file__).parent / "static"


@cache
def _version(name: str) -> str:
    return hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:10]


def static(name: str) -> str:
    """The address of a static file; it changes with the content, so that browsers may keep it."""
    return _address(name, request.script_root)


@lru_cache(maxsize=256)
def _address(name: str, _root: str) -> str:
    # An address begins with the root that the application is served under, so the root is part of the key.
    return url_for("static", filename=name, v=_version(name))


@lru_cache(maxsize=256)
def icon(name: str, look: str = "") -> Markup:
    """An icon of macros/icons.html with the class names `look`; drawn once per process, as pages hold dozens."""
    return Markup(get_template_attribute("macros/icons.html", "icon")(name, look))  # noqa: S704 - an own macro's


def here() -> str:
    """The address of this page with its parameters; the start for a page that was posted to."""
    return request.full_path.rstrip("?") if request.method == "GET" else "/"


def install_templating(app: Flask) -> None:
    """Attach the globals and filters."""
    app.jinja_env.globals.update(current_user=current_user, static=static, icon=icon, here=here, menu_items=menu_items)
    app.jinja_env.globals.update(other_accounts=other_accounts)
    app.jinja_env.globals.update(_=translate, gettext=translate, ngettext=translate_number)
    app.jinja_env.filters.update(
        initials=formatting.initials,
        masked=masked,
        number=formatting.format_number,
        day=formatting.format_date,
        moment=formatting.format_moment,
        clock=formatting.format_clock,
        duration=formatting.format_duration,
        bytes=formatting.format_bytes,
    )
