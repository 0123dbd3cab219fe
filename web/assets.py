"""Serves the front-end files that come with packages: typeface and htmx; nothing comes from elsewhere."""

from __future__ import annotations

from functools import cache
from importlib.resources import as_file, files
from pathlib import Path

from flask import Blueprint, Response, abort, send_file

from web.guard import allows

blueprint = Blueprint("assets", __name__, url_prefix="/assets")

#: name in addresses -> (package, path in it)
PACKAGE_FILES = {
    "htmx.js": ("js_lib_htmx", "static/htmx/htmx.min.js"),
    "source-sans-regular.ttf": ("font_source_sans_pro", "files/SourceSansPro-Regular.ttf"),
    "source-sans-semibold.ttf": ("font_source_sans_pro", "files/SourceSansPro-Semibold.ttf"),
    "source-sans-bold.ttf": ("font_source_sans_pro", "files/SourceSansPro-Bold.ttf"),
}


@cache
def package_path(name: str) -> Path:
    """The path of a packaged file on this machine."""
    package, path = PACKAGE_FILES[name]
    with as_file(files(package) / path) as found:
        return found


@blueprint.get("/<name>")
@allows("assets.read")
def package_file(name: str) -> Response:
    """Send one packaged file."""
    if name not in PACKAGE_FILES:
        abort(404)
    return send_file(package_path(name), max_age=86_400)
