"""The `candidates`, `database` and `showcases` commands, as a person at a shell meets them."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path
from typing import Any, NamedTuple

import orjson
import pytest
from click.testing import CliRunner
from sqlalchemy import func, select, update

from indexer.engine.client import connect
from indexer.rebuild.run import rebuild
from matching.accounts.audit import broken_lines
from matching.accounts.records import AuditEntry
from matching.candidates.records import Candidate
from matching.settings import Settings
from matching.storage.changes import CANDIDATE, Change
from matching.storage.database import Database
from tests.support.command import HALLOWERK, environment, hallowerk
from tests.support.intake import FULL, Office, profile, write_files
from tests.support.waiting import wait_until
from web.commands import cli

MANY = 6_000


class Done(NamedTuple):
    """What a command left behind."""

    returncode: int
    stdout: bytes
    stderr: bytes


class Shell:
    """The command with the database of an office, run in this process: starting one takes a second each."""

    def __init__(self, office: Office) -> None:
        self.office = office
        self.folder = office.folder
        self.variables = {"DATABASE_URL": office.database.url.render_as_string(hide_password=False)}

    def __call__(self, *arguments: str, stdin: bytes | None = None) -> Done:
        with CliRunner().isolation(input=stdin, env=environment(self.folder, **self.variables)) as (out, err, _):
            code = 0
            try:
                cli.main(arguments, standalone_mode=False)
            except SystemExit as ending:
                code = ending.code if isinstance(ending.code, int) else 1
            return Done(code, out.getvalue(), err.getvalue())

    def summary(self, *arguments: str, code: int = 0, stdin: bytes | None = None) -> dict[str, Any]:
        """Import with --json and --no-index; the summary, when the exit code is `code`."""
        done = self("candidates", "import", "--json", "--no-index", *arguments, stdin=stdin)
        assert done.returncode == code, done
        summary: dict[str, Any] = orjson.loads(done.stdout)
        return summary

    def trail(self) -> list[tuple[str, str, dict[str, Any]]]:
        """The audit trail's lines, oldest first: action, subject, details."""
        columns = (AuditEntry.action, AuditEntry.subject, AuditEntry.details)
        with self.office.database.read() as session:
            assert list(broken_lines(session)) == []
            return [tuple(row) for row in session.execute(select(*columns).order_by(AuditEntry.id))]


@pytest.fixture
def shell(office: Office, monkeypatch: pytest.MonkeyPatch) -> Shell:
    monkeypatch.chdir(office.folder)
    return Shell(office)


def lines(*contents: dict[str, Any] | bytes) -> bytes:
    return b"".join((one if isinstance(one, bytes) else orjson.dumps(one)) + b"\n" for one in contents)


def test_an_import_is_noted_with_what_it_deleted_and_names_nobody(shell: Shell) -> None:
    shell.summary("-", stdin=lines(profile("a"), profile("b")))
    shell.summary("-", stdin=lines({"external_id": "a", "deleted": True}, b"{"), code=1)
    (_, _, first), (action, subject, second) = shell.trail()
    assert first == {"lines": 2, "new": 2, "changed": 0, "unchanged": 0, "deleted": 0, "rejected": 0}
    assert (action, subject) == ("candidates.import", "candidates")
    assert second == {"lines": 2, "new": 0, "changed": 0, "unchanged": 0, "deleted": 1, "rejected": 1}


@pytest.mark.requirement("ROLE-20")
def test_import_and_export_from_the_shell(shell: Shell) -> None:
    """A file in, changed by nothing the second time, and out again with its photos and documents."""
    write_files(shell.folder)
    (shell.folder / "in.jsonl").write_bytes(lines(FULL, profile("b")))
    done = shell("candidates", "import", "in.jsonl", "--no-index")
    assert done.returncode == 0, done
    assert b"2 new, 0 changed, 0 unchanged, 0 deleted, 0 rejected" in done.stdout
    assert shell.summary("in.jsonl")["unchanged"] == 2
    done = shell("candidates", "export", "out/all.jsonl")
    assert done.returncode == 0, done
    assert b"2 profiles and 3 files written" in done.stderr
    assert (shell.folder / "out/all.jsonl").stat().st_mode & 0o077 == 0
    assert shell.summary("out/all.jsonl")["unchanged"] == 2
    streamed = shell("candidates", "export")
    assert len(streamed.stdout.splitlines()) == 2
    assert shell.summary("-", stdin=streamed.stdout)["unchanged"] == 2
    with shell.office.database.read() as session:
        noted = session.execute(select(AuditEntry.action, AuditEntry.details)).all()
        exported = [details for action, details in noted if action == "candidates.export"]
        assert exported == [{"candidates": 2, "files": 3}] * 2
        imported = [details for action, details in noted if action == "candidates.import"]
        assert [(one["new"], one["unchanged"]) for one in imported] == [(2, 0), (0, 2), (0, 2), (0, 2)]
        assert list(broken_lines(session)) == []


def test_rejected_lines_give_exit_code_1_and_say_where_they_are(shell: Shell) -> None:
    (shell.folder / "in.jsonl").write_bytes(lines(profile("a"), b"{"))
    done = shell("candidates", "import", "in.jsonl", "--no-index")
    assert done.returncode == 1
    assert b"1 new" in done.stdout
    assert b"in.jsonl.rejects.jsonl" in done.stderr
    assert orjson.loads((shell.folder / "in.jsonl.rejects.jsonl").read_bytes())["line"] == 2
    assert shell.summary("-", "--rejects", "r.jsonl", stdin=b"{", code=1)["rejects_file"] == "r.jsonl"
    assert (shell.folder / "r.jsonl").exists()


def test_a_file_or_database_that_cannot_be_used_gives_exit_code_2(shell: Shell) -> None:
    for arguments in (("none.jsonl",), (".",)):
        done = shell("candidates", "import", *arguments)
        assert (done.returncode, done.stdout) == (2, b"")
        assert done.stderr.count(b"\n") == 1
    shell.variables["DATABASE_URL"] = f"sqlite:///{shell.folder / 'new.db'}"
    done = shell("candidates", "import", "-", stdin=b"")
    assert done.returncode == 2
    assert b"hallowerk database upgrade" in done.stderr
    shell.variables["DATABASE_URL"] = "postgresql://nobody@127.0.0.1:1/none"
    done = shell("candidates", "export")
    assert done.returncode == 2
    assert b"cannot be used" in done.stderr
    assert b"Traceback" not in done.stderr


def test_a_locked_database_is_told(shell: Shell) -> None:
    assert shell.summary("-", stdin=lines(profile("a")))["new"] == 1
    with shell.office.database.write() as session:
        session.execute(update(Candidate).values(name="Vastgehouden"))
        done = shell("candidates", "import", "-", "--no-index", stdin=lines(profile("a", name="Nieuw")))
    assert done.returncode == 2
    assert b"busy" in done.stderr
    assert b"Traceback" not in done.stderr


def test_an_export_outside_its_folder_is_refused(shell: Shell) -> None:
    done = shell("candidates", "export", "out.jsonl", "--media", "..")
    assert done.returncode == 2
    assert not (shell.folder / "out.jsonl").exists()


@pytest.mark.requirement("ROLE-20")
def test_an_import_that_was_killed_carries_on(shell: Shell) -> None:
    """Whole batches landed, with their rows of the change log; the next run lands the rest and repeats nothing."""
    file = shell.folder / "many.jsonl"
    file.write_bytes(lines(*(profile(f"p{n}", licences=["B"]) for n in range(MANY))))
    database = shell.office.database

    def landed() -> int:
        with database.read() as session:
            return session.scalar(select(func.count()).select_from(Candidate)) or 0

    command = [*HALLOWERK, "candidates", "import", "--no-index", str(file)]
    process = subprocess.Popen(command, env=environment(shell.folder, **shell.variables), stdout=subprocess.DEVNULL)
    wait_until(landed, "a first batch", 60)
    os.kill(process.pid, signal.SIGKILL)
    process.wait(30)
    before = landed()
    assert 0 < before < MANY
    assert before % 500 == 0
    summary = shell.summary(str(file))
    assert (summary["new"], summary["unchanged"], summary["changed"]) == (MANY - before, before, 0)
    with database.read() as session:
        keys = list(session.scalars(select(Change.key).where(Change.kind == CANDIDATE)))
        assert sorted(keys) == sorted(session.scalars(select(Candidate.id)))


def test_what_an_import_changed_is_searchable_and_what_it_did_not_is_not_indexed(
    shell: Shell, engine_settings: Settings
) -> None:
    """An import brings in what earlier ones left waiting; the same file again indexes nothing."""
    settings = engine_settings.model_copy(update={"database_url": shell.variables["DATABASE_URL"]})
    client = connect(settings)
    prefix = settings.index_prefix
    rebuild(Database(settings.database), client, settings)
    assert shell.summary("-", stdin=lines(profile("a")))["index_waits_because"] == "--no-index was given"
    shell.variables |= {"ELASTICSEARCH_URL": settings.elasticsearch_url, "HALLOWERK_INDEX_PREFIX": prefix}
    for expected in ({"new": 1, "unchanged": 0}, {"new": 0, "unchanged": 1}):
        done = shell("candidates", "import", "--json", "-", stdin=lines(profile("b")))
        assert done.returncode == 0, done
        summary = orjson.loads(done.stdout)
        assert summary["index_waits_because"] is None
        assert {name: summary[name] for name in expected} == expected
        client.indices.refresh(index=f"{prefix}-noord")
        hits = client.search(index=f"{prefix}-noord", version=True)["hits"]["hits"]
        assert len({hit["_version"] for hit in hits}) == 1
        assert {hit["_source"]["name"] for hit in hits} == {"Persoon a", "Persoon b"}


def test_without_an_engine_the_changes_wait_and_that_is_said(shell: Shell) -> None:
    done = shell("candidates", "import", "-", stdin=lines(profile("a")))
    assert done.returncode == 0
    assert b"1 new" in done.stdout
    assert b"hallowerk engine start" in done.stderr
    assert b"Nothing is lost" in done.stderr


def test_pruning_keeps_what_is_used(shell: Shell) -> None:
    write_files(shell.folder)
    assert shell.summary("-", stdin=lines(FULL))["new"] == 1
    media = shell.folder / "state" / "media" / "files"
    kept = {path.name for path in media.glob("*/*/*")}
    assert len(kept) == 3
    assert shell.summary("-", stdin=lines({**FULL, "documents": []}))["changed"] == 1
    assert b"1 files removed" in shell("candidates", "prune-media").stdout
    assert {path.name for path in media.glob("*/*/*")} < kept


def test_database_commands(tmp_path: Path) -> None:
    status = hallowerk(tmp_path, "database", "status")
    assert status.returncode == 1
    assert "hallowerk database upgrade" in status.stdout
    assert hallowerk(tmp_path, "database", "upgrade").returncode == 0
    status = hallowerk(tmp_path, "database", "status", "--json")
    assert status.returncode == 0
    assert orjson.loads(status.stdout)["current"] is True
    assert hallowerk(tmp_path, "database", "upgrade").returncode == 0


def test_showcases_are_listed_and_defined_from_a_file(shell: Shell) -> None:
    content = orjson.loads(shell("showcases", "list").stdout)
    assert [one["code"] for one in content["showcases"]] == ["noord", "zuid"]
    content["showcases"][0]["name"] = "Regio Noord"
    content["showcases"][1]["categories"] = [{"code": "level", "options": ["mbo-2"]}]
    file = shell.folder / "showcases.json"
    file.write_bytes(orjson.dumps(content))
    assert b"2 showcases defined: noord, zuid" in shell("showcases", "define", str(file)).stdout
    assert shell.trail() == [("showcases.define", "showcases", {"showcases": ["noord", "zuid"]})]
    assert orjson.loads(shell("showcases", "list").stdout) == content
    content["showcases"][1]["parts"] = ["salaris"]
    content["showcases"][0]["name"] = "Niet bewaard"
    for wrong in (orjson.dumps(content), b"{}", b"[", b'{"showcases": [{"code": "x"}]}'):
        file.write_bytes(wrong)
        done = shell("showcases", "define", str(file))
        assert done.returncode == 2
        assert b"Traceback" not in done.stderr
    assert orjson.loads(shell("showcases", "list").stdout)["showcases"][0]["name"] == "Regio Noord"
