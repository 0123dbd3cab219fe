"""Numbers of Dutch mobile telephones: reading what people type, and showing which one is meant (AUTH-20, AUTH-21)."""

from __future__ import annotations

import re

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberFormat, PhoneNumberType

COUNTRY = "NL"
#: Of the numbers that phonenumbers calls mobile, only these are a person's: 097 is for machines.
MOBILE = "+316"
#: A number with signs between; phonenumbers alone also finds one in a sentence, or with an extension.
TYPED = re.compile(r"[0-9+()\s.\-/]{1,40}", re.ASCII)
SHOWN_DIGITS = 4


def mobile_number(text: str) -> str | None:
    """The number in E.164 form, typed as 06, +31 6 or 0031 6; None when it is no Dutch mobile number (AUTH-20).

    Only mobile ones: a text message to another kind of number is read aloud to whoever picks up, or costs extra.
    """
    if not TYPED.fullmatch(text.replace("\N{NO-BREAK SPACE}", " ")):
        return None
    try:
        number = phonenumbers.parse(text, COUNTRY)
    except NumberParseException:
        return None
    written = phonenumbers.format_number(number, PhoneNumberFormat.E164)
    known = phonenumbers.is_valid_number_for_region(number, COUNTRY)
    mobile = phonenumbers.number_type(number) == PhoneNumberType.MOBILE and written.startswith(MOBILE)
    return written if known and mobile else None


def masked(number: str) -> str:
    """The number as pages show it: '*****' and the last four digits (AUTH-21)."""
    return "*****" + number[-SHOWN_DIGITS:]
