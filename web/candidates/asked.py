"""A request of the Verkenner, read and checked: what the list, the profile and the suggestions work from."""

from __future__ import annotations

from dataclasses import dataclass

from matching.candidates.parts import ShowcaseView
from matching.search.criteria import SearchCriteria
from web.candidates.addresses import explore_url, moved
from web.candidates.checks import check, criteria_of
from web.candidates.page import PlaceProblem
from web.candidates.profile import Tab
from web.candidates.query import Problem, Query
from web.services import services


@dataclass(frozen=True)
class Asked:
    """What an address asks in one showcase.

    `settled`: typed text was turned into chips or a place, so the page must move to the address that says so.
    `typed` and `where` are what was typed and could not be used yet; `place_problem` says why.
    `keep` is whose profile was open beside the list: it stays while that candidate is still found.
    """

    view: ShowcaseView
    showcases: dict[str, ShowcaseView]
    query: Query
    problems: tuple[Problem, ...]
    settled: bool = False
    typed: str = ""
    where: str | None = None
    place_problem: PlaceProblem | None = None
    keep: int | None = None

    @property
    def criteria(self) -> SearchCriteria:
        """The typed search."""
        return criteria_of(self.query, self.view, services().gazetteer)

    @property
    def tabs(self) -> tuple[Tab, ...]:
        """A tab for each showcase that this user may open (CAND-03); the search goes along."""
        query = self.query.on_page(1)
        return tuple(
            Tab(view.name, self.there(view, explore_url(code, query)), code == self.view.code)
            for code, view in self.showcases.items()
        )

    def there(self, view: ShowcaseView, address: str) -> str:
        """The address of this search in another showcase, so that its page can say what it doesn't offer."""
        parts = services()
        _query, problems = check(self.query, view, parts.taxonomy, parts.vocabularies, parts.gazetteer)
        return moved(address) if problems else address
