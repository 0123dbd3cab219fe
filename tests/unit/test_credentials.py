"""Tokens, codes in text messages, recovery codes, telephone numbers and names of devices."""

from __future__ import annotations

import re

import pytest

from matching.accounts.devices import device_name
from matching.accounts.proofs import recovery_codes, short_codes
from matching.accounts.proofs.phones import masked, mobile_number
from matching.accounts.tokens import new_token, token_hash

CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36"
)
IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 "
    "Mobile/15E148 Safari/604.1"
)


def test_tokens_hold_256_bits_and_are_kept_as_hash_only() -> None:
    tokens = {new_token() for _ in range(100)}
    assert len(tokens) == 100
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{43}", token) for token in tokens)
    assert token_hash("a") == "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"


def test_a_short_code_is_six_digits_zeros_in_front_too(monkeypatch: pytest.MonkeyPatch) -> None:
    assert all(re.fullmatch(r"\d{6}", short_codes.new_code()) for _ in range(200))
    monkeypatch.setattr("secrets.randbelow", lambda below: 42)
    assert short_codes.new_code() == "000042"
    assert (short_codes.LIFETIME_S, short_codes.MOST_TRIES) == (600, 5)


def test_recovery_codes_are_long_readable_and_all_different() -> None:
    codes = recovery_codes.new_codes()
    assert len(set(codes)) == 8
    assert len(recovery_codes.new_codes(3)) == 3
    assert all(
        re.fullmatch(r"[0-9abcdefghjkmnpqrstvwxyz]{4}(-[0-9abcdefghjkmnpqrstvwxyz]{4}){5}", code) for code in codes
    )


def test_a_recovery_code_counts_however_it_is_typed() -> None:
    kept = recovery_codes.code_hash("0a1b-2c3d-4e5f-6g7h-8j9k-mnpq")
    for typed in ("0A1B2C3D4E5F6G7H8J9KMNPQ", " oalb 2c3d 4e5f 6g7h 8j9k mnpq ", "Oaib-2c3d–4e5f-6g7h-8j9k-mnpq"):
        assert recovery_codes.code_hash(typed) == kept
    assert recovery_codes.code_hash("0a1b-2c3d-4e5f-6g7h-8j9k-mnpr") != kept
    assert recovery_codes.normalised("") == recovery_codes.normalised("éü--") == ""


@pytest.mark.requirement("AUTH-20")
@pytest.mark.parametrize(
    "typed",
    [
        "0612345968",
        "06 1234 5968",
        "+31 6 12345968",
        "+31612345968",
        "0031612345968",
        "06-12345968",
        "+31 (0)6 1234 59 68",
    ],
)
def test_a_mobile_number_is_read_however_it_is_typed(typed: str) -> None:
    assert mobile_number(typed) == mobile_number(f" {typed}\N{NO-BREAK SPACE}") == "+31612345968"


@pytest.mark.requirement("AUTH-20")
@pytest.mark.parametrize(
    "typed",
    [
        *(
            "",
            " ",
            "06",
            "061234596",
            "06123459689",
            "020 1234567",
            "0900 1234",
            "0800 1234",
            "097012345678",
            "0661234567",
        ),
        *("+32470123456", "0032470123456", "+1 202 555 0123", "0612345968 ext. 5", "hallo 0612345968", "06 1234 596a"),
        *("٠٦١٢٣٤٥٩٦٨", "0612345968;phone-context=+32", "+" * 40, "0612345968" + " " * 40, "0612345968\x00"),
    ],
)
def test_what_is_no_dutch_mobile_number_is_none(typed: str) -> None:
    assert mobile_number(typed) is None


@pytest.mark.requirement("AUTH-21")
def test_a_number_is_shown_by_its_last_four_digits() -> None:
    assert masked("+31612345968") == "*****5968"


@pytest.mark.parametrize(
    ("told", "name"),
    [
        (CHROME, ("Chrome", "Windows")),
        (f"{CHROME} Edg/141.0.0.0", ("Edge", "Windows")),
        (IPHONE, ("Mobile Safari", "iOS")),
        ("", ("", "")),
        ("nothing that anybody knows", ("", "")),
        (CHROME + "x" * 100_000, ("Chrome", "Windows")),
    ],
)
def test_a_device_is_named_by_browser_and_system(told: str, name: tuple[str, str]) -> None:
    assert device_name(told) == name


def test_the_name_of_a_device_stays_short() -> None:
    assert all(len(part) <= 40 for part in device_name(f"Mozilla/5.0 (compatible; {'Some' * 100}Bot/1.0)"))
