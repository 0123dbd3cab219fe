"""What a new password must be (AUTH-13, AUTH-14), which ones are refused all the same, and how strong one is."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from enum import StrEnum
from functools import cache
from importlib.resources import files
from itertools import product
from math import prod

from zxcvbn import zxcvbn
from zxcvbn.matching import L33T_TABLE, RANKED_DICTIONARIES

from matching.accounts.proofs.passwords import normalised as normalised

SHORTEST = 8
#: Four times the 64 that NIST SP 800-63B (3.1.1.2) and ASVS 5 (6.2.9) ask; longer is refused, never cut off.
LONGEST = 256
#: Shorter words are in too many others: 'jan' is in 'oranje'.
SHORTEST_WORD = 4
#: Years, dates and signs before or after a common word: 'Welkom2026!' is one, 'Welkom31-12-2026' just so.
LONGEST_AFFIX = 10
#: Nobody may use the name of the service either (NIST SP 800-63B, 3.1.1.2: context-specific words).
OWN_WORDS = ("hallowerk",)

#: zxcvbn's work grows with the cube of the length, and with each way to read signs as letters: 256 letters take ten
#: seconds, these bounds a twentieth of one. A password that is strong in so many letters is strong.
MEASURED_LETTERS = 40
MEASURED_READINGS = 16
#: Under zxcvbn's 2 a password is found in a million guesses.
GUESSED_SOON = 2

SEPARATORS = re.compile(r"[\s._-]+")
SIGNS = "@({[<!|$+%"
#: Letters that no list, row of keys or alphabet has next to each other: stand for signs that are not to be read.
UNREAD = str.maketrans({sign: chr(0x4E00 + 97 * place) for place, sign in enumerate(SIGNS)})


class Problem(StrEnum):
    """Why a password is refused."""

    too_short = "too_short"
    no_upper = "no_upper"
    no_lower = "no_lower"
    no_special = "no_special"
    too_common = "too_common"
    names_you = "names_you"
    too_long = "too_long"


def problems(password: str, context: Iterable[str]) -> list[Problem]:
    """Return every reason why `password` is refused, in the order of Problem; an empty list: it may be used (AUTH-13).

    Letters are counted as Unicode code points after `normalised`. Special is each sign and space (AUTH-14), no digit.
    `context` holds what others know of the person: name, e-mail address, organisation, town (ASVS 5, 6.2.11).
    """
    text = normalised(password)
    if len(text) > LONGEST:
        return [Problem.too_long]
    found = {
        Problem.too_short: len(text) < SHORTEST,
        Problem.no_upper: not any(letter.isupper() for letter in text),
        Problem.no_lower: not any(letter.islower() for letter in text),
        Problem.no_special: not any(unicodedata.category(letter)[0] in "PSZ" for letter in text),
        Problem.too_common: len(text) >= SHORTEST and (_is_common(text) or _is_guessed_soon(text)),
        Problem.names_you: _names(text, context),
    }
    return [problem for problem, there in found.items() if there]


def strength(password: str, context: Iterable[str]) -> int:
    """How hard the password is to guess, 0 to 4 (zxcvbn; NIST SP 800-63B, 3.1.1.2: guidance), the context left out.

    The first MEASURED_LETTERS letters count, so that nobody can keep a process busy with it.
    """
    text = normalised(password)[:LONGEST]
    return 0 if _is_common(text) else _score(_without(text, _words(context)))


def _is_guessed_soon(text: str) -> bool:
    return len(text) <= MEASURED_LETTERS and _score(text) < GUESSED_SOON


def _score(text: str) -> int:
    if not text:
        return 0
    measured = text[:MEASURED_LETTERS]
    readings = prod(max(1, sum(sign in measured for sign in signs)) for signs in L33T_TABLE.values())
    # Without a list of the person's words: zxcvbn keeps that in a global, where another thread would find it.
    score: int = zxcvbn(measured if readings <= MEASURED_READINGS else measured.translate(UNREAD))["score"]
    return score


def _is_common(text: str) -> bool:
    """Whether the whole is one word that many people choose, with digits and signs around it (ASVS 5, 6.2.4)."""
    return any(_is_listed(word) for core in _cores(_folded(text)) for word in _readings(core))


def _cores(text: str) -> Iterator[str]:
    """The text without none, one, ... of the digits and signs at its ends: a sign may stand for a letter too."""
    ends = [len(text) - len(text.lstrip(_others(text))), len(text) - len(text.rstrip(_others(text)))]
    for before, after in product(*(range(min(end, LONGEST_AFFIX) + 1) for end in ends)):
        if before + after <= LONGEST_AFFIX:
            yield text[before : len(text) - after]


def _others(text: str) -> str:
    return "".join({letter for letter in text if not letter.isalpha()})


def _readings(text: str) -> Iterator[str]:
    """The text, and what it says when digits and signs are read as the letters that they look like."""
    yield text
    looks = {sign: [letter for letter, signs in L33T_TABLE.items() if sign in signs] for sign in set(_others(text))}
    told = {sign: letters for sign, letters in looks.items() if letters}
    for letters in product(*told.values()):
        yield text.translate(str.maketrans(dict(zip(told, letters, strict=True))))


def _is_listed(text: str) -> bool:
    word = _once(SEPARATORS.sub("", text))
    return len(word) >= SHORTEST_WORD and (
        word in _favourites()
        or any(word in words for name, words in RANKED_DICTIONARIES.items() if name != "user_inputs")
    )


def _once(word: str) -> str:
    """'welkom' for 'welkomwelkom': the shortest part that the word repeats."""
    return word[: (word + word).find(word, 1)] if word else word


@cache
def _favourites() -> frozenset[str]:
    text = files("matching.accounts.proofs").joinpath("data", "dutch_favourites.txt").read_text(encoding="utf-8")
    lines = text.splitlines()
    return frozenset(word for line in lines if not line.startswith("#") for word in line.split())


def _names(text: str, context: Iterable[str]) -> bool:
    words = _words(context)
    readings = {*_readings(_folded(text)), *_readings(SEPARATORS.sub("", _folded(text)))}
    return any(word in reading for word in words for reading in readings)


def _words(context: Iterable[str]) -> list[str]:
    """The words of the context, and each of its items as one word: 'Jan Vos' is 'janvos'."""
    found = set(OWN_WORDS)
    for item in context:
        # The last part of an address, such as .info, says nothing about anybody.
        told = _folded(item.rpartition(".")[0] if "@" in item else item)
        parts = re.findall(r"[^\W_]+", told)
        whole = re.findall(r"[^\W_]+", told.partition("@")[0])
        found.update(word for word in (*parts, "".join(whole)) if len(word) >= SHORTEST_WORD and not word.isdigit())
    return sorted(found, key=len, reverse=True)


def _without(text: str, words: list[str]) -> str:
    """The text without the words, however they are written; lengths agree because each letter folds to one."""
    folded = "".join((_folded(letter) or letter)[0] for letter in text)
    for word in words:
        while (at := folded.find(word)) >= 0:
            text, folded = text[:at] + text[at + len(word) :], folded[:at] + folded[at + len(word) :]
    return text


def _folded(text: str) -> str:
    """The text in lower case without accents."""
    return "".join(
        letter for letter in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(letter)
    )
