"""A database of the benchmark's own, with as many made-up candidates as asked."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import String, cast, func, insert, literal, select
from sqlalchemy.orm import Session

from matching.candidates.attachments import Medium
from matching.candidates.checks import Reference, Residence
from matching.candidates.profile import CandidateProfile
from matching.candidates.records import Candidate, CandidateEntry, CandidateMedia, CandidateShowcase, CandidateTerm
from matching.candidates.rows import CandidateRows, make_rows
from matching.candidates.showcases import define, standard
from matching.candidates.taxonomy_lists import seed
from matching.candidates.write import write_batch
from matching.demo.people import generate
from matching.storage.base import table_of
from matching.storage.changes import Change
from matching.storage.database import Database
from matching.storage.migrate import upgrade

#: People drawn one by one; more than these are copies of them under other ids and names.
DRAWN = 20_000
_BATCH = 500


def fill(database: Database, people: int, drawn: int = DRAWN) -> None:
    """Bring a database of the benchmark to `people` candidates of the demo, without their files.

    Every showcase shows all parts. A database that was filled before is added to. More than `drawn` are copies.
    """
    upgrade(database)
    with database.read() as session:
        present = session.execute(select(func.count()).select_from(table_of(Candidate))).scalar_one()
    drawn = min(people, drawn)
    if not present:
        _draw(database, drawn)
    for first in range(max(present, drawn), people, drawn):
        with database.write() as session:
            _copy(session, first, min(drawn, people - first))
    with database.write() as session:
        session.execute(table_of(Change).delete())


def _draw(database: Database, drawn: int) -> None:
    with database.write() as session:
        seed(session)
        codes = sorted({code for profile in generate(drawn) for code in profile.showcases})
        showcases = {code: define(session, standard(code, code.title()), number) for number, code in enumerate(codes)}
        reference = Reference.load(session)
    for batch in _batches(generate(drawn)):
        with database.write() as session:
            write_batch(session, [_rows(profile, reference) for profile in batch], [], showcases)


def _batches(profiles: Iterator[CandidateProfile]) -> Iterator[list[CandidateProfile]]:
    batch: list[CandidateProfile] = []
    for profile in profiles:
        batch.append(profile)
        if len(batch) == _BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _rows(profile: CandidateProfile, reference: Reference) -> CandidateRows:
    residence = reference.residence(profile.home)
    if not isinstance(residence, Residence):
        raise ValueError(f"{profile.external_id}: {residence}")
    kinds = ["portrait"] if profile.portrait else []
    kinds += ["photo"] * len(profile.photos) + ["document"] * len(profile.documents)
    kinds += ["video"] * len(profile.videos) + ["link"] * len(profile.links)
    media = [Medium(kind, number, *[None] * 6) for number, kind in enumerate(kinds)]
    return make_rows(profile, residence, media)


def _copy(session: Session, shift: int, count: int) -> None:
    """Copy the first `count` candidates with ids raised by `shift`."""
    candidates = table_of(Candidate)
    changed = {
        "id": candidates.c.id + shift,
        "external_id": candidates.c.external_id + literal(f"-{shift}"),
        "name": candidates.c.name + literal(" ") + cast(candidates.c.id + shift, String),
    }
    columns = [changed.get(column.name, column) for column in candidates.c]
    source = select(*columns).where(candidates.c.id <= count)
    session.execute(insert(candidates).from_select([column.name for column in candidates.c], source))
    for record in (CandidateTerm, CandidateEntry, CandidateMedia, CandidateShowcase):
        table = table_of(record)
        names = [column.name for column in table.c if column.name != "id"]
        values = [table.c[name] + shift if name == "candidate_id" else table.c[name] for name in names]
        session.execute(insert(table).from_select(names, select(*values).where(table.c.candidate_id <= count)))


def count_listings(database: Database) -> int:
    """How many listings all showcases have together."""
    with database.read() as session:
        return session.execute(select(func.count()).select_from(table_of(CandidateShowcase))).scalar_one()
