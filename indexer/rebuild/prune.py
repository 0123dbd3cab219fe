"""Removes indexes that nobody needs any more: older than the one kept for a rollback, or left by a crash."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from datetime import UTC, datetime, timedelta

from elasticsearch import Elasticsearch
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from indexer.rebuild.lease import unfinished
from indexer.registry import forget, registered
from indexer.targets import Target
from matching.accounts.audit import append
from matching.settings import Settings
from matching.storage.database import Database
from matching.storage.index_state import DeadLetter, Rebuild

#: An index that SQL does not know may be in the hands of a rebuild that is about to; after this it is not.
LEFT_AFTER = timedelta(hours=1)
_DELETE_WITHIN_S = 60.0
_ENDED = select(Rebuild.indexes).where(Rebuild.ended_at.is_not(None))
_BUILD = re.compile(r".+-v\d+-(\d{14})\d{6}")


def prune(
    database: Database,
    client: Elasticsearch,
    settings: Settings,
    left_after: timedelta = LEFT_AFTER,
    asked: bool = False,
) -> list[str]:
    """Delete what is neither live, nor kept for a rollback, nor in the making; returns the names.

    Those are spares beside the newest one of a showcase, and indexes of ours that nobody registered, that no alias
    points to, and that a rebuild which ended took off, or that are older than `left_after`. Spares that the engine no
    longer has are taken off the list. `asked`: by a person, so the audit trail names what goes. Raises the client's
    errors.
    """
    # The engine is asked first: the rebuild of an index in this list was in SQL before.
    answer = client.indices.get_alias(index=f"{settings.index_prefix}-*", expand_wildcards="all")
    present = {index: _in_use(facts["aliases"]) for index, facts in answer.items()}
    now = datetime.now(UTC)
    with database.write() as session:
        making = {index for work in unfinished(session) for index in work.indexes.values()}
        older = [one.index for one in _older_spares(session) if not present.get(one.index) and one.index not in making]
        lost = [one.index for one in _spares(session) if one.index not in present]
        take_off(session, {*older, *lost})
        needed = {one.index for targets in registered(session).values() for one in targets} | making
        # No stub reaches an index that was taken off: whoever was erased since is still in it.
        taken_off = {index for indexes in session.scalars(_ENDED) for index in indexes.values()} - needed
        left = [
            index
            for index, in_use in sorted(present.items())
            if index in older
            or (not in_use and index not in needed and (index in taken_off or _made_before(index, now - left_after)))
        ]
        if asked and left:
            append(session, actor_id=None, action="index.prune", subject="index", key="all", details={"indexes": left})
    delete_indexes(client, left)
    return left


def take_off(session: Session, indexes: Collection[str]) -> None:
    """Have no more writes reach these indexes, which are about to go, and drop their dead letters."""
    forget(session, indexes)
    session.execute(delete(DeadLetter).where(DeadLetter.index.in_(list(indexes))))


def delete_indexes(client: Elasticsearch, indexes: Collection[str]) -> None:
    """Delete indexes that were taken off; those that are gone already are passed over."""
    for index in indexes:
        client.options(request_timeout=_DELETE_WITHIN_S).indices.delete(index=index, ignore_unavailable=True)


def _in_use(aliases: Collection[str]) -> bool:
    """Whether searches can reach an index with these aliases; the sign of a rebuild's holder has dots in its name."""
    return any("." not in alias for alias in aliases)


def _spares(session: Session) -> Iterator[Target]:
    for targets in registered(session).values():
        yield from (target for target in targets if not target.live and not target.filling)


def _older_spares(session: Session) -> Iterator[Target]:
    newest: dict[str, Target] = {}
    for spare in _spares(session):  # oldest first
        if spare.showcase in newest:
            yield newest[spare.showcase]
        newest[spare.showcase] = spare


def _made_before(index: str, moment: datetime) -> bool:
    """Whether the name says that a build of ours made it before then."""
    build = _BUILD.fullmatch(index)
    return build is not None and datetime.strptime(build[1], "%Y%m%d%H%M%S").replace(tzinfo=UTC) < moment
