"""What every step of a rebuild works with, and how a rebuild says that it can't go on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from elasticsearch import Elasticsearch

from indexer.bulk import Patience
from indexer.rebuild.lease import Lease
from indexer.rebuild.progress import Progress
from matching.settings import Settings
from matching.storage.database import Database


class RebuildFailed(Exception):
    """A rebuild did not go live; what was live before still is. The message says why."""


class GateClosed(RebuildFailed):
    """New indexes did not pass the gate; `faults` says why, a sentence each."""

    def __init__(self, faults: Sequence[str]) -> None:
        super().__init__("; ".join(faults))
        self.faults = tuple(faults)


class LeavesOff(Exception):
    """Whom a rebuild reports to wants to end: it is broken off between two batches, and no other one is begun."""


@dataclass(frozen=True)
class Run:
    """One process' work on a rebuild. `force` is the reason to pass the gate whatever it finds; empty: don't."""

    database: Database
    client: Elasticsearch
    settings: Settings
    lease: Lease
    report: Callable[[Progress], None]
    patience: Patience
    force: str = ""
