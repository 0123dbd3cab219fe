"""Goes back to the indexes that were live before: one switch, through the same steps that a rebuild ends with."""

from __future__ import annotations

from collections.abc import Sequence

from elasticsearch import Elasticsearch

from indexer.bulk import USUAL_PATIENCE, Patience
from indexer.catalogue import read_catalogue
from indexer.rebuild.context import RebuildFailed, Run
from indexer.rebuild.lease import ROLLBACK, SWAP, begin, refuse_held, take_turns, unfinished
from indexer.rebuild.run import Built, carry_on, silent
from indexer.registry import registered
from indexer.targets import find_targets
from matching.accounts.audit import append
from matching.settings import Settings
from matching.storage.database import Database


def roll_back(
    database: Database,
    client: Elasticsearch,
    settings: Settings,
    codes: Sequence[str] = (),
    patience: Patience = USUAL_PATIENCE,
) -> Built:
    """Let searches of these showcases (none: of all that have one) use the index they used before; the present ones
    become the spares. The audit trail tells from the moment it begins.

    Spares get every change and every stub, so what was deleted since stays gone. Raises RebuildRunning, RebuildFailed
    when there is no index to go back to, UnknownShowcase, LeaseLost or the client's errors; `resume` carries on.
    """
    with database.read() as session:
        chosen = [row.view.code for row in read_catalogue(session).choose(codes)]
    there = {one.index for found in find_targets(client, settings.index_prefix, chosen).values() for one in found}
    with database.write() as session:
        take_turns(session)
        left = [work for work in unfinished(session) if work.indexes.keys() & set(chosen)]
        refuse_held(session, left, settings.lease_s)
        if any(work.step in (SWAP, ROLLBACK) for work in left):
            raise RebuildFailed("a switch was broken off: run `hallowerk index resume` first")
        spares: dict[str, str] = {}
        for code, targets in registered(session, chosen).items():
            usable = [one.index for one in targets if not one.live and not one.filling and one.index in there]
            if usable:
                spares[code] = usable[-1]
            elif codes:
                raise RebuildFailed(f"showcase {code} has no index to go back to")
        if not spares:
            raise RebuildFailed("there is no index to go back to")
        lease = begin(session, database, spares, ROLLBACK, settings.lease_s)
        details = {"rebuild": lease.rebuild, "indexes": spares}
        append(session, actor_id=None, action="index.rollback", subject="index", key="all", details=details)
    return carry_on(Run(database, client, settings, lease, silent, patience))
