"""The engine's rules of versions, aliases and deletes in memory, for tests that walk through thousands of schedules.

Speaks to the official client below its methods, so the code under test is the code that speaks to a real engine. Only
what the indexer asks is answered; anything else raises NotImplementedError. tests/faults/test_engine_double.py holds
it against a real engine.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import orjson
from elastic_transport import ApiResponseMeta, HttpHeaders, NodeConfig, TransportApiResponse
from elasticsearch import Elasticsearch

_NODE = NodeConfig("http", "double", 9200)
_HEADERS = HttpHeaders({"x-elastic-product": "Elasticsearch", "content-type": "application/json"})

Answer = tuple[int, Any]


@dataclass
class _Index:
    mappings: dict[str, Any]
    settings: dict[str, Any]
    documents: dict[str, tuple[int, dict[str, Any]]] = field(default_factory=dict)
    #: Versions of deletes that the engine still remembers.
    deleted: dict[str, int] = field(default_factory=dict)
    aliases: dict[str, dict[str, Any]] = field(default_factory=dict)


class EngineDouble:
    """Indexes in memory; `client()` gives an official client that talks to them."""

    def __init__(self) -> None:
        self.indexes: dict[str, _Index] = {}
        #: What points in time hold, by their number.
        self._points: list[list[tuple[str, int, dict[str, Any]]]] = []
        #: Whether the request at hand leaves out indexes that are not there.
        self._lenient = False

    def client(self) -> Elasticsearch:
        """A client of this engine."""
        return Elasticsearch("http://double:9200", _transport=_Transport(self))  # type: ignore[arg-type]

    def restart(self) -> None:
        """Forget the versions of deletes, as the engine does at a restart and after a minute."""
        for index in self.indexes.values():
            index.deleted.clear()

    def documents(self, name: str) -> dict[str, tuple[int, dict[str, Any]]]:
        """Version and source of each document of an index or alias, by id."""
        [index] = self._resolve(name)
        return dict(self.indexes[index].documents)

    def answer(self, method: str, target: str, body: Any) -> Answer:
        """Status and body that the engine answers with."""
        url = urlsplit(target)
        path, query = unquote(url.path), {key: values[-1] for key, values in parse_qs(url.query).items()}
        for verb, pattern, handler in _ROUTES:
            match = re.fullmatch(pattern, path)
            if verb == method and match:
                self._lenient = query.get("ignore_unavailable") == "true"
                try:
                    return handler(self, body, query, *match.groups())
                except _Missing as missing:
                    return 404, _error("index_not_found_exception", f"no such index [{missing}]", 404)
        raise NotImplementedError(f"{method} {target}")

    def _resolve(self, names: str, lenient: bool = False) -> list[str]:
        found: list[str] = []
        for name in names.split(","):
            if "*" in name:
                pattern = re.escape(name).replace(r"\*", ".*")
                found += [one for one in sorted(self.indexes) if re.fullmatch(pattern, one)]
            elif name in self.indexes:
                found.append(name)
            else:
                behind = [one for one, index in self.indexes.items() if name in index.aliases]
                if not behind and not (lenient or self._lenient):
                    raise _Missing(name)
                found += behind
        return found

    def _create(self, body: Any, _query: Any, name: str) -> Answer:
        if name in self.indexes:
            return 400, _error("resource_already_exists_exception", f"index [{name}] already exists", 400)
        self.indexes[name] = _Index(dict(body.get("mappings", {})), dict(body.get("settings", {})))
        for alias, facts in body.get("aliases", {}).items():
            self.indexes[name].aliases[alias] = dict(facts)
        return 200, {"acknowledged": True, "index": name}

    def _delete(self, _body: Any, _query: Any, names: str) -> Answer:
        for name in self._resolve(names):
            del self.indexes[name]
        return 200, {"acknowledged": True}

    def _facts(self, _body: Any, _query: Any, names: str) -> Answer:
        return 200, {
            name: {
                "aliases": self.indexes[name].aliases,
                "mappings": self.indexes[name].mappings,
                "settings": {"index": self.indexes[name].settings},
            }
            for name in self._resolve(names)
        }

    def _alias_actions(self, body: Any, _query: Any) -> Answer:
        after = {name: dict(index.aliases) for name, index in self.indexes.items()}
        for action in body["actions"]:
            [(kind, facts)] = action.items()
            if facts["index"] not in after:
                raise _Missing(facts["index"])
            if kind == "add":
                after[facts["index"]][facts["alias"]] = {"filter": facts["filter"]} if "filter" in facts else {}
            elif after[facts["index"]].pop(facts["alias"], None) is None and facts.get("must_exist"):
                return 404, _error("aliases_not_found_exception", f"aliases [{facts['alias']}] missing", 404)
        for name, aliases in after.items():
            self.indexes[name].aliases = aliases
        return 200, {"acknowledged": True, "errors": False}

    def _put_mapping(self, body: Any, _query: Any, names: str) -> Answer:
        for name in self._resolve(names):
            self.indexes[name].mappings |= body
        return 200, {"acknowledged": True}

    def _ok(self, _body: Any, _query: Any, *_names: str) -> Answer:
        return 200, {"acknowledged": True, "timed_out": False, "_shards": {"total": 1, "successful": 1, "failed": 0}}

    def _bulk(self, body: bytes, _query: Any) -> Answer:
        items = []
        lines = iter(body.splitlines())
        for line in lines:
            [(kind, head)] = orjson.loads(line).items()
            source = orjson.loads(next(lines)) if kind == "index" else None
            status, result = self._write(head, source)
            name = "".join(self._resolve(head["_index"], lenient=True)) or head["_index"]
            items.append({kind: {"_index": name, "_id": head["_id"], "status": status, **result}})
        errors = any("error" in next(iter(item.values())) for item in items)
        return 200, {"errors": errors, "items": items, "took": 0}

    def _write(self, head: Mapping[str, Any], source: dict[str, Any] | None) -> Answer:
        name, key, version = head["_index"], head["_id"], head["version"]
        # The engine asks this of documents only: a delete by a name that is no alias goes on.
        if (
            source is not None
            and head.get("require_alias")
            and not any(name in index.aliases for index in self.indexes.values())
        ):
            reason = f"no such index [{name}] and [require_alias] request flag is [true] and [{name}] is not an alias"
            return 404, _item_error("index_not_found_exception", reason)
        try:
            [index] = (self.indexes[one] for one in self._resolve(name))
        except _Missing:
            reason = f"no such index [{name}] and [action.auto_create_index] is [false]"
            return 404, _item_error("index_not_found_exception", reason)
        present = index.documents[key][0] if key in index.documents else index.deleted.get(key)
        if present is not None and present >= version:
            reason = (
                f"[{key}]: version conflict, current version [{present}] is higher or equal to the one provided "
                f"[{version}]"
            )
            return 409, _item_error("version_conflict_engine_exception", reason)
        if source is None:
            there = index.documents.pop(key, None) is not None
            index.deleted[key] = version
            return (200 if there else 404), {"result": "deleted" if there else "not_found", "_version": version}
        result = "updated" if key in index.documents else "created"
        index.deleted.pop(key, None)
        index.documents[key] = (version, source)
        return (200 if result == "updated" else 201), {"result": result, "_version": version}

    def _mget(self, body: Any, _query: Any, name: str) -> Answer:
        [index] = (self.indexes[one] for one in self._resolve(name))
        documents = []
        for key in body["ids"]:
            if key in index.documents:
                version, source = index.documents[key]
                documents.append({"_id": key, "found": True, "_version": version, "_source": source})
            else:
                documents.append({"_id": key, "found": False})
        return 200, {"docs": documents}

    def _mget_anywhere(self, body: Any, _query: Any) -> Answer:
        found = [self._mget({"ids": [one["_id"]]}, _query, one["_index"])[1]["docs"] for one in body["docs"]]
        return 200, {"docs": [document for documents in found for document in documents]}

    def _count(self, body: Any, _query: Any, names: str) -> Answer:
        return 200, {"count": sum(1 for _ in self._seen(names, (body or {}).get("query")))}

    def _seen(self, names: str, query: Any) -> Iterator[tuple[str, int, dict[str, Any]]]:
        """Id, version and source of the documents that a query through these names sees."""
        for name in names.split(","):
            for one in self._resolve(name):
                index = self.indexes[one]
                through = index.aliases.get(name, {}).get("filter")
                for key, (version, source) in sorted(index.documents.items(), key=lambda item: int(item[0])):
                    if _matches(through, key, source) and _matches(query, key, source):
                        yield key, version, source

    def _open_point(self, _body: Any, _query: Any, names: str) -> Answer:
        self._points.append(list(self._seen(names, None)))
        return 200, {"id": str(len(self._points) - 1)}

    def _search_point(self, body: Any, _query: Any) -> Answer:
        held = self._points[int(body["pit"]["id"])]
        return self._page(body, [one for one in held if _matches(body.get("query"), one[0], one[2])])

    def _search(self, body: Any, _query: Any, names: str) -> Answer:
        return self._page(body or {}, list(self._seen(names, (body or {}).get("query"))))

    def _page(self, body: Mapping[str, Any], seen: list[tuple[str, int, dict[str, Any]]]) -> Answer:
        hits = [
            {"_id": key, "_version": version, "_source": source, "sort": [int(key)]} for key, version, source in seen
        ]
        after = body.get("search_after")
        if after:
            hits = [hit for hit in hits if hit["sort"][0] > after[0]]
        return 200, {
            "timed_out": False,
            "_shards": {"total": 1, "successful": 1, "failed": 0},
            "hits": {"total": {"value": len(seen), "relation": "eq"}, "hits": hits[: body.get("size", 10)]},
            "aggregations": _aggregate(body.get("aggs", {}), seen),
        }


_ROUTES: tuple[tuple[str, str, Any], ...] = (
    ("POST", r"/_bulk", EngineDouble._bulk),
    ("PUT", r"/_bulk", EngineDouble._bulk),
    ("POST", r"/_aliases", EngineDouble._alias_actions),
    ("GET", r"/_cluster/health(?:/[^/]+)?", EngineDouble._ok),
    ("POST", r"/([^/]+)/_refresh", EngineDouble._ok),
    ("PUT", r"/([^/]+)/_settings", EngineDouble._ok),
    ("PUT", r"/([^/]+)/_mapping", EngineDouble._put_mapping),
    ("GET", r"/([^/]+)/_mapping", EngineDouble._facts),
    ("GET", r"/([^/]+)/_alias", EngineDouble._facts),
    ("POST", r"/([^/]+)/_mget", EngineDouble._mget),
    ("POST", r"/_mget", EngineDouble._mget_anywhere),
    ("GET", r"/([^/]+)/_count", EngineDouble._count),
    ("POST", r"/([^/]+)/_count", EngineDouble._count),
    ("POST", r"/([^/]+)/_search", EngineDouble._search),
    ("POST", r"/([^/]+)/_pit", EngineDouble._open_point),
    ("DELETE", r"/_pit", EngineDouble._ok),
    ("POST", r"/_search", EngineDouble._search_point),
    ("PUT", r"/([^/_][^/]*)", EngineDouble._create),
    ("DELETE", r"/([^/_][^/]*)", EngineDouble._delete),
    ("GET", r"/([^/_][^/]*)", EngineDouble._facts),
)


class _Missing(Exception):
    """There is no index or alias of that name."""


class _Transport:
    """Stands where the client keeps its connections."""

    def __init__(self, double: EngineDouble) -> None:
        self._double = double

    def perform_request(
        self, method: str, target: str, *, body: Any = None, **_options: Any
    ) -> TransportApiResponse[Any]:
        status, answer = self._double.answer(method, target, body)
        return TransportApiResponse(ApiResponseMeta(status, "1.1", _HEADERS, 0.0, _NODE), answer)

    def close(self) -> None:
        """Nothing is open."""


def _error(kind: str, reason: str, status: int) -> dict[str, Any]:
    cause = {"type": kind, "reason": reason}
    return {"error": {"root_cause": [cause], **cause}, "status": status}


def _item_error(kind: str, reason: str) -> dict[str, Any]:
    return {"error": {"type": kind, "reason": reason}}


def _matches(query: Any, key: str, source: Mapping[str, Any]) -> bool:
    if not query:
        return True
    [(kind, body)] = query.items()
    if kind == "match_all":
        return True
    if kind == "bool":
        clauses = {name: body.get(name, []) for name in ("must", "filter", "must_not")}
        lists = {name: one if isinstance(one, list) else [one] for name, one in clauses.items()}
        wanted = (*lists["must"], *lists["filter"])
        return all(_matches(one, key, source) for one in wanted) and not any(
            _matches(one, key, source) for one in lists["must_not"]
        )
    [(name, value)] = body.items() if kind in ("term", "terms") else [("", body)]
    if kind == "term":
        return bool(source.get(name) == (value["value"] if isinstance(value, dict) else value))
    if kind == "terms":
        return source.get(name) in value
    if kind == "exists":
        return body["field"] in source
    if kind == "ids":
        return key in body["values"]
    raise NotImplementedError(f"query {kind}")


def _aggregate(aggs: Mapping[str, Any], seen: list[tuple[str, int, dict[str, Any]]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, agg in aggs.items():
        inner = agg.get("aggs", {})
        if "terms" in agg:
            groups: dict[Any, list[tuple[str, int, dict[str, Any]]]] = {}
            for one in seen:
                value = one[2].get(agg["terms"]["field"])
                if value is not None:
                    groups.setdefault(value, []).append(one)
            found[name] = {
                "buckets": [
                    {"key": value, "doc_count": len(group), **_aggregate(inner, group)}
                    for value, group in sorted(groups.items())
                ]
            }
        elif "filter" in agg:
            group = [one for one in seen if _matches(agg["filter"], one[0], one[2])]
            found[name] = {"doc_count": len(group), **_aggregate(inner, group)}
        else:
            [(kind, facts)] = [(kind, facts) for kind, facts in agg.items() if kind in ("sum", "max")]
            field_name = facts["field"]
            values = [one[1] if field_name == "_version" else one[2].get(field_name) for one in seen]
            numbers = [float(value) for value in values if value is not None]
            found[name] = {"value": sum(numbers) if kind == "sum" else max(numbers, default=None)}
    return found
