"""Sums by bucket that betray drift without reading a listing: what the record asks of an index, and what it holds."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from elasticsearch import Elasticsearch
from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from indexer.documents import BUCKETS, bucket_of, check_of
from matching.candidates.records import CandidateShowcase
from matching.storage.base import table_of
from matching.storage.index_state import LedgerEntry

#: The bucket of documents that have none: the indexer wrote none of them.
NO_BUCKET = -1
_ROWS_AT_ONCE = 5_000
#: The engine takes as many as an index's result window, which is 10,000 unless its settings say more.
_IDS_IN_A_CLAUSE = 10_000
_STUBS = {"term": {"gone": True}}
_SHOWINGS, _LEDGER = table_of(CandidateShowcase), table_of(LedgerEntry)


@dataclass(frozen=True, slots=True)
class Sum:
    """Number of listings in a bucket, and the sum of their `check`."""

    count: int = 0
    check: int = 0


@dataclass(frozen=True)
class Asked:
    """What an index must hold: sums by bucket of all but the `unsure`, whose digests the ledger can't vouch for."""

    sums: Mapping[int, Sum]
    unsure: frozenset[int]

    @property
    def count(self) -> int:
        """Number of listings, the unsure ones too."""
        return sum(one.count for one in self.sums.values()) + len(self.unsure)


@dataclass(frozen=True)
class Held:
    """What an index holds: `count` listings, and sums by bucket without the unsure.

    `edited` are the buckets with a document whose version is not the one it says it was written with, and `newest` is
    the highest of the latter.
    """

    count: int
    sums: Mapping[int, Sum]
    edited: frozenset[int]
    newest: int


def asked(session: Session, showcase: str, showcase_id: int, left_out: Collection[int]) -> Asked:
    """Who a showcase shows by the record, with the digests that the ledger is sure of; one statement along two keys."""
    shown, ledger = _SHOWINGS.c, _LEDGER.c
    sure = and_(
        ledger.showcase == showcase,
        ledger.candidate_id == shown.candidate_id,
        ledger.acknowledged == ledger.intended,
        ledger.gone.is_(False),
    )
    statement = (
        select(shown.candidate_id, ledger.digest)
        .select_from(_SHOWINGS.outerjoin(_LEDGER, sure))
        .where(shown.showcase_id == showcase_id)
    )
    counts, checks = [0] * BUCKETS, [0] * BUCKETS
    unsure = set()
    rows = session.connection().execute(statement, execution_options={"yield_per": _ROWS_AT_ONCE})
    for key, digest in rows:
        if key in left_out:
            continue
        if digest is None:
            unsure.add(key)
            continue
        bucket = bucket_of(key)
        counts[bucket] += 1
        checks[bucket] += check_of(digest)
    sums = {bucket: Sum(count, checks[bucket]) for bucket, count in enumerate(counts) if count}
    return Asked(sums, frozenset(unsure))


def held(client: Elasticsearch, index: str, left_out: Collection[int], unsure: Collection[int]) -> Held:
    """What an index holds of all but those left out, written a moment ago too; a refresh and one aggregation."""
    client.indices.refresh(index=index)
    answer = client.search(
        index=index,
        size=0,
        query=all_but(left_out),
        aggs={
            "newest": {"max": {"field": "written"}},
            "stubs": {"filter": _STUBS},
            "sure": {
                "filter": all_but(unsure),
                "aggs": {
                    "buckets": {
                        "terms": {"field": "bucket", "size": 2 * BUCKETS, "missing": NO_BUCKET},
                        "aggs": {
                            "stubs": {"filter": _STUBS},
                            **{name: {"sum": {"field": name}} for name in ("check", "written", "_version")},
                        },
                    },
                },
            },
        },
        track_total_hits=True,
    )
    found = answer["aggregations"]
    sums, edited = {}, set()
    for bucket in found["sure"]["buckets"]["buckets"]:
        if count := bucket["doc_count"] - bucket["stubs"]["doc_count"]:
            sums[bucket["key"]] = Sum(count, round(bucket["check"]["value"]))
        if bucket["written"]["value"] != bucket["_version"]["value"]:
            edited.add(bucket["key"])
    count = answer["hits"]["total"]["value"] - found["stubs"]["doc_count"]
    return Held(count, sums, frozenset(edited), round(found["newest"]["value"] or 0))


def differing(asked: Asked, held: Held) -> frozenset[int]:
    """The buckets of a live index in which something is not as the record and the ledger say."""
    buckets = asked.sums.keys() | held.sums.keys()
    unlike = {bucket for bucket in buckets if asked.sums.get(bucket) != held.sums.get(bucket)}
    return frozenset(unlike) | held.edited


def differing_in_number(asked: Asked, held: Held) -> frozenset[int]:
    """The buckets in which an index holds more or fewer listings than the record shows."""
    none, buckets = Sum(), asked.sums.keys() | held.sums.keys()
    return frozenset(
        bucket for bucket in buckets if asked.sums.get(bucket, none).count != held.sums.get(bucket, none).count
    )


def shown_in(session: Session, showcase_id: int, buckets: Collection[int] | None) -> Iterator[int]:
    """Keys of the candidates that a showcase shows in these buckets; None: in all."""
    statement = select(_SHOWINGS.c.candidate_id).where(_SHOWINGS.c.showcase_id == showcase_id)
    if buckets is not None:
        statement = statement.where((_SHOWINGS.c.candidate_id % BUCKETS).in_(buckets))
    yield from session.connection().execute(statement).scalars()


def stored_in(client: Elasticsearch, index: str, buckets: Collection[int] | None) -> Iterator[str]:
    """Ids of the documents, stubs too, that stand in these buckets; None: in all."""
    query: dict[str, Any] = {"match_all": {}}
    if buckets is not None:
        without = {"bool": {"must_not": [{"exists": {"field": "bucket"}}]}}
        within = {"terms": {"bucket": sorted(set(buckets) - {NO_BUCKET})}}
        query = {"bool": {"should": [within, *([without] if NO_BUCKET in buckets else [])]}}
    point = client.open_point_in_time(index=index, keep_alive="1m")["id"]
    try:
        after = None
        while True:
            answer = client.search(
                pit={"id": point, "keep_alive": "1m"},
                query=query,
                source=False,
                size=_ROWS_AT_ONCE,
                sort=[{"_shard_doc": "asc"}],
                track_total_hits=False,
                **({"search_after": after} if after else {}),
            )
            hits = answer["hits"]["hits"]
            if not hits:
                return
            yield from (hit["_id"] for hit in hits)
            after = hits[-1]["sort"]
    finally:
        client.close_point_in_time(id=point)


def all_but(keys: Collection[int]) -> dict[str, Any]:
    """A query for every document but those of these candidates, however many they are."""
    ids = sorted(keys)
    clauses = [
        {"ids": {"values": [str(key) for key in ids[first : first + _IDS_IN_A_CLAUSE]]}}
        for first in range(0, len(ids), _IDS_IN_A_CLAUSE)
    ]
    return {"bool": {"must_not": clauses}} if clauses else {"match_all": {}}
