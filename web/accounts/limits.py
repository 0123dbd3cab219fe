"""What slows down who guesses: which counts a try is taken from (security.md: nobody can lock somebody else out)."""

from __future__ import annotations

from flask import request

from matching.accounts.accounts import address
from matching.accounts.attempts.counting import network_of
from matching.accounts.attempts.policies import ACCOUNT, ADDRESS, CODE, DEVICE, MAIL, MAIL_ADDRESS, Policy
from web.services import services


class Try:
    """A try that was claimed before its work was done; it counts as a failure until it is said to be right."""

    def __init__(self, keys: dict[str, Policy]) -> None:
        self._keys = keys
        #: Seconds to wait before this may be tried; 0.0: go ahead.
        self.wait_s = services().attempts.claim(keys)

    def was_right(self, *, forget: bool = True) -> None:
        """Take the try off again, and with `forget` the failures before it; those of a network address stay."""
        services().attempts.gave_back(self._keys)
        for key in self._keys:
            if forget and not key.startswith("address"):
                services().attempts.succeeded(key)

    def was_not_made(self) -> None:
        """Take the try off again: there was no time for it, and it says nothing."""
        services().attempts.gave_back(self._keys)


def try_password(email: str, device_id: int | None) -> Try:
    """A try at a password.

    A browser that this person signed in with before has a count of its own, that neither who guesses elsewhere nor who
    sits behind the same network address can fill.
    """
    if device_id:
        return Try({_key("device", str(device_id)): DEVICE})
    return Try({_key("account", address(email)): ACCOUNT, **_here(ADDRESS)})


def try_code(person_id: int, device_id: int | None) -> Try:
    """A try at a code of the second step; a browser that is known has a count of its own here too."""
    if device_id:
        return Try({_key("devicecode", str(device_id)): CODE})
    return Try({_key("code", str(person_id)): CODE, **_here(ADDRESS)})


def try_confirming(person_id: int, session_id: int) -> Try:
    """A try of somebody who is signed in at the own password, or at a code for what is being set up."""
    return Try({_key("confirm", f"{person_id} {session_id}"): CODE})


def try_microsoft() -> Try:
    """A try at beginning a sign-in at Microsoft, which keeps a request waiting and a row."""
    return Try(_here(ADDRESS))


def microsoft_was_right() -> None:
    """Take the try off again with which a sign-in at Microsoft was begun that came to a good end."""
    services().attempts.gave_back(_here(ADDRESS))


def wait_for_mail(what: str, whom: str) -> float:
    """Take a turn at having a mail or a text message sent; 0.0: go ahead, else the seconds to wait."""
    return Try({_key(f"mail {what}", whom): MAIL, **_here(MAIL_ADDRESS, "mailaddress")}).wait_s


def text_was_used(person_id: int) -> None:
    """A text message did what it was for: the next ones count anew."""
    services().attempts.succeeded(_key("mail sms", str(person_id)))


def _here(policy: Policy, kind: str = "address") -> dict[str, Policy]:
    return {_key(kind, network_of(request.remote_addr or "")): policy}


def _key(kind: str, whom: str) -> str:
    # A keyed hash: a store of counts holds nobody's address.
    return f"{kind}:{services().vault.keyed_hash(f'attempts {kind}', whom)}"
