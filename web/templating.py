"""What every template may call: the menu, addresses of static files with their version, and the formats."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

from flask import Flask, request, url_for
from flask_login import current_user

from web import formatting
from web.menu import menu_items
from web.texts import translate, translate_number

STATIC = Path(__file__).parent / "static"


@cache
def _version(name: str) -> str:
    return hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:10]


def static(name: str) -> str:
    """The address of a static file; it changes with the content, so that browsers may keep it."""
    return url_for("static", filename=name, v=_version(name))


def here() -> str:
    """The address of this page with its parameters; the start for a page that was posted to."""
    return request.full_path.rstrip("?") if request.method == "GET" else "/"


def install_templating(app: Flask) -> None:
    """Attach the globals and filters."""
    app.jinja_env.globals.update(current_user=current_user, static=static, here=here, menu_items=menu_items)
    app.jinja_env.install_gettext_callables(translate, translate_number, newstyle=True)  # type: ignore[attr-defined]
    app.jinja_env.filters.update(
        initials=formatting.initials,
        number=formatting.format_number,
        day=formatting.format_date,
    )
