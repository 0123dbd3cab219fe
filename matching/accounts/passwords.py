"""Hashing and checking of passwords with Argon2id (OWASP ASVS 5, 11.4; NIST SP 800-63B 3.1.1.2)."""

from __future__ import annotations

from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError


@cache
def _hasher() -> PasswordHasher:
    return PasswordHasher()


@cache
def _unknown_account_hash() -> str:
    return _hasher().hash("no account has this password")


def hash_password(password: str) -> str:
    """Return the Argon2id hash to keep."""
    return _hasher().hash(password)


def password_matches(stored: str | None, password: str) -> bool:
    """Whether `password` belongs to `stored`; without an account (None) the same work is done, and the answer is no."""
    try:
        return _hasher().verify(stored or _unknown_account_hash(), password) and stored is not None
    except (VerificationError, InvalidHashError):
        return False
