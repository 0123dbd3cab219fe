"""Holds every request against the policy table; a route without an entry keeps the application from starting."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from typing import Any, TypeVar

import structlog
from flask import Flask, Response, abort, current_app, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from matching.accounts.policy import POLICY, Actor, may
from web.services import services
from web.sessions import signing_in

log = structlog.get_logger()

View = TypeVar("View", bound=Callable[..., Any])


class UndeclaredRoute(Exception):
    """A route names no action of the policy table."""


def allows(action: str) -> Callable[[View], View]:
    """Declare which action of the policy table a view carries out."""
    if action not in POLICY:
        raise UndeclaredRoute(f"{action} is not in the policy table")

    def mark(view: View) -> View:
        view.policy_action = action  # type: ignore[attr-defined]
        return view

    return mark


def current_actor() -> Actor | None:
    """The signed-in actor of this request, or None."""
    return current_user.actor if current_user.is_authenticated else None


def signed_in_actor() -> Actor:
    """The actor of a request that the guard let through; 401 where nobody is signed in."""
    actor = current_actor()
    if actor is None:
        abort(401)
    return actor


def action_of(app: Flask, endpoint: str) -> str | None:
    """The action that an endpoint declares, or None."""
    return getattr(app.view_functions.get(endpoint), "policy_action", None)


def install_guard(app: Flask) -> None:
    """Check that every route is declared, and check each request; call it after the last blueprint."""
    if "static" in app.view_functions:
        app.view_functions["static"] = allows("assets.read")(app.view_functions["static"])
    undeclared = [rule.rule for rule in app.url_map.iter_rules() if action_of(app, rule.endpoint) is None]
    if undeclared:
        raise UndeclaredRoute(f"without an entry in the policy table: {', '.join(sorted(undeclared))}")

    app.before_request(_check)


def _check() -> ResponseReturnValue | None:
    if request.endpoint is None:
        return None  # no such address: the 404 handler speaks
    action = action_of(current_app, request.endpoint)
    if action is None:
        abort(403)
    actor = current_actor()
    showcase = (request.view_args or {}).get("showcase")
    if may(actor, action, showcase, signing_in=signing_in() is not None):
        return None
    if POLICY[action].scope == "token" and "Authorization" in request.headers:
        return None if _shows_token() else Response(status=401, headers={"WWW-Authenticate": "Bearer"})
    if actor is None:
        return _to_sign_in()
    log.warning("not_allowed", action=action, account=actor.account_id)
    # A showcase that may not be opened looks like one that does not exist.
    abort(404 if showcase is not None and may(actor, action) else 403)


def _shows_token() -> bool:
    """Whether this request shows the token of the settings, as a program does (RFC 6750)."""
    wanted, shown = services().settings.metrics_token, request.authorization
    if not wanted or shown is None or shown.type != "bearer":
        return False
    return hmac.compare_digest(wanted.encode(), (shown.token or "").encode())


def _to_sign_in() -> Response:
    target = url_for("accounts.sign_in", next=request.full_path.rstrip("?") if request.method == "GET" else None)
    if request.headers.get("HX-Request"):
        response = Response(status=204)
        response.headers["HX-Redirect"] = url_for("accounts.sign_in")
        return response
    answer = redirect(target)
    assert isinstance(answer, Response)  # noqa: S101 - narrows werkzeug's response type for the checker
    return answer
