"""Hashing and checking of passwords with Argon2id (OWASP ASVS 5, 11.4; NIST SP 800-63B 3.1.1.2).

A hash takes a core and 64 MiB for a tenth of a second or more, so a process makes one at a time: a burst of sign-ins
then waits for itself, and searches go on (ASVS 5, 15.1.3).
"""

from __future__ import annotations

import unicodedata
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from matching.turns import TooBusy as TooBusy
from matching.turns import Turns

#: Each who waits takes a thread of the web server's (web.commands.serve.THREADS), which a search may want.
MOST_WAITING = 2
PATIENCE_S = 2.0


turns = Turns(MOST_WAITING, PATIENCE_S)


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
    with turns.turn():
        return _hasher().hash(normalised(password))


def password_matches(stored: str | None, password: str) -> bool:
    """Whether `password` belongs to `stored`; without an account (None) the same work is done, and the answer is no.

    Raises TooBusy, whether there is an account or not.
    """
    with turns.turn():
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
