"""The outbox: mail is queued in the transaction that promises it, claimed by one worker, sent, and forgotten."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol, cast

from sqlalchemy import ColumnElement, and_, delete, func, insert, or_, select, update
from sqlalchemy.orm import Session

from matching.post.mails import Mail, recipient_of, to_json
from matching.post.records import OutboxMail
from matching.post.wording import Language
from matching.storage.clock import database_now

#: For how long a claimed mail is in one worker's hands: longer than a conversation with a server that hangs takes.
LEASE = timedelta(minutes=3)
#: A try that failed is followed by another after this long, then after twice that, and so on.
_FIRST_DELAY, _LONGEST_DELAY = timedelta(minutes=1), timedelta(hours=1)
#: With these delays the last try comes after about a day.
MOST_TRIES = 28
#: Why a mail failed that nobody refused: its link had ended, or every try failed.
EXPIRED, TIRED = "expired", "tries_used_up"


class Seals(Protocol):
    """Seals what must not be read in the database (matching.accounts.vault.Vault)."""

    def seal(self, text: str) -> str:
        """The sealed text."""
        ...

    def open(self, sealed: str) -> str:
        """The text that was sealed."""
        ...


@dataclass(frozen=True)
class Due:
    """A mail that wants sending, and how often that was tried."""

    id: int
    tries: int


@dataclass(frozen=True)
class Claimed:
    """A mail in this worker's hands; `tries` counts this one, `reference` makes its Message-ID."""

    id: int
    tries: int
    reference: str
    kind: str
    language: Language
    recipient: str
    sealed: str
    created_at: datetime


@dataclass(frozen=True)
class Post:
    """How many mails wait (`oldest_s`: for how many seconds the first has), and how many failed for good."""

    waiting: int
    oldest_s: float | None
    failed: int


def queue(session: Session, vault: Seals, recipient: str, language: Language, mail: Mail) -> int:
    """Have a mail sent once this write transaction commits; returns the id of its row. Rolled back: no mail.

    Raises ValueError when `recipient` is not one address.
    """
    recipient_of(recipient)
    now = database_now(session)
    row = {
        "reference": secrets.token_hex(16),
        "kind": mail.kind,
        "language": language,
        "recipient": recipient,
        "sealed": vault.seal(to_json(mail)),
        "created_at": now,
        "expires_at": now + mail.valid if mail.valid else None,
        "next_try_at": now,
    }
    return session.execute(insert(OutboxMail).values(row).returning(OutboxMail.id)).scalar_one()


def due(session: Session, limit: int) -> Sequence[Due]:
    """Mails that no worker has in hand and whose next try has come, those that wait longest first."""
    rows = select(OutboxMail.id, OutboxMail.tries).where(_is_due(database_now(session)))
    found = session.execute(rows.order_by(OutboxMail.next_try_at, OutboxMail.id).limit(limit))
    return [Due(row.id, row.tries) for row in found]


def claim(session: Session, mail: int) -> Claimed | None:
    """Take a mail into this worker's hands for LEASE, and count a try; None: it is not due, or others have it.

    One that is no longer worth sending, or was tried MOST_TRIES times, is given up instead.
    """
    now = database_now(session)
    taken = session.execute(
        update(OutboxMail)
        .where(OutboxMail.id == mail, _is_due(now))
        .values(tries=OutboxMail.tries + 1, next_try_at=now + LEASE)
        .returning(
            OutboxMail.tries,
            OutboxMail.reference,
            OutboxMail.kind,
            OutboxMail.language,
            OutboxMail.recipient,
            OutboxMail.sealed,
            OutboxMail.created_at,
            OutboxMail.expires_at,
            OutboxMail.last_error,
        )
        .execution_options(synchronize_session=False)
    ).first()
    if taken is None:
        return None
    language = cast(Language, taken.language)
    claimed = Claimed(
        mail, taken.tries, taken.reference, taken.kind, language, taken.recipient, taken.sealed, taken.created_at
    )
    if taken.expires_at and taken.expires_at <= now:
        give_up(session, claimed, EXPIRED)
        return None
    if taken.tries > MOST_TRIES:
        give_up(session, claimed, taken.last_error or TIRED)
        return None
    return claimed


def mark_sent(session: Session, claimed: Claimed) -> None:
    """Note that the mail left, and erase whom it went to and what it said.

    Whoever else has it in hand by now sends it too, under the same Message-ID.
    """
    _end(session, OutboxMail.id == claimed.id, {"sent_at": database_now(session), "last_error": None})


def postpone(session: Session, claimed: Claimed, error: str) -> None:
    """Have a try that failed followed by another, after a delay that grows; after the last one the mail has failed."""
    if claimed.tries >= MOST_TRIES:
        give_up(session, claimed, error)
        return
    wait = min(_FIRST_DELAY * 2 ** (claimed.tries - 1), _LONGEST_DELAY)
    values = {"next_try_at": database_now(session) + wait, "last_error": error}
    session.execute(update(OutboxMail).where(_still_ours(claimed), _is_open()).values(values))


def give_up(session: Session, claimed: Claimed, error: str) -> None:
    """Note that the mail will never be sent, and erase whom it was for and what it said."""
    _end(session, _still_ours(claimed), {"failed_at": database_now(session), "last_error": error})


def count(session: Session) -> Post:
    """How the post stands."""
    now = database_now(session)
    waiting, oldest = session.execute(select(func.count(), func.min(OutboxMail.created_at)).where(_is_open())).one()
    failed = select(func.count()).select_from(OutboxMail).where(OutboxMail.failed_at.is_not(None))
    age_s = max(0.0, (now - oldest).total_seconds()) if oldest else None
    return Post(waiting, age_s, session.execute(failed).scalar_one())


def forget(session: Session, before: datetime) -> None:
    """Remove the rows of mails that were sent or given up before this moment."""
    session.execute(delete(OutboxMail).where(or_(OutboxMail.sent_at < before, OutboxMail.failed_at < before)))


def _is_open() -> ColumnElement[bool]:
    return and_(OutboxMail.sent_at.is_(None), OutboxMail.failed_at.is_(None))


def _is_due(now: datetime) -> ColumnElement[bool]:
    # A moment further away than any delay is from before the clock stepped back.
    come = or_(OutboxMail.next_try_at <= now, OutboxMail.next_try_at > now + _LONGEST_DELAY)
    return and_(_is_open(), come)


def _still_ours(claimed: Claimed) -> ColumnElement[bool]:
    return and_(OutboxMail.id == claimed.id, OutboxMail.tries == claimed.tries)


def _end(session: Session, which: ColumnElement[bool], values: Mapping[str, Any]) -> None:
    erased = {"recipient": None, "sealed": None}
    session.execute(update(OutboxMail).where(which, _is_open()).values({**values, **erased}))
