"""Sign-ins at Microsoft that are under way: kept on the server for ten minutes, and taken out once."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import delete, insert
from sqlalchemy.orm import Session

from matching.accounts.key_records import MicrosoftFlow
from matching.accounts.microsoft.client import Flow
from matching.accounts.tokens import new_token, token_hash
from matching.accounts.vault import Unreadable, Vault

#: Longer than a sign-in with a second step at Microsoft takes.
VALID_FOR = timedelta(minutes=10)


class Purpose(StrEnum):
    """What somebody signs in at Microsoft for."""

    SIGN_IN = "sign_in"
    CHOOSE = "choose"
    """It is to be the way of signing in of somebody who accepted an invitation (AUTH-10)."""
    LINK = "link"
    """It is to be a way of signing in beside the password (SET-16)."""
    CONFIRM = "confirm"
    """To show once more who it is, before keys are changed."""


@dataclass(frozen=True)
class UnderWay:
    """A sign-in that was begun."""

    purpose: Purpose
    flow: Flow
    #: Hash of the token of the session that asked for it; None for `SIGN_IN`, which begins without one. Not its number:
    #: SQLite gives that of an ended session again.
    session_hash: str | None = None


def keep(session: Session, vault: Vault, under_way: UnderWay, now: datetime) -> str:
    """Keep a sign-in that was begun; returns the secret that only this browser holds."""
    told = {"purpose": under_way.purpose, "flow": under_way.flow, "session_hash": under_way.session_hash}
    token = new_token()
    values = {"token_hash": token_hash(token), "sealed": vault.seal(json.dumps(told)), "expires_at": now + VALID_FOR}
    session.execute(insert(MicrosoftFlow).values(values))
    return token


def take(session: Session, vault: Vault, token: str, now: datetime) -> UnderWay | None:
    """Take out the sign-in with this secret; None when it was taken out before, is too old, or never was.

    Commit before its answer is looked at: of two who bring an answer at once, one gets None.
    """
    sealed = session.execute(
        delete(MicrosoftFlow)
        .where(MicrosoftFlow.token_hash == token_hash(token), MicrosoftFlow.expires_at > now)
        .returning(MicrosoftFlow.sealed)
    ).scalar_one_or_none()
    if sealed is None:
        return None
    try:
        told = json.loads(vault.open(sealed))
    except Unreadable:  # the installation's key was replaced meanwhile
        return None
    return UnderWay(Purpose(told["purpose"]), told["flow"], told["session_hash"])
