"""Whatever is asked: the named parts add up to the score, and none is more than its weight."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest

from indexer.engine.instance import Running
from matching.candidates.parts import CATEGORIES
from matching.search.criteria import RADII_KM, SearchCriteria
from matching.search.filters import offered_options
from tests.support.knowing import asked, knowledge
from tests.support.listings import EVERYTHING, ROTTERDAM
from tests.support.searching import Searching, hand_made

WORDS = ("heftruck", "chauffeur", "vrachtwagenchauffeur", "verkopers", "containers", "turks", "kok", "graag", "de")
KNOWN = knowledge()
#: A score is a 32-bit number in the engine: about seven digits are told.
TOLERANCE = 1e-4


@pytest.fixture(scope="module")
def people(engine: Running) -> Iterator[Searching]:
    with hand_made(engine) as searching:
        yield searching


def question(dice: random.Random) -> SearchCriteria:
    """A search of random size about random things."""

    def some(values: tuple[str, ...], most: int = 2) -> tuple[str, ...]:
        return tuple(dice.sample(values, min(len(values), dice.randint(0, most))))

    vocabularies = KNOWN.vocabularies
    near = ("heftruckchauffeur", "orderpicker", "vrachtwagenchauffeur", "taxichauffeur", "reachtruckchauffeur", "kok")
    categories = some(tuple(CATEGORIES), 2) if dice.random() < 0.4 else ()
    filters = {code: list(some(offered_options(code, EVERYTHING, KNOWN), 6)) for code in categories}
    return asked(
        occupations=some(near),
        groups=some(("heftruck-intern-transport", "magazijn"), 1),
        words=some(WORDS) if dice.random() < 0.5 else (),
        levels=some(vocabularies["level"].codes),
        languages=some(("nl", "tr", "en"), 3),
        licences=some(vocabularies["licence"].codes, 3),
        working_times=some(("voltijd", "deeltijd")),
        centre=ROTTERDAM if dice.random() < 0.7 else None,
        radius_km=dice.choice((*RADII_KM, None, None, None)),
        filters=filters,
        related=dice.random() < 0.8,
    )


def test_parts_sum_to_the_score_and_each_stays_within_its_weight(people: Searching) -> None:
    dice = random.Random(20261124)
    seen: dict[str, int] = {}
    for _ in range(300):
        criteria = question(dice)
        page = people.run(criteria)
        for hit in page.hits:
            assert sum(hit.parts.values()) == pytest.approx(hit.score, abs=TOLERANCE), criteria
            for name, points in hit.parts.items():
                assert 0 < points <= people.basis.profile[name].weight + TOLERANCE, (name, criteria)
                seen[name] = seen.get(name, 0) + 1
    assert set(seen) == set(people.basis.profile.parts), "every part has been seen at work"


def test_what_is_counted_is_what_is_found(people: Searching) -> None:
    """The counting bodies and the scored one find exactly the same set."""
    dice = random.Random(42)
    for _ in range(100):
        criteria = question(dice)
        page = people.run(criteria)
        counted = people.reader.count(criteria, people.basis)
        assert counted == page.total == len(page.hits), criteria
        if page.exact is not None:
            assert page.exact + (page.related or 0) == page.total
