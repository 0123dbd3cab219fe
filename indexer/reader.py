"""Reads the index: one search is one request; what the engine can't answer becomes a typed error."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from elasticsearch import ApiError, Elasticsearch, TransportError

from indexer.targets import alias_name
from matching.candidates.parts import ShowcaseView
from matching.search.answers import read_hit, result_page, total_of
from matching.search.bodies import Body, among_body, count_body, exact_body, facets_body, hits_body, one_body, relaxed
from matching.search.criteria import SearchCriteria
from matching.search.errors import NotOffered, TooDeep
from matching.search.knowledge import Knowledge, knowledge_of, today_in_the_netherlands
from matching.search.limits import worth_relaxing
from matching.search.ranking import RankingProfile
from matching.search.reasons import Explainer
from matching.search.results import Hit, Relaxation, ResultPage, Suggestion
from matching.search.suggestion_counts import suggestion_counts_body, with_counts
from matching.taxonomy.occupations import Taxonomy
from matching.taxonomy.vocabularies import Vocabulary

__all__ = ["Basis", "EngineDown", "EngineRefused", "NotOffered", "Reader", "TooDeep"]

USUAL_TIMEOUT_S = 10.0

_BAD_REQUEST = 400
_ANSWERED = 200


class EngineDown(Exception):
    """No answer: the engine is away, too slow, overloaded, or has no index of this showcase yet. Says nothing typed."""


class EngineRefused(Exception):
    """The engine read the request and refused it: a fault of ours, or a search larger than it takes."""


@dataclass(frozen=True)
class Basis:
    """What searches are understood and ranked by. Ages count from `today`; None: the present day in the Netherlands."""

    profile: RankingProfile
    taxonomy: Taxonomy
    vocabularies: Mapping[str, Vocabulary]
    today: date | None = None

    @property
    def knowledge(self) -> Knowledge:
        """The same, as requests are written and answers read with."""
        return knowledge_of(self.taxonomy, self.vocabularies, self.today or today_in_the_netherlands())


class Reader:
    """Searches the listings of showcases; needs only the client, the first part of index names, and its patience.

    After `timeout_s` the engine itself stops working on a search: nobody waits for it any more. `indexes`, by showcase
    code, are searched in the place of what the aliases point to: to try an index before it is used.
    """

    def __init__(
        self,
        client: Elasticsearch,
        prefix: str,
        timeout_s: float = USUAL_TIMEOUT_S,
        indexes: Mapping[str, str] | None = None,
    ) -> None:
        self._client = client
        self._prefix = prefix
        self._indexes = indexes or {}
        self._limit = {"timeout": f"{round(timeout_s * 1000)}ms"}

    def search(self, criteria: SearchCriteria, basis: Basis) -> ResultPage:
        """One page of results with facets and counts, in one request.

        Raises EngineDown or EngineRefused, TooDeep and NotOffered (matching.search.errors), KeyError for an occupation
        or group that doesn't exist.
        """
        profile, knowledge = basis.profile, basis.knowledge
        exact = exact_body(criteria, profile, knowledge)
        bodies = [hits_body(criteria, profile, knowledge), facets_body(criteria, profile, knowledge)]
        answers = self._answers(criteria.showcase, [*bodies, *([exact] if exact else [])])
        return result_page(criteria, knowledge, answers[0], answers[1], answers[2] if exact else None)

    def relaxations(self, criteria: SearchCriteria, basis: Basis) -> tuple[Relaxation, ...]:
        """How many there are without each chip, filter category and the radius, in one request; errors as `search`.

        Empty for a search so large that the counts would take too long (matching.search.limits).
        """
        profile, knowledge = basis.profile, basis.knowledge
        searches = list(relaxed(criteria))
        if not worth_relaxing(criteria, len(searches)):
            return ()
        bodies = [count_body(other, profile, knowledge) for _, _, other in searches]
        answers = self._answers(criteria.showcase, bodies) if bodies else []
        return tuple(
            Relaxation(kind, value, total_of(answer))
            for (kind, value, _), answer in zip(searches, answers, strict=True)
        )

    def count(self, criteria: SearchCriteria, basis: Basis) -> int:
        """Only how many match; errors as `search`."""
        body = count_body(criteria, basis.profile, basis.knowledge)
        return total_of(self._answers(criteria.showcase, [body])[0])

    def finds(self, criteria: SearchCriteria, candidate_id: int, basis: Basis) -> bool:
        """Whether this candidate is among those found, on whatever page; errors as `search`."""
        body = among_body(criteria, candidate_id, basis.profile, basis.knowledge)
        return total_of(self._answers(criteria.showcase, [body])[0]) > 0

    def suggest_counts(
        self, showcase: ShowcaseView, suggestions: Sequence[Suggestion], basis: Basis
    ) -> tuple[Suggestion, ...]:
        """The suggestions with the number of candidates in this showcase that have each; EngineDown as `search`."""
        if not suggestions:
            return ()
        body = suggestion_counts_body(showcase, suggestions, basis.knowledge)
        return with_counts(suggestions, self._answers(showcase, [body])[0])

    def one(self, criteria: SearchCriteria, candidate_id: int, basis: Basis) -> Hit | None:
        """One listing as the criteria's showcase shows it now, judged by the criteria whether or not it matches them.

        Its score is 0 and has no parts. None when the showcase's index has no such candidate; EngineDown as `search`.
        """
        [answer] = self._answers(criteria.showcase, [one_body(criteria, candidate_id)])
        found = answer["hits"]["hits"]
        return read_hit(found[0], criteria, Explainer(criteria, basis.knowledge)) if found else None

    def _answers(self, showcase: ShowcaseView, bodies: Sequence[Body]) -> list[Mapping[str, Any]]:
        """The engine's answers in order; each is whole, never from a part of the shards."""
        index = self._indexes.get(showcase.code) or alias_name(self._prefix, showcase.code)
        searches: list[Mapping[str, Any]] = []
        for body in bodies:
            header = {"index": index, "allow_partial_search_results": False}
            # Hits are not cached by the engine; for counts it is worth asking.
            searches += [header | ({"request_cache": True} if body["size"] == 0 else {}), body | self._limit]
        try:
            answer = self._client.msearch(searches=searches, include_named_queries_score=True)
        except (TransportError, ApiError) as error:
            raise EngineDown(_reason(error)) from error
        found: list[Mapping[str, Any]] = answer["responses"]
        for one in found:
            _check(one, showcase)
        return found


def _check(answer: Mapping[str, Any], showcase: ShowcaseView) -> None:
    status = answer.get("status", _ANSWERED)
    if status == _BAD_REQUEST:
        causes = answer["error"].get("root_cause") or [answer["error"]]
        raise EngineRefused(str(causes[0].get("type")))
    if "error" in answer:
        raise EngineDown(f"showcase {showcase.code}: {answer['error'].get('type')} (status {status})")
    if answer.get("timed_out"):
        raise EngineDown(f"showcase {showcase.code}: the search took too long")


def _reason(error: TransportError | ApiError) -> str:
    # Bodies hold what people typed: only the kind of error goes into messages and logs.
    return f"{type(error).__name__}{f' (status {error.status_code})' if isinstance(error, ApiError) else ''}"
