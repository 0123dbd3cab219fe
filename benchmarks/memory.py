"""How the memory of indexing grows with the number of listings: `memory_growth`.

`python -m benchmarks.memory` is the measured process itself: one build, then its peak memory in bytes on the last line.
"""

from __future__ import annotations

import re
import resource
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from elasticsearch import Elasticsearch

from benchmarks.people import count_listings, fill
from benchmarks.processes import environment_of
from benchmarks.surroundings import remove_indexes
from indexer.engine.client import connect
from indexer.rebuild.run import rebuild
from matching.settings import Settings, load_settings
from matching.storage.database import Database

SMALL, LARGE = 20_000, 200_000


def measure(database: Database, client: Elasticsearch, settings: Settings) -> Iterator[str]:
    """Yield the lines of this benchmark; `database` grows to LARGE candidates, each in one showcase or two."""
    peaks = []
    for people in (SMALL, LARGE):
        fill(database, people)
        peaks.append(_run(settings))
        remove_indexes(client, settings.index_prefix)
        yield f"# indexing {count_listings(database)} listings: peak memory {peaks[-1] / 2**20:.1f} MiB"
    yield f"memory_growth {peaks[1] / peaks[0]:.3f}"


def _run(settings: Settings) -> int:
    command = [sys.executable, "-m", "benchmarks.memory"]
    done = subprocess.run(command, env=environment_of(settings), check=True, capture_output=True, text=True)  # noqa: S603 - our own
    return int(done.stdout.splitlines()[-1])


def _peak_memory() -> int:
    """The most memory this process has held, in bytes."""
    status = Path("/proc/self/status")
    if status.exists():  # Linux counts what the parent held at the fork in ru_maxrss, but not here
        [kibibytes] = re.findall(r"VmHWM:\s+(\d+) kB", status.read_text())
        return int(kibibytes) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


if __name__ == "__main__":
    own = load_settings()
    rebuild(Database(own.database), connect(own), own)
    print(_peak_memory())
