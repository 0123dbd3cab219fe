"""A forgotten password: ask for a mail, and choose another password with its link (AUTH-35..40)."""

from __future__ import annotations

from datetime import UTC, datetime

from flask import Blueprint, redirect, render_template, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from matching.accounts import resets
from matching.accounts.accounts import address, words_about
from web.accounts import limits
from web.accounts.arrival import go_on
from web.accounts.forms import EmailForm
from web.accounts.new_password import take_password
from web.accounts.routes import EMAIL
from web.accounts.words import too_often
from web.guard import allows
from web.services import services

blueprint = Blueprint("forgotten", __name__)

#: The secret of the mailed link, in the signed cookie: out of the address, so that it is in no history or referrer.
TOKEN = "reset_token"  # noqa: S105 - a key


@blueprint.route("/wachtwoord-vergeten", methods=["GET", "POST"])
@allows("password.ask")
def ask() -> ResponseReturnValue:
    """Mail a link to who forgot the password; the same sentence whether the address is known or not (OPEN-02)."""
    form = EmailForm(data={"email": session.get(EMAIL)})
    page = "accounts/forgotten.html"
    if not form.validate_on_submit():
        return render_template(page, form=form, refused=None), 422 if form.is_submitted() else 200
    email = form.email.data
    wait_s = limits.wait_for_mail("reset", address(email))
    if wait_s:
        return render_template(page, form=form, refused=too_often(wait_s)), 429
    parts = services()
    link_to = f"{parts.settings.site_url}{url_for('forgotten.open_link', token='')}".rstrip("/")
    with parts.database.write() as writing:
        known = resets.ask(writing, parts.vault, email, link_to, datetime.now(UTC))
        told = not known and resets.may_tell(writing, email)
    if told:
        refused = _("Er is geen account met dit e-mailadres bij ons bekend. Controleer of je het goed hebt getypt.")
        return render_template(page, form=form, refused=refused), 422
    session[EMAIL] = email.strip()
    return redirect(url_for("forgotten.sent"))


@blueprint.get("/wachtwoord-vergeten/verstuurd")
@allows("password.ask")
def sent() -> ResponseReturnValue:
    """Say that a mail is on its way (AUTH-37), and what to do when none comes."""
    return render_template("accounts/forgotten_sent.html", email=session.get(EMAIL))


@blueprint.get("/wachtwoord/nieuw/<token>")
@allows("password.reset")
def open_link(token: str) -> ResponseReturnValue:
    """Take the secret out of the address, and show the form. Nothing is used up: mail programs open links too."""
    session[TOKEN] = token
    return redirect(url_for("forgotten.choose"))


@blueprint.route("/wachtwoord/nieuw", methods=["GET", "POST"])
@allows("password.reset")
def choose() -> ResponseReturnValue:
    """Choose a new password with the mailed link (AUTH-39, AUTH-40); what comes next is the second step (OPEN-03)."""
    parts, now = services(), datetime.now(UTC)
    token = session.get(TOKEN, "")
    with parts.database.read() as reading:
        person_id = resets.whose(reading, token, now)
        about = words_about(reading, person_id) if person_id else None
    if about is None:
        return render_template("accounts/reset_over.html"), 410
    hashed, page = take_password("accounts/new_password.html", about)
    if hashed is None:
        return page
    with parts.database.write() as writing:
        started = resets.set_password(writing, parts.vault, token, hashed, now)
    session.pop(TOKEN)
    if started is None:
        return render_template("accounts/reset_over.html"), 410
    return go_on(started)
