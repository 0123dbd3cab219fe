"""Leads somebody who signs in from one step to the next, and in when nothing is missing (AUTH-05, 09, 23, 26, 30)."""

from __future__ import annotations

from datetime import UTC, datetime

from flask import flash, make_response, redirect, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from matching.accounts import invitations, known_devices, sessions, terms
from matching.accounts.accounts import count_open_accounts
from matching.accounts.devices import device_name
from matching.accounts.notices import tell
from matching.accounts.second_steps import AUTHENTICATOR
from matching.accounts.sessions import SigningIn, Step
from matching.post.mails import NewDevice
from web.accounts.browser import keep_device, known_tokens
from web.accounts.texting import TextsAway, send_code
from web.safe_redirect import local_target
from web.services import services
from web.sessions import hold, let_go, signing_in

#: Keys of the signed cookie that outlive a new session's token. REMEMBER: number of the person whose browser this is.
#: INVITATION, NEW_ADDRESS: secrets of the links to an invitation and to a new e-mail address that were opened last.
TARGET, REMEMBER, INVITATION, NEW_ADDRESS = KEPT = ("target", "remember", "invitation", "new_address")

PAGES = {
    Step.SIGN_IN: "accounts.sign_in",
    Step.CHOOSE_METHOD: "arriving.choose_method",
    Step.SET_UP_SECOND_STEP: "arriving.phone",
    Step.SECOND_STEP: "accounts.second_step",
    Step.TERMS: "arriving.terms",
}


def go_on(token: str) -> ResponseReturnValue:
    """Let this browser keep the session with this new token, and lead it to what comes next.

    Who has proved enough is let in: to the page first asked for, else Home. Call it after each step that was proved.
    """
    now = datetime.now(UTC)
    with services().database.read() as reading:
        found = sessions.find(reading, token, now)
    if found is None:
        let_go()
        return redirect(url_for(PAGES[Step.SIGN_IN]))
    hold_on(token)
    if not isinstance(found.who, SigningIn):
        return _to_target()
    step = found.who.next_step(terms.VERSION)
    if step is Step.ENTER:
        return _enter(found.who, now)
    if step is Step.SECOND_STEP and AUTHENTICATOR not in found.who.second_steps:
        _send_code(found.who)
    return redirect(url_for(PAGES[step]))


def hold_on(token: str) -> None:
    """Let this browser keep the session with this new token, where it was heading, and the links it opened."""
    kept = {key: session[key] for key in KEPT if key in session}
    hold(token)
    session.update(kept)


def at_step(step: Step) -> SigningIn | None:
    """Who is in the midst of signing in, with just this step to take now."""
    who = signing_in()
    return who if who and who.next_step(terms.VERSION) is step else None


def _enter(who: SigningIn, now: datetime) -> ResponseReturnValue:
    parts = services()
    if _comes_back(who, now):
        return redirect(url_for("arriving.invitation"))
    name = device_name(request.user_agent.string)
    with parts.database.write() as writing:
        met = known_devices.meet(writing, who.person_id, known_tokens(), name, now)
        entered = sessions.enter(writing, who, now, met.device_id)
        if entered is not None:
            if met.new and not met.first:
                tell(writing, parts.vault, who.person_id, NewDevice(browser=name[0], system=name[1], at=now))
            if session.get(REMEMBER) == who.person_id:
                known_devices.remember(writing, who.person_id, met.device_id, now)
    if entered is None:
        let_go()
        flash(_("Je hebt geen toegang meer. Vraag het de beheerder van je organisatie."), "wrong")
        return redirect(url_for(PAGES[Step.SIGN_IN]))
    hold_on(entered)
    session.pop(REMEMBER, None)
    answer = make_response(_to_target())
    keep_device(answer, met.token)
    return answer


def _comes_back(who: SigningIn, now: datetime) -> bool:
    """Whether somebody without an open account opened an invitation to the own address: its page lets them in."""
    token = session.get(INVITATION)
    if token is None:
        return False
    with services().database.read() as reading:
        if count_open_accounts(reading, who.person_id):
            return False
        _state, offer = invitations.find_open(reading, token, now)
    return offer is not None and offer.person_id == who.person_id


def _send_code(who: SigningIn) -> None:
    """Send the code that the next page asks for; when that fails the page offers to send it again."""
    try:
        wait_s = send_code(who.person_id)
    except TextsAway:
        wait_s = 1.0
    if wait_s:
        flash(_("We konden je nu geen code sturen. Vraag hieronder een nieuwe code aan."), "wrong")


def _to_target() -> ResponseReturnValue:
    return redirect(local_target(session.pop(TARGET, None)))
