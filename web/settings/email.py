"""Changing the address that one signs in with; matching.accounts.addresses says when it counts (SET-10)."""

from __future__ import annotations

from datetime import UTC, datetime

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from matching.accounts import addresses
from matching.accounts.accounts import Refused
from matching.accounts.rules import login_name
from web.accounts import limits
from web.accounts.confirming import confirmed
from web.accounts.forms import EmailForm
from web.accounts.words import too_often
from web.guard import allows, signed_in_actor
from web.services import services
from web.settings.sure import ask as sure
from web.texts import gettext as _

blueprint = Blueprint("email", __name__, url_prefix="/instellingen/e-mailadres")


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
        return _page(
            form, refused=_("Dit is geen goed e-mailadres. Controleer of je het goed hebt getypt."), status=422
        )
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
@allows("email.change")
@confirmed
def open_link(token: str) -> ResponseReturnValue:
    """Show what the mailed link will change. Nothing is used up: mail programs open links too."""
    with services().database.read() as reading:
        new = addresses.find(reading, token, signed_in_actor().person_id, datetime.now(UTC))
    if new is None:
        return _over()
    text = _("Vanaf nu log je in met %(email)s. Op andere apparaten moet je opnieuw inloggen.", email=new)
    target = url_for("email.confirm", token=token)
    return sure(_("Nieuw e-mailadres bevestigen"), text, _("Bevestigen"), target, url_for("settings.overview"))


@blueprint.post("/<token>")
@allows("email.change")
@confirmed
def confirm(token: str) -> ResponseReturnValue:
    """Take the new address as the login name."""
    with services().database.write() as writing:
        done = addresses.confirm(writing, token, signed_in_actor(), datetime.now(UTC))
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


@blueprint.after_request
def _tell_nobody(answer: Response) -> Response:
    """An address with a secret: nothing after it gets to know where it was followed from."""
    if "token" in (request.view_args or {}):
        answer.headers["Referrer-Policy"] = "no-referrer"
    return answer
