"""Who somebody is at Microsoft, why a sign-in there is refused, and whom an organisation lets in (AUTH-24, AUTH-25)."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

#: The tenant of every personal account: Hotmail, MSN, Outlook.com, Xbox (Microsoft, "ID token claims reference", tid).
PERSONAL_TENANT = "9188040d-6c67-4c5b-b112-36a304b66dad"


@dataclass(frozen=True)
class Identity:
    """An account at Microsoft, as its checked ID token tells.

    Who it is, is `tenant_id` and `object_id` together, never the address: a tenant can give any of its accounts another
    address, and so somebody else's ("nOAuth"; Microsoft, "Migrate away from using email claims").
    """

    tenant_id: str
    object_id: str
    #: Empty where Microsoft does not say that the tenant owns the address' domain (claim xms_edov).
    email: str
    #: For showing only: its owner can change it.
    name: str
    #: When the person last showed a password or the like; None where the token does not tell.
    signed_in_at: datetime | None

    @property
    def key(self) -> tuple[str, str]:
        """What an account is found by."""
        return self.tenant_id, self.object_id


class Refusal(StrEnum):
    """Why a sign-in with Microsoft is refused."""

    CANCELLED = "cancelled"
    """The person stopped at Microsoft's page."""
    PERSONAL_ACCOUNT = "personal_account"
    """Hotmail, MSN and the like, also as a guest of an organisation (AUTH-25)."""
    AWAY = "away"
    """Microsoft does not answer, or with something else than was asked for."""
    DECLINED = "declined"
    """Microsoft refuses the application or the request; the registration is to be looked at."""
    STATE = "state"
    """The answer is not that to the question of this session."""
    CODE = "code"
    """The code was used before, is too old, or belongs to another sign-in."""
    MALFORMED = "malformed"
    """The token can't be read, or lacks what every token has."""
    ALGORITHM = "algorithm"
    """The token is not signed with RS256."""
    KEY = "key"
    """The token is signed with a key that Microsoft does not publish for this issuer."""
    SIGNATURE = "signature"
    """The token was not signed with the key that it names."""
    ISSUER = "issuer"
    """The token was not given by the tenant that it names."""
    AUDIENCE = "audience"
    """The token was given to another application."""
    EXPIRED = "expired"
    """The token holds no longer, or not yet."""
    NONCE = "nonce"
    """The token is that of another sign-in."""
    TENANT = "tenant"
    """The token names no tenant."""
    OBJECT = "object"
    """The token names no account of the tenant."""
    NOT_FRESH = "not_fresh"
    """A new sign-in was asked for, and the token does not show one."""


class MicrosoftRefused(Exception):
    """A sign-in with Microsoft is refused; `reason` says why, and nothing of the person."""

    def __init__(self, reason: Refusal) -> None:
        super().__init__(reason.value)
        self.reason = reason


def may_sign_in(identity: Identity, allowed_tenants: Collection[str]) -> bool:
    """Whether an organisation that allows these tenants lets this identity in; without any it lets nobody in."""
    return identity.tenant_id in {tenant.strip().lower() for tenant in allowed_tenants} - {PERSONAL_TENANT}


def may_bind(identity: Identity, invited: str, allowed_tenants: Collection[str]) -> bool:
    """Whether this identity may be bound to an invitation to the address `invited`.

    The third condition is the caller's: the invitation's single-use link was opened in the same session. So an address
    that a tenant made up gives nothing without that link, and the link nothing to who was not invited.
    """
    return may_sign_in(identity, allowed_tenants) and bool(identity.email) and identity.email == invited.strip().lower()


def domain_of(email: str) -> str:
    """The domain of an address in lower case; empty where it has none."""
    local, _, domain = email.strip().lower().rpartition("@")
    return domain if local else ""
