"""Compares the index of each showcase with the ledger and the record, and says what differs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from elasticsearch import Elasticsearch
from sqlalchemy import select
from sqlalchemy.orm import Session

from indexer.catalogue import Catalogue, read_catalogue
from indexer.documents import ListingBuilder, fingerprint, outdated
from indexer.drift import ALIAS, INDEX_EMPTIED, INDEX_GONE, MISSING, TIMELINE, Difference
from indexer.examine import Examiner, Found, Looked, Suspects
from indexer.registry import registered
from indexer.sums import Asked, Held, asked, differing, differing_in_number, held, shown_in, stored_in
from indexer.targets import LISTINGS, Target, alias_name
from matching.candidates.listings import ShowcaseRow
from matching.settings import Settings
from matching.storage.changes import CANDIDATE, OCCUPATIONS, SHOWCASE, Change, present_version, timeline
from matching.storage.database import Database
from matching.storage.index_state import DeadLetter, FanOut, Rebuild


@dataclass(frozen=True)
class Verified:
    """One index compared, the live one of its showcase or a spare; `index` is None before the first rebuild.

    `asked` and `held` are numbers of listings by the record and in the index, without those left out: `waiting` have
    a change in the log, `refused` a dead letter of this index. `recomputed` is False where listings could only be
    compared with the ledger, because a rebuild is due or a change to the whole showcase is still on its way.
    """

    showcase: str
    index: str | None
    live: bool = True
    asked: int = 0
    held: int = 0
    waiting: int = 0
    refused: int = 0
    recomputed: bool = True
    differences: tuple[Difference, ...] = ()

    @property
    def agrees(self) -> bool:
        """Whether the index says what the record says."""
        return self.index is not None and not self.differences


def verify(
    database: Database,
    client: Elasticsearch,
    settings: Settings,
    codes: Sequence[str] = (),
    full: bool = False,
    buckets: Collection[int] = (),
    report: Callable[[Looked], None] = lambda _: None,
) -> tuple[Verified, ...]:
    """Compare the indexes of the showcases of `codes` (none: all) with the record; changes nothing.

    Sums by bucket are compared first. Listings are built anew from SQL and compared field by field where those differ,
    in the buckets of `buckets`, and everywhere when `full`. Of spare indexes only who is in them is compared. Who has a
    change in the log is left out. Raises UnknownShowcase, or the client's errors.
    """
    with database.read() as session:
        catalogue = read_catalogue(session)
        showcases = [_read_showcase(session, row) for row in catalogue.choose(codes)]
        shared = _read_shared(session)
        life = timeline(session)
    # The engine is asked after SQL was read: what came in between differs at most until it is looked at once more.
    engine = _read_engine(client, settings.index_prefix)
    looks = [_look(client, one, due) for one in showcases for due in one.indexes if due.target.index in engine]
    suspects, recomputed, strangers = [], set(), set()
    with database.read() as session:
        drawn = present_version(session)
        for look in looks:
            index = look.target.index
            if look.target.live and _of_another_life(look, engine[index], life, drawn):
                strangers.add(index)
                continue
            comparable = _comparable(catalogue, look.showcase.row, shared, engine[index])
            if comparable:
                recomputed.add(index)
            suspects.append(Suspects(look.target, comparable, _suspects(session, client, look, full, buckets)))
    builder = ListingBuilder(catalogue.labels, (row.view for row in catalogue.showcases))
    examiner = Examiner(database, client, builder, catalogue.showcases)
    found: dict[str, list[Found]] = {}
    for one in examiner.examine(suspects, report):
        found.setdefault(one.index, []).append(one)
    results = [_without_index(showcase) for showcase in showcases if not _has_live(showcase, engine)]
    for look in looks:
        index = look.target.index
        wrong = [TIMELINE] if index in strangers else []
        if look.target.live and not _alias_right(look, settings.index_prefix, engine):
            wrong.append(ALIAS)
        results.append(_verified(look, wrong, found.get(index, ()), index in recomputed))
    order = [showcase.row.view.code for showcase in showcases]
    return tuple(sorted(results, key=lambda result: (order.index(result.showcase), not result.live)))


@dataclass(frozen=True)
class _Showcase:
    """What SQL says of one showcase: the indexes it should be in, and what they should hold.

    `coming` are indexes that a rebuild may have switched to already; `waiting` are left out of what is asked of any.
    """

    row: ShowcaseRow
    indexes: tuple[_Due, ...]
    coming: frozenset[str]
    waiting: frozenset[int]
    asked: Asked


@dataclass(frozen=True)
class _Due:
    """What SQL says that one index should hold: nobody that waits, or that this very index `refused`."""

    target: Target
    refused: frozenset[int]
    asked: Asked


@dataclass(frozen=True)
class _Look:
    """What one index holds, summed up, beside what it should."""

    showcase: _Showcase
    due: _Due
    held: Held

    @property
    def target(self) -> Target:
        """The index."""
        return self.due.target


def _read_showcase(session: Session, row: ShowcaseRow) -> _Showcase:
    code = row.view.code
    targets = [target for target in registered(session, [code])[code] if not target.filling]
    changed = select(Change.key).where(Change.kind == CANDIDATE).distinct()
    waiting = frozenset(session.execute(changed).scalars())
    asked_of_all = asked(session, code, row.id, waiting)
    indexes = []
    for target in targets:
        letters = select(DeadLetter.candidate_id).where(DeadLetter.index == target.index)
        refused = frozenset(session.execute(letters).scalars()) - waiting
        due = asked(session, code, row.id, waiting | refused) if refused else asked_of_all
        indexes.append(_Due(target, refused, due))
    rebuilds = session.execute(select(Rebuild.indexes).where(Rebuild.ended_at.is_(None))).scalars()
    coming = frozenset(indexes[code] for indexes in rebuilds if code in indexes)
    return _Showcase(row, tuple(indexes), coming, waiting, asked_of_all)


def _read_shared(session: Session) -> frozenset[tuple[str, int]]:
    """Kind and key of the changes to something shared that have not reached every listing yet."""
    waiting = session.execute(select(Change.kind, Change.key).where(Change.kind != CANDIDATE).distinct())
    under_way = session.execute(select(FanOut.kind, FanOut.key).where(FanOut.ended_at.is_(None)))
    return frozenset((row.kind, row.key) for rows in (waiting, under_way) for row in rows)


def _read_engine(client: Elasticsearch, prefix: str) -> Mapping[str, Any]:
    """Aliases and mappings of every index of this installation, by name."""
    answer = client.indices.get(index=f"{prefix}-*", features=["aliases", "mappings"], expand_wildcards="open")
    found: Mapping[str, Any] = answer.body
    return found


def _meta(facts: Mapping[str, Any]) -> Mapping[str, Any]:
    found: Mapping[str, Any] = facts["mappings"].get("_meta", {})
    return found


def _look(client: Elasticsearch, showcase: _Showcase, due: _Due) -> _Look:
    return _Look(showcase, due, held(client, due.target.index, showcase.waiting | due.refused, due.asked.unsure))


def _of_another_life(look: _Look, facts: Mapping[str, Any], life: str, drawn: int) -> bool:
    """Whether an index was written from another life of the database, or from what is lost of this one."""
    return _meta(facts).get("timeline") != life or look.held.newest > drawn


def _comparable(
    catalogue: Catalogue, row: ShowcaseRow, shared: Collection[tuple[str, int]], facts: Mapping[str, Any]
) -> bool:
    """Whether the listings of an index must be what the present code builds from the present record."""
    if (SHOWCASE, row.id) in shared or any(kind == OCCUPATIONS for kind, _ in shared):
        return False
    # Another mapping alone changes nothing in the documents.
    return outdated(_meta(facts), fingerprint(row.view, catalogue.labels, {})) <= {"mapping"}


def _suspects(
    session: Session, client: Elasticsearch, look: _Look, full: bool, buckets: Collection[int]
) -> frozenset[str]:
    """Ids of the documents and candidates that must be looked at one by one."""
    wanted, held = look.due.asked, look.held
    unlike = differing(wanted, held) if look.target.live else differing_in_number(wanted, held)
    chosen = (None if full else unlike.union(buckets)) if look.target.live else unlike
    unsure = {str(key) for key in wanted.unsure}
    if chosen is not None and not chosen:
        return frozenset(unsure)
    shown = {str(key) for key in shown_in(session, look.showcase.row.id, chosen)}
    return frozenset(unsure.union(shown, stored_in(client, look.target.index, chosen)))


def _alias_right(look: _Look, prefix: str, engine: Mapping[str, Any]) -> bool:
    """Whether searches of the showcase reach its live index, and see no stub there."""
    alias = alias_name(prefix, look.target.showcase)
    holders = [name for name, facts in engine.items() if alias in facts["aliases"]]
    if alias in engine or len(holders) != 1:
        return False
    [holder] = holders
    # Between the switch of a rebuild and its note in SQL the alias is ahead of what SQL says is live.
    expected = holder == look.target.index or holder in look.showcase.coming
    return expected and engine[holder]["aliases"][alias].get("filter") == LISTINGS


def _has_live(showcase: _Showcase, engine: Mapping[str, Any]) -> bool:
    live = _live(showcase)
    return live is not None and live.target.index in engine


def _live(showcase: _Showcase) -> _Due | None:
    return next((one for one in showcase.indexes if one.target.live), None)


def _without_index(showcase: _Showcase) -> Verified:
    live = _live(showcase)
    return Verified(
        showcase=showcase.row.view.code,
        index=live.target.index if live else None,
        asked=(live or showcase).asked.count,
        waiting=len(showcase.waiting),
        refused=len(live.refused) if live else 0,
        differences=(Difference(INDEX_GONE),) if live else (),
    )


def _verified(look: _Look, wrong: Sequence[str], found: Sequence[Found], recomputed: bool) -> Verified:
    showcase = look.showcase
    by_kind: dict[str, list[Found]] = {}
    for one in found:
        by_kind.setdefault(one.verdict.kind, []).append(one)
    differences = [Difference(kind) for kind in wrong]
    for kind, ones in sorted(by_kind.items()):
        emptied = kind == MISSING and look.held.count == 0 and len(ones) == look.due.asked.count
        ids = tuple(one.id for one in ones)
        fields = Counter(name for one in ones for name in one.verdict.fields)
        differences.append(Difference(INDEX_EMPTIED if emptied else kind, ids, dict(fields)))
    return Verified(
        showcase=showcase.row.view.code,
        index=look.target.index,
        live=look.target.live,
        asked=look.due.asked.count,
        held=look.held.count,
        waiting=len(showcase.waiting),
        refused=len(look.due.refused),
        recomputed=recomputed,
        differences=tuple(differences),
    )
