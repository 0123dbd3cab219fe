"""What every benchmark runs in: a folder, a database and index names of its own, gone afterwards."""

from __future__ import annotations

import os
import platform
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from elasticsearch import Elasticsearch

from indexer.engine import instance
from indexer.engine.client import connect
from matching.settings import Settings, load_settings

PREFIX = "bench"


@contextmanager
def own_surroundings(heap_mb: int = 1024) -> Iterator[tuple[Settings, Elasticsearch]]:
    """Settings and client for a run: ELASTICSEARCH_URL if set, else an engine of its own that stops afterwards."""
    with tempfile.TemporaryDirectory(prefix="hallowerk-bench-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)  # the engine runs under another uid
        given = load_settings()
        settings = given.model_copy(
            update={
                "state_dir": Path(folder),
                "database_url": "",
                "index_prefix": f"{PREFIX}_{os.getpid()}",
                "engine_heap_mb": heap_mb,
                "search_timeout_s": 60.0,
            }
        )
        if not settings.elasticsearch_url:
            instance.start(settings, lambda message: print(f"# {message}", flush=True))
        try:
            client = connect(settings)
            yield settings, client
        finally:
            remove_indexes(connect(settings), settings.index_prefix)
            if not settings.elasticsearch_url:
                instance.stop(settings)


def remove_indexes(client: Elasticsearch, prefix: str) -> None:
    """Delete all indexes whose names start with `prefix`."""
    for index in client.indices.get(index=f"{prefix}*", allow_no_indices=True):
        client.indices.delete(index=index)


def machine_facts(client: Elasticsearch) -> Iterator[str]:
    """What the figures depend on, a line each."""
    nodes = client.nodes.info(metric="jvm,os")["nodes"].values()
    heaps = [f"{node['jvm']['mem']['heap_max_in_bytes'] / 2**20:.0f} MiB" for node in nodes]
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    yield f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, {memory:.0f} GiB memory"
    version = client.info()["version"]["number"]
    yield f"Elasticsearch {version}, heap {', '.join(heaps)}; Python {platform.python_version()}"
