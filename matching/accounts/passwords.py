"""Hashing and checking of passwords with Argon2id (OWASP ASVS 5, 11.4; NIST SP 800-63B 3.1.1.2).

A hash takes a core and 64 MiB for a tenth of a second or more, so a process makes one at a time: a burst of sign-ins
then waits for itself, and searches go on (ASVS 5, 15.1.3).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from threading import BoundedSemaphore, Lock

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

#: As many as are served within PATIENCE_S on a slow core; who comes later would wait for nothing.
MOST_WAITING = 8
PATIENCE_S = 2.0


class TooBusy(Exception):
    """More passwords are being checked than this process takes on: ask to try again in a moment."""


class Turns:
    """Lets one in at a time and a few wait, each for so long at most."""

    def __init__(self, waiting: int, patience_s: float) -> None:
        self._places = BoundedSemaphore(1 + waiting)
        self._working = Lock()
        self._patience_s = patience_s

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Have the only turn. Raises TooBusy, at once when enough others wait, else after the patience."""
        if not self._places.acquire(blocking=False):
            raise TooBusy
        try:
            if not self._working.acquire(timeout=self._patience_s):
                raise TooBusy
            try:
                yield
            finally:
                self._working.release()
        finally:
            self._places.release()


_turns = Turns(MOST_WAITING, PATIENCE_S)


@cache
def _hasher() -> PasswordHasher:
    # RFC 9106's second choice, but on one lane: four lanes would take every core of a small machine at once.
    return PasswordHasher(parallelism=1)


@cache
def _unknown_account_hash() -> str:
    return _hasher().hash("no account has this password")


def normalised(password: str) -> str:
    """The password in Unicode's NFC form: 'é' counts the same from every keyboard (NIST SP 800-63B, 3.1.1.2).

    Nothing else is changed or cut off (ASVS 5, 6.2.8).
    """
    return unicodedata.normalize("NFC", password)


def hash_password(password: str) -> str:
    """Return the Argon2id hash to keep. Raises TooBusy."""
    with _turns.turn():
        return _hasher().hash(normalised(password))


def password_matches(stored: str | None, password: str) -> bool:
    """Whether `password` belongs to `stored`; without an account (None) the same work is done, and the answer is no.

    Raises TooBusy, whether there is an account or not.
    """
    with _turns.turn():
        # Made for known accounts too: else the first unknown one of a process would be told by the time it takes.
        nobodys = _unknown_account_hash()
        try:
            return _hasher().verify(stored or nobodys, normalised(password)) and stored is not None
        except (VerificationError, InvalidHashError):
            return False


def needs_rehash(stored: str) -> bool:
    """Whether `stored` was made with other parameters than today's: hash anew at the next sign-in.

    Raises argon2's InvalidHashError when it is no Argon2 hash.
    """
    return _hasher().check_needs_rehash(stored)
