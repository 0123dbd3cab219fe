"""A search holds a bounded number of words, however they are written."""

from __future__ import annotations

import pytest

from matching.search.limits import (
    MAX_RELAXATIONS,
    MAX_RELAXED_TOKENS,
    MAX_WORD_TOKENS,
    count_tokens,
    fitting_words,
    worth_relaxing,
)
from tests.support.knowing import asked


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("rolstoel", 1),
        ("Café-medewerker m/v", 4),
        ("x " * 99, 99),
        ("a+b+c", 5),
        ("人" * 50, 50),
        ("😀" * 50, 50),
        ("a.b_c’d", 4),
        ("", 0),
    ],
)
def test_words_are_counted_as_the_engine_reads_them_or_more(text: str, tokens: int) -> None:
    assert count_tokens([text]) == tokens


def test_what_fits_is_kept_in_order() -> None:
    short = [f"woord{number}" for number in range(MAX_WORD_TOKENS)]
    assert fitting_words(short) == tuple(short)
    assert fitting_words([*short, "teveel"]) == tuple(short)
    assert fitting_words(["x " * 99, "kraan"]) == ("kraan",)


def test_only_searches_of_a_usual_size_are_counted_without_each_thing() -> None:
    assert worth_relaxing(asked(words=("kraan", "nacht")), MAX_RELAXATIONS)
    assert not worth_relaxing(asked(words=("kraan",)), MAX_RELAXATIONS + 1)
    assert not worth_relaxing(asked(words=("x " * (MAX_RELAXED_TOKENS + 1),)), 1)
