"""From an invitation to a password: accepting, the terms, and choosing how to sign in (AUTH-02..15)."""

from __future__ import annotations

from datetime import UTC, datetime

from flask import (
    Blueprint,
    Response,
    g,
    make_response,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from flask_wtf import FlaskForm
from wtforms import BooleanField
from wtforms.validators import InputRequired

from matching.accounts import first_password, invitations, resets, sessions
from matching.accounts import terms as terms_of_use
from matching.accounts.accounts import Refused, words_about
from matching.accounts.invitations import Offer, SignInFirst
from matching.accounts.organisations import may_use_microsoft
from matching.accounts.policy import Actor
from matching.accounts.sessions import Proof, SigningIn, Step
from matching.turns import TooBusy
from web.accounts.arrival import INVITATION, PAGES, TARGET, at_step, go_on
from web.accounts.at_microsoft import is_on
from web.accounts.forgotten import TOKEN as RESET
from web.accounts.forms import LONGEST_PASSWORD
from web.accounts.new_password import take_password, tell_strength
from web.accounts.routes import end_session
from web.guard import allows, current_actor
from web.language import has_chosen, keep_language
from web.services import services
from web.sessions import signing_in

blueprint = Blueprint("arriving", __name__)

#: Ours are shorter; what is longer is none.
LONGEST_TOKEN = 64


class AcceptForm(FlaskForm):  # type: ignore[misc]
    """The box of the terms; without its tick nothing is accepted (AUTH-04)."""

    accepted = BooleanField(
        _l("Ik heb de voorwaarden gelezen en accepteer ze"),
        validators=[InputRequired(_l("Lees de voorwaarden en zet het vinkje aan als je ze accepteert."))],
    )


@blueprint.get("/uitnodiging/<token>")
@allows("invitations.open")
def open_invitation(token: str) -> ResponseReturnValue:
    """Take the secret out of the address, and show the invitation. Nothing is used up: mail programs open links too."""
    session[INVITATION] = token[:LONGEST_TOKEN]
    return redirect(url_for("arriving.invitation"))


@blueprint.route("/uitnodiging", methods=["GET", "POST"])
@allows("invitations.accept")
def invitation() -> ResponseReturnValue:
    """Show the terms, and accept the invitation (AUTH-03..06); whose address is known already signs in before that."""
    now = datetime.now(UTC)
    with services().database.read() as reading:
        state, offer = invitations.find_open(reading, session.get(INVITATION, ""), now)
    if offer is None:
        return render_template("accounts/invitation_over.html", state=state), 410
    if not has_chosen():
        g.language = offer.language
    actor, back = current_actor(), _coming_back(offer)
    if actor is None and back is None and offer.person_id is not None:
        return _ask_to_sign_in(offer)
    if actor is not None and actor.person_id != offer.person_id:
        return _keeping_language(
            offer, render_template("accounts/invitation_for_other.html", offer=offer, name=actor.name)
        )
    form = AcceptForm()
    if not form.validate_on_submit():
        page = _keeping_language(
            offer, _terms_page("accounts/invitation.html", form, offer=offer, known=offer.person_id)
        )
        page.status_code = 422 if form.is_submitted() else 200
        return page
    try:
        token = _accept(offer, actor, back, now)
    except (Refused, SignInFirst):
        # Somebody was faster: the page of now says how it stands.
        return redirect(url_for("arriving.invitation"))
    session.pop(INVITATION)
    session.pop(TARGET, None)
    return go_on(token)


def _coming_back(offer: Offer) -> SigningIn | None:
    """Who has proved to be the person of the address, but has no account to enter with, or not these terms yet."""
    who = signing_in()
    proved = who and who.next_step(terms_of_use.VERSION) in (Step.TERMS, Step.ENTER)
    return who if who and proved and who.person_id == offer.person_id else None


def _accept(offer: Offer, actor: Actor | None, back: SigningIn | None, now: datetime) -> str:
    """Accept; returns the token of the session to go on with: with the new account, or to choose a method."""
    before, known = signing_in(), actor or back
    with services().database.write() as writing:
        made = invitations.accept(writing, offer, now, known.person_id if known else None)
        if back:
            return str(current_user.get_id())  # the next step lets this session in
        token = sessions.switch(writing, actor, made.account_id, now) if actor else None
        if before:
            sessions.end(writing, before.session_id)
        return token or sessions.start(writing, made.person_id, [Proof.INVITED], now)


def _ask_to_sign_in(offer: Offer) -> ResponseReturnValue:
    """Ask the person whose address it is to sign in, and come back then."""
    session[TARGET] = url_for("arriving.invitation")
    who = signing_in()
    step = who.next_step(terms_of_use.VERSION) if who and who.person_id == offer.person_id else Step.SIGN_IN
    page = url_for(PAGES[step]) if step in PAGES else url_for("accounts.sign_in")
    return _keeping_language(offer, render_template("accounts/invitation_sign_in.html", offer=offer, page=page))


@blueprint.post("/uitnodiging/uitloggen")
@allows("session.end")
def sign_out() -> ResponseReturnValue:
    """End the session of somebody for whom the invitation isn't, and show the invitation again."""
    opened = session.get(INVITATION, "")
    end_session()
    session[INVITATION] = opened
    return redirect(url_for("arriving.invitation"))


@blueprint.get("/aanmelden/methode")
@allows("sign_up.continue")
def choose_method() -> ResponseReturnValue:
    """Choose between a password and Microsoft (AUTH-10)."""
    who = at_step(Step.CHOOSE_METHOD)
    if who is None:
        return lead()
    return render_template("accounts/method.html", microsoft=_microsoft(who))


@blueprint.route("/aanmelden/wachtwoord", methods=["GET", "POST"])
@allows("sign_up.continue")
def password() -> ResponseReturnValue:
    """Choose the first password (AUTH-12..14)."""
    who = at_step(Step.CHOOSE_METHOD)
    if who is None:
        return lead()
    with services().database.read() as reading:
        about = words_about(reading, who.person_id)
    hashed, page = take_password("accounts/first_password.html", about)
    if hashed is None:
        return page
    with services().database.write() as writing:
        chosen = first_password.choose(writing, who.person_id, hashed)
        token = sessions.prove(writing, who.session_id, Proof.PASSWORD, datetime.now(UTC)) if chosen else None
    return go_on(token) if token else redirect(url_for("arriving.choose_method"))


@blueprint.post("/aanmelden/wachtwoord/sterkte")
@allows("passwords.measure")
def password_strength() -> ResponseReturnValue:
    """Say how strong the password typed so far is, and what it lacks; nothing of it is kept.

    Only to who is to choose one: somebody signed in, in the midst of it, or with a link for a forgotten password.
    """
    typed = request.form.get("password", "")[:LONGEST_PASSWORD]
    who = current_actor() or signing_in()
    with services().database.read() as reading:
        person_id = who.person_id if who else resets.whose(reading, session.get(RESET, ""), datetime.now(UTC))
        if not typed or person_id is None:
            return ""
        about = words_about(reading, person_id)
    try:
        return tell_strength(typed, about)
    except TooBusy:
        return "", 204  # what was told before stays


@blueprint.get("/aanmelden/telefoon")
@allows("sign_up.continue")
def phone() -> ResponseReturnValue:
    """Say that a telephone is needed (AUTH-15, NOTIF-05)."""
    who = signing_in()
    if who is None or who.next_step(terms_of_use.VERSION) is not Step.SET_UP_SECOND_STEP:
        return lead()
    return render_template("accounts/phone.html")


@blueprint.get("/voorwaarden", endpoint="terms")
@allows("terms.read")
def read_terms() -> ResponseReturnValue:
    """Show the terms of use; who signs in and did not accept these yet is asked to."""
    return _terms_page("accounts/terms.html", AcceptForm() if at_step(Step.TERMS) else None)


@blueprint.post("/voorwaarden")
@allows("terms.accept")
def accept_terms() -> ResponseReturnValue:
    """Accept the terms of now, and go on."""
    who = at_step(Step.TERMS)
    if who is None:
        return lead()
    form = AcceptForm()
    if not form.validate_on_submit():
        return _terms_page("accounts/terms.html", form), 422
    with services().database.write() as writing:
        terms_of_use.accept(writing, who.person_id)
    return go_on(current_user.get_id())


def lead() -> ResponseReturnValue:
    """Lead somebody who asks for the page of another step to where the own one is."""
    who = signing_in()
    if who is None:
        return redirect(url_for("home"))
    # Who has proved everything has not gone on from the recovery codes yet.
    return redirect(url_for(PAGES.get(who.next_step(terms_of_use.VERSION), "extra_check.recovery_codes")))


def _microsoft(who: SigningIn) -> str | None:
    """Where signing in with Microsoft begins, for people of an organisation that has a tenant there (AUTH-24)."""
    if not is_on():
        return None
    with services().database.read() as reading:
        return url_for("microsoft.choose") if may_use_microsoft(reading, who.person_id) else None


def _terms_page(template: str, form: AcceptForm | None, **shown: object) -> str:
    return render_template(template, form=form, version=terms_of_use.VERSION, **shown)


def _keeping_language(offer: Offer, page: str) -> Response:
    """The page; the browser keeps the language of the invitation, where none was chosen in it."""
    answer = make_response(page)
    if not has_chosen():
        keep_language(answer, offer.language)
    return answer
