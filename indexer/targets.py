"""Names, makes and switches the indexes of showcases: one alias per showcase, one index per build."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from elasticsearch import Elasticsearch

from matching.search.mapping import MAPPING_VERSION

_BUILD_FORMAT = "%Y%m%d%H%M%S%f"
_BUILD = r"\d{20}"
_LOOK_EVERY_S = 2
_CODE = re.compile(r"[a-z0-9][a-z0-9._-]*")

FILLING = {"refresh_interval": "-1", "number_of_replicas": 0, "auto_expand_replicas": "false"}
#: A copy on a second node where there is one; green on a single node too.
IN_USE = {"refresh_interval": "1s", "auto_expand_replicas": "0-1"}
#: Nobody searches a spare index: making its writes visible each second would cost as much as on the live one.
KEPT = {"refresh_interval": "30s"}

#: What searches see of an index; the rest are stubs of listings that are gone.
LISTINGS = {"bool": {"must_not": [{"term": {"gone": True}}]}}


class TargetError(Exception):
    """An index can't be used; the message says why."""


@dataclass(frozen=True, order=True)
class Target:
    """An index of a showcase; `build` sorts by age. `live`: the showcase's alias points to it.

    `filling`: it is being built and may lack anything; what is neither is a spare.
    """

    build: str
    showcase: str
    index: str
    live: bool
    filling: bool = False


def alias_name(prefix: str, showcase: str) -> str:
    """The alias that searches of a showcase use. Raises ValueError for a code that can't name an index."""
    if not _CODE.fullmatch(showcase):
        raise ValueError(f"showcase code {showcase!r} can't name an index: use lower-case letters, digits and hyphens")
    return f"{prefix}-{showcase}"


def new_build(now: datetime | None = None) -> str:
    """The name of a build that starts now; later builds sort after earlier ones."""
    return (now or datetime.now(UTC)).strftime(_BUILD_FORMAT)


def index_name(prefix: str, showcase: str, build: str) -> str:
    """`PREFIX-SHOWCASE-v1-BUILD`; `v1` is the mapping version."""
    return f"{alias_name(prefix, showcase)}-{MAPPING_VERSION}-{build}"


def build_of(index: str) -> str:
    """The build that an index name ends with. Raises ValueError for a name that has none."""
    build = index.rpartition("-")[2]
    if not re.fullmatch(_BUILD, build):
        raise ValueError(f"{index} does not end with a build")
    return build


def find_targets(client: Elasticsearch, prefix: str, showcases: Iterable[str]) -> dict[str, list[Target]]:
    """Every index of each showcase, oldest first, by showcase code; one request."""
    codes = list(showcases)
    found: dict[str, list[Target]] = {code: [] for code in codes}
    answer = client.indices.get_alias(index=f"{prefix}-*", allow_no_indices=True, expand_wildcards="open")
    for index, facts in answer.items():
        for code in codes:
            alias = alias_name(prefix, code)
            match = re.fullmatch(rf"{re.escape(alias)}-{MAPPING_VERSION}-({_BUILD})", index)
            if match:
                found[code].append(Target(match[1], code, index, alias in facts["aliases"]))
    for targets in found.values():
        targets.sort()
    return found


def live_target(targets: Iterable[Target]) -> Target | None:
    """The one that searches use; None before the first build."""
    return next((target for target in targets if target.live), None)


def create_index(client: Elasticsearch, index: str, body: Mapping[str, Any], meta: Mapping[str, Any]) -> None:
    """Make an index that is quick to fill: no replicas, no refreshes until `open_indexes`; `meta` joins its `_meta`."""
    settings = {**body["settings"], "index": {**body["settings"].get("index", {}), **FILLING}}
    mappings = {**body["mappings"], "_meta": {**body["mappings"].get("_meta", {}), **meta}}
    client.indices.create(index=index, settings=settings, mappings=mappings)


def read_meta(client: Elasticsearch, index: str) -> dict[str, Any]:
    """The `_meta` of an index: what it was made with. Raises NotFoundError when there is no such index."""
    mappings = client.indices.get_mapping(index=index)[index]["mappings"]
    found: dict[str, Any] = mappings.get("_meta", {})
    return found


def write_meta(client: Elasticsearch, index: str, meta: Mapping[str, Any]) -> None:
    """Put another `_meta` in the place of an index's; its documents stay as they are."""
    client.indices.put_mapping(index=index, meta=meta)


def open_indexes(
    client: Elasticsearch, indexes: Sequence[str], timeout_s: float, meanwhile: Callable[[], None] = lambda: None
) -> None:
    """Give filled indexes their settings for use and wait until all their copies are there.

    `meanwhile` is called every few seconds. Raises TargetError when it takes longer than `timeout_s`.
    """
    client.indices.put_settings(index=indexes, settings={"index": IN_USE})
    until = time.monotonic() + timeout_s
    while True:
        waiting = client.options(request_timeout=_LOOK_EVERY_S + 10).cluster.health(
            index=indexes, wait_for_status="green", timeout=f"{_LOOK_EVERY_S}s"
        )
        if not waiting["timed_out"]:
            return
        if time.monotonic() > until:
            raise TargetError(f"{', '.join(indexes)}: not green within {timeout_s:.0f} s")
        meanwhile()


def keep_spare(client: Elasticsearch, indexes: Sequence[str]) -> None:
    """Give indexes that are not searched any more their settings for that; `open_indexes` gives them back."""
    if indexes:
        client.indices.put_settings(index=indexes, settings={"index": KEPT})


def swap_aliases(
    client: Elasticsearch,
    prefix: str,
    new: Sequence[Target],
    old: Sequence[Target],
    sign: tuple[str, str] | None = None,
) -> None:
    """Point the aliases of the showcases of `new` to them, away from `old`, in one atomic call.

    Through an alias no search sees a stub. Fails as a whole when an alias is no longer on its old index, because
    somebody else switched meanwhile, or when `sign`, an index with an alias of its own, is no longer there; it goes.
    """
    actions: list[dict[str, Any]] = []
    if sign:
        actions.append({"remove": {"index": sign[0], "alias": sign[1], "must_exist": True}})
    for target in old:
        off = {"index": target.index, "alias": alias_name(prefix, target.showcase), "must_exist": True}
        actions.append({"remove": off})
    for target in new:
        on = {"index": target.index, "alias": alias_name(prefix, target.showcase), "filter": LISTINGS}
        actions.append({"add": on})
    client.indices.update_aliases(actions=actions)
