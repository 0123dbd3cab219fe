"""Keeps workers of one release from an index that another one is building, while both run (F20)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from elasticsearch import Elasticsearch

from indexer.rebuild.lease import is_held, unfinished
from indexer.targets import Target
from indexer.timeline import WritesPaused
from matching.storage.clock import database_now
from matching.storage.database import Database


def give_way(
    database: Database, client: Elasticsearch, lease_s: float, targets: Iterable[Target], builder: str
) -> None:
    """Raise WritesPaused while somebody works on a rebuild whose listings are made by another builder than `builder`.

    Its gate would find listings of ours in the new index, and they would stay there after the switch; workers of that
    release write meanwhile, or the change waits until it is done. One that nobody works on, or that waits at the gate,
    keeps nobody from writing: that may last. One small request, where an index is being filled.
    """
    filling = [target.index for target in targets if target.filling]
    if not filling:
        return
    path = "*.mappings._meta.fingerprint.builder"
    answer = client.indices.get_mapping(index=filling, ignore_unavailable=True, filter_path=path)
    others = {index for index, facts in answer.items() if _builder(facts) not in (None, builder)}
    if not others:
        return
    with database.read() as session:
        now = database_now(session)
        held = {index for work in unfinished(session) if is_held(work, now, lease_s) for index in work.indexes.values()}
    if others & held:
        raise WritesPaused(
            f"The index {min(others & held)} is being built by another release. Until it is done, workers of this one "
            f"leave changes to those of that one; nothing is lost."
        )


def _builder(facts: Mapping[str, Any]) -> str | None:
    found: str | None = facts["mappings"].get("_meta", {}).get("fingerprint", {}).get("builder")
    return found
