"""Knowledge and criteria for tests of search, with the bundled lists and a fixed day."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from matching.candidates.parts import ShowcaseView
from matching.search.criteria import SearchCriteria
from matching.search.knowledge import Knowledge, knowledge_of
from matching.taxonomy.occupations import load_bundled
from matching.taxonomy.vocabularies import load_vocabularies
from tests.support.listings import EVERYTHING, TODAY


def knowledge() -> Knowledge:
    """What query building knows on the day of the hand-made listings."""
    return knowledge_of(load_bundled(), load_vocabularies(), TODAY)


def asked(view: ShowcaseView = EVERYTHING, **changes: Any) -> SearchCriteria:
    """Criteria in a showcase that shows everything; filters may be given as lists."""
    filters = {code: frozenset(options) for code, options in changes.pop("filters", {}).items()}
    return SearchCriteria(showcase=view, filters=filters, **changes)


def hiding(*parts: str) -> ShowcaseView:
    """A showcase that shows everything but these parts."""
    return replace(EVERYTHING, parts=EVERYTHING.parts - set(parts))
