"""`hallowerk index verify` and `reconcile`: what they print and how they end."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest
from elasticsearch import Elasticsearch

from indexer.changes import drain
from indexer.rebuild.run import rebuild
from matching.settings import Settings
from matching.storage.changes import CANDIDATE, note_changes
from matching.storage.database import Database
from tests.support.command import hallowerk
from tests.support.indexing import fill
from tests.support.profiles import insert_showcase

Run = Callable[..., CompletedProcess[str]]


@pytest.fixture
def run(tmp_path: Path, sqlite_database: Database, client: Elasticsearch, engine_settings: Settings) -> Run:
    """Runs `hallowerk index ...` on a database with 30 candidates in 'stad', indexed, and 'regio' without an index."""
    fill(sqlite_database, {"stad": range(1, 31)})
    rebuild(sqlite_database, client, engine_settings)
    drain(sqlite_database, client, engine_settings)
    with sqlite_database.write() as session:
        insert_showcase(session, "regio")

    def run(*arguments: str) -> CompletedProcess[str]:
        used: dict[str, Any] = {
            "DATABASE_URL": sqlite_database.url.render_as_string(hide_password=False),
            "ELASTICSEARCH_URL": engine_settings.elasticsearch_url,
            "HALLOWERK_INDEX_PREFIX": engine_settings.index_prefix,
        }
        return hallowerk(tmp_path, "index", *arguments, **used)

    return run


def test_verify_and_reconcile(
    run: Run, sqlite_database: Database, client: Elasticsearch, engine_settings: Settings
) -> None:
    alias = f"{engine_settings.index_prefix}-stad"
    before = run("verify", "--showcase", "stad")
    assert before.returncode == 0, before.stderr
    assert before.stdout.startswith("stad: 30 listings in ")
    assert "30 in the database; they agree" in before.stdout

    without_index = run("verify")
    assert without_index.returncode == 1
    assert "regio: no index yet; run `hallowerk index rebuild --showcase regio`" in without_index.stdout

    client.delete(index=alias, id="3")
    client.update(index=alias, id="4", doc={"name": "Geheim"})
    with sqlite_database.write() as session:
        note_changes(session, CANDIDATE, [5])
    differing = run("verify", "--showcase", "stad", "--full")
    assert differing.returncode == 1
    assert "1 candidates are missing: 3\n" in differing.stdout
    assert "1 documents were written by something else than the indexer: 4; fields: name\n" in differing.stdout
    assert "1 candidates with a change that waits were left out" in differing.stdout
    assert "Geheim" not in differing.stdout + differing.stderr

    told = json.loads(run("verify", "--showcase", "stad", "--json").stdout)
    assert told["agrees"] is False
    [index] = told["indexes"]
    assert (index["showcase"], index["asked"], index["held"], index["waiting"]) == ("stad", 29, 28, 1)
    assert {"kind": "missing", "count": 1, "ids": ["3"], "fields": {}} in index["differences"]

    repaired = run("reconcile")
    assert repaired.returncode == 0, repaired.stderr
    assert "announced to be written anew: 2 listings" in repaired.stdout
    assert repaired.stdout.endswith("indexes and database agree\n")
    assert run("verify", "--showcase", "stad", "--full").returncode == 0
    again = json.loads(run("reconcile", "--json").stdout)
    assert (again["found"]["announced"], again["left"]["still_open"]) == (0, 0)


def test_an_unknown_showcase_is_one_sentence(run: Run) -> None:
    unknown = run("verify", "--showcase", "atlantis")
    assert unknown.returncode == 1
    assert "unknown showcase atlantis" in unknown.stderr
    assert "Traceback" not in unknown.stderr
