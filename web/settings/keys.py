"""Changing the own password, extra checks and recovery codes (SET-16, SET-17, SET-19)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Literal, cast

from flask import Blueprint, abort, flash, redirect, url_for
from flask.typing import ResponseReturnValue

from matching.accounts import own_keys, second_steps
from matching.accounts.accounts import words_about
from web.accounts.confirming import confirmed
from web.accounts.extra_check import show_recovery_codes
from web.accounts.new_password import take_password
from web.guard import allows, signed_in_actor
from web.services import services
from web.settings.sure import ask
from web.texts import gettext as _

blueprint = Blueprint("keys", __name__, url_prefix="/instellingen/beveiliging")


@blueprint.route("/wachtwoord", methods=["GET", "POST"])
@allows("keys.change")
@confirmed
def password() -> ResponseReturnValue:
    """Change the password by the rules of the sign-up; every other session ends.

    Or choose one beside Microsoft: that asks for an extra check first (AUTH-09).
    """
    away = _without_check()
    if away is not None:
        return away
    actor, parts = signed_in_actor(), services()
    with parts.database.read() as reading:
        about = words_about(reading, actor.person_id)
    hashed, page = take_password("settings/password.html", about, back=url_for("settings.security"))
    if hashed is None:
        return page
    with parts.database.write() as writing:
        own_keys.change_password(writing, parts.vault, actor, hashed, datetime.now(UTC))
    flash(_("Je wachtwoord is gewijzigd. Op andere apparaten moet je opnieuw inloggen."))
    return redirect(url_for("settings.security"))


@blueprint.get("/controle/<kind>/weg")
@allows("keys.change")
@confirmed
def ask_remove(kind: str) -> ResponseReturnValue:
    """Ask whether an extra check is to go."""
    _known(kind)
    names = {
        second_steps.AUTHENTICATOR: _("Authenticator app weghalen?"),
        second_steps.SMS: _("Sms-controle weghalen?"),
    }
    text = _("Bij het inloggen kun je deze controle dan niet meer gebruiken.")
    return ask(names[kind], text, _("Weghalen"), url_for("keys.remove", kind=kind), url_for("settings.security"))


@blueprint.post("/controle/<kind>/weg")
@allows("keys.change")
@confirmed
def remove(kind: str) -> ResponseReturnValue:
    """Take an extra check off; the last one stays as long as there is a password (SET-19)."""
    actor, parts = signed_in_actor(), services()
    known = _known(kind)
    try:
        with parts.database.write() as writing:
            own_keys.remove_check(writing, parts.vault, actor, known, datetime.now(UTC))
    except second_steps.LastStep:
        flash(_("Dit is je laatste extra controle. Stel eerst een andere in, dan kun je deze weghalen."), "wrong")
    else:
        flash(_("De extra controle is weggehaald."))
    return redirect(url_for("settings.security"))


@blueprint.get("/herstelcodes")
@allows("keys.change")
@confirmed
def ask_recovery_codes() -> ResponseReturnValue:
    """Ask whether new recovery codes are to be made: those that were kept stop working."""
    text = _("Je krijgt acht nieuwe codes te zien. De codes die je eerder hebt bewaard, werken dan niet meer.")
    target = url_for("keys.make_recovery_codes")
    return ask(_("Nieuwe herstelcodes maken?"), text, _("Nieuwe codes maken"), target, url_for("settings.security"))


@blueprint.post("/herstelcodes")
@allows("keys.change")
@confirmed
def make_recovery_codes() -> ResponseReturnValue:
    """Make new recovery codes and show them, once."""
    actor, parts = signed_in_actor(), services()
    with parts.database.write() as writing:
        codes = own_keys.make_recovery_codes(writing, parts.vault, actor, datetime.now(UTC))
    return show_recovery_codes(codes, actor.person_id)


def _known(kind: str) -> Literal["authenticator", "sms"]:
    if kind not in second_steps.KINDS:
        abort(404)
    return cast(Literal["authenticator", "sms"], kind)


def _without_check() -> ResponseReturnValue | None:
    """The way to setting an extra check up, for who has none: a password is never used without (AUTH-09)."""
    with services().database.read() as reading:
        if second_steps.in_use(reading, signed_in_actor().person_id):
            return None
    flash(_("Stel eerst een extra controle in. Daarna kies je een wachtwoord."))
    return redirect(url_for("extra_check.choose"))
