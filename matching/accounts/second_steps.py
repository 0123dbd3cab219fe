"""The extra check: setting one up, asking for it, and taking it off (AUTH-09, AUTH-15..23, SET-17, SET-19)."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import Select, Update, delete, func, insert, select, update
from sqlalchemy.orm import Session

from matching.accounts import audit, known_devices, sessions
from matching.accounts.key_records import RecoveryCode, SecondStep, ShortCode
from matching.accounts.notices import tell
from matching.accounts.policy import Actor
from matching.accounts.proofs import short_codes
from matching.accounts.proofs.authenticator import accepted_step, new_secret
from matching.accounts.proofs.recovery_codes import code_hash, new_codes
from matching.accounts.records import Person
from matching.accounts.sessions import Proof, SigningIn
from matching.accounts.vault import Vault
from matching.post.mails import RecoveryCodeUsed

AUTHENTICATOR, SMS, RECOVERY = "authenticator", "sms", "recovery"
KINDS = (AUTHENTICATOR, SMS)


class LastStep(Exception):
    """The last extra check can't be removed while a password is in use (SET-19)."""


class Text(NamedTuple):
    """A code that is to be sent by SMS: to which number, and what it is."""

    number: str
    code: str


def may_set_up(who: Actor | SigningIn | None, now: datetime) -> bool:
    """Whether `who` may set an extra check up.

    Somebody signed in who lately showed who it is; or somebody signing in who proved the password and has no check yet.
    Never somebody who has one and did not pass it: it could else be skipped by setting up another (ASVS 5, 6.4.4).
    """
    if isinstance(who, Actor):
        return sessions.is_confirmed(who, now)
    return who is not None and Proof.PASSWORD in who.proved and not who.second_steps


def begin_authenticator(session: Session, vault: Vault, person_id: int, now: datetime) -> str:
    """The secret of the authenticator being set up: the same until it is confirmed, so that a page can be reloaded."""
    pending = session.scalar(_step(person_id, AUTHENTICATOR, confirmed=False))
    if pending is not None:
        return vault.open(pending.sealed)
    secret = new_secret()
    _set_pending(session, person_id, AUTHENTICATOR, vault.seal(secret), now)
    return secret


def secret(session: Session, vault: Vault, person_id: int) -> str | None:
    """The secret of the authenticator being set up."""
    pending = session.scalar(_step(person_id, AUTHENTICATOR, confirmed=False))
    return vault.open(pending.sealed) if pending else None


def begin_phone(session: Session, vault: Vault, person_id: int, number: str, now: datetime) -> None:
    """Take a telephone number (E.164) that is to be confirmed by a code; it replaces one that was not confirmed."""
    _set_pending(session, person_id, SMS, vault.seal(number), now)


def give_up(session: Session, person_id: int) -> None:
    """Leave off setting up (AUTH-22); a check in use stays."""
    session.execute(delete(SecondStep).where(SecondStep.person_id == person_id, SecondStep.confirmed.is_(False)))


def phone(session: Session, vault: Vault, person_id: int, *, pending: bool) -> str | None:
    """The number that codes go to (E.164): the one being set up, or the one in use; None when there is none."""
    step = session.scalar(_step(person_id, SMS, confirmed=not pending))
    return vault.open(step.sealed) if step else None


def make_code(session: Session, vault: Vault, person_id: int, now: datetime, *, pending: bool) -> Text | None:
    """Make a code for the telephone, which the caller sends; an earlier one stops working. None without telephone."""
    lock(session, person_id)
    step = session.scalar(_step(person_id, SMS, confirmed=not pending))
    if step is None:
        return None
    code = short_codes.new_code()
    session.execute(delete(ShortCode).where(ShortCode.person_id == person_id))
    session.execute(
        insert(ShortCode).values(
            person_id=person_id,
            second_step_id=step.id,
            code_hash=vault.keyed_hash(f"sms {person_id}", code),
            expires_at=now + timedelta(seconds=short_codes.LIFETIME_S),
            tries=0,
        )
    )
    _note(session, person_id, "second_step.send", SMS)
    return Text(vault.open(step.sealed), code)


def confirm(
    session: Session,
    vault: Vault,
    person_id: int,
    kind: str,
    code: str,
    now: datetime,
    *,
    actor: Actor | None = None,
) -> bool:
    """Take the check being set up into use, instead of one before, when `code` shows that it works (AUTH-19, 21).

    Browsers are then asked for it again, and every session ends but the one of `actor`, who did it signed in.
    """
    step = session.scalar(_step(person_id, kind, confirmed=False))
    if step is None or not _is_right(session, vault, step, code, now):
        return False
    session.execute(
        delete(SecondStep).where(SecondStep.person_id == person_id, SecondStep.kind == kind, SecondStep.confirmed)
    )
    session.execute(update(SecondStep).where(SecondStep.id == step.id).values(confirmed=True))
    known_devices.forget_remembered(session, person_id)
    if actor:
        sessions.end_all(session, person_id, but=actor.session_id)
    _note(session, person_id, "second_step.set_up", kind, actor.account_id if actor else None)
    return True


def check(session: Session, vault: Vault, person_id: int, kind: str, code: str, now: datetime) -> bool:
    """Whether `code` is right for a check in use, or a recovery code not used before; each code is right once.

    Of two who bring the same code at once one is refused, whichever database this is. A mail tells of a recovery code.
    The caller limits tries.
    """
    if kind == RECOVERY:
        right = _use_recovery_code(session, person_id, code, now)
        if right:
            used = RecoveryCodeUsed(left=count_recovery_codes(session, person_id), at=now)
            tell(session, vault, person_id, used)
    else:
        step = session.scalar(_step(person_id, kind, confirmed=True))
        right = step is not None and _is_right(session, vault, step, code, now)
    _note(session, person_id, "second_step.pass" if right else "second_step.refuse", kind)
    return right


def new_recovery_codes(session: Session, person_id: int, *, actor_id: int | None = None) -> list[str]:
    """New recovery codes, to be shown once; those of before stop working."""
    codes = new_codes()
    session.execute(delete(RecoveryCode).where(RecoveryCode.person_id == person_id))
    session.execute(insert(RecoveryCode), [{"person_id": person_id, "code_hash": code_hash(code)} for code in codes])
    _note(session, person_id, "recovery_codes.make", RECOVERY, actor_id)
    return codes


def count_recovery_codes(session: Session, person_id: int) -> int:
    """How many recovery codes are left."""
    left = select(func.count()).where(RecoveryCode.person_id == person_id, RecoveryCode.used_at.is_(None))
    return session.scalar(left) or 0


def lock(session: Session, person_id: int) -> None:
    """Keep others from changing the person's checks until this transaction ends: two at once don't see each other."""
    session.execute(select(Person.id).where(Person.id == person_id).with_for_update()).one()


def in_use(session: Session, person_id: int) -> tuple[str, ...]:
    """The kinds of checks in use."""
    kinds = select(SecondStep.kind).where(SecondStep.person_id == person_id, SecondStep.confirmed)
    return tuple(session.scalars(kinds.order_by(SecondStep.kind)))


def remove(session: Session, person_id: int, kind: str, *, actor_id: int) -> None:
    """Take a check out of use. Raises LastStep for the last one of somebody who signs in with a password (SET-19)."""
    lock(session, person_id)
    has_password = session.execute(select(Person.password_hash.is_not(None)).where(Person.id == person_id)).scalar_one()
    if has_password and not set(in_use(session, person_id)) - {kind}:
        raise LastStep
    session.execute(delete(SecondStep).where(SecondStep.person_id == person_id, SecondStep.kind == kind))
    _note(session, person_id, "second_step.remove", kind, actor_id)


def reset(session: Session, person_id: int, *, actor_id: int | None) -> None:
    """Take all checks and recovery codes off, for a lost phone, and end all sessions; the password stays asked for.

    Who may is the caller's question: an administrator of the organisation, never for oneself.
    """
    session.execute(delete(SecondStep).where(SecondStep.person_id == person_id))
    session.execute(delete(RecoveryCode).where(RecoveryCode.person_id == person_id))
    known_devices.forget_remembered(session, person_id)
    sessions.end_all(session, person_id)
    audit.append(
        session, actor_id=actor_id, action="second_step.reset", subject="person", key=str(person_id), details={}
    )


def _step(person_id: int, kind: str, *, confirmed: bool) -> Select[SecondStep]:
    return select(SecondStep).where(
        SecondStep.person_id == person_id, SecondStep.kind == kind, SecondStep.confirmed.is_(confirmed)
    )


def _set_pending(session: Session, person_id: int, kind: str, sealed: str, now: datetime) -> None:
    session.execute(
        delete(SecondStep).where(
            SecondStep.person_id == person_id, SecondStep.kind == kind, SecondStep.confirmed.is_(False)
        )
    )
    session.execute(
        insert(SecondStep).values(person_id=person_id, kind=kind, sealed=sealed, confirmed=False, created_at=now)
    )


def _is_right(session: Session, vault: Vault, step: SecondStep, code: str, now: datetime) -> bool:
    if step.kind == SMS:
        return _use_short_code(session, vault, step, code, now)
    taken = accepted_step(vault.open(step.sealed), code, now, step.last_step)
    if taken is None:
        return False
    later = SecondStep.last_step.is_(None) | (SecondStep.last_step < taken)
    return _changed_one(session, update(SecondStep).where(SecondStep.id == step.id, later).values(last_step=taken))


def _use_short_code(session: Session, vault: Vault, step: SecondStep, code: str, now: datetime) -> bool:
    """Count a try, and use the code up when it is the right one."""
    mine = ShortCode.person_id == step.person_id, ShortCode.second_step_id == step.id
    counted = update(ShortCode).where(*mine, ShortCode.tries < short_codes.MOST_TRIES, ShortCode.expires_at > now)
    if not _changed_one(session, counted.values(tries=ShortCode.tries + 1)):
        return False
    typed = vault.keyed_hash(f"sms {step.person_id}", "".join(code.split()))
    used = delete(ShortCode).where(*mine, ShortCode.code_hash == typed).returning(ShortCode.person_id)
    return session.execute(used).one_or_none() is not None


def _use_recovery_code(session: Session, person_id: int, code: str, now: datetime) -> bool:
    unused = update(RecoveryCode).where(
        RecoveryCode.person_id == person_id,
        RecoveryCode.code_hash == code_hash(code),
        RecoveryCode.used_at.is_(None),
    )
    return _changed_one(session, unused.values(used_at=now))


def _changed_one(session: Session, statement: Update) -> bool:
    return bool(session.execute(statement.execution_options(synchronize_session=False)).rowcount == 1)  # type: ignore[attr-defined]


def _note(session: Session, person_id: int, action: str, kind: str, actor_id: int | None = None) -> None:
    audit.append(
        session, actor_id=actor_id, action=action, subject="person", key=str(person_id), details={"kind": kind}
    )
