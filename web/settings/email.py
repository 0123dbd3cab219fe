"""Changing the address that one signs in with; matching.accounts.addresses says when it counts (SET-10)."""

from __future__ import annotations

from datetime import UTC, datetime

from flask import Blueprint, flash, redirect, render_template, session, url_for
from flask.typing import ResponseReturnValue

from matching.accounts import addresses
from matching.accounts.accounts import Refused
from matching.accounts.rules import login_name
from web.accounts import limits
from web.accounts.arrival import NEW_ADDRESS
from web.accounts.confirming import confirmed
from web.accounts.forms import EmailForm
from web.accounts.words import too_often
from web.guard import allows, current_actor, signed_in_actor
from web.services import services
from web.settings.sure import ask as sure
from web.texts import gettext as _

blueprint = Blueprint("email", __name__, url_prefix="/instellingen/e-mailadres")

#: Ours are shorter; what is longer is none.
LONGEST_TOKEN = 64


def link_to() -> str:
    """The address of the page that confirms a new address; the secret comes behind it."""
    return f"{services().settings.site_url}{url_for('email.ask')}"


@blueprint.get("")
@allows("email.change")
@confirmed
def ask() -> ResponseReturnValue:
    """Ask for the new address."""
    return _page(EmailForm())


@blueprint.post("")
@allows("email.change")
@confirmed
def change() -> ResponseReturnValue:
    """Mail a link to the new address; the answer is the same whether somebody has it already or not."""
    actor, parts = signed_in_actor(), services()
    form = EmailForm()
    if not form.validate_on_submit():
        return _page(form, status=422)
    wait_s = limits.wait_for_mail("email", str(actor.person_id))
    if wait_s:
        return _page(form, refused=too_often(wait_s), status=429)
    try:
        with parts.database.write() as writing:
            addresses.ask(
                writing,
                parts.vault,
                actor.person_id,
                form.email.data,
                link_to(),
                actor_id=actor.account_id,
                now=datetime.now(UTC),
            )
    except Refused:
        form.email.errors = [_("Dit is geen goed e-mailadres. Controleer of je het goed hebt getypt.")]
        return _page(form, status=422)
    flash(_("Kijk in je e-mail: we hebben een link gestuurd naar je nieuwe adres. Tot je die opent, blijft alles zo."))
    return redirect(url_for("settings.overview"))


@blueprint.post("/stoppen")
@allows("email.change")
def give_up() -> ResponseReturnValue:
    """Keep the present address."""
    actor = signed_in_actor()
    with services().database.write() as writing:
        addresses.give_up(writing, actor.person_id, actor_id=actor.account_id)
    flash(_("Je e-mailadres blijft zoals het was."))
    return redirect(url_for("settings.overview"))


@blueprint.get("/<token>")
@allows("email.open")
def open_link(token: str) -> ResponseReturnValue:
    """Take the secret out of the address, and show what it is for. Nothing is used up: mail programs open links too."""
    session[NEW_ADDRESS] = token[:LONGEST_TOKEN]
    return redirect(url_for("email.show"))


@blueprint.get("/bevestigen")
@allows("email.open")
@confirmed
def show() -> ResponseReturnValue:
    """Show what the link that was opened will change; who is not signed in does that first, with the former address."""
    actor = current_actor()
    if actor is None:
        return render_template("settings/link_sign_in.html")
    with services().database.read() as reading:
        new = addresses.find(reading, session.get(NEW_ADDRESS, ""), actor.person_id, datetime.now(UTC))
    if new is None:
        return _over()
    text = _("Vanaf nu log je in met %(email)s. Op andere apparaten moet je opnieuw inloggen.", email=new)
    title, target = _("Nieuw e-mailadres bevestigen"), url_for("email.confirm")
    return sure(title, text, _("Bevestigen"), target, url_for("settings.overview"))


@blueprint.post("/bevestigen")
@allows("email.change")
@confirmed
def confirm() -> ResponseReturnValue:
    """Take the new address as the login name."""
    with services().database.write() as writing:
        done = addresses.confirm(writing, session.pop(NEW_ADDRESS, ""), signed_in_actor(), datetime.now(UTC))
    if not done:
        return _over()
    flash(_("Je e-mailadres is gewijzigd. Log voortaan met dit adres in."))
    return redirect(url_for("settings.overview"))


def _page(form: EmailForm, *, refused: str | None = None, status: int = 200) -> ResponseReturnValue:
    with services().database.read() as reading:
        present, _has_password = login_name(reading, signed_in_actor().person_id)
    page = render_template(
        "settings/email.html", form=form, present=present, refused=refused, back=url_for("settings.overview")
    )
    return page, status


def _over() -> ResponseReturnValue:
    return render_template("settings/link_over.html", back=url_for("settings.overview")), 410
