"""The order of suggestions within a kind."""

from __future__ import annotations

import pytest

from matching.search.results import Suggestion
from matching.search.suggestions import MIDDLE, START, WHOLE
from web.candidates.suggesting import _order


def suggestion(kind: str, code: str, fit: int, count: int = 0, related: int = 0) -> Suggestion:
    return Suggestion(kind, code, code, code, count, related, fit)


@pytest.mark.requirement("CAND-12")
def test_what_fits_best_comes_first_then_what_finds_most() -> None:
    found = [
        suggestion("occupation", "heftruckmonteur", START, 0, 298),
        suggestion("occupation", "heftruckbouwer", START),
        suggestion("occupation", "heftruckchauffeur", START, 294),
        suggestion("occupation", "bergingsheftruckchauffeur", MIDDLE, 900),
        suggestion("occupation", "heftruck", WHOLE, 1),
    ]
    assert [one.code for one in sorted(found, key=_order)] == [
        "heftruck",
        "heftruckchauffeur",
        "heftruckmonteur",
        "heftruckbouwer",
        "bergingsheftruckchauffeur",
    ]


@pytest.mark.requirement("CAND-12")
def test_levels_keep_the_order_of_levels() -> None:
    found = [suggestion("level", f"mbo-{step}", START, count) for step, count in ((3, 80), (1, 5), (4, 60), (2, 70))]
    assert [one.code for one in sorted(found, key=_order)] == ["mbo-1", "mbo-2", "mbo-3", "mbo-4"]
