"""The switch: one atomic call points the aliases to other indexes, and SQL follows, after a crash too."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from typing import Any

from elasticsearch import ApiError, Elasticsearch, NotFoundError, TransportError

from indexer import ledger
from indexer.failpoints import reached
from indexer.rebuild.context import Run
from indexer.rebuild.lease import DONE, SWAP, Lease, Work, ending
from indexer.rebuild.prune import delete_indexes, take_off
from indexer.registry import make_live, registered
from indexer.targets import (
    Target,
    alias_name,
    build_of,
    find_targets,
    keep_spare,
    live_target,
    read_meta,
    swap_aliases,
)
from matching.storage.changes import mark_indexed, timeline


def switch(run: Run, work: Work, indexed: Collection[int] = ()) -> list[str]:
    """Let searches use the indexes of `work`; the former ones become the spares, and what is older goes.

    `indexed` are changes that these indexes are known to hold. Returns the names of the indexes that went. Raises
    LeaseLost before anything is switched, or the client's errors; the next holder looks where the aliases are.
    """
    prefix = run.settings.index_prefix
    live = {code: live_target(found) for code, found in find_targets(run.client, prefix, work.indexes).items()}
    wanted = [Target(build_of(index), code, index, False) for code, index in work.indexes.items()]
    to_move = [one for one in wanted if (now := live[one.showcase]) is None or now.index != one.index]
    if to_move:
        _move(run, work, to_move, [now for one in to_move if (now := live[one.showcase])])
    reached("rebuild.swapped")
    former = _former(run, work.indexes)
    with suppress(ApiError, TransportError):  # without it they only cost more, and the switch must be noted
        keep_spare(run.client, former)
    kept = {*work.indexes.values(), *former}
    with run.lease.write(**ending(DONE)) as session:
        mark_indexed(session, indexed)
        for code, index in work.indexes.items():
            make_live(session, code, index)
            if work.step == SWAP:
                ledger.settle(session, code, index)
        targets = registered(session, work.indexes).values()
        surplus = [one.index for found in targets for one in found if one.index not in kept]
        take_off(session, surplus)
    delete_indexes(run.client, surplus)
    return surplus


def has_switched(run: Run, work: Work) -> bool:
    """Whether searches use an index of `work` already; if not, no former holder can have them do so any more.

    Raises the client's errors.
    """
    with suppress(NotFoundError):
        _take_signs_down(run, work)
    found = find_targets(run.client, run.settings.index_prefix, work.indexes)
    return any(one.live and one.index == work.indexes[code] for code, all_of in found.items() for one in all_of)


def _move(run: Run, work: Work, wanted: Sequence[Target], live: Sequence[Target]) -> None:
    """Move the aliases, if nobody took over: the engine itself asks for the sign of the present holder.

    Without it, a holder that was stopped right before the call could still switch hours later.
    """
    prefix = run.settings.index_prefix
    sign = _raise_sign(run.client, prefix, work, run.lease)
    with run.lease.write():
        pass  # whoever took over before the sign was raised made us end here; whoever does later takes it down
    swap_aliases(run.client, prefix, wanted, live, sign)


def _raise_sign(client: Elasticsearch, prefix: str, work: Work, lease: Lease) -> tuple[str, str]:
    """Put an alias that names the holder on one of the new indexes, for those of former holders; (index, alias)."""
    code, index = min(work.indexes.items())
    stem = _stem(prefix, code, work)
    sign = f"{stem}{lease.fence}"
    client.indices.update_aliases(actions=[*_signs_down(client, index, stem), {"add": {"index": index, "alias": sign}}])
    return index, sign


def _take_signs_down(run: Run, work: Work) -> None:
    code, index = min(work.indexes.items())
    down = _signs_down(run.client, index, _stem(run.settings.index_prefix, code, work))
    if down:
        run.client.indices.update_aliases(actions=down)


def _stem(prefix: str, code: str, work: Work) -> str:
    return f"{alias_name(prefix, code)}.rebuild-{work.id}."


def _signs_down(client: Elasticsearch, index: str, stem: str) -> list[dict[str, Any]]:
    present = client.indices.get_alias(index=index)[index]["aliases"]
    return [{"remove": {"index": index, "alias": alias}} for alias in present if alias.startswith(stem)]


def _former(run: Run, indexes: Mapping[str, str]) -> list[str]:
    """The indexes that were live until now, as far as they can be kept true for a rollback."""
    with run.database.read() as session:
        life = timeline(session)
        live = [live_target(targets) for targets in registered(session, indexes).values()]
    former = [one.index for one in live if one and one.index != indexes[one.showcase]]
    # An index of another life of the database holds versions that this one has not come to.
    return [index for index in former if _timeline_of(run.client, index) == life]


def _timeline_of(client: Elasticsearch, index: str) -> str | None:
    try:
        found: str | None = read_meta(client, index).get("timeline")
    except NotFoundError:
        return None
    return found
