"""`hallowerk engine` and `hallowerk doctor` say what is the case and end with the right exit code."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tests.support.fake_engine import fake_server
from web.commands import doctor, engine


def run(folder: Path, *arguments: str, **variables: str) -> Result:
    command = doctor.command if arguments[0] == "doctor" else engine.command
    given = {
        "HALLOWERK_STATE_DIR": str(folder / "state"),
        "HALLOWERK_ENGINE_CACHE": str(folder / "cache"),
        "ELASTICSEARCH_URL": None,
        "DATABASE_URL": None,
        **variables,
    }
    return CliRunner(env=given).invoke(command, arguments[1:])


def test_status_without_an_engine_tells_what_to_do_and_fails(tmp_path: Path) -> None:
    shown = run(tmp_path, "engine", "status")
    assert shown.exit_code == 1
    assert "hallowerk engine start" in shown.output


def test_status_of_an_installed_engine_is_stopped(tmp_path: Path) -> None:
    home = fake_server(tmp_path / "home", "exit 0")
    shown = run(tmp_path, "engine", "status", "--json", HALLOWERK_ENGINE_HOME=str(home))
    assert shown.exit_code == 1
    assert json.loads(shown.output) == {"state": "stopped", "version": "9.4.3", "home": str(home)}


@pytest.mark.parametrize("action", ["install", "start"])
def test_a_named_cluster_is_left_alone(tmp_path: Path, action: str) -> None:
    shown = run(tmp_path, "engine", action, ELASTICSEARCH_URL="http://elastic:geheim@es.example:9200")
    assert shown.exit_code == 0
    assert "http://es.example:9200" in shown.output
    assert "geheim" not in shown.output
    assert not (tmp_path / "cache").exists()


def test_stop_twice_is_no_error(tmp_path: Path) -> None:
    shown = run(tmp_path, "engine", "stop")
    assert shown.exit_code == 0
    assert "was not running" in shown.output


def test_a_wrong_engine_home_ends_in_a_message(tmp_path: Path) -> None:
    for arguments in (["engine", "install"], ["engine", "start"], ["engine", "status"], ["doctor"]):
        shown = run(tmp_path, *arguments, HALLOWERK_ENGINE_HOME=str(tmp_path))
        assert shown.exit_code == 1, arguments
        assert isinstance(shown.exception, SystemExit), shown.exception
        assert "no unpacked Elasticsearch" in str(shown.exception) + shown.output


def test_doctor_names_every_missing_thing_with_its_remedy(tmp_path: Path) -> None:
    shown = run(tmp_path, "doctor")
    assert shown.exit_code == 1
    assert "-> hallowerk engine start" in shown.output
    assert "-> hallowerk database upgrade" in shown.output
    assert not (tmp_path / "state").exists(), "looking changes nothing"


def test_doctor_tells_of_a_cluster_and_a_database_out_of_reach_without_their_passwords(tmp_path: Path) -> None:
    shown = run(
        tmp_path,
        "doctor",
        "--json",
        ELASTICSEARCH_URL="http://elastic:geheim@127.0.0.1:9",
        DATABASE_URL="postgresql://hallowerk:geheim@127.0.0.1:9/hallowerk",
    )
    assert shown.exit_code == 1
    findings = {finding["subject"]: finding for finding in json.loads(shown.stdout)["findings"]}
    assert findings["engine"]["remedy"] == "look at ELASTICSEARCH_URL"
    assert findings["database"]["found"].startswith("PostgreSQL: ")
    assert "does not answer" in findings["database"]["found"]
    assert "geheim" not in shown.output
