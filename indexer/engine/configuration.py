"""The files that our own engine is configured with (pure text; engine.md says what worked and why)."""

from __future__ import annotations

import json
from pathlib import Path

_COMMON_JVM_OPTIONS = """\
-Djava.io.tmpdir=${ES_TMPDIR}
--add-modules=jdk.incubator.vector
-XX:+ExitOnOutOfMemoryError
-Dfile.encoding=UTF-8
-Dorg.apache.lucene.store.defaultReadAdvice=normal
-Dorg.apache.lucene.store.MMapDirectory.sharedArenaMaxPermits=1
"""
#: Below this heap the serial collector needs less memory and processor than G1, with pauses of some milliseconds.
_G1_FROM_MB = 2048

LOG4J = """\
status = error
appender.console.type = Console
appender.console.name = console
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = [%d{ISO8601}][%-5p][%-25c{1.}] %m%n
rootLogger.level = info
rootLogger.appenderRef.console.ref = console
"""


def jvm_options(heap_mb: int) -> str:
    """The JVM's options: a fixed heap of `heap_mb` MiB and exactly one collector (a second one is refused)."""
    collector = "-XX:+UseG1GC" if heap_mb >= _G1_FROM_MB else "-XX:+UseSerialGC"
    return f"-Xms{heap_mb}m\n-Xmx{heap_mb}m\n{collector}\n{_COMMON_JVM_OPTIONS}"


def engine_settings(installation: str, port: int, folder: Path) -> str:
    """elasticsearch.yml for one installation: one node on loopback, its folders below `folder`.

    Automatic index creation is off: a late write to a pruned index would otherwise make it anew, with a guessed
    mapping. The disk thresholds are off: on a developer's full disk they would turn indexes read-only.
    """
    values: dict[str, str | int | bool] = {
        "cluster.name": f"hallowerk-{installation}",
        "node.name": "hallowerk",
        "discovery.type": "single-node",
        "network.host": "127.0.0.1",
        "http.port": port,
        "path.data": str(folder / "data"),
        "path.logs": str(folder / "logs"),
        "path.repo": str(folder / "repo"),
        "action.auto_create_index": False,
        "xpack.security.enabled": False,
        "cluster.routing.allocation.disk.threshold_enabled": False,
        # Real use counts garbage too. Only G1 is asked to collect it when the limit is near; with the serial collector
        # a full young generation has every request refused (429), and no request then ever starts a collection.
        "indices.breaker.total.use_real_memory": False,
    }
    return "".join(f"{name}: {json.dumps(value)}\n" for name, value in values.items())
