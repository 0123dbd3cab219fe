"""Brings changed candidates into the indexes: claim, draw a version, read, build, write, mark done."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from elasticsearch import Elasticsearch
from sqlalchemy import select

from indexer.bulk import USUAL_PATIENCE, BulkWriter, Outcome, Patience, Write
from indexer.catalogue import read_catalogue
from indexer.documents import Labels, ListingBuilder
from indexer.targets import Target, alias_name, current_targets, find_targets
from matching.candidates.listings import Profile, read_keys, read_showcases
from matching.candidates.write import CANDIDATE
from matching.settings import Settings
from matching.storage.changes import Change, draw_index_version, mark_indexed
from matching.storage.database import Database

#: Changes claimed at once; read, built and written as one batch.
BATCH = 1_000


@dataclass
class Drained:
    """What a drain did: changes taken from the log, candidates they were about, and what became of the writes.

    Changes of refused candidates stay in the log, to be tried again by the next drain.
    """

    changes: int = 0
    candidates: int = 0
    outcome: Outcome = field(default_factory=Outcome)

    def add(self, changes: int, candidates: int, outcome: Outcome) -> None:
        """Add what a batch did."""
        self.changes += changes
        self.candidates += candidates
        self.outcome.add(outcome)


def drain(
    database: Database,
    client: Elasticsearch,
    settings: Settings,
    report: Callable[[Drained], None] = lambda _: None,
    patience: Patience = USUAL_PATIENCE,
) -> Drained:
    """Write every candidate with a waiting change to the indexes, oldest change first; `report` hears each batch.

    A change is taken off the log only when every index that must hold it has answered for it, so a crash at any
    moment loses nothing; doing it again does no harm. Raises the client's errors when the engine stays away.
    """
    done = Drained()
    with database.read() as session:
        labels = read_catalogue(session).labels
    after = 0
    while claimed := _claim(database, after):
        after = claimed[-1][0]
        done.add(*_index(database, client, settings, labels, claimed, patience))
        report(done)
    return done


def _claim(database: Database, after: int) -> Sequence[tuple[int, int]]:
    # `after` passes what this drain has tried, so that a refused candidate doesn't hold up the ones behind it.
    statement = (
        select(Change.id, Change.key)
        .where(Change.kind == CANDIDATE, Change.id > after)
        .order_by(Change.id)
        .limit(BATCH)
    )
    with database.read() as session:
        return [(row.id, row.key) for row in session.execute(statement)]


def _index(
    database: Database,
    client: Elasticsearch,
    settings: Settings,
    labels: Labels,
    claimed: Sequence[tuple[int, int]],
    patience: Patience,
) -> tuple[int, int, Outcome]:
    """Index the candidates of these changes; returns how many changes and candidates are done, and all writes."""
    keys = sorted({key for _, key in claimed})
    with database.write() as session:
        version = draw_index_version(session)
    # The read starts after the draw: what it sees is at least as new as every read with a lower version.
    with database.read() as session:
        showcases = read_showcases(session)
        profiles = {profile.single.id: profile for profile in read_keys(session, keys, showcases)}
    builder = ListingBuilder(labels, (row.view for row in showcases))
    targets = find_targets(client, settings.index_prefix, builder.codes)
    with BulkWriter(client, patience) as writer:
        for key in keys:
            for write in _writes(builder, targets, settings.index_prefix, key, profiles.get(key), version):
                writer.add(write)
    refused = {refusal.id for refusal in writer.outcome.refused}
    finished = [change for change, key in claimed if key not in refused]
    with database.write() as session:
        mark_indexed(session, finished)
    return len(finished), len(keys) - len(refused), writer.outcome


def _writes(
    builder: ListingBuilder,
    targets: Mapping[str, Sequence[Target]],
    prefix: str,
    key: int,
    profile: Profile | None,
    version: int,
) -> Iterator[Write]:
    """A document for each showcase that shows the candidate, a delete in every index of the others."""
    bodies = dict(builder.bodies(profile)) if profile else {}
    for code, indexes in targets.items():
        body = bodies.get(code)
        for target in indexes if body is None else current_targets(indexes):
            name = alias_name(prefix, code) if target.live else target.index
            yield Write(name, key, version, body, live=target.live)
