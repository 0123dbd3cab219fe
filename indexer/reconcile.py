"""Finds drift and has it repaired through the ordinary write path: one pass, repeated by whoever calls it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from elasticsearch import Elasticsearch
from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from indexer import findings, ledger
from indexer.documents import BUCKETS
from indexer.drift import ALIAS, INDEX_GONE, OF_LISTINGS
from indexer.examine import candidate_of
from indexer.rebuild.lease import ROLLBACK, SWAP, unfinished
from indexer.rebuild.run import Report, rebuild, silent
from indexer.registry import registered
from indexer.targets import LISTINGS, alias_name, live_target
from indexer.verify import Verified, verify
from matching.settings import Settings
from matching.storage.changes import CANDIDATE, Counter, note_changes
from matching.storage.database import Database

#: Buckets that each pass builds anew from SQL, in turn: every listing is looked at once in BUCKETS / TURN passes.
TURN = 32
#: The counter of turns that are over.
_TURNS = "reconcile_turns"
_AT_ONCE = 1_000


@dataclass(frozen=True)
class Reconciled:
    """What a pass found, and what it did about it.

    `announced` listings were put into the change log, to be written anew by whoever indexes next; `removed` documents
    stood under ids that nobody gave. The aliases of the showcases in `aliased` were put back, the indexes of those in
    `rebuilt` built anew. `still_open`: findings that no look has seen repaired yet.
    """

    verified: tuple[Verified, ...]
    announced: int
    removed: int
    aliased: tuple[str, ...]
    rebuilt: tuple[str, ...]
    still_open: int


def reconcile(
    database: Database, client: Elasticsearch, settings: Settings, report: Report = silent, full: bool = False
) -> Reconciled:
    """Compare every index with the record, and set going what makes them agree.

    Some buckets are built anew from SQL each time, all of them when `full`; the turn passes on once no listing waits to
    be repaired. A finding is marked as repaired by the pass that sees it no longer. An index of another life of the
    database is only noted: whoever put a backup back must ask for the rebuild. `report` hears how far a rebuild is.
    Raises the client's errors, or those of a rebuild where an index is lost.
    """
    with database.read() as session:
        turn = _turn(session)
    first = turn * TURN % BUCKETS
    found = verify(database, client, settings, full=full, buckets=range(first, first + TURN))
    with database.write() as session:
        noted = findings.note(session, found)
        if not noted.under_way:
            _pass_on(session, turn)
    announced = sum(_announce(database, one) for one in found)
    removed = sum(_remove_strangers(client, one) for one in found)
    aliased = tuple(one.showcase for one in found if _has(one, ALIAS) and _put_back(database, client, settings, one))
    lost = tuple(one.showcase for one in found if _has(one, INDEX_GONE))
    if lost:
        rebuild(database, client, settings, lost, report)
    return Reconciled(found, announced, removed, aliased, lost, noted.still_open)


def _has(one: Verified, kind: str) -> bool:
    return any(difference.kind == kind for difference in one.differences)


def _turn(session: Session) -> int:
    return session.execute(select(Counter.value).where(Counter.name == _TURNS)).scalar_one_or_none() or 0


def _pass_on(session: Session, turn: int) -> None:
    """Let the next buckets be looked at next time, unless another pass saw to that."""
    if turn:
        session.execute(update(Counter).where(Counter.name == _TURNS, Counter.value == turn).values(value=turn + 1))
    elif session.get(Counter, _TURNS) is None:
        session.execute(insert(Counter).values(name=_TURNS, value=1))


def _batches(ids: Sequence[str]) -> Iterator[list[str]]:
    rest = iter(ids)
    while batch := list(islice(rest, _AT_ONCE)):
        yield batch


def _announce(database: Database, one: Verified) -> int:
    """Have whoever indexes next write the listings that differ, whatever the ledger says of them; returns how many."""
    ids = [each for difference in one.differences if difference.kind in OF_LISTINGS for each in difference.ids]
    announced = 0
    for batch in _batches(ids):
        keys = sorted(key for each in batch if (key := candidate_of(each)) is not None)
        with database.write() as session:
            ledger.doubt(session, one.showcase, keys)
            note_changes(session, CANDIDATE, keys)
        announced += len(keys)
    return announced


def _remove_strangers(client: Elasticsearch, one: Verified) -> int:
    """Delete documents under ids that the indexer never gave: no write of ours ever reaches them."""
    ids = [each for difference in one.differences for each in difference.ids if candidate_of(each) is None]
    for batch in _batches(ids):
        client.bulk(operations=[{"delete": {"_index": one.index, "_id": each}} for each in batch])
    return len(ids)


def _put_back(database: Database, client: Elasticsearch, settings: Settings, one: Verified) -> bool:
    """Point the alias of a showcase to the index that SQL calls live, and to no other, in one call.

    Leaves it to a rebuild that is about to switch. An index that somebody made under the alias' own name goes: it is
    none of ours, and keeps the alias from being.
    """
    code, alias = one.showcase, alias_name(settings.index_prefix, one.showcase)
    with database.read() as session:
        switching = any(code in work.indexes for work in unfinished(session) if work.step in (SWAP, ROLLBACK))
        live = live_target(registered(session, [code])[code])
    if switching or live is None or live.index != one.index:
        return False
    engine = client.indices.get_alias(index=f"{settings.index_prefix}-*", expand_wildcards="open")
    actions: list[dict[str, Any]] = [
        {"remove": {"index": index, "alias": alias}}
        for index, facts in engine.items()
        if alias in facts["aliases"] and index != live.index
    ]
    if alias in engine:
        actions.append({"remove_index": {"index": alias}})
    client.indices.update_aliases(
        actions=[*actions, {"add": {"index": live.index, "alias": alias, "filter": LISTINGS}}]
    )
    return True
