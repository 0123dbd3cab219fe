"""Asks the engine how it is: health, disk, and what each of our indexes holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from elasticsearch import Elasticsearch

#: Each question; who watches wants to hear soon that there is no answer.
ANSWER_WITHIN_S = 2.0
#: What an index tells of itself; the word lists in its settings are left out.
_TOLD = "*.aliases,*.mappings._meta,*.settings.index.blocks"


@dataclass(frozen=True)
class Node:
    """The disk under one node of the cluster, in bytes."""

    name: str
    disk_bytes: int
    free_bytes: int

    @property
    def used_share(self) -> float:
        """How full the disk is, from 0 to 1."""
        return 1 - self.free_bytes / self.disk_bytes if self.disk_bytes else 0.0


@dataclass(frozen=True)
class Cluster:
    """The engine as a whole: `health` is 'green', 'yellow' or 'red'; `unassigned` parts of indexes, or copies of
    parts, lie on no node.
    """

    name: str
    health: str
    unassigned: int
    nodes: tuple[Node, ...]


@dataclass(frozen=True)
class StoredIndex:
    """An index as the engine has it: what it was made with, under which aliases it is searched, its size on disk.

    `blocked`: the engine takes no writes, as a rule for want of disk.
    """

    index: str
    meta: Mapping[str, Any]
    aliases: tuple[str, ...]
    blocked: bool
    size_bytes: int


@dataclass(frozen=True)
class Found:
    """What searches find through an alias: how many listings, and the highest version that one was written with."""

    listings: int
    newest: int


def read_cluster(client: Elasticsearch) -> Cluster:
    """Health and disks. Raises the client's errors."""
    engine = _impatient(client)
    health = engine.cluster.health()
    disks = engine.nodes.stats(metric="fs", filter_path="nodes.*.name,nodes.*.fs.total")
    nodes = (
        Node(one["name"], one["fs"]["total"]["total_in_bytes"], one["fs"]["total"]["available_in_bytes"])
        for one in disks["nodes"].values()
    )
    return Cluster(
        name=health["cluster_name"],
        health=health["status"],
        unassigned=health["unassigned_shards"],
        nodes=tuple(sorted(nodes, key=lambda node: node.name)),
    )


def read_indexes(client: Elasticsearch, prefix: str) -> dict[str, StoredIndex]:
    """Every index with this prefix, by name. Raises the client's errors."""
    engine = _impatient(client)
    told = engine.indices.get(index=f"{prefix}-*", filter_path=_TOLD, expand_wildcards="open")
    if not told.body:
        return {}
    sizes = engine.indices.stats(index=f"{prefix}-*", metric="store")["indices"]
    return {
        index: StoredIndex(
            index=index,
            meta=facts.get("mappings", {}).get("_meta", {}),
            aliases=tuple(facts.get("aliases", ())),
            blocked=_blocked(facts),
            size_bytes=sizes[index]["total"]["store"]["size_in_bytes"],
        )
        for index, facts in told.items()
        if index in sizes
    }


def look_through(client: Elasticsearch, aliases: Sequence[str]) -> dict[str, Found]:
    """What searches find through each alias; one that does not answer is left out."""
    if not aliases:
        return {}
    newest = {"newest": {"max": {"field": "written"}}}
    searches: list[dict[str, Any]] = []
    for alias in aliases:
        searches += [{"index": alias}, {"size": 0, "track_total_hits": True, "aggs": newest}]
    answers = _impatient(client).msearch(searches=searches)["responses"]
    return {
        alias: Found(answer["hits"]["total"]["value"], round(answer["aggregations"]["newest"]["value"] or 0))
        for alias, answer in zip(aliases, answers, strict=True)
        if "hits" in answer
    }


def _blocked(facts: Mapping[str, Any]) -> bool:
    blocks = facts.get("settings", {}).get("index", {}).get("blocks", {})
    return any(value == "true" for name, value in blocks.items() if name != "metadata")


def _impatient(client: Elasticsearch) -> Elasticsearch:
    return client.options(request_timeout=ANSWER_WITHIN_S, max_retries=0)
