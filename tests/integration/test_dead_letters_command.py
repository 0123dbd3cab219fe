"""`hallowerk index dead-letters`, as a person at a shell meets it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest
from elasticsearch import Elasticsearch
from sqlalchemy import select, update

from indexer.changes import drain
from indexer.rebuild.run import rebuild
from matching.accounts.records import AuditEntry
from matching.candidates.records import Candidate
from matching.settings import Settings
from matching.storage.changes import CANDIDATE, note_changes
from matching.storage.database import Database
from tests.support.command import hallowerk
from tests.support.engine import variables_of
from tests.support.indexing import fill
from tests.support.profiles import spoil

Run = Callable[..., CompletedProcess[str]]


@pytest.fixture
def run(tmp_path: Path, sqlite_database: Database, client: Elasticsearch, engine_settings: Settings) -> Run:
    """Runs `hallowerk index dead-letters ...`; the engine has refused candidates 2 and 3."""
    fill(sqlite_database, {"stad": (1, 2, 3)})
    rebuild(sqlite_database, client, engine_settings)
    with sqlite_database.write() as session:
        spoil(session, [2, 3])
        note_changes(session, CANDIDATE, [2, 3])
    drain(sqlite_database, client, engine_settings)
    variables: dict[str, Any] = {
        "DATABASE_URL": sqlite_database.url.render_as_string(hide_password=False),
        **variables_of(engine_settings),
    }
    return lambda *arguments: hallowerk(tmp_path, "index", "dead-letters", *arguments, **variables)


def test_letters_are_listed_tried_again_and_put_away(run: Run, sqlite_database: Database) -> None:
    letters = json.loads(run("list", "--json").stdout)["letters"]
    assert sorted((one["candidate"], one["showcase"], one["tries"]) for one in letters) == [
        (2, "stad", 1),
        (3, "stad", 1),
    ]
    number = {one["candidate"]: str(one["number"]) for one in letters}
    shown = run("list").stdout
    assert f"{number[2]}: candidate 2 in {letters[0]['index']}, tries: 1" in shown
    assert "Naam2" not in shown

    again = run("replay", "--all")
    assert again.returncode == 1
    assert "2 candidates tried again: 0 writes" in again.stdout
    assert "The engine refused 2 listings" in again.stderr

    with sqlite_database.write() as session:
        session.execute(update(Candidate).where(Candidate.id == 2).values(place_id="geheimdorp"))
    mended = run("replay", number[2])
    assert mended.returncode == 0, mended.stderr
    assert "1 candidates tried again: 1 writes" in mended.stdout
    [left] = json.loads(run("list", "--json").stdout)["letters"]
    assert (left["candidate"], left["tries"]) == (3, 2)

    assert "1 letters put away" in run("discard", number[3]).stdout
    assert run("list").stdout == "no dead letters\n"
    with sqlite_database.read() as session:
        put_away = select(AuditEntry.details).where(AuditEntry.action == "index.discard")
        assert session.execute(put_away).scalar_one() == {"letters": 1}


def test_letters_must_be_named_and_exist(run: Run) -> None:
    for action in ("replay", "discard"):
        unsaid = run(action)
        assert unsaid.returncode == 2
        assert "Name the letters by number, or give --all." in unsaid.stderr
        unknown = run(action, "77777")
        assert unknown.returncode == 1
        assert "There is no dead letter 77777." in unknown.stderr
    assert len(json.loads(run("list", "--json").stdout)["letters"]) == 2
