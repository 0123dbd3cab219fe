"""The way to Microsoft's pages and back: what is begun is kept on the server, and its answer is looked at once."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from flask import flash, make_response, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from matching.accounts.microsoft import flows as microsoft_flows
from matching.accounts.microsoft import links as microsoft_links
from matching.accounts.microsoft.client import begin, complete
from matching.accounts.microsoft.flows import Purpose, UnderWay
from matching.accounts.microsoft.identities import Identity, MicrosoftRefused, Refusal
from matching.accounts.tokens import token_hash
from matching.turns import TooBusy, Turns
from web.accounts import limits
from web.accounts.words import too_often
from web.services import services

#: Keys of the signed cookie: the secret of the sign-in under way, and why the last one was refused.
UNDER_WAY, REFUSED = "microsoft", "microsoft_refused"
#: One request of a process may wait for Microsoft, and another for its turn: when it is slow, searches go on.
turns = Turns(waiting=1, patience_s=2.0)

#: The page with the button that each of them is begun with.
_BEGUN_AT = {
    Purpose.SIGN_IN: "accounts.sign_in",
    Purpose.CHOOSE: "arriving.choose_method",
    Purpose.CONFIRM: "accounts.confirm",
    Purpose.LINK: "settings.security",
}

_log = logging.getLogger(__name__)


def is_on() -> bool:
    """Whether this installation signs people in with Microsoft."""
    return bool(services().settings.microsoft_client_id)


def leave(purpose: Purpose, *, hint: str | None = None, another: bool = False) -> ResponseReturnValue:
    """Begin a sign-in at Microsoft, and send the browser there; but for SIGN_IN only this session can end it.

    `hint` is the address to fill in there; `another` has Microsoft ask which account. It is no redirect: the browser
    would hold each address that follows on a form against `form-action`, also those of the municipality's own sign-in
    page, which Microsoft passes people on to and which we can't know. Who begins many without ending them has to wait.
    """
    parts, now = services(), datetime.now(UTC)
    attempt = limits.try_microsoft()
    if attempt.wait_s:
        flash(too_often(attempt.wait_s), "wrong")
        return redirect(url_for(_BEGUN_AT[purpose]))
    back = f"{parts.settings.site_url}{url_for('microsoft.arrive')}"
    try:
        with _turn():
            fresh = purpose is Purpose.CONFIRM
            flow = begin(parts.settings, back, login_hint=hint, fresh=fresh, another=another)
    except MicrosoftRefused as refusal:
        attempt.was_not_made()
        return refuse(refusal.reason)
    under_way = UnderWay(purpose, flow, None if purpose is Purpose.SIGN_IN else _session_hash())
    with parts.database.write() as writing:
        session[UNDER_WAY] = microsoft_flows.keep(writing, parts.vault, under_way, now)
    answer = make_response(render_template("accounts/to_microsoft.html", address=flow["auth_uri"]))
    answer.headers["Refresh"] = f"0; url={flow['auth_uri']}"
    return answer


def returned() -> tuple[Purpose, Identity]:
    """What was under way in this browser, and who signed in there. Raises MicrosoftRefused.

    Whatever comes of it, the same answer is not looked at again: what was under way is taken out before.
    """
    parts = services()
    with parts.database.write() as writing:
        found = microsoft_flows.take(writing, parts.vault, session.pop(UNDER_WAY, ""), datetime.now(UTC))
    if found is None or found.session_hash not in (None, _session_hash()):
        raise MicrosoftRefused(Refusal.STATE)
    try:
        with _turn():
            identity = complete(parts.settings, found.flow, request.args)
    except MicrosoftRefused as refusal:
        note(refusal.reason)
        raise
    limits.microsoft_was_right()
    return found.purpose, identity


def note(reason: str) -> None:
    """Record that somebody came back from Microsoft and was refused."""
    _log.warning("A sign-in with Microsoft was refused: %s", reason)
    with services().database.write() as writing:
        microsoft_links.note_refused(writing, reason)


def refuse(reason: str) -> ResponseReturnValue:
    """Lead to the page that says why; the address with Microsoft's answer is left at once."""
    session[REFUSED] = str(reason)
    return redirect(url_for("microsoft.refused"))


def _session_hash() -> str | None:
    token = current_user.get_id()
    return token_hash(token) if token else None


@contextmanager
def _turn() -> Iterator[None]:
    try:
        with turns.turn():
            yield
    except TooBusy as error:
        raise MicrosoftRefused(Refusal.AWAY) from error
