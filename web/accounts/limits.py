"""What slows down who guesses: which counts a try is taken from (security.md: nobody can lock somebody else out)."""

from __future__ import annotations

from flask import request

from matching.accounts.accounts import address
from matching.accounts.attempts import ACCOUNT, ADDRESS, CODE, DEVICE, MAIL, Policy, network_of
from web.services import services


class Try:
    """A try that was claimed before its work was done; it counts as a failure until it is said to be right."""

    def __init__(self, kind: str, whom: str, policy: Policy) -> None:
        self._key = _key(kind, whom)
        self._here = {_key("address", network_of(request.remote_addr or "")): ADDRESS}
        #: Seconds to wait before this may be tried; 0.0: go ahead.
        self.wait_s = services().attempts.claim({self._key: policy, **self._here})

    def was_right(self) -> None:
        """Forget the failures before it, and take it off the count of the network address."""
        services().attempts.succeeded(self._key)
        services().attempts.gave_back(self._here)

    def was_not_made(self) -> None:
        """It says nothing about whoever is at this network address."""
        services().attempts.gave_back(self._here)


def try_password(email: str, device_id: int | None) -> Try:
    """A try at a password. A browser that this person signed in with before has a count of its own."""
    return Try("device", str(device_id), DEVICE) if device_id else Try("account", address(email), ACCOUNT)


def try_code(person_id: int) -> Try:
    """A try at a code of the second step, or at the password of somebody who is signed in."""
    return Try("code", str(person_id), CODE)


def wait_for_mail(what: str, whom: str) -> float:
    """Take a turn at having a mail or a text message sent; 0.0: go ahead, else the seconds to wait."""
    attempt = Try(f"mail {what}", whom, MAIL)
    if not attempt.wait_s:
        attempt.was_not_made()  # from one office many may ask for theirs
    return attempt.wait_s


def _key(kind: str, whom: str) -> str:
    # A keyed hash: a store of counts holds nobody's address.
    return f"{kind}:{services().vault.keyed_hash(f'attempts {kind}', whom)}"
