"""Says what waits: in the change log, in the outbox, in each queue, and in fan-outs that are under way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from indexer.fan_out import Progress, running
from indexer.queues import QUEUES, Broker, BrokerAway, QueueState
from matching.post.rules import Post, count
from matching.storage.changes import CANDIDATE, OCCUPATIONS, SHOWCASE, pending_counts
from matching.storage.database import Database


@dataclass(frozen=True)
class Backlog:
    """`changes` by kind; `post`: mails that wait or failed.

    `queues` are empty and `broker_away` is the reason when the broker does not answer.
    """

    changes: Sequence[QueueState]
    queues: Sequence[QueueState]
    fan_outs: Sequence[Progress]
    post: Post
    broker_away: str | None


def backlog(database: Database, broker: Broker) -> Backlog:
    """Look at log and queues. Raises what the database raises."""
    now = datetime.now(UTC)
    with database.read() as session:
        pending = pending_counts(session)
        fan_outs = running(session)
        post = count(session)
    changes = []
    for kind in (CANDIDATE, SHOWCASE, OCCUPATIONS):
        waiting = pending.get(kind)
        changes.append(QueueState(kind, waiting.changes, waiting.age_s(now)) if waiting else QueueState(kind, 0, None))
    try:
        return Backlog(changes, [broker.state(name) for name in QUEUES], fan_outs, post, None)
    except BrokerAway as error:
        return Backlog(changes, [], fan_outs, post, str(error))
