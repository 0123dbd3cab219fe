"""Rebuilds killed (F10), stopped or started twice (F11): searches never miss their index, and the next run mends it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from elasticsearch import Elasticsearch
from sqlalchemy import delete, select

from indexer.changes import drain
from indexer.rebuild.run import rebuild, resume
from indexer.registry import LIVE, SPARE
from indexer.sums import asked, differing, held
from indexer.targets import find_targets
from matching.candidates.listings import read_showcases
from matching.candidates.records import Candidate
from matching.settings import PROJECT_ROOT, Settings
from matching.storage.changes import CANDIDATE, note_changes
from matching.storage.database import Database
from matching.storage.index_state import Rebuild
from tests.support.indexing import fill_stad_and_regio, states
from tests.support.waiting import wait_until

PEOPLE = 90
LEASE_S = 6.0
#: Small windows and bulks, so that there is a moment between any two steps.
_PROGRAM = """
import os, signal
import indexer.bulk, indexer.rebuild.fill, indexer.rebuild.switch
indexer.bulk.CHUNK_BYTES = 20_000
indexer.rebuild.fill.WINDOW = 20
def stop_after(module, name):
    real = getattr(module, name)
    def stopping(*arguments, **named):
        found = real(*arguments, **named)
        os.kill(os.getpid(), signal.SIGSTOP)
        return found
    setattr(module, name, stopping)
{prepare}
from web.commands import main
main()
"""

Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def settings_of_test(engine_settings: Settings, database: Database) -> Settings:
    """Settings with a lease of seconds."""
    url = database.url.render_as_string(hide_password=False)
    return engine_settings.model_copy(update={"lease_s": LEASE_S, "database_url": url})


@pytest.fixture
def filled(database: Database) -> Database:
    """PEOPLE profiles in 'stad', every third one in 'regio' too; no change waits."""
    fill_stad_and_regio(database, PEOPLE)
    return database


@pytest.fixture
def start(settings_of_test: Settings, tmp_path: Path) -> Iterator[Start]:
    """Starts `hallowerk index ...` in a process of its own; what still runs at the end is killed."""
    started: list[subprocess.Popen[str]] = []

    def start(*arguments: str, failpoint: str = "", prepare: str = "") -> subprocess.Popen[str]:
        environment = {
            **os.environ,
            "HALLOWERK_STATE_DIR": str(tmp_path / "state"),
            "DATABASE_URL": settings_of_test.database_url,
            "ELASTICSEARCH_URL": settings_of_test.elasticsearch_url,
            "HALLOWERK_INDEX_PREFIX": settings_of_test.index_prefix,
            "HALLOWERK_SYNONYMS_DIR": str(settings_of_test.synonyms_dir or ""),
            "HALLOWERK_LEASE_S": str(LEASE_S),
            "HALLOWERK_TESTING": "1",
            "HALLOWERK_FAILPOINT": failpoint,
        }
        command = [sys.executable, "-c", _PROGRAM.format(prepare=prepare), "index", *arguments]
        process = subprocess.Popen(
            command, env=environment, cwd=PROJECT_ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        started.append(process)
        return process

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()


def killed(process: subprocess.Popen[str]) -> bool:
    """Wait for the end of a process; whether SIGKILL was it."""
    process.communicate(timeout=120)
    return process.returncode == -signal.SIGKILL


def aliased(client: Elasticsearch, settings: Settings) -> dict[str, list[str]]:
    """showcase -> the indexes that its searches use: one, or none before the first rebuild."""
    found = find_targets(client, settings.index_prefix, ["stad", "regio"])
    return {code: [one.index for one in targets if one.live] for code, targets in found.items()}


def newest(database: Database) -> Rebuild:
    """The newest rebuild."""
    with database.read() as session:
        return session.execute(select(Rebuild).order_by(Rebuild.id.desc()).limit(1)).scalar_one()


def free(database: Database) -> bool:
    """Whether nobody holds the newest rebuild any more."""
    with database.read() as session:
        row = session.execute(select(Rebuild).order_by(Rebuild.id.desc()).limit(1)).scalar_one()
        until = row.lease_until
    return until is None or until < datetime.now(UTC)


def agree(database: Database, client: Elasticsearch, settings: Settings) -> None:
    """SQL and engine: one live index for each showcase, the same on both sides, that holds what SQL shows."""
    drain(database, client, settings)
    live = aliased(client, settings)
    assert {code: len(indexes) for code, indexes in live.items()} == {"stad": 1, "regio": 1}
    registered = states(database)
    assert {index for index, state in registered.items() if state == LIVE} == {one for [one] in live.values()}
    assert set(registered.values()) <= {LIVE, SPARE}
    with database.read() as session:
        for row in read_showcases(session):
            wanted = asked(session, row.view.code, row.id, ())
            found = held(client, live[row.view.code][0], (), wanted.unsure)
            assert not wanted.unsure
            assert not differing(wanted, found)
    indexes = set(client.indices.get(index=f"{settings.index_prefix}-*"))
    assert indexes == set(registered)


STEPS = ("create", "fill", "filling", "verify", "open", "swap", "swapped")


@pytest.mark.parametrize("step", STEPS)
def test_a_rebuild_that_is_killed_at_any_step_is_carried_on_with(
    filled: Database, client: Elasticsearch, settings_of_test: Settings, start: Start, step: str
) -> None:
    before = rebuild(filled, client, settings_of_test)
    assert killed(start("rebuild", failpoint=f"rebuild.{step}"))
    now = aliased(client, settings_of_test)
    assert {code: len(indexes) for code, indexes in now.items()} == {"stad": 1, "regio": 1}
    left = newest(filled)
    # On a busy machine the first answers that a fill hears of may be its last ones.
    assert left.step in {"filling": ("fill", "verify"), "swapped": ("swap",)}.get(step, (step,))
    assert left.ended_at is None
    with filled.write() as session:
        session.execute(delete(Candidate).where(Candidate.id == 3))
        note_changes(session, CANDIDATE, [3])
    drain(filled, client, settings_of_test)
    wait_until(lambda: free(filled), "the end of the lease")
    carried_on = start("resume")
    out, err = carried_on.communicate(timeout=120)
    assert carried_on.returncode == 0, err
    assert f"stad: {PEOPLE - 1} listings in {left.indexes['stad']}" in out
    assert newest(filled).step == "done"
    agree(filled, client, settings_of_test)
    assert states(filled) == dict.fromkeys(before.indexes.values(), SPARE) | dict.fromkeys(left.indexes.values(), LIVE)


@pytest.mark.parametrize("step", ["filling", "swapped"])
def test_the_next_rebuild_carries_on_with_one_that_was_killed(
    filled: Database, client: Elasticsearch, settings_of_test: Settings, start: Start, step: str
) -> None:
    assert killed(start("rebuild", failpoint=f"rebuild.{step}"))
    left = newest(filled)
    refused = start("rebuild")
    _, err = refused.communicate(timeout=120)
    assert refused.returncode == 1
    assert "is running" in err  # nobody can know yet that its process is gone
    wait_until(lambda: free(filled), "the end of the lease")
    built = rebuild(filled, client, settings_of_test)
    assert dict(built.indexes) == left.indexes
    agree(filled, client, settings_of_test)


@pytest.mark.parametrize("step", ["rollback", "swapped"])
def test_a_rollback_that_is_killed_is_carried_on_with(
    filled: Database, client: Elasticsearch, settings_of_test: Settings, start: Start, step: str
) -> None:
    first = rebuild(filled, client, settings_of_test)
    second = rebuild(filled, client, settings_of_test)
    assert killed(start("rollback", failpoint=f"rebuild.{step}"))
    wait_until(lambda: free(filled), "the end of the lease")
    [done] = resume(filled, client, settings_of_test)
    assert done.built is not None
    assert dict(done.built.indexes) == dict(first.indexes)
    agree(filled, client, settings_of_test)
    assert states(filled) == dict.fromkeys(first.indexes.values(), LIVE) | dict.fromkeys(second.indexes.values(), SPARE)


def stopped(process: subprocess.Popen[str]) -> bool:
    """Whether the process is stopped, and not ended."""
    return Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"


@pytest.mark.parametrize(
    "prepare",
    [
        "stop_after(indexer.rebuild.fill, 'read_window')",
        "stop_after(indexer.rebuild.fill, 'reached')",
        "stop_after(indexer.rebuild.switch, '_raise_sign')",
        "stop_after(indexer.rebuild.switch, 'find_targets')",
    ],
)
def test_a_holder_that_was_stopped_past_its_lease_ends_and_never_switches(
    filled: Database, client: Elasticsearch, settings_of_test: Settings, start: Start, prepare: str
) -> None:
    late = start("rebuild", prepare=prepare)
    wait_until(lambda: stopped(late), "the stop", 120)
    wait_until(lambda: free(filled), "the end of the lease")
    [done] = resume(filled, client, settings_of_test)
    assert done.built is not None
    with filled.write() as session:
        session.execute(delete(Candidate).where(Candidate.id == 5))
        note_changes(session, CANDIDATE, [5])
    again = rebuild(filled, client, settings_of_test)
    live = aliased(client, settings_of_test)
    while late.poll() is None:
        if stopped(late):
            late.send_signal(signal.SIGCONT)
    _, err = late.communicate(timeout=120)
    assert late.returncode == 1
    assert "rebuild 1" in err
    assert "Traceback" not in err
    assert aliased(client, settings_of_test) == live == {code: [index] for code, index in again.indexes.items()}
    agree(filled, client, settings_of_test)


def test_a_holder_that_was_stopped_right_before_its_switch_is_refused_by_the_engine(
    filled: Database, client: Elasticsearch, settings_of_test: Settings, start: Start
) -> None:
    """It has asked SQL already whether it may: only the engine can still tell it from the present holder."""
    first = rebuild(filled, client, settings_of_test)
    late = start(
        "rebuild",
        prepare=(
            "import elasticsearch.client\n"
            "real = elasticsearch.client.IndicesClient.update_aliases\n"
            "def update_aliases(self, **named):\n"
            "    if any('filter' in action.get('add', {}) for action in named['actions']):\n"
            "        os.kill(os.getpid(), signal.SIGSTOP)\n"
            "    return real(self, **named)\n"
            "elasticsearch.client.IndicesClient.update_aliases = update_aliases\n"
        ),
    )
    wait_until(lambda: stopped(late), "the stop", 120)
    wait_until(lambda: free(filled), "the end of the lease")
    [done] = resume(filled, client, settings_of_test)
    assert done.built is not None
    # Everything is as the late one found it: the alias is on the index that it wants to take it from.
    back = start("rollback")
    back.communicate(timeout=120)
    assert back.returncode == 0
    late.send_signal(signal.SIGCONT)
    late.communicate(timeout=120)
    assert late.returncode == 1
    assert aliased(client, settings_of_test) == {code: [index] for code, index in first.indexes.items()}
    agree(filled, client, settings_of_test)


def test_two_rebuilds_at_once_end_in_one(
    filled: Database, client: Elasticsearch, settings_of_test: Settings, start: Start
) -> None:
    both = [start("rebuild"), start("rebuild")]
    ends = [process.communicate(timeout=120) for process in both]
    codes = [process.returncode for process in both]
    assert 0 in codes
    for code, (_, err) in zip(codes, ends, strict=True):
        assert code == 0 or "is running" in err
    agree(filled, client, settings_of_test)
