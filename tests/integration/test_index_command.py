"""`hallowerk index`: what it prints and how it ends."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest

from indexer.engine.client import connect
from matching.settings import Settings
from matching.storage.changes import note_changes
from matching.storage.database import Database
from tests.support.command import hallowerk
from tests.support.engine import variables_of
from tests.support.profiles import insert_full, insert_showcase, insert_taxonomy, spoil

Run = Callable[..., CompletedProcess[str]]


@pytest.fixture
def run(tmp_path: Path, sqlite_database: Database, engine_settings: Settings) -> Iterator[Run]:
    """Runs `hallowerk index ...` on a database with 150 candidates in 'stad' and 10 in 'regio'."""
    with sqlite_database.write() as session:
        insert_taxonomy(session)
        insert_showcase(session, "stad")
        insert_showcase(session, "regio", {"intro"})
        for key in range(1, 151):
            insert_full(session, key, ["stad", "regio"] if key <= 10 else ["stad"])

    def run(*arguments: str, **variables: str) -> CompletedProcess[str]:
        used: dict[str, Any] = {
            "DATABASE_URL": sqlite_database.url.render_as_string(hide_password=False),
            **variables_of(engine_settings),
        }
        return hallowerk(tmp_path, "index", *arguments, **(used | variables))

    yield run
    client = connect(engine_settings)
    for index in client.indices.get(index=f"{engine_settings.index_prefix}-*"):
        client.indices.delete(index=index)


def test_build_update_and_status(run: Run, sqlite_database: Database, engine_settings: Settings) -> None:
    before = run("status")
    assert before.returncode == 0
    assert "stad: no index yet; run `hallowerk index build --showcase stad`" in before.stdout

    built = run("build")
    assert built.returncode == 0, built.stderr
    assert f"stad: 150 listings in {engine_settings.index_prefix}-stad-v1-" in built.stdout
    assert "regio: 10 listings" in built.stdout

    with sqlite_database.write() as session:
        note_changes(session, "candidate", [1, 2, 2])
    assert json.loads(run("status", "--json").stdout)["pending_changes"] == 3
    updated = run("update")
    assert updated.stdout == "3 changes of 2 candidates: 0 writes, 4 unchanged, 0 already newer\n"
    assert updated.returncode == 0
    [regio, stad] = json.loads(run("status", "--json").stdout)["showcases"]
    assert (stad["documents"], stad["shown"], stad["rebuild_due"], stad["others"]) == (150, 150, False, [])
    assert (regio["showcase"], regio["documents"]) == ("regio", 10)

    again = run("build", "--showcase", "stad")
    assert again.returncode == 0
    assert "regio" not in again.stdout
    assert f"beside it: {stad['index']}" in run("status").stdout


def test_refused_listings_are_shown_and_fail_the_command(run: Run, sqlite_database: Database) -> None:
    with sqlite_database.write() as session:
        spoil(session, [150])
    built = run("build")
    assert built.returncode == 1
    assert "stad: 150 listings" in built.stdout
    assert "The engine refused 1 listings:" in built.stderr
    assert "candidate 150 in" in built.stderr
    assert "Naam150" not in built.stdout + built.stderr


def test_what_goes_wrong_outside_is_one_sentence(run: Run) -> None:
    unknown = run("build", "--showcase", "atlantis")
    assert unknown.returncode == 1
    assert "unknown showcase atlantis; there are: regio, stad" in unknown.stderr
    away = run("status", ELASTICSEARCH_URL="http://127.0.0.1:1")
    assert away.returncode == 1
    assert "The search engine does not answer" in away.stderr
    empty = run("update", DATABASE_URL="")
    assert empty.returncode != 0
    assert "Run `hallowerk database upgrade` first" in empty.stderr
    assert "Traceback" not in unknown.stderr + away.stderr + empty.stderr


def test_help_names_every_part(run: Run) -> None:
    shown = run("--help").stdout
    assert all(name in shown for name in ("build", "update", "status"))
    assert "hallowerk index build --showcase" in run("build", "--help").stdout
