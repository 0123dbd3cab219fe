"""The language of the interface: Dutch, or English by choice, kept in a cookie (GEN-03)."""

from __future__ import annotations

from flask import Blueprint, Flask, Response, abort, current_app, g, make_response, redirect, request
from flask.typing import ResponseReturnValue
from flask_babel import Babel

from web.guard import allows
from web.safe_redirect import local_target

blueprint = Blueprint("language", __name__)

LANGUAGES = {"nl": "Nederlands", "en": "English"}
COOKIE_SECONDS = 365 * 24 * 3600


def chosen_language() -> str:
    """The language of this request: the cookie's, else Dutch; read once per request, since every number asks for it."""
    found: str | None = g.get("language")
    if found is None:
        chosen = request.cookies.get(_cookie(), "nl")
        found = g.language = chosen if chosen in LANGUAGES else "nl"
    return found


def has_chosen() -> bool:
    """Whether this browser keeps a language."""
    return _cookie() in request.cookies


def install_language(app: Flask) -> None:
    """Attach Flask-Babel; the message ids are Dutch, so Dutch needs no catalogue."""
    app.config.update(BABEL_DEFAULT_LOCALE="nl", BABEL_DEFAULT_TIMEZONE="Europe/Amsterdam")
    app.config["BABEL_TRANSLATION_DIRECTORIES"] = "translations"
    Babel(app, locale_selector=chosen_language)
    app.jinja_env.globals.update(LANGUAGES=LANGUAGES, chosen_language=chosen_language)


@blueprint.post("/taal/<code>")
@allows("language.choose")
def choose(code: str) -> ResponseReturnValue:
    """Keep the chosen language and go back to the page it was chosen on."""
    if code not in LANGUAGES:
        abort(404)
    answer = make_response(redirect(local_target(request.form.get("next"))))
    keep_language(answer, code)
    return answer


def keep_language(answer: Response, code: str) -> None:
    """Have the browser keep this language of LANGUAGES."""
    answer.set_cookie(
        _cookie(),
        code,
        max_age=COOKIE_SECONDS,
        httponly=True,
        samesite="Lax",
        secure=current_app.config["SESSION_COOKIE_SECURE"],
    )


def _cookie() -> str:
    # Behind HTTPS no other host of the domain can set it (ASVS 5, 3.3.3).
    return "__Host-taal" if current_app.config["SESSION_COOKIE_SECURE"] else "taal"
