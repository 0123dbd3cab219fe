"""The few shapes of Elasticsearch clause that bodies are put together from."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, TypeAlias

Clause: TypeAlias = dict[str, Any]

MATCH_ALL: Clause = {"match_all": {}}
MATCH_NONE: Clause = {"match_none": {}}


def terms(field: str, values: Iterable[str]) -> Clause:
    """Any of these values stands in the field; in order of value, so that equal searches give equal bodies."""
    return {"terms": {field: sorted(set(values))}}


def exists(field: str) -> Clause:
    """The field is filled in."""
    return {"exists": {"field": field}}


def none_filled(fields: Iterable[str]) -> Clause:
    """Not one of the fields is filled in."""
    return {"bool": {"must_not": [exists(field) for field in fields]}}


def any_of(clauses: Sequence[Clause]) -> Clause:
    """At least one holds; none given: nothing matches."""
    if not clauses:
        return dict(MATCH_NONE)
    return clauses[0] if len(clauses) == 1 else {"bool": {"should": list(clauses), "minimum_should_match": 1}}


def all_of(clauses: Sequence[Clause]) -> Clause:
    """Each holds, without scoring; none given: everything matches."""
    if not clauses:
        return dict(MATCH_ALL)
    return {"bool": {"filter": list(clauses)}}


def constant(clause: Clause, points: float) -> Clause:
    """The clause, worth exactly so many points."""
    return {"constant_score": {"filter": clause, "boost": points}}
