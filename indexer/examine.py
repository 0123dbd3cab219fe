"""Looks at single documents: what the record makes of a candidate now against what the engine holds now."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple

import orjson
from elasticsearch import Elasticsearch
from sqlalchemy import select
from sqlalchemy.orm import Session

from indexer import ledger
from indexer.documents import Listing, ListingBuilder
from indexer.drift import MISSING, SURPLUS, Stored, Verdict, Wanted, judge
from indexer.ledger import Entry
from indexer.registry import registered
from indexer.targets import Target
from matching.candidates.listings import Profile, ShowcaseRow, read_keys
from matching.storage.base import table_of
from matching.storage.changes import CANDIDATE, Change, present_version
from matching.storage.database import Database
from matching.storage.index_state import DeadLetter, LedgerEntry

#: Candidates that are read, built and compared at once.
BATCH = 1_000
#: Ids that no candidate of ours can have: the column holds 32 bits.
_LARGEST_KEY = 2**31 - 1


@dataclass(frozen=True)
class Looked:
    """How far a look at single candidates is."""

    done: int
    total: int


@dataclass(frozen=True)
class Suspects:
    """Ids of documents of one index that must be looked at, there or not, shown or not.

    `comparable`: the listings must be what the present code builds from the present record. Else those of which the
    ledger is sure must be what it says. Of spare indexes only who is in them is looked at: the listings of who has not
    changed since may be those of an earlier mapping.
    """

    target: Target
    comparable: bool
    ids: Collection[str]


@dataclass(frozen=True, slots=True)
class Found:
    """What is wrong with one document."""

    index: str
    id: str
    verdict: Verdict


class _Facts(NamedTuple):
    """What SQL says of some candidates beside their profiles; places are showcase code and id.

    `waiting` have a change in the log, `refused` are index and id of a dead letter.
    """

    waiting: frozenset[int]
    refused: frozenset[tuple[str, int]]
    ledger: Mapping[tuple[str, int], Entry]
    targets: Mapping[str, Sequence[Target]]
    drawn: int

    def leave_out(self, index: str, key: int) -> bool:
        """Whether nothing can be said of a candidate in an index."""
        return key in self.waiting or (index, key) in self.refused


class Examiner:
    """Compares candidates in batches; keeps nothing of them.

    Each batch is read from SQL before and after the engine is asked: what has a change in the log, a dead letter, or a
    ledger entry that moved meanwhile is left out, because a later look at it will tell.
    """

    def __init__(
        self,
        database: Database,
        client: Elasticsearch,
        builder: ListingBuilder,
        showcases: Sequence[ShowcaseRow],
    ) -> None:
        self._database = database
        self._client = client
        self._builder = builder
        self._showcases = showcases

    def examine(
        self, suspects: Sequence[Suspects], report: Callable[[Looked], None] = lambda _: None
    ) -> Iterator[Found]:
        """Yield what is wrong with these documents. Raises the client's errors."""
        ours: dict[int, list[Suspects]] = {}
        for some in suspects:
            for one in some.ids:
                key = candidate_of(one)
                if key is None:
                    yield Found(some.target.index, one, Verdict(SURPLUS))
                else:
                    ours.setdefault(key, []).append(some)
        keys = iter(sorted(ours))
        done = 0
        while batch := list(islice(keys, BATCH)):
            yield from self._batch({key: ours[key] for key in batch})
            done += len(batch)
            report(Looked(done, len(ours)))

    def _batch(self, keys: Mapping[int, Sequence[Suspects]]) -> Iterator[Found]:
        with self._database.read() as session:
            before = self._facts(session, keys)
            profiles = {profile.single.id: profile for profile in read_keys(session, list(keys), self._showcases)}
        listings = {key: self._build(profile) for key, profile in profiles.items()}
        stored = {target.index: self._stored(target, keys) for target in _targets(keys)}
        with self._database.read() as session:
            after = self._facts(session, keys)
        for key, places in keys.items():
            made = listings.get(key, {})
            if made is None:
                continue
            for some in places:
                target = some.target
                where = (target.showcase, key)
                entry = after.ledger.get(where)
                moved = before.ledger.get(where) != entry or target not in after.targets[target.showcase]
                if moved or any(facts.leave_out(target.index, key) for facts in (before, after)):
                    continue
                verdict = _judge(
                    some, key, made.get(target.showcase), stored[target.index].get(key), entry, after.drawn
                )
                if verdict:
                    yield Found(target.index, str(key), verdict)

    def _build(self, profile: Profile) -> dict[str, Listing] | None:
        """The listings by showcase; None where no document can be made, which whoever indexes keeps as dead letters."""
        try:
            return dict(self._builder.listings(profile))
        except (TypeError, ValueError):
            return None

    def _stored(self, target: Target, keys: Mapping[int, Sequence[Suspects]]) -> dict[int, Stored]:
        """The documents as they are this moment, refreshed or not."""
        ids = [str(key) for key, places in keys.items() if any(some.target == target for some in places)]
        docs = self._client.mget(index=target.index, ids=ids)["docs"]
        return {int(one["_id"]): Stored(one["_version"], one["_source"]) for one in docs if one.get("found")}

    def _facts(self, session: Session, keys: Mapping[int, Sequence[Suspects]]) -> _Facts:
        targets = _targets(keys)
        codes = {target.showcase for target in targets}
        waiting = select(Change.key).where(Change.kind == CANDIDATE, Change.key.in_(keys)).distinct()
        letters = select(DeadLetter.index, DeadLetter.candidate_id).where(
            DeadLetter.index.in_([target.index for target in targets]), DeadLetter.candidate_id.in_(keys)
        )
        refused = frozenset((index, key) for index, key in session.execute(letters))
        c = table_of(LedgerEntry).c
        entries = ledger.read(session, ledger.entries().where(c.showcase.in_(codes), c.candidate_id.in_(keys)))
        waits = frozenset(session.execute(waiting).scalars())
        return _Facts(waits, refused, entries, registered(session, codes), present_version(session))


def _judge(
    some: Suspects, key: int, listing: Listing | None, stored: Stored | None, entry: Entry | None, drawn: int
) -> Verdict | None:
    found = stored is not None and not stored.gone
    if listing is not None and not found:
        return Verdict(MISSING)
    if not some.target.live:
        return Verdict(SURPLUS) if listing is None and found else None
    wanted = None
    if listing is not None and some.comparable:
        wanted = Wanted(listing.digest, orjson.loads(listing.content))
    elif listing is not None:
        if entry is None or entry.gone or not entry.settled:
            return None  # nobody can say how it must be
        wanted = Wanted(entry.digest, None)
    return judge(key, wanted, stored, entry, drawn)


def _targets(keys: Mapping[int, Sequence[Suspects]]) -> set[Target]:
    return {some.target for places in keys.values() for some in places}


def candidate_of(document_id: str) -> int | None:
    """The candidate's id that a document id stands for; None for one that the indexer never gave."""
    if not document_id.isascii() or not document_id.isdecimal() or len(document_id) > len(str(_LARGEST_KEY)):
        return None
    key = int(document_id)
    return key if 0 < key <= _LARGEST_KEY and str(key) == document_id else None
