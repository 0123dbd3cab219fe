"""nDCG@10 per kind of query, over judged candidates, with the share of the first ten that was judged."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from ir_measures import Judged, Qrel, ScoredDoc, iter_calc, nDCG

from matching.relevance.judgments import Judgment, Query

#: Candidates that nobody judged are left out, for every system alike (Sakai 2007, condensed lists).
NDCG = nDCG(judged_only=True) @ 10
JUDGED = Judged @ 10


@dataclass(frozen=True)
class Quality:
    """What one system reached on each query; `mean` averages over the queries given."""

    ndcg: Mapping[str, float]
    judged: Mapping[str, float]

    def mean(self, queries: Iterable[Query]) -> float:
        """Mean nDCG@10 over these queries."""
        values = [self.ndcg[query.id] for query in queries]
        return sum(values) / len(values)

    def mean_judged(self, queries: Iterable[Query]) -> float:
        """Mean share of the first ten that was judged."""
        values = [self.judged[query.id] for query in queries]
        return sum(values) / len(values)


def measure(
    queries: Sequence[Query],
    judgments: Mapping[str, Mapping[str, Judgment]],
    search: Callable[[Query], Sequence[str]],
) -> Quality:
    """Put every query to `search` and compare its order with the judgments; a query without results gets 0."""
    qrels = [Qrel(one.query, one.candidate, one.grade) for query in queries for one in judgments[query.id].values()]
    run = [
        ScoredDoc(query.id, candidate, float(-rank))
        for query in queries
        for rank, candidate in enumerate(search(query))
    ]
    ndcg = dict.fromkeys((query.id for query in queries), 0.0)
    judged = dict.fromkeys((query.id for query in queries), 0.0)
    for metric in iter_calc([NDCG, JUDGED], qrels, run):
        (ndcg if metric.measure == NDCG else judged)[metric.query_id] = metric.value
    return Quality(ndcg, judged)
