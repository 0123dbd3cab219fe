"""Codes of an authenticator app: time-based one-time passwords of six digits (RFC 6238; AUTH-18, AUTH-19)."""

from __future__ import annotations

import hmac
import re
from datetime import datetime

import pyotp
import segno

STEP_S = 30
#: RFC 6238, 5.2: one step back for who types slowly, one ahead for a clock that is fast.
DRIFT = 1
CODE = re.compile(r"[0-9]{6}", re.ASCII)
#: The light edge that a reader needs around the code, in modules (ISO/IEC 18004).
QUIET_ZONE = 4


class NoCodeNow(Exception):
    """All codes that would be accepted now are used; `seconds` tells when there is one again."""

    def __init__(self, seconds: int) -> None:
        super().__init__(f"Every code of this moment is used; in {seconds} s there is one again")
        self.seconds = seconds


def new_secret() -> str:
    """A secret of 160 bits in 32 base32 letters (RFC 4648, so no '1'; OPEN-36; RFC 4226 asks 128 bits)."""
    return pyotp.random_base32(length=32)


def readable(secret: str) -> str:
    """The secret as people copy it: in groups of four."""
    return " ".join(secret[start : start + 4] for start in range(0, len(secret), 4))


def uri(secret: str, email: str, issuer: str = "HalloWerk") -> str:
    """The address that the QR code holds and an app understands: otpauth://totp/..."""
    return pyotp.TOTP(secret).provisioning_uri(name=email, issuer_name=issuer)


def qr_svg(uri: str) -> str:
    """The QR code as an SVG for in the page, without style, script, size or words.

    The page gives it its size, and wraps it in an element with role 'img' and a label in the reader's language. Black
    on white whatever the page's colours are: readers of a dark or high-contrast page must be able to scan it too.
    """
    code = segno.make(uri, error="m", micro=False)
    return code.svg_inline(
        border=QUIET_ZONE, omitsize=True, dark="#000", light="#fff", svgclass="qr-code", lineclass=None
    )


def accepted_step(secret: str, code: str, at: datetime, after: int | None) -> int | None:
    """The time step that `code` is right for, of those around `at` and later than `after`; None: refused.

    Keep the step and give it as `after` next time: a code then works once (RFC 6238, 5.2; ASVS 5, 6.5.1). Where a code
    is right for two steps the latest is returned, or it would work again. Each step is compared, in constant time.
    """
    typed = "".join(code.split())
    if not CODE.fullmatch(typed):
        return None
    right = [step for step in _steps(at) if hmac.compare_digest(_code(secret, step), typed)]
    return max((step for step in right if after is None or step > after), default=None)


def current_code(secret: str, at: datetime, after: int | None) -> tuple[str, int]:
    """A code that is accepted at `at` when `after` was the last step, and for how many seconds more.

    Raises NoCodeNow when this step and the next are used.
    """
    now = _step(at)
    step = now if after is None else max(now, after + 1)
    seconds = int(at.timestamp())
    if step > now + DRIFT:
        raise NoCodeNow((step - DRIFT) * STEP_S - seconds)
    return _code(secret, step), (step + DRIFT + 1) * STEP_S - seconds


def _step(at: datetime) -> int:
    return int(at.timestamp()) // STEP_S


def _steps(at: datetime) -> range:
    return range(_step(at) - DRIFT, _step(at) + DRIFT + 1)


def _code(secret: str, step: int) -> str:
    return pyotp.TOTP(secret, interval=STEP_S).generate_otp(step)
