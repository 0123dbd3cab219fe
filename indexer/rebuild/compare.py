"""Compares an index with SQL and the ledger, candidate by candidate where sums by bucket betray a difference."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from itertools import islice
from typing import Any, NamedTuple

from elasticsearch import Elasticsearch
from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from indexer.documents import BUCKETS, bucket_of, check_of
from indexer.rebuild.context import Run
from indexer.sums import shown_in, stored_in
from indexer.targets import LISTINGS
from matching.candidates.listings import ShowcaseRow
from matching.candidates.records import CandidateShowcase
from matching.storage.base import table_of
from matching.storage.changes import CANDIDATE, Change
from matching.storage.index_state import DeadLetter, LedgerEntry

MISSING, SURPLUS, OTHER = "missing", "not shown by SQL", "another digest than the ledger's"
_KEYS_AT_ONCE = 1_000
_SHOWINGS, _LEDGER = table_of(CandidateShowcase), table_of(LedgerEntry)


class Unlike(NamedTuple):
    """How an index differs from SQL in one candidate; `digest` is that of the listing it holds, if it does."""

    kind: str
    digest: str = ""


class Look(NamedTuple):
    """Listings by SQL and in the index, but for refused ones; and the candidates in buckets that differ."""

    shown: int
    held: int
    suspects: frozenset[int]


class _Sum(NamedTuple):
    """Number of listings in a bucket, and the sum of their `check`."""

    listings: int
    check: int


def look(run: Run, row: ShowcaseRow, index: str) -> Look:
    """Compare the sums by bucket of an index with those that SQL and the ledger ask for; refreshes the index."""
    with run.database.read() as session:
        without = refused(session, index)
        wanted = _wanted(session, row, without)
    run.client.indices.refresh(index=index)
    held = _held(run.client, index, without)
    buckets = [bucket for bucket in wanted.keys() | held.keys() if wanted.get(bucket) != held.get(bucket)]
    suspects: set[int] = set()
    if buckets:
        with run.database.read() as session:
            suspects |= set(shown_in(session, row.id, buckets))
        suspects |= {int(key) for key in stored_in(run.client, index, buckets)}
    return Look(
        sum(one.listings for one in wanted.values()), sum(one.listings for one in held.values()), frozenset(suspects)
    )


def _wanted(session: Session, row: ShowcaseRow, without: Collection[int]) -> Mapping[int, _Sum]:
    """Whom a showcase shows, with the ledger's digests, whether or not an index has answered for them; by bucket."""
    shown, ledger = _SHOWINGS.c, _LEDGER.c
    known = and_(ledger.showcase == row.view.code, ledger.candidate_id == shown.candidate_id, ledger.gone.is_(False))
    statement = (
        select(shown.candidate_id, ledger.digest)
        .select_from(_SHOWINGS.outerjoin(_LEDGER, known))
        .where(shown.showcase_id == row.id)
    )
    counts, checks = [0] * BUCKETS, [0] * BUCKETS
    for key, digest in session.connection().execute(statement).fetchall():
        if key not in without:
            bucket = bucket_of(key)
            counts[bucket] += 1
            checks[bucket] += check_of(digest) if digest else 0
    return {bucket: _Sum(count, checks[bucket]) for bucket, count in enumerate(counts) if count}


def _held(client: Elasticsearch, index: str, without: Collection[int]) -> Mapping[int, _Sum]:
    """What an index holds, by bucket; one aggregation."""
    query: dict[str, Any] = {"bool": {"filter": [LISTINGS]}}
    if without:
        query["bool"]["must_not"] = [{"ids": {"values": [str(key) for key in without]}}]
    by_bucket = {"terms": {"field": "bucket", "size": BUCKETS}, "aggs": {"check": {"sum": {"field": "check"}}}}
    answer = client.search(index=index, size=0, query=query, aggs={"buckets": by_bucket}, track_total_hits=False)
    found = answer["aggregations"]["buckets"]["buckets"]
    return {one["key"]: _Sum(one["doc_count"], round(one["check"]["value"])) for one in found}


def compare_digests(run: Run, row: ShowcaseRow, index: str, keys: Collection[int]) -> Mapping[int, Unlike]:
    """Which of these candidates differ, by id."""
    found: dict[int, Unlike] = {}
    rest = iter(sorted(keys))
    while batch := list(islice(rest, _KEYS_AT_ONCE)):
        run.lease.keep()
        with run.database.read() as session:
            shown = select(CandidateShowcase.candidate_id).where(
                CandidateShowcase.showcase_id == row.id, CandidateShowcase.candidate_id.in_(batch)
            )
            wanted = set(session.execute(shown).scalars())
            digests = ledger_digests(session, row.view.code, batch)
        stored = stored_documents(run.client, index, batch, ["digest", "gone"])
        for key in batch:
            document = stored.get(key)
            digest = None if document is None else document.get("digest", "")
            if key in wanted and digest is None:
                found[key] = Unlike(MISSING)
            elif key not in wanted and digest is not None:
                found[key] = Unlike(SURPLUS, digest)
            elif digest is not None and digest != digests.get(key):
                found[key] = Unlike(OTHER, digest)
    return found


def refused(session: Session, index: str) -> frozenset[int]:
    """Whose listing the engine did not take."""
    return frozenset(session.execute(select(DeadLetter.candidate_id).where(DeadLetter.index == index)).scalars())


def on_their_way(session: Session, keys: Collection[int]) -> frozenset[int]:
    """Which of these candidates have a change in the log: a worker will write them, whatever the index holds now."""
    waiting = select(Change.key).where(Change.kind == CANDIDATE).distinct()
    return frozenset(keys).intersection(session.execute(waiting).scalars())


def ledger_digests(session: Session, showcase: str, keys: Sequence[int]) -> dict[int, str]:
    """The ledger's digests of these candidates, without stubs."""
    entry = LedgerEntry
    statement = select(entry.candidate_id, entry.digest).where(
        entry.showcase == showcase, entry.candidate_id.in_(keys), entry.gone.is_(False)
    )
    return {row.candidate_id: row.digest for row in session.execute(statement)}


def stored_documents(
    client: Elasticsearch, index: str, keys: Sequence[int], fields: Sequence[str] | None = None
) -> dict[int, Mapping[str, Any]]:
    """The listings as they are this moment, refreshed or not; all of their fields when none is named. No stubs."""
    if not keys:
        return {}
    docs = client.mget(index=index, ids=[str(key) for key in keys], source_includes=fields)["docs"]
    return {int(one["_id"]): one["_source"] for one in docs if one.get("found") and "gone" not in one["_source"]}
