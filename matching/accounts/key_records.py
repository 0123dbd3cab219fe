"""Tables of what lets people in: second steps, codes, mailed links, Microsoft identities, devices and sessions."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from matching.storage.base import Base, UtcDateTime


class SecondStep(Base):
    """An extra check of a person (AUTH-16); at most one in use and one being set up of each kind."""

    __tablename__ = "second_steps"
    __table_args__ = (UniqueConstraint("person_id", "kind", "confirmed"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id", ondelete="CASCADE"))
    #: 'authenticator' or 'sms'.
    kind: Mapped[str] = mapped_column(String(16))
    #: The authenticator's secret or the telephone number, sealed by matching.accounts.vault.
    sealed: Mapped[str] = mapped_column(Text)
    #: False until a code has shown that it works; only then it counts (AUTH-19, AUTH-21).
    confirmed: Mapped[bool] = mapped_column(default=False)
    #: Number of the 30-second step of the last code taken: none up to it is taken again (RFC 6238, 5.2).
    last_step: Mapped[int | None] = mapped_column()
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class ShortCode(Base):
    """A code of six digits that was sent by SMS (AUTH-21); one per person, a new one replaces it."""

    __tablename__ = "short_codes"

    person_id: Mapped[int] = mapped_column(ForeignKey("people.id", ondelete="CASCADE"), primary_key=True)
    #: The second step that it was sent for: one in use, or one being set up.
    second_step_id: Mapped[int] = mapped_column(ForeignKey("second_steps.id", ondelete="CASCADE"))
    code_hash: Mapped[str] = mapped_column(String(64))
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    tries: Mapped[int] = mapped_column(default=0)


class RecoveryCode(Base):
    """A code for when the phone is lost, used once; only its hash is kept."""

    __tablename__ = "recovery_codes"

    code_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id", ondelete="CASCADE"), index=True)
    used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class MailedLink(Base):
    """A link that was mailed to a person: to choose a new password, or to confirm an address; used once."""

    __tablename__ = "mailed_links"

    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id", ondelete="CASCADE"), index=True)
    #: 'password' or 'email'.
    purpose: Mapped[str] = mapped_column(String(16))
    #: The address to confirm.
    email: Mapped[str | None] = mapped_column(String(254))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)


class MicrosoftIdentity(Base):
    """Who a person is at Microsoft: tenant and object, never an address, which a tenant can change (AUTH-24)."""

    __tablename__ = "microsoft_identities"

    tenant_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    object_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id", ondelete="CASCADE"), unique=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class MicrosoftFlow(Base):
    """A sign-in at Microsoft that is under way; taken out once, before its answer is looked at."""

    __tablename__ = "microsoft_flows"

    #: Of the secret in the cookie of the browser that it was begun in.
    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    #: What matching.accounts.microsoft.flows keeps of it, sealed by matching.accounts.vault.
    sealed: Mapped[str] = mapped_column(Text)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)


class Device(Base):
    """A browser that a person signed in with (SET-18), known by a secret of its own that only its cookie holds."""

    __tablename__ = "devices"
    __table_args__ = {"sqlite_autoincrement": True}  # noqa: RUF012 - a number never comes back for somebody else

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id", ondelete="CASCADE"), index=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    #: Names of the families of browser and system, as the browser says; empty when unknown.
    browser: Mapped[str] = mapped_column(String(64))
    system: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    used_at: Mapped[datetime] = mapped_column(UtcDateTime)
    #: Until when it is not asked for the second step, where every organisation of the person allows that.
    remembered_until: Mapped[datetime | None] = mapped_column(UtcDateTime)


class SignInSession(Base):
    """A session: what a browser has proved so far, and, when that is enough, the account it works with.

    A row is there as long as the session lives: ending one deletes it, and its number never comes back, or what a slow
    request of an ended session proves would be proved for whoever got the number. `complete` opens the application.
    """

    __tablename__ = "sessions"
    __table_args__ = {"sqlite_autoincrement": True}  # noqa: RUF012 - a number never comes back for somebody else

    id: Mapped[int] = mapped_column(primary_key=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id", ondelete="CASCADE"), index=True)
    account_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"), index=True)
    device_id: Mapped[int | None] = mapped_column(ForeignKey("devices.id", ondelete="CASCADE"), index=True)
    complete: Mapped[bool] = mapped_column(default=False)
    started_at: Mapped[datetime] = mapped_column(UtcDateTime)
    seen_at: Mapped[datetime] = mapped_column(UtcDateTime)
    #: When each was shown last in this session: the invitation's link, the password, the second step, Microsoft.
    invited_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    password_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    second_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    microsoft_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
