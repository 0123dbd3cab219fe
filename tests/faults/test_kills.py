"""Real processes killed at every place of the write path, of a rebuild and at random moments: all agrees in the end.

HALLOWERK_KILLS sets how many (`make soak`: 200).
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import delete, select, update

from matching.candidates.records import Candidate, CandidateShowcase
from matching.settings import Settings
from matching.storage.database import Database
from tests.support.command import HALLOWERK, environment, hallowerk
from tests.support.engine import variables_of
from tests.support.indexing import fill

KILLS = int(os.environ.get("HALLOWERK_KILLS", "25"))
#: A change in three takes somebody away, so that there must be enough for many kills.
PEOPLE = max(60, KILLS)
SEED = int(os.environ.get("HALLOWERK_SEED", "0")) or int.from_bytes(os.urandom(4), "big")
WRITE_PLACES = ("write.after_claim", "write.before_bulk", "write.after_bulk", "write.before_mark")
REBUILD_PLACES = tuple(f"rebuild.{step}" for step in ("create", "fill", "filling", "verify", "open", "swap", "swapped"))
LONGEST_S = 4.0
#: Long enough for a busy machine to make an index, short enough to wait for.
LEASE_S = "5"
DEADLINE_S = 120.0


@pytest.fixture
def variables(sqlite_database: Database, engine_settings: Settings) -> dict[str, str]:
    """The environment of an installation with 60 candidates, indexed."""
    fill(sqlite_database, {"stad": range(1, PEOPLE + 1), "regio": range(3, PEOPLE + 1, 3)}, {"regio": {"intro"}})
    return {
        "DATABASE_URL": sqlite_database.url.render_as_string(hide_password=False),
        "HALLOWERK_LEASE_S": LEASE_S,
        "HALLOWERK_TESTING": "1",
        **variables_of(engine_settings),
    }


@pytest.mark.timeout(4 * 3600)
def test_index_and_record_agree_after_every_kill(
    sqlite_database: Database, variables: dict[str, str], tmp_path: Path, say: Callable[[str], None]
) -> None:
    say(f"{KILLS} kills, seed {SEED} (HALLOWERK_SEED={SEED} repeats the choices)")
    chance = random.Random(SEED)
    assert hallowerk(tmp_path, "index", "rebuild", **variables).returncode == 0
    killed = 0
    for number in range(KILLS):
        _change(sqlite_database, chance, number)
        rebuilds = chance.random() < 0.3
        at_a_place = chance.random() < 0.7
        places = REBUILD_PLACES if rebuilds else WRITE_PLACES
        more = {"HALLOWERK_FAILPOINT": chance.choice(places)} if at_a_place else {}
        process = subprocess.Popen(
            [*HALLOWERK, "index", "rebuild" if rebuilds else "update"],
            env=environment(tmp_path, **variables, **more),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            process.wait(60 if at_a_place else chance.uniform(0.5, LONGEST_S))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        killed += process.returncode == -signal.SIGKILL
    assert killed >= KILLS / 2
    for command in ("resume", "rebuild"):
        _until(tmp_path, variables, command, lambda done: done.returncode == 0)
    _until(tmp_path, variables, "update", lambda done: "another process's hands" not in done.stdout)
    compared = hallowerk(tmp_path, "index", "verify", "--full", "--json", **variables)
    assert compared.returncode == 0, compared.stdout + compared.stderr
    assert all(one["waiting"] == 0 for one in json.loads(compared.stdout)["indexes"])


def _change(database: Database, chance: random.Random, number: int) -> None:
    with database.write() as session:
        keys = session.execute(select(Candidate.id)).scalars().all()
        changed = chance.sample(keys, 3)
        session.execute(update(Candidate).where(Candidate.id.in_(changed[:2])).values(intro=f"wijziging {number}"))
        if chance.random() < 0.3:
            session.execute(delete(Candidate).where(Candidate.id == changed[2]))
        elif chance.random() < 0.3:
            session.execute(delete(CandidateShowcase).where(CandidateShowcase.candidate_id == changed[2]))


def _until(
    folder: Path, variables: dict[str, str], command: str, ended: Callable[[subprocess.CompletedProcess[str]], bool]
) -> None:
    """Repeat a command: a killed process holds its lease for a moment, and who asks after that carries on."""
    deadline = time.monotonic() + DEADLINE_S
    while not ended(done := hallowerk(folder, "index", command, **variables)):
        assert time.monotonic() < deadline, f"index {command}: {done.stdout}{done.stderr}"
