"""Sending browsers away that somebody signed in with: they must sign in anew (SET-18)."""

from __future__ import annotations

from datetime import UTC, datetime

from flask import Blueprint, abort, flash, redirect, url_for
from flask.typing import ResponseReturnValue

from matching.accounts import known_devices, sessions
from matching.accounts.overview import browsers, device_of
from web.accounts.confirming import confirmed
from web.guard import allows, signed_in_actor
from web.services import services
from web.settings.sure import ask
from web.texts import gettext as _

blueprint = Blueprint("browsers", __name__, url_prefix="/instellingen/beveiliging/apparaten")


@blueprint.get("/<int:device>/weg")
@allows("devices.end")
@confirmed
def ask_send_away(device: int) -> ResponseReturnValue:
    """Ask whether this browser is to go."""
    actor = signed_in_actor()
    with services().database.read() as reading:
        if device not in {browser.id for browser in browsers(reading, actor, datetime.now(UTC))}:
            abort(404)
    text = _("Het apparaat wordt meteen uitgelogd. Wie het gebruikt, moet opnieuw inloggen met extra controle.")
    target = url_for("browsers.send_away", device=device)
    return ask(_("Apparaat weghalen?"), text, _("Weghalen"), target, url_for("settings.security"))


@blueprint.post("/<int:device>/weg")
@allows("devices.end")
@confirmed
def send_away(device: int) -> ResponseReturnValue:
    """Send one browser of one's own away, and end its sessions."""
    actor = signed_in_actor()
    with services().database.write() as writing:
        gone = known_devices.send_away(writing, actor.person_id, device, actor_id=actor.account_id)
    if not gone:
        abort(404)
    flash(_("Het apparaat is weggehaald."))
    return redirect(url_for("settings.security"))


@blueprint.get("/andere/weg")
@allows("devices.end")
@confirmed
def ask_send_others_away() -> ResponseReturnValue:
    """Ask whether every other browser is to go."""
    text = _("Overal behalve hier word je uitgelogd. Daar moet je opnieuw inloggen met extra controle.")
    target = url_for("browsers.send_others_away")
    return ask(_("Alle andere apparaten weghalen?"), text, _("Weghalen"), target, url_for("settings.security"))


@blueprint.post("/andere/weg")
@allows("devices.end")
@confirmed
def send_others_away() -> ResponseReturnValue:
    """Send every other browser away, and end every session but this one."""
    actor = signed_in_actor()
    with services().database.write() as writing:
        here = device_of(writing, actor)
        known_devices.send_others_away(writing, actor.person_id, here, actor_id=actor.account_id)
        sessions.end_all(writing, actor.person_id, but=actor.session_id)
    flash(_("Alle andere apparaten zijn weggehaald."))
    return redirect(url_for("settings.security"))
