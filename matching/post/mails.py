"""The kinds of mail and what each one tells; nothing about a candidate has a place in any of them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.headerregistry import Address
from typing import ClassVar, Literal

from pydantic import TypeAdapter

#: One address without quotes, comments or names (RFC 5322); letters of any script.
_ADDRESS = re.compile(r"""([^\s\x00-\x1f\x7f@<>()\[\],;:"\\]+)@([^\s\x00-\x1f\x7f@<>()\[\],;:"\\]+)""")

#: The ways of signing in that a person can change.
Method = Literal["authenticator", "sms", "recovery_codes", "microsoft"]
#: What can happen to one.
Change = Literal["set_up", "replaced", "removed"]


@dataclass(frozen=True)
class Mail:
    """What a mail tells. `kind` is its code; `valid`: for how long its link works, None where it has no link."""

    kind: ClassVar[str]
    valid: ClassVar[timedelta | None] = None


@dataclass(frozen=True)
class Invitation(Mail):
    """A colleague invites somebody to HalloWerk (AUTH-02, NOTIF-01)."""

    kind: ClassVar[str] = "invitation"
    valid: ClassVar[timedelta | None] = timedelta(days=30)
    inviter: str
    organisation: str
    link: str


@dataclass(frozen=True)
class PasswordReset(Mail):
    """Somebody forgot the password (AUTH-39, NOTIF-03)."""

    kind: ClassVar[str] = "password_reset"
    valid: ClassVar[timedelta | None] = timedelta(hours=1)
    link: str


@dataclass(frozen=True)
class UsesMicrosoft(Mail):
    """Somebody asked for a link to choose another password, and has none: signing in is with Microsoft (AUTH-24)."""

    kind: ClassVar[str] = "uses_microsoft"


@dataclass(frozen=True)
class PasswordChanged(Mail):
    """The password is another one since `at`."""

    kind: ClassVar[str] = "password_changed"
    at: datetime


@dataclass(frozen=True)
class NewDevice(Mail):
    """Somebody signed in on a device not seen before; `browser` and `system` are words: 'Firefox', 'Windows'."""

    kind: ClassVar[str] = "new_device"
    browser: str
    system: str
    at: datetime


@dataclass(frozen=True)
class SecondStepReset(Mail):
    """An administrator took the second step off, as for a lost telephone."""

    kind: ClassVar[str] = "second_step_reset"
    administrator: str
    at: datetime


@dataclass(frozen=True)
class SignInMethodChanged(Mail):
    """A way of signing in was set up, replaced or taken off."""

    kind: ClassVar[str] = "sign_in_method_changed"
    method: Method
    change: Change
    at: datetime


@dataclass(frozen=True)
class RecoveryCodeUsed(Mail):
    """A recovery code let somebody in; `left`: how many can still be used."""

    kind: ClassVar[str] = "recovery_code_used"
    left: int
    at: datetime


@dataclass(frozen=True)
class AddressConfirmation(Mail):
    """To the new address: whoever reads it there confirms that it is theirs."""

    kind: ClassVar[str] = "address_confirmation"
    valid: ClassVar[timedelta | None] = timedelta(days=1)
    link: str


@dataclass(frozen=True)
class AddressChange(Mail):
    """To the former address: another one was asked for. It does not say which."""

    kind: ClassVar[str] = "address_change"
    at: datetime


@dataclass(frozen=True)
class AccessEnded(Mail):
    """The account at an organisation was ended."""

    kind: ClassVar[str] = "access_ended"
    organisation: str


KINDS: Mapping[str, type[Mail]] = {
    kind.kind: kind
    for kind in (
        Invitation,
        PasswordReset,
        UsesMicrosoft,
        PasswordChanged,
        NewDevice,
        SecondStepReset,
        SignInMethodChanged,
        RecoveryCodeUsed,
        AddressConfirmation,
        AddressChange,
        AccessEnded,
    )
}


def to_json(mail: Mail) -> str:
    """What the mail tells, as JSON. Raises pydantic.ValidationError for values of other types."""
    adapter = TypeAdapter(type(mail))
    return adapter.dump_json(adapter.validate_python(mail)).decode()


def from_json(kind: str, text: str) -> Mail:
    """The mail that `to_json` was given. Raises KeyError or pydantic.ValidationError for what it did not make."""
    return TypeAdapter(KINDS[kind]).validate_json(text)


def recipient_of(text: str) -> Address:
    """The one address that `text` is. Raises ValueError, which does not repeat it."""
    found = _ADDRESS.fullmatch(text)
    if found is None:
        raise ValueError("not one mail address")
    return Address(username=found[1], domain=found[2])
