"""Tables of organisations, people and their accounts, invitations, and the audit trail."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, String, UniqueConstraint, false
from sqlalchemy.orm import Mapped, mapped_column

from matching.storage.base import Base, UtcDateTime


class Organisation(Base):
    """A municipality or other body whose people use HalloWerk (GEN-05), with what it lets its people do."""

    __tablename__ = "organisations"

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(64), unique=True)
    name: Mapped[str] = mapped_column(String(200))
    #: Whether a browser may be remembered, so that it is not asked for the second step each time.
    remembers_devices: Mapped[bool] = mapped_column(default=False, server_default=false())
    #: Whether 'no account with this address' may be said to addresses of its domains (OPEN-02).
    tells_unknown_addresses: Mapped[bool] = mapped_column(default=False, server_default=false())


class OrganisationDomain(Base):
    """A domain of an organisation's e-mail addresses; with `microsoft` its people sign in there (AUTH-32)."""

    __tablename__ = "organisation_domains"

    domain: Mapped[str] = mapped_column(String(253), primary_key=True)
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"), index=True)
    microsoft: Mapped[bool] = mapped_column(default=False)


class OrganisationTenant(Base):
    """A tenant of Microsoft Entra whose people may have accounts at an organisation (AUTH-24)."""

    __tablename__ = "organisation_tenants"

    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"), primary_key=True)
    tenant_id: Mapped[str] = mapped_column(String(64), primary_key=True)


class Person(Base):
    """Somebody who signs in: what is needed for that belongs to the person, whatever accounts there are (GEN-05)."""

    __tablename__ = "people"
    __table_args__ = {"sqlite_autoincrement": True}  # noqa: RUF012 - a number never comes back for somebody else

    id: Mapped[int] = mapped_column(primary_key=True)
    #: In lower case; the login name.
    email: Mapped[str] = mapped_column(String(254), unique=True)
    name: Mapped[str] = mapped_column(String(200))
    #: Of mails: 'nl' or 'en'.
    language: Mapped[str] = mapped_column(String(2), default="nl")
    #: None before a password is chosen, and for who signs in with Microsoft.
    password_hash: Mapped[str | None] = mapped_column(String(200))
    #: The version of the terms that was accepted last (AUTH-03).
    terms: Mapped[str | None] = mapped_column(String(16))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Account(Base):
    """A person's account at one organisation (GEN-05); its roles are in AccountRole."""

    __tablename__ = "accounts"
    __table_args__ = (UniqueConstraint("person_id", "organisation_id"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"), index=True)
    postcode: Mapped[str | None] = mapped_column(String(6))
    active: Mapped[bool] = mapped_column(default=True)
    #: Whether it opens all showcases of the organisation, later ones too; otherwise those in AccountShowcase.
    every_showcase: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    last_login_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class AccountRole(Base):
    """A role of an account: a code of matching.accounts.policy."""

    __tablename__ = "account_roles"

    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True)
    role: Mapped[str] = mapped_column(String(32), primary_key=True)


class AccountShowcase(Base):
    """A showcase that an account opens, where it doesn't open every one of its organisation."""

    __tablename__ = "account_showcases"

    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id", ondelete="CASCADE"), primary_key=True)
    showcase_id: Mapped[int] = mapped_column(ForeignKey("showcases.id", ondelete="CASCADE"), primary_key=True)


class ShowcaseAccess(Base):
    """Which showcases the users of an organisation may open (GEN-06)."""

    __tablename__ = "showcase_access"

    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"), primary_key=True)
    showcase_id: Mapped[int] = mapped_column(ForeignKey("showcases.id"), primary_key=True)


class Invitation(Base):
    """An invitation to an address (AUTH-01, 02): spent once an account exists, valid for 30 days (OPEN-01)."""

    __tablename__ = "invitations"
    __table_args__ = {"sqlite_autoincrement": True}  # noqa: RUF012 - a number never comes back for somebody else

    id: Mapped[int] = mapped_column(primary_key=True)
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"), index=True)
    email: Mapped[str] = mapped_column(String(254), index=True)
    name: Mapped[str] = mapped_column(String(200))
    language: Mapped[str] = mapped_column(String(2), default="nl")
    #: Codes of roles and, unless all, of showcases that the account will have.
    roles: Mapped[list[str]] = mapped_column(JSON)
    every_showcase: Mapped[bool] = mapped_column(default=True)
    showcases: Mapped[list[str]] = mapped_column(JSON)
    #: Hash of the secret in the mailed link; sending it again makes a new one.
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    invited_by: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    sent_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    accepted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class AuditEntry(Base):
    """One line of the append-only audit trail: who did what to which record; triggers refuse change and delete."""

    __tablename__ = "audit_trail"

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    #: Number of an account, the same before and after accounts and people were parted.
    actor_id: Mapped[int | None] = mapped_column(index=True)
    action: Mapped[str] = mapped_column(String(64), index=True)
    subject: Mapped[str] = mapped_column(String(64))
    subject_key: Mapped[str] = mapped_column(String(64))
    details: Mapped[dict[str, Any]] = mapped_column(JSON)
    previous_hash: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64), unique=True)
