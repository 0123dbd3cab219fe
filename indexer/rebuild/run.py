"""Rebuilds indexes in steps that a crash between any two statements leaves resumable: a row in SQL says where it is."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field

from elasticsearch import ApiError, BadRequestError, Elasticsearch, NotFoundError, TransportError
from sqlalchemy import or_, select, update
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from indexer.bulk import USUAL_PATIENCE, Patience, Refusal
from indexer.catalogue import read_catalogue
from indexer.documents import fingerprint, outdated
from indexer.engine.errors import EngineError
from indexer.failpoints import reached
from indexer.rebuild.context import GateClosed, LeavesOff, RebuildFailed, Run
from indexer.rebuild.fill import fill
from indexer.rebuild.gate import find_faults
from indexer.rebuild.lease import (
    CREATE,
    FILL,
    HELD,
    OPEN,
    ROLLBACK,
    SWAP,
    UNDONE,
    VERIFY,
    Lease,
    LeaseLost,
    Work,
    begin,
    ending,
    is_held,
    refuse_held,
    take_over,
    take_turns,
    unfinished,
)
from indexer.rebuild.progress import Progress
from indexer.rebuild.prune import delete_indexes, prune, take_off
from indexer.rebuild.spares import prepare_spares
from indexer.rebuild.switch import has_switched, switch
from indexer.registry import register, registered
from indexer.synonyms import ensure_published, listing_body
from indexer.targets import (
    LISTINGS,
    TargetError,
    create_index,
    find_targets,
    index_name,
    new_build,
    open_indexes,
    read_meta,
)
from matching.accounts.audit import append
from matching.candidates.listings import count_shown
from matching.candidates.records import Candidate
from matching.settings import Settings
from matching.storage.changes import CANDIDATE, Change, timeline
from matching.storage.clock import database_now
from matching.storage.database import Database
from matching.storage.index_state import DeadLetter, Rebuild

GREEN_WITHIN_S = 120.0
_ASKED = "asked for"
_EXISTS = "resource_already_exists_exception"

Report = Callable[[Progress], None]


def silent(_: Progress) -> None:
    """Report to nobody."""


@dataclass(frozen=True)
class Built:
    """A rebuild that went live: index and number of listings by showcase, what was refused, which indexes went.

    `passed` are the faults that the gate found and that a reason given made it pass.
    """

    indexes: Mapping[str, str]
    listings: Mapping[str, int]
    refused: tuple[Refusal, ...]
    pruned: tuple[str, ...]
    passed: tuple[str, ...] = ()


@dataclass(frozen=True)
class Resumed:
    """What became of a rebuild that was left alone: it went live (`built`), or was undone for the reason given.

    Went live without its `lost` indexes: the engine has them no more, and had switched to the others already.
    """

    rebuild: int
    showcases: tuple[str, ...]
    built: Built | None = None
    undone: str = ""
    lost: Mapping[str, str] = field(default_factory=dict)


def rebuild(
    database: Database,
    client: Elasticsearch,
    settings: Settings,
    codes: Sequence[str] = (),
    report: Report = silent,
    patience: Patience = USUAL_PATIENCE,
    force: str = "",
) -> Built:
    """Build new indexes for the showcases of `codes` (none: all) and switch to them; the former ones stay as spares.

    Searches and changes go on meanwhile; workers write to live and new index from the moment the new one is registered.
    One that was left unfinished is carried on with, or undone where it can't be; its showcases are part of this one
    then. `force` is a reason to pass the gate whatever it finds. Raises RebuildRunning, UnknownShowcase, GateClosed
    (the new indexes then wait for a decision), RebuildFailed, LeaseLost or the client's errors (`resume` carries on).
    """
    wanted = frozenset(codes)
    while True:
        lease, left, chosen = _start(database, settings, wanted)
        run = Run(database, client, settings, lease, report, patience, force)
        if left is None:
            return carry_on(run)
        covers = chosen <= left.indexes.keys()
        why = _why_undo(run, left)
        if not why and left.step in (SWAP, ROLLBACK):
            built = carry_on(run)
            lost = left.indexes.keys() - built.indexes.keys()
            if left.step == SWAP and covers and not lost:
                return built
            wanted |= lost if wanted else frozenset()
            continue
        why = why or _superseded(left, covers)
        if not why:
            return carry_on(run)
        _undo(run, left, why)
        if wanted and left.step != ROLLBACK:
            wanted |= left.indexes.keys()


def resume(
    database: Database,
    client: Elasticsearch,
    settings: Settings,
    report: Report = silent,
    patience: Patience = USUAL_PATIENCE,
    force: str = "",
    held_too: bool = False,
    undo: bool = False,
    tell: Callable[[Resumed], None] = lambda _: None,
) -> list[Resumed]:
    """Carry on with every rebuild and rollback that nobody works on, or undo what can't be carried on; oldest first.

    Those that wait at the gate are let be, unless `held_too`; `undo` ends them all without a switch, but for one whose
    aliases have moved already. Raises as `rebuild` does, for the first that went wrong, and after the others were
    carried on, which `tell` hears of one by one; only LeavesOff, which `report` may raise, ends it at once.
    """
    done: list[Resumed] = []
    failed: Exception | None = None
    with database.read() as session:
        left = [work for work in unfinished(session) if held_too or work.step != HELD]
    left.sort(key=_switching_first)
    for work in left:
        with database.write() as session:
            take_turns(session)
            now = database_now(session)
            present = next((one for one in unfinished(session) if one.id == work.id), None)
            if present is None or is_held(present, now, settings.lease_s):
                continue
            lease = take_over(session, database, present, settings.lease_s)
        try:
            one = _go_on(Run(database, client, settings, lease, report, patience, force), present, undo)
        except LeavesOff:
            raise
        except Exception as error:  # the showcases of the others must not wait for this one's
            failed = failed or error
        else:
            done.append(one)
            tell(one)
    if failed:
        raise failed
    return done


def _go_on(run: Run, work: Work, undo: bool) -> Resumed:
    why = _why_undo(run, work, undo)
    if not why:
        built = carry_on(run)
        lost = {code: index for code, index in work.indexes.items() if code not in built.indexes}
        return Resumed(work.id, tuple(work.indexes), built, lost=lost)
    _undo(run, work, why)
    return Resumed(work.id, tuple(work.indexes), undone=why)


def _start(
    database: Database, settings: Settings, wanted: Collection[str]
) -> tuple[Lease, Work | None, frozenset[str]]:
    """Hold one that was left and is about these showcases, or else a new one; and the codes of the showcases wanted."""
    with database.read() as session:
        catalogue = read_catalogue(session)
    chosen = frozenset(row.view.code for row in catalogue.choose(tuple(code for code in wanted)))
    if not chosen:
        raise RebuildFailed("there is no showcase to build an index for")
    with database.write() as session:
        take_turns(session)
        left = [work for work in unfinished(session) if chosen & work.indexes.keys()]
        left.sort(key=_switching_first)
        refuse_held(session, left, settings.lease_s)
        if left:
            return take_over(session, database, left[0], settings.lease_s), left[0], chosen
        build = new_build()
        indexes = {code: index_name(settings.index_prefix, code, build) for code in sorted(chosen)}
        return begin(session, database, indexes, CREATE, settings.lease_s), None, chosen


def _switching_first(work: Work) -> bool:
    """Sorts a switch that was broken off to the front: whatever follows counts on knowing what is live."""
    return work.step not in (SWAP, ROLLBACK)


def _superseded(left: Work, covers: bool) -> str:
    if left.step == HELD:
        return "it did not pass the gate, and a new one takes its place"
    return "" if covers else "one of more showcases takes its place"


def _why_undo(run: Run, work: Work, asked: bool = False) -> str:
    """Why a rebuild that was left is not carried on; empty when it is. One that has switched is always carried on.

    Raises the client's errors; the next one may then carry on at once.
    """
    try:
        if work.step in (SWAP, ROLLBACK) and has_switched(run, work):
            _leave_lost_out(run, work)
            return ""
        return _ASKED if asked else _hindrance(run, work)
    except (ApiError, TransportError) as error:
        with suppress(LeaseLost, SQLAlchemyError):
            run.lease.let_go(error=_without_values(error))
        raise


def _leave_lost_out(run: Run, work: Work) -> None:
    """Take indexes that the engine has no more out of a switch that was made: it could neither be ended nor undone.

    For their showcases what was live before stays so, as SQL never said otherwise.
    """
    found = find_targets(run.client, run.settings.index_prefix, work.indexes)
    kept = {
        one.showcase: one.index for all_of in found.values() for one in all_of if one.index in work.indexes.values()
    }
    if lost := [index for code, index in work.indexes.items() if code not in kept]:
        with run.lease.write(indexes=kept) as session:
            take_off(session, lost)


def _hindrance(run: Run, work: Work) -> str:
    """Why a rebuild or rollback that has not switched can't be carried on; empty when it can."""
    with run.database.read() as session:
        catalogue = read_catalogue(session)
        life = timeline(session)
    rows = {row.view.code: row for row in catalogue.showcases}
    body = listing_body(run.settings)
    for code, index in work.indexes.items():
        if code not in rows:
            return f"there is no showcase {code} any more"
        try:
            meta = read_meta(run.client, index)
        except NotFoundError:
            if work.step == CREATE:
                continue
            return f"the engine has no index {index} any more"
        if work.step in (SWAP, ROLLBACK):
            continue
        if meta.get("timeline") != life:
            return "it was begun in another life of the database"
        if outdated(meta, fingerprint(rows[code].view, catalogue.labels, body)) - {"content"}:
            return "it was begun with another mapping or builder"
    return ""


def _undo(run: Run, work: Work, why: str) -> None:
    """End a rebuild without a switch: its indexes get no more writes, and go. Those of a rollback stay spares."""
    gone = [] if work.step == ROLLBACK else list(work.indexes.values())
    with run.lease.write(**ending(UNDONE), error=why) as session:
        take_off(session, gone)
        if why == _ASKED:
            details = {"rebuild": work.id, "step": work.step, "indexes": dict(work.indexes)}
            append(session, actor_id=None, action="index.undo", subject="index", key=str(work.id), details=details)
    with suppress(ApiError, TransportError):  # nobody needs them: `prune` removes them later
        delete_indexes(run.client, gone)


def carry_on(run: Run) -> Built:
    """Do the steps that are left of a rebuild or rollback; what goes wrong is noted, and the next one may carry on.

    Raises as `rebuild` does.
    """
    try:
        return _do_steps(run)
    except (LeaseLost, GateClosed):
        raise
    except BaseException as error:
        with suppress(LeaseLost, SQLAlchemyError):
            work = run.lease.work()
            begun = work.step != CREATE or not isinstance(error, Exception)
            if begun and not isinstance(error, RebuildFailed):
                run.lease.let_go(error=_without_values(error))
            else:
                _undo(run, work, _without_values(error))
        raise


def _without_values(error: BaseException) -> str:
    """What went wrong, without anything that may quote a listing."""
    return str(error) if isinstance(error, (RebuildFailed, TargetError, EngineError)) else type(error).__name__


def _do_steps(run: Run) -> Built:
    indexed: Sequence[int] = ()
    passed: Sequence[str] = ()
    while True:
        work = run.lease.work()
        reached(f"rebuild.{work.step}")
        if work.step == CREATE:
            indexed = _create(run, work)
        elif work.step == FILL:
            fill(run, work)
        elif work.step in (VERIFY, HELD):
            passed = _pass_gate(run, work)
        elif work.step == OPEN:
            _open(run, work)
        else:
            if work.step == ROLLBACK:
                prepare_spares(run, work)
                open_indexes(run.client, list(work.indexes.values()), GREEN_WITHIN_S, run.lease.keep)
            surplus = switch(run, work, indexed)
            return _built(run, work, surplus, passed)


def _create(run: Run, work: Work) -> Sequence[int]:
    """Make the indexes, then register them: from that moment workers write to them too, and the fill may read.

    Returns the changes that the fill's reads hold for certain, where no other index has to get them.
    """
    with run.database.read() as session:
        catalogue = read_catalogue(session)
        life = timeline(session)
    ensure_published(run.client, run.settings)
    body = listing_body(run.settings)
    for row in catalogue.choose(tuple(work.indexes)):
        meta = {
            "showcase": row.view.code,
            "fingerprint": fingerprint(row.view, catalogue.labels, body),
            "timeline": life,
        }
        run.lease.keep()
        try:
            create_index(run.client, work.indexes[row.view.code], body, meta)
        except BadRequestError as error:
            if error.error != _EXISTS:  # made by this rebuild before it was broken off
                raise
    with run.lease.write(step=FILL, total=0) as session:
        total = 0
        known = registered(session)
        for row in catalogue.choose(tuple(work.indexes)):
            register(session, row.view.code, work.indexes[row.view.code])
            total += count_shown(session, row.id)
        session.execute(update(Rebuild).where(Rebuild.id == work.id).values(total=total))
        first = not known and len(work.indexes) == len(catalogue.showcases)
        return _waiting(session) if first else ()


def _waiting(session: Session) -> array[int]:
    """The rows of the change log but those of candidates that are gone; from now on they speak for no later change.

    A delete stays for a worker.
    """
    known = or_(Change.kind != CANDIDATE, Change.key.in_(select(Candidate.id)))
    taken = update(Change).where(known).values(claimed_at=database_now(session))
    ids = session.execute(taken.returning(Change.id).execution_options(synchronize_session=False)).scalars()
    return array("q", sorted(ids))


def _pass_gate(run: Run, work: Work) -> Sequence[str]:
    """Go on when nothing speaks against it, or somebody gave a reason to; returns what spoke against it.

    Raises GateClosed; the rebuild then waits, and its indexes are kept up to date meanwhile.
    """
    faults = find_faults(run, work)
    if faults and not run.force:
        run.lease.let_go(step=HELD, error="; ".join(faults))
        raise GateClosed(faults)
    changes = {"force_reason": run.force, "error": "; ".join(faults)} if faults else {"error": None}
    with run.lease.write(step=OPEN, **changes) as session:
        if faults:
            details = {"rebuild": work.id, "reason": run.force, "faults": faults, "indexes": dict(work.indexes)}
            append(session, actor_id=None, action="index.force", subject="index", key=str(work.id), details=details)
    return faults


def _open(run: Run, work: Work) -> None:
    """Give the filled indexes their settings for use, and wait until all their copies are there."""
    open_indexes(run.client, list(work.indexes.values()), GREEN_WITHIN_S, run.lease.keep)
    with run.lease.write(step=SWAP):
        pass


def _built(run: Run, work: Work, surplus: Sequence[str], passed: Sequence[str]) -> Built:
    indexes = work.indexes
    with run.database.read() as session:
        letters = session.execute(
            select(DeadLetter).where(DeadLetter.index.in_(indexes.values())).order_by(DeadLetter.candidate_id)
        ).scalars()
        refused = tuple(Refusal(one.index, one.candidate_id, one.status, one.reason) for one in letters)
    listings = {code: run.client.count(index=index, query=LISTINGS)["count"] for code, index in indexes.items()}
    pruned = [*surplus, *prune(run.database, run.client, run.settings)]
    return Built(dict(indexes), listings, refused, tuple(pruned), tuple(passed))
