"""The browsers that a person signed in with: known again, remembered for the second step, or sent away (SET-18)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import and_, delete, exists, func, insert, select, update
from sqlalchemy.orm import Session

from matching.accounts import audit
from matching.accounts.key_records import Device
from matching.accounts.records import Account, Organisation
from matching.accounts.tokens import new_token, token_hash

#: How long a browser is not asked for the second step, where that is allowed.
REMEMBERED_FOR = timedelta(days=30)
#: A browser that was away this long is met as a new one.
KNOWN_FOR = timedelta(days=400)


class Met(NamedTuple):
    """A browser at a sign-in: its number, the secret its cookie is to hold, and whether it is new to this person."""

    device_id: int
    token: str
    new: bool
    #: Whether the person never signed in before: sending all browsers away makes the next one no first.
    first: bool


def meet(session: Session, person_id: int, tokens: Sequence[str], name: tuple[str, str], now: datetime) -> Met:
    """Know the browser with these secrets again, or make its acquaintance; `name`: its family and system.

    A browser that several people use holds a secret for each of them.
    """
    browser, system = name
    known = find(session, person_id, tokens)
    if known is not None:
        values: dict[str, Any] = {"used_at": now, "browser": browser, "system": system}
        session.execute(update(Device).where(Device.id == known.device_id).values(**values))
        return known
    first = session.scalar(select(~exists().where(Account.person_id == person_id, Account.last_login_at.is_not(None))))
    # Never a secret that the browser brought: somebody could have put it there (ASVS 5, 7.2.4).
    token = new_token()
    values = {"person_id": person_id, "token_hash": token_hash(token), "created_at": now, "used_at": now}
    device_id = session.execute(
        insert(Device).values(browser=browser, system=system, **values).returning(Device.id)
    ).scalar_one()
    _note(session, "device.new", None, person_id, {"device": device_id})
    return Met(int(device_id), token, new=True, first=bool(first))


def find(session: Session, person_id: int, tokens: Sequence[str]) -> Met | None:
    """The person's browser that one of these secrets is of; None for one that is not known, or was sent away."""
    by_hash = {token_hash(token): token for token in tokens}
    mine = Device.person_id == person_id, Device.token_hash.in_(by_hash)
    row = session.execute(select(Device.id, Device.token_hash).where(*mine).limit(1)).one_or_none()
    return Met(row.id, by_hash[row.token_hash], new=False, first=False) if row else None


def may_be_remembered(session: Session, person_id: int) -> bool:
    """Whether every organisation where the person has an open account allows that browsers are remembered."""
    strict = and_(Account.person_id == person_id, Account.active, Organisation.remembers_devices.is_(False))
    some = exists().where(Account.person_id == person_id, Account.active)
    none_strict = ~exists(
        select(Account.id).join(Organisation, Organisation.id == Account.organisation_id).where(strict)
    )
    return bool(session.scalar(select(and_(some, none_strict))))


def is_remembered(session: Session, person_id: int, tokens: Sequence[str], now: datetime) -> bool:
    """Whether the browser with these secrets need not be asked for the second step now."""
    known = find(session, person_id, tokens)
    if known is None or not may_be_remembered(session, person_id):
        return False
    until = session.scalar(select(Device.remembered_until).where(Device.id == known.device_id))
    return until is not None and until > now


def remember(session: Session, person_id: int, device_id: int, now: datetime) -> None:
    """Don't ask this browser for the second step for a while, if the person's organisations allow that."""
    if may_be_remembered(session, person_id):
        session.execute(update(Device).where(Device.id == device_id).values(remembered_until=now + REMEMBERED_FOR))
        _note(session, "device.remember", None, person_id, {"device": device_id})


def forget_remembered(session: Session, person_id: int) -> None:
    """Ask every browser of the person for the second step again, as after each change of keys."""
    session.execute(update(Device).where(Device.person_id == person_id).values(remembered_until=None))


def count(session: Session, person_id: int) -> int:
    """How many browsers a person has signed in with and not sent away."""
    return session.scalar(select(func.count()).where(Device.person_id == person_id)) or 0


def send_away(session: Session, person_id: int, device_id: int, *, actor_id: int) -> bool:
    """Forget a browser and end its sessions: it must sign in anew (SET-18). False when it isn't this person's."""
    gone = session.execute(
        delete(Device).where(Device.id == device_id, Device.person_id == person_id).returning(Device.id)
    ).one_or_none()
    if gone is None:
        return False
    _note(session, "device.send_away", actor_id, person_id, {"device": device_id})
    return True


def send_others_away(session: Session, person_id: int, but: int | None, *, actor_id: int) -> int:
    """Forget every browser of the person but the one numbered `but`, and end their sessions; returns how many."""
    others = Device.person_id == person_id if but is None else and_(Device.person_id == person_id, Device.id != but)
    gone = len(session.execute(delete(Device).where(others).returning(Device.id)).all())
    _note(session, "device.send_away", actor_id, person_id, {"count": gone})
    return gone


def _note(session: Session, action: str, actor_id: int | None, person_id: int, details: dict[str, object]) -> None:
    audit.append(session, actor_id=actor_id, action=action, subject="person", key=str(person_id), details=details)
