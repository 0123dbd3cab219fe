"""`python -m benchmarks`: run every benchmark, or those named; figures as `name value`, remarks after '#'."""

from __future__ import annotations

import sys

from benchmarks import changes, memory, page_overhead, rebuilding, verify, whole_path
from benchmarks.people import fill
from benchmarks.surroundings import machine_facts, own_surroundings
from matching.storage.database import Database

PEOPLE = 20_000
#: In the order of running: the last two make the database larger.
BENCHMARKS = {
    "whole_path": whole_path.measure,
    "page_overhead": page_overhead.measure,
    "changes": changes.measure,
    "verify": verify.measure,
    "memory": memory.measure,
    "rebuilding": rebuilding.measure,
}


def main(names: list[str]) -> None:
    """Run the benchmarks of these names; all when there is none."""
    unknown = [name for name in names if name not in BENCHMARKS]
    if unknown:
        raise SystemExit(f"unknown benchmark {', '.join(unknown)}; there are: {', '.join(BENCHMARKS)}")
    with own_surroundings() as (settings, client):
        for fact in machine_facts(client):
            print(f"# {fact}", flush=True)
        database = Database(settings.database)
        print(f"# filling a database with {PEOPLE} made-up candidates", flush=True)
        fill(database, PEOPLE)
        for name, measure in BENCHMARKS.items():
            if name in names or not names:
                for line in measure(database, client, settings):
                    print(line, flush=True)
        database.close()


if __name__ == "__main__":
    main(sys.argv[1:])
