"""Signing in by address, password and code, showing who one is once more, and signing out (AUTH-29..34)."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime

from flask import Blueprint, flash, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from matching.accounts import known_devices, rules, second_steps, sessions
from matching.accounts.accounts import find_person
from matching.accounts.microsoft.flows import Purpose
from matching.accounts.microsoft.links import is_linked
from matching.accounts.organisations import signs_in_with_microsoft
from matching.accounts.proofs.passwords import TooBusy
from matching.accounts.second_steps import AUTHENTICATOR, RECOVERY, SMS
from matching.accounts.sessions import Proof, SigningIn, Step
from web.accounts import limits
from web.accounts.arrival import REMEMBER, TARGET, at_step, go_on
from web.accounts.at_microsoft import is_on, leave
from web.accounts.browser import known_tokens
from web.accounts.forms import EmailForm, PasswordForm, SecondStepForm
from web.accounts.texting import TextsAway, send_code
from web.accounts.words import too_busy, too_often, wrong_code
from web.guard import allows, current_actor, signed_in_actor
from web.safe_redirect import local_target
from web.services import services
from web.sessions import let_go, signing_in

blueprint = Blueprint("accounts", __name__)

#: The address that was typed, in the signed cookie.
EMAIL = "email"


@blueprint.route("/inloggen", methods=["GET", "POST"])
@allows("session.start")
def sign_in() -> ResponseReturnValue:
    """Ask for the e-mail address (AUTH-29); people of a domain that signs in with Microsoft go there (AUTH-32)."""
    if "next" in request.args:
        session[TARGET] = local_target(request.args["next"])
    if current_actor():
        return redirect(local_target(session.pop(TARGET, None)))
    form = EmailForm(data={"email": session.get(EMAIL)})
    if not form.validate_on_submit():
        return render_template("accounts/sign_in.html", form=form), _status(form)
    session[EMAIL] = form.email.data.strip()
    with services().database.read() as reading:
        at_microsoft = signs_in_with_microsoft(reading, session[EMAIL])
    if at_microsoft and is_on():
        return leave(Purpose.SIGN_IN, hint=session[EMAIL])
    return redirect(url_for("accounts.password"))


@blueprint.route("/inloggen/wachtwoord", methods=["GET", "POST"])
@allows("session.start")
def password() -> ResponseReturnValue:
    """Ask for the password. An unknown address and a wrong password get the same words after the same work."""
    email = session.get(EMAIL)
    if current_actor() or not email:
        return redirect(url_for("accounts.sign_in"))
    form = PasswordForm()
    page = "accounts/password.html"
    if not form.validate_on_submit():
        return render_template(page, form=form, email=email, refused=None), _status(form)
    database, now = services().database, datetime.now(UTC)
    with database.read() as reading:
        known = known_devices.find(reading, find_person(reading, email) or 0, known_tokens())
    attempt = limits.try_password(email, known.device_id if known else None)
    if attempt.wait_s:
        return render_template(page, form=form, email=email, refused=too_often(attempt.wait_s)), 429
    try:
        with database.read() as reading:
            verified = rules.check_password(reading, email, form.password.data)
    except TooBusy:
        attempt.was_not_made()
        return render_template(page, form=form, email=email, refused=too_busy()), 503
    renewed = None
    if verified:
        # On a strange browser the failures before it stay: somebody else may have made them, and may go on.
        attempt.was_right(forget=known is not None)
        with suppress(TooBusy):
            renewed = rules.renewed_hash(verified, form.password.data)
    with database.write() as writing:
        if verified is None or not rules.still_holds(writing, verified):
            rules.note_refused_sign_in(writing)
            token = None
        else:
            if renewed:
                rules.keep_hash(writing, verified.person_id, renewed)
            proofs = [Proof.PASSWORD]
            if known_devices.is_remembered(writing, verified.person_id, known_tokens(), now):
                proofs.append(Proof.SECOND)
            token = sessions.start(writing, verified.person_id, proofs, now)
    if token is None:
        refused = _("Dit e-mailadres en wachtwoord horen niet bij elkaar. Controleer beide en probeer het opnieuw.")
        return render_template(page, form=form, email=email, refused=refused), 422
    return go_on(token)


@blueprint.route("/inloggen/code", methods=["GET", "POST"])
@allows("second_step.check")
def second_step() -> ResponseReturnValue:
    """Ask for a code of the authenticator, of an SMS, or a recovery code (AUTH-29, AUTH-31)."""
    who = at_step(Step.SECOND_STEP)
    if who is None:
        return redirect(url_for("accounts.sign_in"))
    kind = _kind(who)
    form = SecondStepForm()
    if not form.validate_on_submit():
        return _ask_code(form, who, kind), _status(form)
    parts, now = services(), datetime.now(UTC)
    with parts.database.read() as reading:
        known = known_devices.find(reading, who.person_id, known_tokens())
    attempt = limits.try_code(who.person_id, known.device_id if known else None)
    if attempt.wait_s:
        return _ask_code(form, who, kind, too_often(attempt.wait_s)), 429
    with parts.database.write() as writing:
        right = second_steps.check(writing, parts.vault, who.person_id, kind, form.code.data, now)
        token = sessions.prove(writing, who.session_id, Proof.SECOND, now) if right else None
    if token is None:
        return _ask_code(form, who, kind, wrong_code(kind)), 422
    attempt.was_right(forget=known is not None)
    if kind == SMS:
        limits.text_was_used(who.person_id)
    if form.remember.data:
        session[REMEMBER] = who.person_id
    return go_on(token)


@blueprint.post("/inloggen/code/sms")
@allows("second_step.send")
def send_sms() -> ResponseReturnValue:
    """Send a new code by SMS to the telephone of who signs in (NOTIF-04)."""
    who = at_step(Step.SECOND_STEP)
    if who is None or SMS not in who.second_steps:
        return redirect(url_for("accounts.sign_in"))
    try:
        wait_s = send_code(who.person_id)
    except TextsAway:
        flash(_("De sms kon niet worden verstuurd. Probeer het straks opnieuw."), "wrong")
    else:
        if wait_s:
            flash(too_often(wait_s), "wrong")
        else:
            flash(_("We hebben je een nieuwe code gestuurd. De oude werkt niet meer."))
    return redirect(url_for("accounts.second_step", met=SMS))


@blueprint.route("/bevestigen", methods=["GET", "POST"])
@allows("session.confirm")
def confirm() -> ResponseReturnValue:
    """Ask somebody who is signed in for the password once more, or to sign in with Microsoft again (ASVS 5, 7.5.1)."""
    actor = signed_in_actor()
    with services().database.read() as reading:
        email, has_password = rules.login_name(reading, actor.person_id)
        has_microsoft = is_on() and is_linked(reading, actor.person_id)
    form = PasswordForm()
    page = "accounts/confirm.html"
    shown = {"form": form, "email": email, "has_password": has_password, "has_microsoft": has_microsoft}
    if not has_password or not form.validate_on_submit():
        return render_template(page, **shown, refused=None), _status(form)
    attempt = limits.try_confirming(actor.person_id, actor.session_id)
    if attempt.wait_s:
        return render_template(page, **shown, refused=too_often(attempt.wait_s)), 429
    try:
        with services().database.read() as reading:
            verified = rules.check_password(reading, email, form.password.data)
    except TooBusy:
        attempt.was_not_made()
        return render_template(page, form=form, email=email, has_password=True, refused=too_busy()), 503
    with services().database.write() as writing:
        right = verified is not None and verified.person_id == actor.person_id and rules.still_holds(writing, verified)
        token = sessions.prove(writing, actor.session_id, Proof.PASSWORD, datetime.now(UTC)) if right else None
        if right:
            rules.note_confirmed(writing, actor.account_id)
    if token is None:
        refused = _("Dit wachtwoord klopt niet. Probeer het opnieuw.")
        return render_template(page, form=form, email=email, has_password=True, refused=refused), 422
    attempt.was_right()
    return go_on(token)


@blueprint.post("/uitloggen")
@allows("session.end")
def sign_out() -> ResponseReturnValue:
    """End the session and show the sign-in page (AUTH-34)."""
    end_session()
    return redirect(url_for("accounts.sign_in"))


def end_session() -> None:
    """End the session of who is signed in or in the midst of it, and have the browser forget it."""
    actor, who = current_actor(), signing_in()
    session_id = actor.session_id if actor else who.session_id if who else None
    if session_id is not None:
        with services().database.write() as writing:
            if actor:
                rules.note_sign_out(writing, actor.account_id)
            elif who:
                rules.note_left(writing, who.person_id)
            sessions.end(writing, session_id)
    let_go()


def _status(form: EmailForm | PasswordForm | SecondStepForm) -> int:
    return 422 if form.is_submitted() else 200


def _kind(who: SigningIn) -> str:
    """Which code is asked for: what the address says, if the person has it, else the first that there is."""
    asked = request.args.get("met")
    if asked == RECOVERY or asked in who.second_steps:
        return str(asked)
    return AUTHENTICATOR if AUTHENTICATOR in who.second_steps else SMS


def _ask_code(form: SecondStepForm, who: SigningIn, kind: str, refused: str | None = None) -> str:
    parts = services()
    with parts.database.read() as reading:
        number = second_steps.phone(reading, parts.vault, who.person_id, pending=False) if kind == SMS else None
        rememberable = known_devices.may_be_remembered(reading, who.person_id)
        recoverable = second_steps.count_recovery_codes(reading, who.person_id) > 0
    return render_template(
        "accounts/second_step.html",
        form=form,
        kind=kind,
        others=[one for one in (*who.second_steps, *([RECOVERY] if recoverable else [])) if one != kind],
        number=number,
        rememberable=rememberable,
        refused=refused,
    )
