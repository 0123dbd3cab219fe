"""Signing in with Microsoft, and linking it (AUTH-10, 24..26, 32, SET-16)."""

from __future__ import annotations

from datetime import UTC, datetime

from flask import Blueprint, abort, flash, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue

from matching.accounts import rules, sessions
from matching.accounts.microsoft import links as microsoft_links
from matching.accounts.microsoft.flows import Purpose
from matching.accounts.microsoft.identities import Identity, MicrosoftRefused, Refusal
from matching.accounts.microsoft.links import NoLinkError
from matching.accounts.sessions import Step
from web.accounts.arrival import TARGET, at_step, go_on
from web.accounts.arriving import lead
from web.accounts.at_microsoft import REFUSED, is_on, leave, note, refuse, returned
from web.accounts.confirming import confirmed
from web.accounts.microsoft_words import explain
from web.accounts.routes import EMAIL
from web.guard import allows, current_actor, signed_in_actor
from web.safe_redirect import local_target
from web.services import services
from web.sessions import signing_in
from web.settings.sure import ask as sure
from web.texts import gettext as _

blueprint = Blueprint("microsoft", __name__, url_prefix="/microsoft")

#: What is to blame elsewhere than with who signs in.
_TROUBLE = {Refusal.AWAY, Refusal.DECLINED}


@blueprint.before_request
def _only_where_it_is_on() -> None:
    if not is_on():
        abort(404)


@blueprint.app_context_processor
def _for_templates() -> dict[str, object]:
    return {"microsoft_is_on": is_on}


@blueprint.post("/start")
@allows("session.start")
def start() -> ResponseReturnValue:
    """Sign in (AUTH-24); with `ander` Microsoft asks which account."""
    if current_actor():
        return redirect(local_target(session.pop(TARGET, None)))
    another = "ander" in request.form
    return leave(Purpose.SIGN_IN, hint=None if another else session.get(EMAIL), another=another)


@blueprint.post("/kiezen")
@allows("sign_up.continue")
def choose() -> ResponseReturnValue:
    """Take Microsoft as the way of signing in, after accepting an invitation (AUTH-10)."""
    who = at_step(Step.CHOOSE_METHOD)
    if who is None:
        return lead()
    return leave(Purpose.CHOOSE, hint=who.email, another="ander" in request.form)


@blueprint.post("/bevestigen")
@allows("session.confirm")
def confirm() -> ResponseReturnValue:
    """Show once more who one is, before keys are changed."""
    return leave(Purpose.CONFIRM, hint=_login_name())


@blueprint.post("/koppelen")
@allows("keys.change")
@confirmed
def link() -> ResponseReturnValue:
    """Sign in with Microsoft too from now on (AUTH-11, SET-16)."""
    return leave(Purpose.LINK, hint=_login_name())


@blueprint.get("/ontkoppelen")
@allows("keys.change")
@confirmed
def ask_unlink() -> ResponseReturnValue:
    """Ask whether signing in with Microsoft is to stop."""
    text = _("Je kunt dan niet meer met Microsoft inloggen, en wordt op andere apparaten uitgelogd.")
    target, back = url_for("microsoft.unlink"), url_for("settings.security")
    return sure(_("Microsoft ontkoppelen?"), text, _("Ontkoppelen"), target, back)


@blueprint.post("/ontkoppelen")
@allows("keys.change")
@confirmed
def unlink() -> ResponseReturnValue:
    """Sign in with the password only from now on; refused to who has none (SET-19)."""
    try:
        with services().database.write() as writing:
            microsoft_links.unlink(writing, services().vault, signed_in_actor(), datetime.now(UTC))
    except NoLinkError as error:
        flash(explain(error.reason), "wrong")
    else:
        flash(_("Microsoft is ontkoppeld. Log voortaan in met je wachtwoord en extra controle."))
    return redirect(url_for("settings.security"))


@blueprint.get("/terug")
@allows("microsoft.return")
def arrive() -> ResponseReturnValue:
    """Take what Microsoft answers, and go on signed in, linked or confirmed; or say why not.

    It writes though it is a GET: Microsoft's answer comes in an address (decision 21). What keeps others from having it
    asked for is the secret of the sign-in under way, which only the browser that began it holds.
    """
    try:
        purpose, identity = returned()
        return _ENDS[purpose](identity)
    except MicrosoftRefused as refusal:
        return refuse(refusal.reason)
    except NoLinkError as error:
        note(error.reason)
        return refuse(error.reason)


@blueprint.get("/geweigerd")
@allows("microsoft.return")
def refused() -> ResponseReturnValue:
    """Say why it was refused, and what can be done (AUTH-25)."""
    reason = session.get(REFUSED)
    if reason is None:
        return redirect(url_for("accounts.sign_in"))
    status = 503 if reason in _TROUBLE else 403
    page = "accounts/microsoft_refused.html"
    return render_template(page, text=explain(reason), reason=reason, choosing=at_step(Step.CHOOSE_METHOD)), status


def _sign_in(identity: Identity) -> ResponseReturnValue:
    before = current_actor() or signing_in()
    with services().database.write() as writing:
        token = microsoft_links.sign_in(writing, identity, datetime.now(UTC))
        if before:
            sessions.end(writing, before.session_id)
    return go_on(token)


def _choose(identity: Identity) -> ResponseReturnValue:
    who = at_step(Step.CHOOSE_METHOD)
    if who is None:
        raise MicrosoftRefused(Refusal.STATE)
    with services().database.write() as writing:
        token = microsoft_links.choose(writing, who.person_id, who.session_id, identity, datetime.now(UTC))
    return go_on(token)


def _link(identity: Identity) -> ResponseReturnValue:
    actor = signed_in_actor()
    with services().database.write() as writing:
        token = microsoft_links.link(writing, services().vault, actor, identity, datetime.now(UTC))
    session[TARGET] = url_for("settings.security")
    answer = go_on(token)
    flash(_("Microsoft is gekoppeld. Je kunt voortaan met je Microsoft-account inloggen."))
    return answer


def _confirm(identity: Identity) -> ResponseReturnValue:
    actor = signed_in_actor()
    with services().database.write() as writing:
        token = microsoft_links.confirm(writing, actor, identity, datetime.now(UTC))
        rules.note_confirmed(writing, actor.account_id)
    return go_on(token)


_ENDS = {Purpose.SIGN_IN: _sign_in, Purpose.CHOOSE: _choose, Purpose.LINK: _link, Purpose.CONFIRM: _confirm}


def _login_name() -> str:
    with services().database.read() as reading:
        email, _has_password = rules.login_name(reading, signed_in_actor().person_id)
    return email
