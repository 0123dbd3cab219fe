"""`hallowerk index`: what it prints and how it ends."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest
from elasticsearch import Elasticsearch
from sqlalchemy import delete

from matching.settings import Settings
from matching.storage.changes import Change, note_changes
from matching.storage.database import Database
from tests.support.command import hallowerk
from tests.support.engine import variables_of
from tests.support.indexing import fill
from tests.support.profiles import spoil
from tests.support.waiting import wait_until

Run = Callable[..., CompletedProcess[str]]


@pytest.fixture
def run(tmp_path: Path, sqlite_database: Database, engine_settings: Settings) -> Run:
    """Runs `hallowerk index ...` on a database with 150 candidates in 'stad' and 10 in 'regio'."""
    fill(sqlite_database, {"stad": range(1, 151), "regio": range(1, 11)}, {"regio": {"intro"}})

    def run(*arguments: str, **variables: str) -> CompletedProcess[str]:
        used: dict[str, Any] = {
            "DATABASE_URL": sqlite_database.url.render_as_string(hide_password=False),
            **variables_of(engine_settings),
        }
        return hallowerk(tmp_path, "index", *arguments, **(used | variables))

    return run


def test_rebuild_update_and_status(run: Run, sqlite_database: Database, engine_settings: Settings) -> None:
    before = run("status")
    assert before.returncode == 0
    assert "stad: no index yet; run `hallowerk index rebuild --showcase stad`" in before.stdout

    built = run("rebuild")
    assert built.returncode == 0, built.stderr
    assert f"stad: 150 listings in {engine_settings.index_prefix}-stad-v1-" in built.stdout
    assert "regio: 10 listings" in built.stdout

    with sqlite_database.write() as session:
        session.execute(delete(Change))
        note_changes(session, "candidate", [1, 2, 2])
    [waiting] = json.loads(run("status", "--json").stdout)["waiting"]
    assert (waiting["kind"], waiting["changes"]) == ("candidate", 3)
    assert "changes waiting: 3 (candidate), the oldest for " in run("status").stdout
    updated = run("update")
    assert updated.stdout == "3 changes of 2 candidates: 0 writes, 4 unchanged, 0 already newer\n"
    assert updated.returncode == 0
    status = json.loads(run("status", "--json").stdout)
    [regio, stad] = status["showcases"]
    assert (stad["documents"], stad["shown"], stad["needs"], stad["others"]) == (150, 150, "nothing", [])
    assert (regio["showcase"], regio["documents"]) == ("regio", 10)
    assert (status["pending_changes"], status["rebuilds"], status["dead_letters"]) == (0, [], {})

    again = run("rebuild", "--showcase", "stad")
    assert again.returncode == 0
    assert "regio" not in again.stdout
    assert f"beside it: {stad['index']} (spare)" in run("status").stdout


def test_back_and_forth_and_nothing_to_remove(run: Run) -> None:
    nothing = run("rollback")
    assert nothing.returncode == 1
    assert "there is no index to go back to" in nothing.stderr
    run("rebuild")
    [first] = [line for line in run("rebuild").stdout.splitlines() if line.startswith("stad")]
    back = run("rollback", "--showcase", "stad")
    assert back.returncode == 0, back.stderr
    assert back.stdout.startswith("stad: 150 listings in ")
    assert first not in back.stdout
    assert run("rollback", "--showcase", "stad").stdout.strip() == first
    assert run("prune").stdout == "nothing to remove\n"
    assert run("resume").stdout == "nothing to carry on with\n"


def test_programs_read_what_was_built_and_removed(run: Run, sqlite_database: Database) -> None:
    with sqlite_database.write() as session:
        spoil(session, [150])
    first = run("rebuild", "--showcase", "stad", "--json")
    assert first.returncode == 1  # a listing was refused
    built = json.loads(first.stdout)
    assert (built["listings"], built["pruned"], built["passed"]) == ({"stad": 149}, [], [])
    assert [refusal["id"] for refusal in built["refused"]] == [150]
    run("rebuild", "--showcase", "stad")
    assert json.loads(run("rollback", "--json").stdout)["indexes"] == built["indexes"]
    assert json.loads(run("resume", "--json").stdout) == {"rebuilds": []}
    assert json.loads(run("prune", "--json").stdout) == {"removed": []}


def test_a_closed_gate_says_why_and_what_can_be_done(run: Run, sqlite_database: Database) -> None:
    with sqlite_database.write() as session:
        spoil(session, range(100, 151))
    closed = run("rebuild")
    assert closed.returncode == 1
    assert "showcase stad: the engine refused 51 of 150 listings; the first, candidate 100" in closed.stderr
    assert "`hallowerk index resume`" in closed.stderr
    assert "waits at the gate, step held, " in run("status").stdout
    unexplained = run("resume", "--force", " ")
    assert unexplained.returncode != 0
    assert "say why" in unexplained.stderr
    forced = run("resume", "--force", "de kaart is nog niet af")
    assert "stad: 99 listings" in forced.stdout
    assert "passed the gate all the same: showcase stad" in forced.stderr
    assert forced.returncode == 1  # listings were refused


#: A command that dies and the one that carries on once its lease has ended.
LEASE = {"HALLOWERK_LEASE_S": "2"}


def die(run: Run, at: str, *arguments: str) -> None:
    """Run a command that is killed at a failpoint."""
    killed = run(*arguments, HALLOWERK_TESTING="1", HALLOWERK_FAILPOINT=at, **LEASE)
    assert killed.returncode == -signal.SIGKILL, killed.stderr


def resume_what_died(run: Run) -> CompletedProcess[str]:
    """Resume until something was carried on with: until the lease of the process that died has ended."""
    resumed: list[CompletedProcess[str]] = []

    def carried_on() -> bool:
        resumed.append(run("resume", **LEASE))
        return "regio" in resumed[-1].stdout + resumed[-1].stderr

    wait_until(carried_on, "the end of the lease")
    return resumed[-1]


def test_one_that_goes_wrong_does_not_hide_what_became_of_the_others(run: Run, sqlite_database: Database) -> None:
    with sqlite_database.write() as session:
        spoil(session, range(100, 151))
    assert "did not pass the gate" in run("rebuild", "--showcase", "stad").stderr
    die(run, "rebuild.verify", "rebuild", "--showcase", "regio")
    resumed = resume_what_died(run)
    assert resumed.returncode == 1
    assert "regio: 10 listings in " in resumed.stdout
    assert "showcase stad: the engine refused 51 of 150 listings" in resumed.stderr
    again = run("resume", "--json")
    assert (again.returncode, json.loads(again.stdout)) == (1, {"rebuilds": []})


def test_an_index_that_a_switch_lost_is_named(run: Run, client: Elasticsearch) -> None:
    for _ in range(2):
        run("rebuild")
    spare = json.loads(run("status", "--json").stdout)["showcases"][0]["others"][0]["index"]
    die(run, "rebuild.swapped", "rollback")
    client.indices.delete(index=spare)
    resumed = resume_what_died(run)
    assert resumed.returncode == 0, resumed.stderr
    assert "stad: 150 listings in " in resumed.stdout
    assert f"regio: the engine has no index {spare} any more" in resumed.stderr
    run("reconcile")
    assert run("verify").returncode == 0


def test_golden_queries_are_recorded_listed_and_forgotten(run: Run) -> None:
    run("rebuild")
    recorded = run("golden", "record", "--showcase", "stad", "introzin", "werkzin")
    assert recorded.returncode == 0, recorded.stderr
    listed = json.loads(run("golden", "list", "--json").stdout)
    assert [(one["showcase"], one["text"], len(one["expected"])) for one in listed] == [
        ("stad", "introzin", 10),
        ("stad", "werkzin", 10),
    ]
    assert "'introzin'" in run("golden", "list").stdout
    nobody = run("golden", "record", "--showcase", "stad", "nergensgoedvoor")
    assert nobody.returncode == 1
    assert "'nergensgoedvoor' finds nobody in stad" in nobody.stderr
    assert run("golden", "forget", str(listed[0]["id"])).stdout == "1 removed\n"
    assert len(json.loads(run("golden", "list", "--json").stdout)) == 1


def test_refused_listings_are_shown_and_fail_the_command(run: Run, sqlite_database: Database) -> None:
    with sqlite_database.write() as session:
        spoil(session, [150])
    built = run("rebuild")
    assert built.returncode == 1
    assert "stad: 149 listings" in built.stdout
    assert "The engine refused 1 listings:" in built.stderr
    assert "candidate 150 in" in built.stderr
    assert "Naam150" not in built.stdout + built.stderr


def test_a_restored_database_writes_nothing_until_the_indexes_are_rebuilt(
    run: Run, sqlite_database: Database, tmp_path: Path
) -> None:
    """F23: somebody put a backup back, and says so."""
    assert run("rebuild").returncode == 0
    address = sqlite_database.url.render_as_string(hide_password=False)
    noted = hallowerk(tmp_path, "database", "restored", DATABASE_URL=address)
    assert noted.returncode == 0
    assert "hallowerk index rebuild" in noted.stdout
    with sqlite_database.write() as session:
        note_changes(session, "candidate", [1])
    paused = run("update")
    assert paused.returncode == 1
    assert "another life of this database" in paused.stderr
    assert run("verify").returncode == 1
    assert run("rebuild").returncode == 0
    assert run("update").returncode == 0
    assert run("verify").returncode == 0


def test_what_goes_wrong_outside_is_one_sentence(run: Run) -> None:
    unknown = run("rebuild", "--showcase", "atlantis")
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
    parts = ("rebuild", "resume", "rollback", "prune", "golden", "update", "status")
    assert all(name in shown for name in parts)
    assert "hallowerk index rebuild --showcase" in run("rebuild", "--help").stdout
