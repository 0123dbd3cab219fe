"""Brings changed candidates into the indexes: claim, draw a version, read, build, write, mark done."""

from __future__ import annotations

import secrets
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from typing import TypeAlias

from elasticsearch import Elasticsearch
from sqlalchemy import insert
from sqlalchemy.orm import Session

from indexer import dead_letters, failpoints, ledger
from indexer.bulk import USUAL_PATIENCE, BulkWriter, Conflict, Outcome, Patience, Refusal, Write
from indexer.catalogue import read_catalogue
from indexer.documents import Listing, ListingBuilder, builder_fingerprint, stub
from indexer.ledger import NO_DIGEST, Entry, Intention, Place
from indexer.registry import registered
from indexer.releases import give_way
from indexer.targets import Target, alias_name
from indexer.timeline import WritesPaused as WritesPaused
from indexer.timeline import check_timeline
from matching.candidates.listings import read_keys
from matching.settings import Settings
from matching.storage.changes import (
    CANDIDATE,
    claim_changes,
    claim_oldest,
    draw_index_version,
    mark_indexed,
    parts_to_claim,
    present_version,
    raise_version,
    release,
    timeline,
)
from matching.storage.database import Database
from matching.storage.index_state import Finding

#: Candidates claimed at once; read, built and written as one batch.
BATCH = 1_000
#: What was read longer ago than this is read again before it is written.
STALE_AFTER_S = 30.0
#: Kind of a finding: a document's version is one that nobody drew.
EDITED = "edited"
#: Stands for the engine's answer in the dead letter of a listing that could not be built.
NOT_SENT = 0

#: showcase code -> listing of one candidate.
Listings: TypeAlias = Mapping[str, Listing]
Claimed: TypeAlias = Sequence[tuple[int, int]]


@dataclass
class Drained:
    """What was done: changes taken from the log, candidates they were about, and what became of the writes.

    `unchanged` listings were not written: the indexes hold the same already. `drifted` ones had a version that nobody
    drew, and were written again. What the engine refused is kept as dead letters, and its changes are off the log.
    """

    changes: int = 0
    candidates: int = 0
    unchanged: int = 0
    drifted: int = 0
    outcome: Outcome = field(default_factory=Outcome)

    def add(self, other: Drained) -> None:
        """Add what a batch did."""
        self.changes += other.changes
        self.candidates += other.candidates
        self.unchanged += other.unchanged
        self.drifted += other.drifted
        self.outcome.add(other.outcome)


@dataclass(frozen=True)
class _Snapshot:
    """The record as one read with a drawn version saw it.

    `at` is when that read began, on this process's clock; `life` is the database's timeline,
    and `builder` the fingerprint of what made the listings.
    """

    version: int
    at: float
    life: str
    builder: str
    targets: Mapping[str, Sequence[Target]]
    listings: Mapping[int, Listings]
    unbuilt: Sequence[Refusal]

    @property
    def showcase_of(self) -> dict[str, str]:
        """Showcase code by index."""
        return {target.index: code for code, targets in self.targets.items() for target in targets}


@dataclass
class _Plan:
    """What to write of a snapshot: `again` must be read once more, `newer` is in the hands of a later read."""

    writes: list[Write] = field(default_factory=list)
    intentions: list[Intention] = field(default_factory=list)
    settled: list[Place] = field(default_factory=list)
    unchanged: int = 0
    newer: int = 0
    again: set[int] = field(default_factory=set)


def drain(
    database: Database,
    client: Elasticsearch,
    settings: Settings,
    report: Callable[[Drained], None] = lambda _: None,
    patience: Patience = USUAL_PATIENCE,
) -> Drained:
    """Write every candidate with a free change to the indexes, oldest change first; `report` hears each batch.

    See `index_candidates`.
    """
    done = Drained()

    def claim(session: Session, token: str) -> Claimed:
        return claim_oldest(session, CANDIDATE, BATCH, token, settings.lease_s)

    while batch := _claim_and_index(database, client, settings, claim, patience):
        done.add(batch)
        report(done)
    return done


def index_candidates(
    database: Database,
    client: Elasticsearch,
    settings: Settings,
    keys: Iterable[int],
    patience: Patience = USUAL_PATIENCE,
) -> Drained:
    """Write these candidates to the indexes, as far as they have a change in the log that nobody is at.

    A change is taken off the log only when every index has answered for it, so a crash at any moment loses nothing;
    doing it again does no harm. A listing that the indexes hold as it is now is not written: rewriting it would shift
    the counts that the scores of others depend on. Raises WritesPaused when the indexes must be rebuilt first, or the
    client's errors when the engine stays away; the changes are free for the next worker then.
    """
    done = Drained()
    rest = iter(sorted(set(keys)))
    while some := list(islice(rest, BATCH)):
        with database.read() as session:
            parts = parts_to_claim(session, CANDIDATE, some, settings.lease_s)
        for part in parts:

            def claim(session: Session, token: str, part: Sequence[int] = part) -> Claimed:
                return claim_changes(session, CANDIDATE, part, token, settings.lease_s)

            if batch := _claim_and_index(database, client, settings, claim, patience):
                done.add(batch)
    return done


def _claim_and_index(
    database: Database,
    client: Elasticsearch,
    settings: Settings,
    claim: Callable[[Session, str], Claimed],
    patience: Patience,
) -> Drained | None:
    """Claim and index a batch; None when there was nothing to claim."""
    token = secrets.token_hex(16)
    with database.write() as session:
        claimed = claim(session, token)
    if not claimed:
        return None
    failpoints.reached("write.after_claim")
    with _given_back(database, token):
        return _Batch(database, client, settings, patience, token).index(claimed)


@contextmanager
def _given_back(database: Database, token: str) -> Iterator[None]:
    """Give the claim back when the work fails, so that the next worker need not wait for the lease to run out."""
    try:
        yield
    except BaseException:
        with database.write() as session:
            release(session, token)
        raise


class _Batch:
    """Indexes the candidates of one claim."""

    def __init__(
        self, database: Database, client: Elasticsearch, settings: Settings, patience: Patience, token: str
    ) -> None:
        self._database, self._client, self._patience = database, client, patience
        self._token = token
        self._prefix, self._lease_s = settings.index_prefix, settings.lease_s
        self._done = Drained()

    def index(self, claimed: Claimed) -> Drained:
        """Write until nothing has to be read again, and take the changes off the log."""
        left = {key for _, key in claimed}
        self._done.candidates = len(left)
        while left:
            left = self._write(sorted(left), claimed)
        return self._done

    def _write(self, keys: Sequence[int], claimed: Claimed) -> set[int]:
        """One read of these candidates and its writes; returns those that must be read again."""
        snapshot = _read(self._database, keys)
        targets = [target for many in snapshot.targets.values() for target in many]
        check_timeline(self._database, self._client, targets, snapshot.life, snapshot.version)
        give_way(self._database, self._client, self._lease_s, targets, snapshot.builder)
        with self._database.write() as session:
            plan = _plan(snapshot, ledger.lock(session, snapshot.targets, keys), keys, self._prefix)
            ledger.intend(session, snapshot.version, plan.intentions)
            ledger.confirm(session, snapshot.version, plan.settled)
        if time.monotonic() - snapshot.at > STALE_AFTER_S:
            return set(keys)
        failpoints.reached("write.before_bulk")
        with BulkWriter(self._client, self._patience) as writer:
            for write in plan.writes:
                writer.add(write)
        failpoints.reached("write.after_bulk")
        outcome = writer.outcome
        self._demand_aliases(snapshot, outcome)
        outcome.refused += snapshot.unbuilt
        drifted = self._overtake(snapshot, outcome.conflicts)
        again = plan.again | drifted
        finished = set(keys) - again
        changes = [change for change, key in claimed if key in finished]
        failpoints.reached("write.before_mark")
        with self._database.write() as session:
            _answer(session, snapshot, plan, outcome)
            dead_letters.lift(session, snapshot.version, finished)
            # Not what another worker took over when the lease ended: we may have given way to it.
            marked = mark_indexed(session, changes, self._token)
        outcome.newer += plan.newer
        self._done.add(Drained(len(marked), 0, plan.unchanged, len(drifted), outcome))
        return again

    def _demand_aliases(self, snapshot: _Snapshot, outcome: Outcome) -> None:
        """Raise WritesPaused when the engine does not have an alias that searches use; other indexes may be gone."""
        aliases = {alias_name(self._prefix, code) for code in snapshot.targets}
        if missing := sorted(aliases & outcome.absent):
            raise WritesPaused(
                f"The search engine has no alias {', '.join(missing)}. Run `hallowerk index reconcile`; until then "
                f"changes wait in the database, and nothing is lost."
            )

    def _overtake(self, snapshot: _Snapshot, conflicts: Sequence[Conflict]) -> set[int]:
        """Draw above every version that none of us gave (F24), and note it; returns the candidates it is about.

        Ours is one: where the index had it before, somebody changed the document by hand.
        """
        if not conflicts:
            return set()
        with self._database.write() as session:
            present = present_version(session)
            strange = [one for one in conflicts if one.stored > present or one.stored == snapshot.version]
            if strange:
                raise_version(session, max(conflict.stored for conflict in strange))
                counts = Counter(snapshot.showcase_of[conflict.index] for conflict in strange)
                now = datetime.now(UTC)
                rows = [
                    {"at": now, "showcase": code, "kind": EDITED, "count": count, "repaired_at": now}
                    for code, count in counts.items()
                ]
                session.execute(insert(Finding), rows)
        return {conflict.id for conflict in strange}


def _read(database: Database, keys: Sequence[int]) -> _Snapshot:
    """Draw a version, and read these candidates and the targets as one snapshot."""
    with database.write() as session:
        ledger.foresee(session, lambda column: column.in_(keys))
        version = draw_index_version(session)
    at = time.monotonic()
    # The read starts after the draw, so it holds all that was committed by then. It starts after the claim, so an index
    # that it does not see yet is filled from a later read.
    with database.read() as session:
        life = timeline(session)
        targets = registered(session)
        catalogue = read_catalogue(session)
        profiles = read_keys(session, keys, catalogue.showcases)
    builder = ListingBuilder(catalogue.labels, (row.view for row in catalogue.showcases))
    listings: dict[int, Listings] = {}
    unbuilt: list[Refusal] = []
    for profile in profiles:
        key = profile.single.id
        try:
            listings[key] = dict(builder.listings(profile))
        except (TypeError, ValueError) as error:
            # A profile that no document can be made of must not hold up the others.
            reason = f"not_built: {type(error).__name__}"
            shown = (target for code in sorted(profile.showcases) for target in targets.get(code, ()))
            unbuilt += [Refusal(target.index, key, NOT_SENT, reason) for target in shown]
    return _Snapshot(version, at, life, builder_fingerprint(catalogue.labels), targets, listings, unbuilt)


def _plan(snapshot: _Snapshot, entries: Mapping[Place, Entry], keys: Iterable[int], prefix: str) -> _Plan:
    """What to write of a snapshot, given the ledger as it is now."""
    plan = _Plan()
    showcase_of = snapshot.showcase_of
    unbuilt = {(showcase_of[refusal.index], refusal.id) for refusal in snapshot.unbuilt}
    for key in keys:
        listings = snapshot.listings.get(key, {})
        if any(code in snapshot.targets and (code, key) not in entries for code in listings):
            # Shown since the entries were made, or swept meanwhile: somebody with an older read may not know of it.
            plan.again.add(key)
            continue
        for code, targets in snapshot.targets.items():
            entry = entries.get((code, key))
            # What can't be built stays as it was where it is shown; where it is no longer shown it goes like any other.
            if entry and (code, key) not in unbuilt:
                _place(plan, snapshot.version, (code, key), entry, listings.get(code), targets, prefix)
    return plan


def _place(
    plan: _Plan,
    version: int,
    place: Place,
    entry: Entry,
    listing: Listing | None,
    targets: Sequence[Target],
    prefix: str,
) -> None:
    """Add to the plan what becomes of a candidate's listing in one showcase."""
    code, key = place
    if entry.intended >= version:
        plan.newer += 1
        return
    intention = Intention(code, key, listing.digest, 0) if listing else Intention(code, key, NO_DIGEST, 1)
    same = entry.settled and (entry.digest, entry.gone) == (intention.digest, bool(intention.gone))
    # An index that is being filled may still get an older read, which only a later version keeps out.
    reached = [target for target in targets if target.filling or not same]
    if same and listing and len(reached) < len(targets):
        plan.unchanged += 1
    if not reached:
        plan.settled.append(place)
        return
    plan.intentions.append(intention)
    body = listing.body(key, version) if listing else stub(key, version)
    for target in reached:
        if target.live:
            plan.writes.append(Write(alias_name(prefix, code), key, version, body, live=True, behind=target.index))
        else:
            plan.writes.append(Write(target.index, key, version, body))


def _answer(session: Session, snapshot: _Snapshot, plan: _Plan, outcome: Outcome) -> None:
    """Note in the ledger what every index took, and keep what one refused."""
    showcase_of = snapshot.showcase_of
    refused = [(showcase_of[refusal.index], refusal) for refusal in outcome.refused]
    keys = {intention.candidate_id for intention in plan.intentions} | {refusal.id for _, refusal in refused}
    if not keys:
        return
    ledger.lock(session, snapshot.targets, sorted(keys))
    dead_letters.keep(session, snapshot.version, refused)
    # Looked at once the entries are held: a rebuild that goes live meanwhile has done so, or waits for us. What was
    # written is right either way, but only the indexes known to the read have it.
    present = registered(session)
    doubtful = {(showcase_of[conflict.index], conflict.id) for conflict in outcome.conflicts}
    doubtful |= {(code, refusal.id) for code, refusal in refused}
    taken = [
        (code, key)
        for code, key, *_ in plan.intentions
        if (code, key) not in doubtful and present.get(code) == snapshot.targets[code]
    ]
    ledger.acknowledge(session, snapshot.version, taken)
