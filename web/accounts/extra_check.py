"""Setting up an extra check, when signing in or from the settings, and showing recovery codes (AUTH-16..23, SET-17)."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from flask import Blueprint, redirect, render_template, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from flask_wtf import FlaskForm
from markupsafe import Markup
from wtforms import BooleanField, StringField
from wtforms.validators import InputRequired, Length

from matching.accounts import rules, second_steps, sessions
from matching.accounts.notices import tell
from matching.accounts.policy import Actor
from matching.accounts.proofs import authenticator as app_codes
from matching.accounts.proofs.phones import mobile_number
from matching.accounts.second_steps import AUTHENTICATOR, SMS
from matching.accounts.sessions import Proof, SigningIn
from matching.accounts.tokens import token_hash
from matching.accounts.vault import Unreadable
from matching.post.mails import Change, Method, SignInMethodChanged
from web.accounts import limits
from web.accounts.arrival import go_on, hold_on
from web.accounts.arriving import lead
from web.accounts.confirming import confirmed
from web.accounts.forms import CodeForm
from web.accounts.texting import TextsAway, send_code
from web.accounts.words import too_often, wrong_code
from web.guard import allows, current_actor
from web.services import services
from web.sessions import signing_in

blueprint = Blueprint("extra_check", __name__, url_prefix="/aanmelden")

#: Keys of the signed cookie. SECRET: a hash of the authenticator's secret that this browser was shown, so that nobody
#: who has only the password can slip another one under. CODES: new recovery codes, sealed, until they are put away.
SECRET, CODES = "authenticator", "recovery_codes"


class PhoneForm(FlaskForm):  # type: ignore[misc]
    """The number that codes will go to."""

    number = StringField(
        _l("Mobiel telefoonnummer"), validators=[InputRequired(_l("Vul je telefoonnummer in.")), Length(max=64)]
    )


class KeptForm(FlaskForm):  # type: ignore[misc]
    """Whether the recovery codes were put away."""

    kept = BooleanField(
        _l("Ik heb deze codes bewaard"),
        validators=[InputRequired(_l("Bewaar de codes, en zet dan het vinkje aan."))],
    )


def show_recovery_codes(codes: list[str], person_id: int) -> ResponseReturnValue:
    """Lead to the page that shows these new codes, once."""
    session[CODES] = services().vault.seal(json.dumps([person_id, codes]))
    return redirect(url_for("extra_check.recovery_codes"))


@blueprint.get("/controle")
@allows("second_step.set_up")
@confirmed
def choose() -> ResponseReturnValue:
    """Choose between an authenticator and SMS (AUTH-16)."""
    who = _allowed()
    if who is None:
        return lead()
    return render_template("accounts/check_choice.html", back=_start(who))


@blueprint.post("/controle")
@allows("second_step.set_up")
@confirmed
def choose_app() -> ResponseReturnValue:
    """Make a secret for an authenticator, another one each time, and show it."""
    who = _allowed()
    if who is None:
        return lead()
    parts = services()
    with parts.database.write() as writing:
        second_steps.give_up(writing, who.person_id)
        secret = second_steps.begin_authenticator(writing, parts.vault, who.person_id, datetime.now(UTC))
    session[SECRET] = token_hash(secret)
    return redirect(url_for("extra_check.authenticator"))


@blueprint.route("/app", methods=["GET", "POST"])
@allows("second_step.set_up")
@confirmed
def authenticator() -> ResponseReturnValue:
    """Show the secret of the authenticator, and take a code that shows that it works (AUTH-17..19)."""
    who = _allowed()
    if who is None:
        return lead()
    parts = services()
    with parts.database.read() as reading:
        secret = second_steps.secret(reading, parts.vault, who.person_id)
        email, _has_password = rules.login_name(reading, who.person_id)
    if secret is None or token_hash(secret) != session.get(SECRET):
        return redirect(url_for("extra_check.choose"))
    form = CodeForm()
    page = "accounts/authenticator.html"
    shown = {
        "form": form,
        "qr": Markup(app_codes.qr_svg(app_codes.uri(secret, email))),  # noqa: S704 - drawn by us
        "secret": secret,
        "readable": app_codes.readable(secret),
    }
    return _take_code(who, AUTHENTICATOR, form, page, shown)


@blueprint.route("/sms", methods=["GET", "POST"])
@allows("second_step.set_up")
@confirmed
def sms() -> ResponseReturnValue:
    """Take the number that codes will go to, and send the first (AUTH-20)."""
    who = _allowed()
    if who is None:
        return lead()
    form = PhoneForm()
    page = "accounts/sms_number.html"
    # The settings lead to this kind of check at once, the sign-up by way of the choice.
    back = _start(who) if isinstance(who, Actor) else url_for("extra_check.choose")
    if not form.validate_on_submit():
        return render_template(page, form=form, back=back, refused=None), 422 if form.is_submitted() else 200
    number = mobile_number(form.number.data)
    if number is None:
        form.number.errors = [_("Dit is geen Nederlands mobiel nummer. Vul het in als 06 1234 5678.")]
        return render_template(page, form=form, back=back, refused=None), 422
    parts = services()
    with parts.database.write() as writing:
        second_steps.begin_phone(writing, parts.vault, who.person_id, number, datetime.now(UTC))
    refused = _send(who)
    if refused:
        return render_template(page, form=form, back=back, refused=refused), 503
    return redirect(url_for("extra_check.sms_code"))


@blueprint.route("/sms/code", methods=["GET", "POST"])
@allows("second_step.set_up")
@confirmed
def sms_code() -> ResponseReturnValue:
    """Take the code that was sent to the number (AUTH-21)."""
    who = _allowed()
    if who is None:
        return lead()
    number = _pending_number(who)
    if number is None:
        return redirect(url_for("extra_check.sms"))
    form = CodeForm()
    return _take_code(who, SMS, form, "accounts/sms_code.html", {"form": form, "number": number, "told": None})


@blueprint.post("/sms/opnieuw")
@allows("second_step.set_up")
@confirmed
def send_again() -> ResponseReturnValue:
    """Send another code to the number being set up; the one of before stops working."""
    who = _allowed()
    if who is None:
        return lead()
    number = _pending_number(who)
    if number is None:
        return redirect(url_for("extra_check.sms"))
    refused = _send(who)
    told = None if refused else _("We hebben je een nieuwe code gestuurd. De oude werkt niet meer.")
    page = render_template("accounts/sms_code.html", form=CodeForm(), number=number, refused=refused, told=told)
    return page, 503 if refused else 200


@blueprint.post("/stoppen")
@allows("second_step.set_up")
def stop() -> ResponseReturnValue:
    """Leave off setting up (AUTH-22): without a check nobody gets in."""
    who = _allowed()
    if who is None:
        return lead()
    with services().database.write() as writing:
        second_steps.give_up(writing, who.person_id)
    session.pop(SECRET, None)
    return redirect(_start(who))


@blueprint.route("/herstelcodes", methods=["GET", "POST"])
@allows("recovery_codes.show")
def recovery_codes() -> ResponseReturnValue:
    """Show new recovery codes until they are put away; then go on."""
    actor, who = current_actor(), signing_in()
    if actor is None and (who is None or Proof.SECOND not in who.proved):
        return lead()
    codes = _sealed_codes((actor or who).person_id)  # type: ignore[union-attr]
    form = KeptForm()
    if codes and not form.validate_on_submit():
        page = render_template("accounts/recovery_codes.html", form=form, codes=codes)
        return page, 422 if form.is_submitted() else 200
    if not form.is_submitted():
        return render_template("accounts/recovery_codes.html", form=form, codes=[])
    session.pop(CODES, None)
    return redirect(_start(actor)) if actor else go_on(current_user.get_id())


def _take_code(
    who: Actor | SigningIn, kind: str, form: CodeForm, page: str, shown: dict[str, object]
) -> ResponseReturnValue:
    """Show the page until the code is right; then the check is in use, and who signs in goes on (AUTH-19, AUTH-23)."""
    if not form.validate_on_submit():
        return render_template(page, **shown, refused=None), 422 if form.is_submitted() else 200
    attempt = limits.try_confirming(who.person_id, who.session_id)
    if attempt.wait_s:
        return render_template(page, **shown, refused=too_often(attempt.wait_s)), 429
    parts, now = services(), datetime.now(UTC)
    with parts.database.write() as writing:
        second_steps.lock(writing, who.person_id)
        if isinstance(who, SigningIn) and second_steps.in_use(writing, who.person_id):
            return lead()  # set up elsewhere meanwhile: that one is to be passed
        actor = who if isinstance(who, Actor) else None
        change: Change = "replaced" if kind in second_steps.in_use(writing, who.person_id) else "set_up"
        right = second_steps.confirm(writing, parts.vault, who.person_id, kind, form.code.data, now, actor=actor)
        if right:
            first = second_steps.count_recovery_codes(writing, who.person_id) == 0
            actor_id = actor.account_id if actor else None
            codes = second_steps.new_recovery_codes(writing, who.person_id, actor_id=actor_id) if first else []
            if isinstance(who, Actor) or Proof.INVITED not in who.proved:
                method: Method = "authenticator" if kind == AUTHENTICATOR else "sms"
                changed = SignInMethodChanged(method=method, change=change, at=now)
                tell(writing, parts.vault, who.person_id, changed)
            token = sessions.prove(writing, who.session_id, Proof.SECOND, now)
    if not right:
        return render_template(page, **shown, refused=wrong_code(kind)), 422
    attempt.was_right()
    session.pop(SECRET, None)
    if codes:
        hold_on(token)
        return show_recovery_codes(codes, who.person_id)
    if isinstance(who, Actor):
        hold_on(token)
        return redirect(_start(who))
    return go_on(token)


def _allowed() -> Actor | SigningIn | None:
    """Who may set an extra check up now; nobody who has one and did not pass it."""
    who = current_actor() or signing_in()
    return who if second_steps.may_set_up(who, datetime.now(UTC)) else None


def _pending_number(who: Actor | SigningIn) -> str | None:
    parts = services()
    with parts.database.read() as reading:
        return second_steps.phone(reading, parts.vault, who.person_id, pending=True)


def _send(who: Actor | SigningIn) -> str | None:
    """Send a code to the number being set up; what to say when that did not work."""
    try:
        wait_s = send_code(who.person_id, pending=True)
    except TextsAway:
        return _("De sms kon niet worden verstuurd. Controleer het nummer, of probeer het straks opnieuw.")
    return too_often(wait_s) if wait_s else None


def _start(who: Actor | SigningIn) -> str:
    """The page that setting up was begun from."""
    return url_for("settings.security" if isinstance(who, Actor) else "arriving.phone")


def _sealed_codes(person_id: int) -> list[str]:
    """The new codes of this person that this browser still shows."""
    try:
        whose, codes = json.loads(services().vault.open(session.get(CODES, "")))
    except Unreadable:
        return []
    return list(codes) if whose == person_id else []
