"""Reads what an index holds of listings, so that one that did not change is not written again."""

from __future__ import annotations

from collections.abc import Iterable

from elasticsearch import Elasticsearch


def stored_digests(client: Elasticsearch, index: str, ids: Iterable[int]) -> dict[int, str]:
    """The digests of these listings as the index holds them this moment, refreshed or not; one request.

    What it doesn't hold, or holds without a digest, is left out.
    """
    wanted = [str(key) for key in ids]
    if not wanted:
        return {}
    answer = client.mget(
        index=index, ids=wanted, source_includes=["digest"], filter_path="docs._id,docs._source.digest"
    )
    return {int(one["_id"]): one["_source"]["digest"] for one in answer.get("docs", ()) if "_source" in one}
