"""Tokens that are a right by themselves: in links of invitations and resets, and in the cookies of sessions."""

from __future__ import annotations

import hashlib
import secrets

TOKEN_BYTES = 32


def new_token() -> str:
    """A token of 256 bits from the system's generator, safe in an address (ASVS 5, 7.2.3 and 11.5.1)."""
    return secrets.token_urlsafe(TOKEN_BYTES)


def token_hash(token: str) -> str:
    """SHA-256 of the token in hex: what is kept, so that whoever reads the database can use no link or session.

    One round without salt or key is enough, because nobody can try 2^256 tokens (ASVS 5, 6.5.2 asks 112 bits).
    """
    return hashlib.sha256(token.encode()).hexdigest()
