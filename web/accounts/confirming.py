"""Asks somebody who is signed in to show once more who it is, before keys are changed (ASVS 5, 7.5.1)."""

from __future__ import annotations

import functools
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, TypeVar, cast
from urllib.parse import urlsplit

from flask import Response, redirect, request, session, url_for

from matching.accounts.sessions import is_confirmed
from web.accounts.arrival import TARGET
from web.guard import current_actor

View = TypeVar("View", bound=Callable[..., Any])


def confirmed(view: View) -> View:
    """Let a view be reached only by who lately showed who it is; others are asked first, and come back after it.

    Somebody in the midst of signing in is let through: what they may is the view's own question. What was posted is not
    kept: the page it came from is shown again. Put it below `allows`.
    """

    @functools.wraps(view)
    def asked(*arguments: Any, **named: Any) -> Any:
        actor = current_actor()
        if actor is None or is_confirmed(actor, datetime.now(UTC)):
            return view(*arguments, **named)
        session[TARGET] = request.full_path.rstrip("?") if request.method == "GET" else _came_from()
        page = url_for("accounts.confirm")
        return (
            Response(status=204, headers={"HX-Redirect": page}) if "HX-Request" in request.headers else redirect(page)
        )

    return cast(View, asked)


def _came_from() -> str:
    """The page with the form that was posted, when it is one of ours."""
    came = urlsplit(request.referrer or "")
    return came.path if came.netloc == request.host else url_for("home")
