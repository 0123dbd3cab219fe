"""Signing in and out, and the page for accounts that may open no showcase."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import cast

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import EmailField, PasswordField
from wtforms.validators import InputRequired, Length

from matching.accounts import rules, sessions
from web.guard import allows, current_actor, signed_in_actor
from web.safe_redirect import local_target
from web.services import services
from web.sessions import hold, let_go

blueprint = Blueprint("accounts", __name__)


class SignInForm(FlaskForm):  # type: ignore[misc]
    """E-mail address and password."""

    email = EmailField(_l("E-mailadres"), validators=[InputRequired(_l("Vul je e-mailadres in.")), Length(max=254)])
    password = PasswordField(
        _l("Wachtwoord"), validators=[InputRequired(_l("Vul je wachtwoord in.")), Length(max=1024)]
    )


@blueprint.route("/inloggen", methods=["GET", "POST"])
@allows("session.start")
def sign_in() -> ResponseReturnValue:
    """Show the form; with the right e-mail address and password go on to where the user was heading."""
    target = local_target(request.args.get("next"))
    if current_actor():
        return redirect(target)
    form = SignInForm()
    if not form.validate_on_submit():
        status = 422 if request.method == "POST" else 200
        return render_template("accounts/sign_in.html", form=form, refused=None), status
    database = services().database
    now = datetime.now(UTC)
    with database.read() as reading:
        person = rules.check_password(reading, form.email.data, form.password.data)
    token = None
    with database.write() as writing:
        if person is None:
            rules.note_refused_sign_in(writing)
        else:
            begun = sessions.start(writing, person, [sessions.Proof.PASSWORD], now)
            found = cast(sessions.Found, sessions.find(writing, begun, now))
            token = sessions.enter(writing, cast(sessions.SigningIn, found.who), now)
    if token is None:
        refused = _("Dit e-mailadres en wachtwoord horen niet bij elkaar. Controleer beide en probeer het opnieuw.")
        return render_template("accounts/sign_in.html", form=form, refused=refused), 422
    hold(token)
    return redirect(target)


@blueprint.post("/uitloggen")
@allows("session.end")
def sign_out() -> ResponseReturnValue:
    """End the session and show the sign-in page."""
    actor = signed_in_actor()
    with services().database.write() as writing:
        rules.note_sign_out(writing, actor.account_id)
        sessions.end(writing, actor.session_id)
    let_go()
    return redirect(url_for("accounts.sign_in"))


@blueprint.get("/geen-etalage")
@allows("home.open")
def no_showcase() -> ResponseReturnValue:
    """Say that this account may open no showcase, and who can change that."""
    return render_template("accounts/no_showcase.html")
