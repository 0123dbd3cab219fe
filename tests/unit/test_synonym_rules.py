"""What is wrong with a file of synonyms, line by line, with and without what the engine says of its terms."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matching.search.mapping import load_word_lists
from matching.search.synonym_rules import Analysed, Problem, find_problems, read_rules


def problems(text: str, analysed: Mapping[str, Analysed] | None = None) -> list[tuple[int, str]]:
    """Line and message of everything that is found."""
    return [(one.line, one.message) for one in find_problems(read_rules(text.encode()), analysed)]


def stemmed(**tokens: str) -> dict[str, Analysed]:
    """What an engine would say: term -> its tokens, with '_' for the blanks in terms."""
    return {term.replace("_", " "): Analysed(tuple(made.split())) for term, made in tokens.items()}


def test_a_file_without_problems() -> None:
    text = "# sets\n\nkok, chef\r\n  arts => arts, huisarts  \nehbo, eerste hulp\nC++, cplusplus\n"
    file = read_rules(text.encode())
    assert find_problems(file) == []
    assert [rule.line for rule in file.rules] == [3, 4, 5, 6]
    assert file.text == "kok, chef\narts => arts, huisarts\nehbo, eerste hulp\nC++, cplusplus\n"
    assert file.terms == ("kok", "chef", "arts", "huisarts", "ehbo", "eerste hulp", "C++", "cplusplus")


def test_the_project_has_no_problem_that_shows_without_an_engine() -> None:
    assert problems("\n".join(load_word_lists().synonyms)) == []


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("a => b => c", "has more than one '=>'"),
        ("kok,, chef", "has an empty term: a comma or arrow with nothing beside it"),
        ("kok, chef,", "has an empty term: a comma or arrow with nothing beside it"),
        ("kok =>", "has an empty term: a comma or arrow with nothing beside it"),
        (r"kok\, chef", "has a backslash, which means something else to the engine: leave it out"),
        ("kok", "changes nothing: to the search all its terms are the same"),
        ("kok => kok", "changes nothing: to the search all its terms are the same"),
        ("Crèche, creche", "changes nothing: to the search all its terms are the same"),
        ("kok, chef, kok", "'kok' stands twice: leave one out"),
        ("a, b, a", "'a' stands twice: leave one out"),
        ("kok => kok, chef, chef", "'chef' stands twice: leave one out"),
        ("crèche, opvang, creche", "'creche' is the same as 'crèche' to the search: leave one out"),
        ("kok => chef", "who types 'kok' no longer finds it: repeat it behind the '=>'"),
        (
            "full-time, voltijd",
            "'full-time' is cut into several words: write it with blanks, and beside it as one word",
        ),
        (
            "call center => call center, callcenter",
            "'call center' is several words, and typed words are looked up one by one: it calls for nothing",
        ),
        (
            "cv ketel, centrale verwarming",
            "has only terms of several words, and typed words are looked up one by one: add a term that is one word",
        ),
    ],
)
def test_a_problem_in_a_line_is_told_with_its_number(line: str, message: str) -> None:
    assert problems(f"# comment\n\nbakker, broodbakker\n{line}\n") == [(4, message)]


def test_a_line_that_cannot_be_read_hides_no_other() -> None:
    assert [line for line, _ in problems("a => b => c\nkok\n,\nbakker, broodbakker\nchef\n")] == [1, 2, 3, 5]


def test_a_file_that_is_no_utf8_names_the_line() -> None:
    file = read_rules(b"kok, chef\n\ncr\xe8che, opvang\n")
    assert find_problems(file) == [Problem(3, "is not UTF-8 text: save the file as UTF-8")]
    assert file.rules == ()


def test_the_mark_that_some_editors_put_before_a_file_is_no_part_of_a_term() -> None:
    assert read_rules(b"\xef\xbb\xbfkok, chef\n").terms == ("kok", "chef")


def test_a_term_that_calls_for_two_lines_is_told_in_the_second() -> None:
    assert problems("kok, chef\nbakker, broodbakker\nchef => chef, baas\n") == [
        (3, "'chef' stands in line 1 too: put what belongs together in one line")
    ]
    assert problems("arts => arts, huisarts\nhuisarts, huisdokter\n") == [], "found by one line, asked by the other"


def test_one_way_rules_in_a_circle_are_told_where_it_closes() -> None:
    text = "a => a, b\nb => b, c\nd => d, a\nc => c, a\n"
    assert problems(text) == [
        (4, "'c' and 'a' lead to each other in a circle: make one set of them, without arrow"),
    ]
    assert problems("a => a, b\nb => b, c\na2 => a2, c\n") == [], "a chain is no circle"


def test_a_circle_shows_through_word_forms_that_only_the_engine_knows() -> None:
    text = "truck => truck, vrachtwagen\nvrachtwagens => vrachtwagens, trucks\n"
    assert problems(text) == []
    analysed = stemmed(truck="truck", trucks="truck", vrachtwagen="vrachtwagen", vrachtwagens="vrachtwagen")
    assert problems(text, analysed) == [
        (2, "'vrachtwagens' and 'trucks' lead to each other in a circle: make one set of them, without arrow")
    ]


def test_terms_that_the_engine_reads_alike() -> None:
    analysed = stemmed(
        truck="truck",
        trucks="truck",
        vrachtauto="vrachtauto",
        sociale_media="social media",
        social_media="social media",
    )
    assert problems("trucks, truck, vrachtauto\n", analysed) == [
        (1, "'truck' is the same as 'trucks' to the search: leave one out")
    ]
    assert problems("sociale media, social media\n", analysed) == [
        (1, "changes nothing: to the search all its terms are the same")
    ]


def test_terms_that_the_engine_removes() -> None:
    analysed = {
        "in de": Analysed((), ("in", "de")),
        "zorg in natura": Analysed(("zorg", "natura"), ("in",)),
        "!": Analysed(()),
        **stemmed(kok="kok", zin="zin", roep="roep"),
    }
    assert problems("in de, kok\nzorg in natura, zin\n!, roep\n", analysed) == [
        (1, "the search leaves nothing of 'in de': it removes 'in', 'de'"),
        (2, "the search removes 'in' from 'zorg in natura': write the term without it, or leave it out"),
        (3, "the search leaves nothing of '!'"),
    ]


@given(st.lists(st.text(alphabet="ab ,=>#\\\n\r\té-\u2028"), max_size=6).map("\n".join))
def test_whatever_is_written_is_read_and_judged(text: str) -> None:
    file = read_rules(text.encode())
    lines = text.count("\n") + 1
    assert all(1 <= one.line <= lines and one.message for one in find_problems(file))
    again = read_rules(file.text.encode())
    assert [rule.terms for rule in again.rules] == [rule.terms for rule in file.rules]
    assert again.problems == ()


@given(st.binary(max_size=40))
def test_any_bytes_are_read(content: bytes) -> None:
    file = read_rules(content)
    assert all(problem.line >= 1 for problem in (*file.problems, *find_problems(file)))
