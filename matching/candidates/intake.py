"""Takes profiles in from JSON Lines (ROLE-20): in batches, only what changed, and never stopped by a bad line."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from itertools import islice
from pathlib import Path
from typing import BinaryIO, NamedTuple

from sqlalchemy.exc import DataError, IntegrityError

from matching.candidates.attachments import attach
from matching.candidates.checks import Reference, find_problems
from matching.candidates.lines import Line, Problem, external_id_of, parse, read_lines, shorten
from matching.candidates.mediastore import MediaStore
from matching.candidates.profile import CandidateProfile, DeleteMarker
from matching.candidates.rejects import Rejects
from matching.candidates.rows import CandidateRows, make_rows
from matching.candidates.write import find_present, write_batch
from matching.storage.database import Database

#: Candidates read, checked and written together: large enough that statements cost little, small enough that
#: another writer waits for its turn for a tenth of a second.
BATCH = 500
#: Pictures are decoded outside Python's lock, so several at once use the machine's cores; twice as many threads as
#: cores, since about half of the time a file is waiting for the disk.
MEDIA_THREADS = 2 * (os.cpu_count() or 1)


@dataclass
class Summary:
    """What an import did so far; `lines` counts those that aren't blank, `rejected` those in the rejects file."""

    lines: int = 0
    new: int = 0
    changed: int = 0
    unchanged: int = 0
    deleted: int = 0
    rejected: int = 0


@dataclass(frozen=True)
class Intake:
    """One import: where profiles go, what they may name, where their files are, and the moment it counts as now."""

    database: Database
    store: MediaStore
    root: Path
    rejects: Rejects
    now: datetime
    report: Callable[[Summary], None] = field(default=lambda _: None)
    #: What landed so far: it is also right when `run` was broken off.
    summary: Summary = field(default_factory=Summary)

    def run(self, file: BinaryIO) -> Summary:
        """Take in every line of `file` (seekable, JSON Lines); `report` hears after each batch.

        Each batch is one write transaction with its rows of the change log, so an import that was broken off is
        carried on by running it again: what landed is unchanged then. Where lines speak of the same candidate the
        last one counts and the others are rejected. A rejected line leaves the candidate as it was.
        Raises matching.storage.errors.DatabaseBusy or DatabaseUnavailable; what was committed before stays.
        """
        summary = self.summary
        superseded = _superseded(file)
        file.seek(0)
        with self.database.read() as session:
            reference = Reference.load(session)
        with ThreadPoolExecutor(MEDIA_THREADS) as pool:
            for lines in _batches(read_lines(file)):
                summary.lines += len(lines)
                self._take(lines, superseded, reference, pool, summary)
                summary.rejected = self.rejects.lines
                self.rejects.flush()
                self.report(summary)
        return summary

    def _take(
        self,
        lines: Sequence[Line],
        superseded: Mapping[int, int],
        reference: Reference,
        pool: Executor,
        summary: Summary,
    ) -> None:
        profiles: list[_Accepted] = []
        markers: list[str] = []
        for line in lines:
            if line.number in superseded:
                problem = Problem("external_id", "", f"comes again on line {superseded[line.number]}, which counts")
                self.rejects.add(line.number, external_id_of(line), [problem])
                continue
            record = parse(line)
            if isinstance(record, DeleteMarker):
                markers.append(record.external_id)
            elif isinstance(record, CandidateProfile):
                problems = find_problems(record, reference, self.now)
                if problems:
                    self.rejects.add(line.number, record.external_id, problems)
                else:
                    profiles.append(_Accepted(line.number, record))
            else:
                self.rejects.add(line.number, external_id_of(line), record)
        with self.store.adding():
            self._land(self._rows(profiles, reference, pool), markers, reference, summary)

    def _rows(
        self, profiles: Sequence[_Accepted], reference: Reference, pool: Executor
    ) -> list[tuple[int, CandidateRows]]:
        attached = pool.map(partial(attach, root=self.root, store=self.store), (one.profile for one in profiles))
        rows = []
        for (number, profile), (media, problems) in zip(profiles, attached, strict=True):
            residence = reference.residence(profile.home)
            if isinstance(residence, Problem):
                problems.append(residence)
            if problems or isinstance(residence, Problem):
                self.rejects.add(number, profile.external_id, problems)
            else:
                rows.append((number, make_rows(profile, residence, media)))
        return rows

    def _land(
        self,
        rows: Sequence[tuple[int, CandidateRows]],
        markers: Sequence[str],
        reference: Reference,
        summary: Summary,
    ) -> None:
        names = [*(one.external_id for _, one in rows), *markers]
        with self.database.read() as session:
            present = find_present(session, names)
        written = [
            (number, one)
            for number, one in rows
            if one.external_id not in present or present[one.external_id].fingerprint != one.fingerprint
        ]
        deleted = [present[name].id for name in markers if name in present]
        refused = self._write(written, deleted, reference)
        landed = [one for number, one in written if number not in refused]
        new = sum(one.external_id not in present for one in landed)
        summary.new += new
        summary.changed += len(landed) - new
        summary.deleted += len(deleted)
        summary.unchanged += len(rows) - len(written) + len(markers) - len(deleted)

    def _write(
        self, written: Sequence[tuple[int, CandidateRows]], deleted: Sequence[int], reference: Reference
    ) -> set[int]:
        """Write a batch; the line numbers that the database itself refused."""
        if not written and not deleted:
            return set()
        try:
            with self.database.write() as session:
                write_batch(session, [one for _, one in written], deleted, reference.showcases)
        except (DataError, IntegrityError):
            if not written:
                raise
            if len(written) > 1 or deleted:
                return self._write_one_by_one(written, deleted, reference)
            for number, one in written:
                problem = Problem("", shorten(one.external_id), "is refused by the database")
                self.rejects.add(number, one.external_id, [problem])
            return {number for number, _ in written}
        return set()

    def _write_one_by_one(
        self, written: Sequence[tuple[int, CandidateRows]], deleted: Sequence[int], reference: Reference
    ) -> set[int]:
        refused: set[int] = set()
        for one in written:
            refused |= self._write([one], [], reference)
        return refused | (self._write([], deleted, reference) if deleted else set())


class _Accepted(NamedTuple):
    number: int
    profile: CandidateProfile


def _superseded(file: BinaryIO) -> dict[int, int]:
    """Number of each line whose candidate comes again -> number of the line that counts."""
    last: dict[str, int] = {}
    earlier: list[tuple[int, str]] = []
    for line in read_lines(file):
        name = external_id_of(line)
        if name is None:
            continue
        if name in last:
            earlier.append((last[name], name))
        last[name] = line.number
    return {number: last[name] for number, name in earlier}


def _batches(lines: Iterator[Line]) -> Iterator[list[Line]]:
    while batch := list(islice(lines, BATCH)):
        yield batch
