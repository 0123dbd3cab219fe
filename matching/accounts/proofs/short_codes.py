"""The codes that go out in a text message (AUTH-21): six digits, a short life, and few tries."""

from __future__ import annotations

import secrets

DIGITS = 6
#: NIST SP 800-63B, 3.1.3.2, and ASVS 5, 6.5.5: an out-of-band code lives ten minutes at most.
LIFETIME_S = 600
#: Guessing then works once in 200,000 codes, and asking for codes is limited too (ASVS 5, 6.6.3).
MOST_TRIES = 5


def new_code() -> str:
    """Six digits, zeros in front included, as ASVS 5, 6.5.4 allows; keep no more of it than a keyed hash."""
    return f"{secrets.randbelow(10**DIGITS):0{DIGITS}}"
