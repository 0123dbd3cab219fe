"""The cookie by which a browser is known again, with a secret for each person who uses it."""

from __future__ import annotations

from flask import Response, current_app, request

from matching.accounts.known_devices import KNOWN_FOR

#: How many people may use one browser before it is met as new.
MOST_PEOPLE = 5
_SEPARATOR = "."


def known_tokens() -> list[str]:
    """The secrets that this browser brings."""
    return [token for token in request.cookies.get(_name(), "").split(_SEPARATOR)[:MOST_PEOPLE] if token]


def keep_device(answer: Response, token: str) -> None:
    """Have the browser keep this secret, beside those of others who use it."""
    others = [other for other in known_tokens() if other != token]
    answer.set_cookie(
        _name(),
        _SEPARATOR.join([token, *others][:MOST_PEOPLE]),
        max_age=int(KNOWN_FOR.total_seconds()),
        httponly=True,
        samesite="Lax",
        secure=current_app.config["SESSION_COOKIE_SECURE"],
    )


def _name() -> str:
    return "__Host-device" if current_app.config["SESSION_COOKIE_SECURE"] else "device"
