"""Codes of an authenticator app: which are right, when, and how often."""

from __future__ import annotations

import base64
import re
from datetime import UTC, datetime
from xml.etree import ElementTree

import pytest

from matching.accounts.proofs.authenticator import (
    NoCodeNow,
    accepted_step,
    current_code,
    new_secret,
    qr_svg,
    readable,
    uri,
)

#: The secret of RFC 6238, appendix B, and the last six digits of its SHA-1 examples.
SECRET = base64.b32encode(b"12345678901234567890").decode()
EXAMPLES = [
    (59, "287082"),
    (1111111109, "081804"),
    (1111111111, "050471"),
    (1234567890, "005924"),
    (2000000000, "279037"),
]


def at(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


@pytest.mark.requirement("AUTH-18", "OPEN-36")
def test_a_secret_is_32_letters_of_base32() -> None:
    secrets = {new_secret() for _ in range(50)}
    assert len(secrets) == 50
    for secret in secrets:
        assert re.fullmatch(r"[A-Z2-7]{32}", secret)
        assert len(base64.b32decode(secret)) == 20
        assert re.fullmatch(r"([A-Z2-7]{4} ){7}[A-Z2-7]{4}", readable(secret))


@pytest.mark.requirement("AUTH-19")
@pytest.mark.parametrize(("seconds", "code"), EXAMPLES)
def test_the_examples_of_the_standard_are_accepted(seconds: int, code: str) -> None:
    step = seconds // 30
    assert accepted_step(SECRET, code, at(seconds), None) == step
    assert accepted_step(SECRET, f" {code[:3]} {code[3:]}\t", at(seconds), step - 1) == step


@pytest.mark.requirement("AUTH-19")
@pytest.mark.parametrize(
    "code", ["", "28708", "2870822", "287083", "28708a", "٢٨٧٠٨٢", "²87082", "-87082", "287082\x00"]
)
def test_another_code_is_refused(code: str) -> None:
    assert accepted_step(SECRET, code, at(59), None) is None


@pytest.mark.requirement("AUTH-19")
def test_a_code_is_right_one_step_early_and_one_late_and_no_longer() -> None:
    seconds, code = EXAMPLES[2]
    step = seconds // 30
    begins = step * 30
    for moment in (begins - 30, begins, begins + 29.9, begins + 30, begins + 59.9):
        assert accepted_step(SECRET, code, at(moment), None) == step
    for moment in (begins - 30.1, begins + 60):
        assert accepted_step(SECRET, code, at(moment), None) is None


@pytest.mark.requirement("AUTH-19")
def test_a_used_code_and_those_before_it_are_refused() -> None:
    assert accepted_step(SECRET, "287082", at(59), after=1) is None
    assert accepted_step(SECRET, "287082", at(59), after=2) is None
    assert accepted_step(SECRET, "287082", at(59), after=0) == 1


def test_a_code_that_is_right_twice_works_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("matching.accounts.proofs.authenticator._code", lambda secret, step: "287082")
    step = accepted_step(SECRET, "287082", at(59), None)
    assert step == 2
    assert accepted_step(SECRET, "287082", at(59), after=step) is None


def test_the_current_code_is_one_that_is_accepted() -> None:
    after = None
    for _ in range(2):
        code, seconds = current_code(SECRET, at(65), after)
        assert accepted_step(SECRET, code, at(65 + seconds - 1), after)
        used = accepted_step(SECRET, code, at(65), after)
        assert used is not None
        assert accepted_step(SECRET, code, at(65 + seconds), after) is None
        after = used
    with pytest.raises(NoCodeNow) as raised:
        current_code(SECRET, at(65), after)
    code, _ = current_code(SECRET, at(65 + raised.value.seconds), after)
    assert accepted_step(SECRET, code, at(65 + raised.value.seconds), after)


@pytest.mark.requirement("AUTH-18")
def test_the_address_names_the_service_and_the_account() -> None:
    told = uri(SECRET, "jan.jansen+werk@example.nl")
    assert told == f"otpauth://totp/HalloWerk:jan.jansen%2Bwerk%40example.nl?secret={SECRET}&issuer=HalloWerk"


@pytest.mark.requirement("AUTH-18")
def test_the_qr_code_is_an_svg_that_a_strict_page_shows() -> None:
    svg = qr_svg(uri(SECRET, "jan.jansen@example.nl"))
    assert not re.search(r"style|script|href|xmlns|<title|<text|\bon\w+=", svg)
    picture = ElementTree.fromstring(svg)  # noqa: S314 - our own
    assert picture.get("class") == "qr-code"
    assert picture.get("width") is None
    ground, modules = picture
    _, _, width, height = map(int, str(picture.get("viewBox")).split())
    # Small enough for a module of three pixels and more on a telephone, and a light edge of four modules.
    assert 29 <= width - 8 <= 61
    assert height == width
    assert (ground.get("fill"), ground.get("d")) == ("#fff", f"M0 0h{width}v{height}h-{width}z")
    assert modules.get("stroke") == "#000"
    assert str(modules.get("d")).startswith("M4 4.5")
