"""Recovery codes, shown once, for who has lost the telephone (NIST SP 800-63B, 3.1.2: look-up secrets)."""

from __future__ import annotations

import hashlib
import secrets

#: Base32 of lower case letters and digits; those that are read for another, i l o u, are left out (as Crockford does).
ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
#: 24 letters of five bits each: 120.
LETTERS = 24
GROUP = 4
#: What people write for a letter that is left out.
LOOK_ALIKES = str.maketrans("ilo", "110")


def new_codes(count: int = 8) -> list[str]:
    """That many codes of 120 bits, as people see them: in groups of four."""
    return ["-".join(_groups("".join(secrets.choice(ALPHABET) for _ in range(LETTERS)))) for _ in range(count)]


def normalised(text: str) -> str:
    """The code that was meant by `text`: in lower case without spaces and dashes, look-alikes read as one."""
    return "".join(letter for letter in text.lower().translate(LOOK_ALIKES) if letter in ALPHABET)


def code_hash(code: str) -> str:
    """SHA-256 in hex of the code, however it was typed: what is kept.

    A plain hash is enough for 112 bits and more (NIST SP 800-63B, 3.1.2.2; ASVS 5, 6.5.2).
    """
    return hashlib.sha256(normalised(code).encode()).hexdigest()


def _groups(code: str) -> list[str]:
    return [code[start : start + GROUP] for start in range(0, len(code), GROUP)]
