"""Brings changed candidates into the indexes: claim, draw a version, read, build, write, mark done."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from elasticsearch import Elasticsearch

from indexer.bulk import USUAL_PATIENCE, BulkWriter, Outcome, Patience, Write
from indexer.catalogue import read_catalogue
from indexer.digests import stored_digests
from indexer.documents import Labels, Listing, ListingBuilder
from indexer.targets import Target, alias_name, current_targets, find_targets, live_target
from matching.candidates.listings import read_keys, read_showcases
from matching.candidates.write import CANDIDATE
from matching.settings import Settings
from matching.storage.changes import draw_index_version, mark_indexed, note_changes, pending_changes
from matching.storage.database import Database

#: Changes claimed at once; read, built and written as one batch.
BATCH = 1_000

#: showcase code -> listing of one candidate.
Listings: TypeAlias = Mapping[str, Listing]


@dataclass
class Drained:
    """What a drain did: changes taken from the log, candidates they were about, and what became of the writes.

    `unchanged` listings were not written: the live index holds the same already.
    Changes of refused candidates stay in the log, to be tried again by the next drain.
    """

    changes: int = 0
    candidates: int = 0
    unchanged: int = 0
    outcome: Outcome = field(default_factory=Outcome)

    def add(self, other: Drained) -> None:
        """Add what a batch did."""
        self.changes += other.changes
        self.candidates += other.candidates
        self.unchanged += other.unchanged
        self.outcome.add(other.outcome)


def drain(
    database: Database,
    client: Elasticsearch,
    settings: Settings,
    report: Callable[[Drained], None] = lambda _: None,
    patience: Patience = USUAL_PATIENCE,
) -> Drained:
    """Write every candidate with a waiting change to the indexes, oldest change first; `report` hears each batch.

    A change is taken off the log only when every index that must hold it has answered for it, so a crash at any
    moment loses nothing; doing it again does no harm. A listing that the live index holds as it is now is not written:
    rewriting it would shift the counts that the scores of others depend on. Raises the client's errors when the engine
    stays away.
    """
    done = Drained()
    with database.read() as session:
        labels = read_catalogue(session).labels
    after = 0
    while claimed := _claim(database, after):
        after = claimed[-1][0]
        done.add(_index(database, client, settings, labels, claimed, patience))
        report(done)
    return done


def _claim(database: Database, after: int) -> Sequence[tuple[int, int]]:
    # `after` passes what this drain has tried, so that a refused candidate doesn't hold up the ones behind it.
    with database.read() as session:
        return pending_changes(session, CANDIDATE, BATCH, after)


def _index(
    database: Database,
    client: Elasticsearch,
    settings: Settings,
    labels: Labels,
    claimed: Sequence[tuple[int, int]],
    patience: Patience,
) -> Drained:
    """Index the candidates of these changes; returns what was done."""
    keys = sorted({key for _, key in claimed})
    with database.write() as session:
        version = draw_index_version(session)
    # The read starts after the draw: what it sees is at least as new as every read with a lower version.
    with database.read() as session:
        showcases = read_showcases(session)
        profiles = {profile.single.id: profile for profile in read_keys(session, keys, showcases)}
    builder = ListingBuilder(labels, (row.view for row in showcases))
    targets = find_targets(client, settings.index_prefix, builder.codes)
    listings = {key: dict(builder.listings(profile)) for key, profile in profiles.items()}
    same = _unchanged(client, settings.index_prefix, targets, listings)
    with BulkWriter(client, patience) as writer:
        for key in keys:
            for write in _writes(targets, settings.index_prefix, key, listings.get(key, {}), version):
                if not (write.live and (write.index, key) in same):
                    writer.add(write)
    refused = {refusal.id for refusal in writer.outcome.refused}
    finished = [change for change, key in claimed if key not in refused]
    with database.write() as session:
        lost = set(finished) - mark_indexed(session, finished)
        # Somebody else took these off meanwhile, who may have found their listings unchanged just before our older
        # read was written: they are looked at once more.
        note_changes(session, CANDIDATE, sorted({key for change, key in claimed if change in lost}))
    return Drained(len(finished), len(keys) - len(refused), len(same), writer.outcome)


def _unchanged(
    client: Elasticsearch, prefix: str, targets: Mapping[str, Sequence[Target]], listings: Mapping[int, Listings]
) -> set[tuple[str, int]]:
    """Alias and id of the listings that the live indexes hold as they are now.

    Only live ones: an index that is being filled may still get an older read, which only a later version keeps out.
    """
    same = set()
    for code, indexes in targets.items():
        live = live_target(indexes)
        wanted = {key: found[code].digest for key, found in listings.items() if code in found}
        if live and wanted:
            stored = stored_digests(client, live.index, wanted)
            same |= {(alias_name(prefix, code), key) for key, digest in wanted.items() if stored.get(key) == digest}
    return same


def _writes(
    targets: Mapping[str, Sequence[Target]], prefix: str, key: int, listings: Listings, version: int
) -> Iterator[Write]:
    """A document for each showcase that shows the candidate, a delete in every index of the others."""
    for code, indexes in targets.items():
        body = listings[code].body(key, version) if code in listings else None
        for target in indexes if body is None else current_targets(indexes):
            name = alias_name(prefix, code) if target.live else target.index
            yield Write(name, key, version, body, live=target.live)
