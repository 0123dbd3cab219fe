"""Which passwords are refused and why, and how strong the others are."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matching.accounts.proofs import password_rules
from matching.accounts.proofs.password_rules import Problem, normalised, problems, strength

CONTEXT = ["Zoë de Vries", "z.devries@sociaal-dijkstad.info", "Gemeente Dijkstad", "Alphen a/d Rijn", "Jan Vos"]


@pytest.mark.requirement("AUTH-13")
@pytest.mark.parametrize(
    ("password", "found"),
    [
        ("Bel 3 m", [Problem.too_short]),
        ("Bel 3 me", []),
        ("bel drie eenden", [Problem.no_upper]),
        ("BEL DRIE EENDEN", [Problem.no_lower]),
        ("BelDrieEenden3", [Problem.no_special]),
        ("BelDrieEenden\t3", [Problem.no_special]),
        ("BelDrieEenden€", []),
        ("BelDrieEenden🦆", []),
        ("Éénden vliegen laag", []),
        ("éénden Vliegen", []),
        ("wachtwoord", [Problem.no_upper, Problem.no_special, Problem.too_common]),
        ("12345678", [Problem.no_upper, Problem.no_lower, Problem.no_special, Problem.too_common]),
        ("", [Problem.too_short, Problem.no_upper, Problem.no_lower, Problem.no_special]),
    ],
)
def test_each_rule_of_the_manual_is_told_by_itself(password: str, found: list[Problem]) -> None:
    assert problems(password, []) == found


@pytest.mark.requirement("AUTH-13")
def test_letters_are_counted_once_however_they_are_typed() -> None:
    assert problems("E\u0301n e\u0301e\u0301n!", []) == problems("\u00c9n \u00e9\u00e9n!", []) == [Problem.too_short]
    assert normalised("E\u0301") == "\u00c9"


@pytest.mark.requirement("AUTH-13", "AUTH-14")
def test_long_sentences_are_welcome_up_to_256_letters() -> None:
    sentence = ("Paarse fietsen zingen hard! " * 10)[:256]
    assert problems(sentence, CONTEXT) == []
    assert problems(sentence[:64], CONTEXT) == []
    assert problems(sentence + "a", CONTEXT) == [Problem.too_long]
    assert problems("a" * 1_000_000, CONTEXT) == [Problem.too_long]


@pytest.mark.parametrize(
    "password",
    [
        *(
            "Wachtwoord1!",
            "Welkom2026!",
            "Gemeente01!",
            "P@ssword1",
            "P@ssw0rd!",
            "W@chtw00rd!",
            "!Welkom!01",
            "$Ecret99",
        ),
        *("Zomer2026!", "Herfst-2026", "Voetbal12!", "Feyenoord1!", "Haarlem2026!", "Qwerty123!", "Elisabeth1!"),
        *("Wélkom2026!", "Wachtwoord Wachtwoord!", "Mijn Wachtwoord 1!", "Ik hou van jou!", "Welkom31-12-2026"),
        *("Asdfghjkl;1A", "1qaz!QAZ", "Aaaaaaaa!"),
    ],
)
def test_what_many_people_choose_is_refused(password: str) -> None:
    assert problems(password, []) == [Problem.too_common]
    assert strength(password, []) <= 1


@pytest.mark.parametrize(
    "password",
    [
        *("Paarse fiets zingt hard!", "Fiets!Maan7", "Kat op het dak!", "Correct horse battery staple", "xK9#mP2$vL"),
        *("Twee eenden!", "Hond&kat", "Welkom in het paarse huis", "b7K#9w2!e$5T"),
    ],
)
def test_what_few_people_choose_is_accepted(password: str) -> None:
    assert problems(password, CONTEXT) == []
    assert strength(password, CONTEXT) >= 2


@pytest.mark.parametrize(
    "password",
    [
        *(
            "Mooie DeVries!",
            "De vries-kou trekt op",
            "DÉVRIES zingt hard",
            "D3vr1es zingt hard",
            "Over Dijkstad vliegt!",
        ),
        *(
            "Op naar Alphen toe",
            "JanVos zingt hard",
            "Jan Vos zingt hard",
            "Jan-Vos zingt hard",
            "Het Hallowerk is mooi",
        ),
    ],
)
def test_what_others_know_of_the_person_is_refused(password: str) -> None:
    assert Problem.names_you in problems(password, CONTEXT)


@pytest.mark.parametrize("password", ["Rijm op informatie!", "Zoek de Jan-boot", "Vos en haas lopen"])
def test_short_words_and_the_end_of_an_address_do_not_count(password: str) -> None:
    assert problems(password, CONTEXT) == []


def test_the_person_s_own_words_add_no_strength() -> None:
    assert strength("Dijkstad-Devries", CONTEXT) <= 1 < strength("Dijkstad-Devries", [])
    assert strength("Devries", ["devries"]) == 0
    assert strength("", []) == 0


def test_the_work_is_bounded_whatever_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def measuring(text: str) -> dict[str, Any]:
        asked.append(text)
        return {"score": 4}

    monkeypatch.setattr(password_rules, "zxcvbn", measuring)
    signs = "4@8({[<3691!|70$5+%2Aa"
    for password in (signs * 20, (signs * 20)[:256], signs[:20], "P@$$w0rd zegt niemand!"):
        assert strength(password, CONTEXT) == 4
    assert all(len(text) <= 40 for text in asked)
    assert not any(sign in text for text in asked[:3] for sign in "@({[<!|$+%")
    assert asked[3] == "P@$$w0rd zegt niemand!"


@given(st.text(max_size=60))
def test_no_text_is_an_error(text: str) -> None:
    assert set(problems(text, [text])) <= set(Problem)
    assert strength(text, [text, "Jan"]) in range(5)


def test_no_word_of_a_person_is_left_for_the_next_one() -> None:
    strength("Iets anders 1!", CONTEXT)
    words = password_rules.RANKED_DICTIONARIES.get("user_inputs", {})
    assert not words


def test_the_favourites_are_written_as_they_are_compared() -> None:
    words = password_rules._favourites()
    assert all(word == password_rules._folded(word) and len(word) >= 4 for word in words)
    assert {"welkom", "gemeente", "zomer"} <= words
