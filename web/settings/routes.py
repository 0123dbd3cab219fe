"""The settings of the own account, and switching to another one (SET-01..04, SET-16..19)."""

from __future__ import annotations

from datetime import UTC, datetime

from flask import Blueprint, abort, redirect, render_template, url_for
from flask.typing import ResponseReturnValue

from matching.accounts import overview as own
from matching.accounts import sessions
from matching.accounts.known_devices import may_be_remembered
from matching.accounts.policy import may
from web.guard import allows, signed_in_actor
from web.services import services
from web.sessions import hold

blueprint = Blueprint("settings", __name__, url_prefix="/instellingen")


@blueprint.get("/")
@allows("settings.open")
def overview() -> ResponseReturnValue:
    """Show the headings of the settings: yourself, security, and for administrators the organisation (SET-04)."""
    actor = signed_in_actor()
    with services().database.read() as reading:
        keys = own.keys(reading, actor.person_id, datetime.now(UTC))
    administers = may(actor, "organisation.secure")
    return render_template("settings/overview.html", actor=actor, keys=keys, administers=administers, back=None)


@blueprint.get("/beveiliging")
@allows("settings.open")
def security() -> ResponseReturnValue:
    """Show the ways of signing in, the extra checks and the browsers, with what can be changed (SET-16..19)."""
    actor, now = signed_in_actor(), datetime.now(UTC)
    with services().database.read() as reading:
        keys = own.keys(reading, actor.person_id, now)
        browsers = own.browsers(reading, actor, now)
        number = own.phone_end(reading, services().vault, actor.person_id)
        rememberable = may_be_remembered(reading, actor.person_id)
    return render_template(
        "settings/security.html",
        keys=keys,
        browsers=browsers,
        number=number,
        rememberable=rememberable,
        microsoft=bool(services().settings.microsoft_client_id),
        back=url_for("settings.overview"),
    )


@blueprint.post("/account/<int:account>")
@allows("account.switch")
def switch(account: int) -> ResponseReturnValue:
    """Go on with another account of one's own; all data and rights are that account's from here on (SET-03)."""
    actor = signed_in_actor()
    with services().database.write() as writing:
        token = sessions.switch(writing, actor, account, datetime.now(UTC))
    if token is None:
        abort(404)
    hold(token)
    return redirect(url_for("home"))
