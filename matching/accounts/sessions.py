"""Sessions: what a browser has proved so far, whom that makes it, and when it ends (ASVS 5, chapter 7; AUTH-09)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import and_, bindparam, delete, exists, func, insert, or_, select, update
from sqlalchemy.orm import Session

from matching.accounts import audit
from matching.accounts.key_records import MicrosoftIdentity, SecondStep, SignInSession
from matching.accounts.policy import SEARCHERS, Actor
from matching.accounts.records import Account, AccountRole, AccountShowcase, Organisation, Person, ShowcaseAccess
from matching.accounts.tokens import new_token, token_hash
from matching.candidates.records import Showcase
from matching.storage.base import table_of

#: A session in which nobody does anything ends, and a sign-in that takes this long (NIST SP 800-63B 2.2.3).
IDLE = timedelta(hours=1)
#: However busy it is, a session ends after a working day (NIST SP 800-63B 2.2.3: 24 hours at most).
LONGEST = timedelta(hours=12)
#: How long it counts that somebody just showed who it is, before keys are changed (ASVS 5, 7.5.1).
CONFIRMED_FOR = timedelta(minutes=10)
#: That a session is in use is noted this often: each note is a write.
NOTED_EVERY = timedelta(minutes=1)


class Proof(StrEnum):
    """What can be proved in a session; the name of the column that says when."""

    INVITED = "invited_at"
    PASSWORD = "password_at"  # noqa: S105 - a column
    SECOND = "second_at"
    MICROSOFT = "microsoft_at"


class Step(StrEnum):
    """What a sign-in still needs."""

    #: The session holds nothing that says who it is: sign in.
    SIGN_IN = "sign_in"
    CHOOSE_METHOD = "choose_method"
    SET_UP_SECOND_STEP = "set_up_second_step"
    SECOND_STEP = "second_step"
    TERMS = "terms"
    ENTER = "enter"


@dataclass(frozen=True)
class SigningIn:
    """A person in the midst of signing in: known, but not yet in."""

    session_id: int
    person_id: int
    email: str
    terms: str | None
    has_password: bool
    has_microsoft: bool
    #: Kinds of the second steps in use.
    second_steps: tuple[str, ...]
    proved: frozenset[Proof]

    def next_step(self, terms: str) -> Step:
        """What comes next, where `terms` is the present version of the terms (AUTH-05, 09, 23, 26)."""
        if not self.proved & {Proof.PASSWORD, Proof.MICROSOFT}:
            fresh = Proof.INVITED in self.proved and not (self.has_password or self.has_microsoft)
            return Step.CHOOSE_METHOD if fresh else Step.SIGN_IN
        if Proof.MICROSOFT not in self.proved:
            if not self.second_steps:
                return Step.SET_UP_SECOND_STEP
            if Proof.SECOND not in self.proved:
                return Step.SECOND_STEP
        return Step.ENTER if self.terms == terms else Step.TERMS


# Core tables: every request asks who acts, and the ORM's statements on the same columns take longer.
_SESSIONS, _PEOPLE, _ACCOUNTS, _ROLES, _ORGANISATIONS, _ACCESS, _OWN, _SHOWCASES = map(
    table_of,
    (SignInSession, Person, Account, AccountRole, Organisation, ShowcaseAccess, AccountShowcase, Showcase),
)
_OTHER = _ACCOUNTS.alias("other")

#: A row for each role and showcase of the session's account; one row where there is neither.
_FOUND = (
    select(
        *(_SESSIONS.c[name] for name in ("id", "person_id", "account_id", "complete", *Proof)),
        _SESSIONS.c.started_at,
        _SESSIONS.c.seen_at,
        *(_PEOPLE.c[name] for name in ("name", "email", "terms")),
        _PEOPLE.c.password_hash.is_not(None).label("has_password"),
        _ACCOUNTS.c.organisation_id,
        _ACCOUNTS.c.postcode,
        _ORGANISATIONS.c.name.label("organisation"),
        _ROLES.c.role,
        _SHOWCASES.c.code,
        exists()
        .where(_OTHER.c.person_id == _SESSIONS.c.person_id, _OTHER.c.active, _OTHER.c.id != _SESSIONS.c.account_id)
        .label("has_more_accounts"),
    )
    .join(_PEOPLE, _PEOPLE.c.id == _SESSIONS.c.person_id)
    .outerjoin(_ACCOUNTS, and_(_ACCOUNTS.c.id == _SESSIONS.c.account_id, _ACCOUNTS.c.active))
    .outerjoin(_ORGANISATIONS, _ORGANISATIONS.c.id == _ACCOUNTS.c.organisation_id)
    .outerjoin(_ROLES, _ROLES.c.account_id == _ACCOUNTS.c.id)
    .outerjoin(
        _ACCESS,
        and_(
            _ACCESS.c.organisation_id == _ACCOUNTS.c.organisation_id,
            or_(
                _ACCOUNTS.c.every_showcase,
                exists().where(_OWN.c.account_id == _ACCOUNTS.c.id, _OWN.c.showcase_id == _ACCESS.c.showcase_id),
            ),
        ),
    )
    .outerjoin(_SHOWCASES, _SHOWCASES.c.id == _ACCESS.c.showcase_id)
    .where(_SESSIONS.c.token_hash == bindparam("token_hash"))
    .order_by(_SHOWCASES.c.position, func.lower(_SHOWCASES.c.name))
)


@dataclass(frozen=True)
class Found:
    """Whose session a token belongs to: somebody signed in, or somebody in the midst of it."""

    who: Actor | SigningIn
    seen_at: datetime


def find(session: Session, token: str, now: datetime) -> Found | None:
    """Whose session this is; None for one that is unknown, ended or too old. One statement for who is signed in."""
    rows = session.execute(_FOUND, {"token_hash": token_hash(token)}).all()
    if not rows or _is_over(rows[0], now):
        return None
    row = rows[0]
    if not row.complete:
        return Found(_signing_in(session, row), row.seen_at)
    if row.organisation is None:
        return None  # the account was closed, or has gone
    return Found(_actor(rows), row.seen_at)


def _is_over(row: Any, now: datetime) -> bool:
    if not row.complete:
        return bool(now - row.started_at > IDLE)
    return bool(now - row.seen_at > IDLE or now - row.started_at > LONGEST)


def _actor(rows: Sequence[Any]) -> Actor:
    row = rows[0]
    roles = frozenset(one.role for one in rows if one.role)
    shown = [moment for moment in (row.password_at, row.microsoft_at) if moment]
    return Actor(
        session_id=row.id,
        person_id=row.person_id,
        account_id=row.account_id,
        name=row.name,
        roles=roles,
        organisation_id=row.organisation_id,
        organisation=row.organisation,
        # A showcase comes once for each role.
        showcases=tuple(dict.fromkeys(one.code for one in rows if one.code)) if roles & SEARCHERS else (),
        postcode=row.postcode,
        has_more_accounts=row.has_more_accounts,
        confirmed_at=max(shown) if shown else None,
    )


def _signing_in(session: Session, row: Any) -> SigningIn:
    kinds = session.scalars(
        select(SecondStep.kind)
        .where(SecondStep.person_id == row.person_id, SecondStep.confirmed)
        .order_by(SecondStep.kind)
    )
    microsoft = session.scalar(
        select(func.count()).select_from(MicrosoftIdentity).where(MicrosoftIdentity.person_id == row.person_id)
    )
    return SigningIn(
        session_id=row.id,
        person_id=row.person_id,
        email=row.email,
        terms=row.terms,
        has_password=row.has_password,
        has_microsoft=bool(microsoft),
        second_steps=tuple(kinds),
        proved=frozenset(proof for proof in Proof if getattr(row, proof) is not None),
    )


def start(
    session: Session, person_id: int, proofs: Sequence[Proof], now: datetime, shown_at: datetime | None = None
) -> str:
    """Start a session of somebody who just proved this; returns its token, which only the browser keeps.

    `shown_at`: when the person showed it, where that was elsewhere and before.
    """
    token = new_token()
    values: dict[str, Any] = {proof.value: shown_at or now for proof in proofs}
    session.execute(
        insert(SignInSession).values(
            token_hash=token_hash(token),
            person_id=person_id,
            complete=False,
            started_at=now,
            seen_at=now,
            **values,
        )
    )
    return token


def prove(session: Session, session_id: int, proof: Proof, now: datetime, shown_at: datetime | None = None) -> str:
    """Note that this was proved just now, or at `shown_at`; the session gets a new token, which is returned.

    Source: ASVS 5, 7.2.4.
    """
    return _renew(session, session_id, **{proof.value: shown_at or now, "seen_at": now})


def enter(session: Session, who: SigningIn, now: datetime, device_id: int | None = None) -> str | None:
    """Let somebody in who has proved enough: with the account used last; returns the session's new token.

    None when no account is open any more; the session then ends. The last login time is recorded (AUTH-33). The caller
    has asked `next_step`.
    """
    account_id = session.scalar(
        select(Account.id)
        .where(Account.person_id == who.person_id, Account.active)
        .order_by(Account.last_login_at.is_(None), Account.last_login_at.desc(), Account.id)
        .limit(1)
    )
    if account_id is None:
        end(session, who.session_id)
        audit.append(
            session, actor_id=None, action="session.refused", subject="person", key=str(who.person_id), details={}
        )
        return None
    return _open(session, who.session_id, account_id, now, complete=True, started_at=now, device_id=device_id)


def switch(session: Session, actor: Actor, account_id: int, now: datetime) -> str | None:
    """Go on with another open account of the same person (SET-02, SET-03); the new token, or None when it isn't one."""
    own = select(Account.id).where(Account.id == account_id, Account.person_id == actor.person_id, Account.active)
    if session.scalar(own) is None:
        return None
    return _open(session, actor.session_id, account_id, now)


def _open(session: Session, session_id: int, account_id: int, now: datetime, **more: Any) -> str:
    session.execute(update(Account).where(Account.id == account_id).values(last_login_at=now))
    audit.append(
        session, actor_id=account_id, action="session.start", subject="account", key=str(account_id), details={}
    )
    return _renew(session, session_id, account_id=account_id, seen_at=now, **more)


def _renew(session: Session, session_id: int, **values: Any) -> str:
    token = new_token()
    session.execute(
        update(SignInSession).where(SignInSession.id == session_id).values(token_hash=token_hash(token), **values)
    )
    return token


def note_use(session: Session, session_id: int, now: datetime) -> None:
    """Note that the session is in use; the caller asks for it once in NOTED_EVERY."""
    session.execute(update(SignInSession).where(SignInSession.id == session_id).values(seen_at=now))


def end(session: Session, session_id: int) -> None:
    """End one session, as logging out does (AUTH-34)."""
    session.execute(delete(SignInSession).where(SignInSession.id == session_id))


def end_all(session: Session, person_id: int, but: int | None = None) -> int:
    """End every session of a person, except the one numbered `but`; returns how many."""
    mine = SignInSession.person_id == person_id
    others = mine if but is None else and_(mine, SignInSession.id != but)
    return _deleted(session, delete(SignInSession).where(others))


def end_account(session: Session, account_id: int) -> int:
    """End every session that works with this account, as closing it does; returns how many."""
    return _deleted(session, delete(SignInSession).where(SignInSession.account_id == account_id))


def forget_old(session: Session, now: datetime) -> int:
    """Delete the sessions that are over by their age, which open nothing any more; returns how many."""
    old = or_(SignInSession.seen_at < now - IDLE, SignInSession.started_at < now - LONGEST)
    return _deleted(session, delete(SignInSession).where(old))


def _deleted(session: Session, statement: Any) -> int:
    return int(session.execute(statement).rowcount)  # type: ignore[attr-defined]


def is_confirmed(actor: Actor, now: datetime) -> bool:
    """Whether the person showed who it is so lately that keys may be changed (security.md, ASVS 5, 7.5.1)."""
    return actor.confirmed_at is not None and now - actor.confirmed_at <= CONFIRMED_FOR
