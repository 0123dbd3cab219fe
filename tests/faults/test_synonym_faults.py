"""Whoever dies while publishing synonyms, and whatever lies in the engine's folder: the engine starts and searches."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from indexer.engine import instance
from indexer.engine.client import connect
from indexer.engine.synonym_file import SynonymFile, managed_file
from indexer.synonyms import ensure_published, listing_body, publish
from indexer.targets import create_index
from matching.settings import PROJECT_ROOT, Settings, load_settings
from tests.support.command import environment

INDEX = "candidates-stad-v1-20261124120000000000"
FORMER, NEW = "stapelaar, heftruck\n", "stapelaar, vrachtwagen\n"

#: Publishes standard input, and is killed right before or after one step.
DYING = """
import os, signal, sys
from elasticsearch.client import IndicesClient
from indexer.engine.client import connect
from indexer.engine.synonym_file import SynonymFile
from indexer.synonyms import publish
from matching.settings import load_settings

when, name = sys.argv[1:]
owner = SynonymFile if hasattr(SynonymFile, name) else IndicesClient
step = getattr(owner, name)

def dying(*arguments, **options):
    if when == "after":
        step(*arguments, **options)
    os.kill(os.getpid(), signal.SIGKILL)

setattr(owner, name, dying)
settings = load_settings()
publish(sys.stdin.buffer.read(), connect(settings), settings)
"""


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """The settings of an installation whose engine runs and has an index; all of it is gone afterwards."""
    folder = tmp_path_factory.mktemp("installation")
    own = load_settings(state_dir=folder / "state", elasticsearch_url="", index_prefix="candidates", engine_heap_mb=512)
    try:
        instance.start(own)
        ensure_published(connect(own), own)
        create_index(connect(own), INDEX, listing_body(own), {})
        yield own
    finally:
        instance.stop(own)
        instance.delete_data(own)


@pytest.fixture
def file(settings: Settings) -> SynonymFile:
    """The published file; a test begins with FORMER in force."""
    publish(FORMER.encode(), connect(settings), settings)
    return managed_file(settings)


def found_by(settings: Settings, word: str) -> set[str]:
    """The synonyms that a search for the word looks for too."""
    answer = connect(settings).indices.analyze(index=INDEX, analyzer="dutch_search", text=word)
    return {token["token"] for token in answer["tokens"] if token["type"] == "SYNONYM"}


def killed(settings: Settings, when: str, step: str) -> None:
    """Publish NEW in a process that is killed then."""
    process = subprocess.run(
        [sys.executable, "-c", DYING, when, step],
        input=NEW.encode(),
        env=environment(settings.state_dir.parent, HALLOWERK_INDEX_PREFIX="candidates"),
        cwd=PROJECT_ROOT,
        stderr=subprocess.PIPE,
        timeout=120,
    )
    assert process.returncode == -signal.SIGKILL, process.stderr.decode()


def restart(settings: Settings) -> None:
    """Stop the engine and start it; returns when it answers with all its indexes open."""
    instance.stop(settings)
    instance.start(settings)


STEPS = [
    ("before", "write_draft", FORMER, "heftruck"),
    ("before", "accept_draft", FORMER, "heftruck"),
    ("after", "accept_draft", NEW, "heftruck"),
    ("after", "reload_search_analyzers", NEW, "vrachtwagen"),
    ("before", "clear_cache", NEW, "vrachtwagen"),
]


@pytest.mark.parametrize(
    ("when", "step", "left", "in_force"), STEPS, ids=[f"{when}-{step}" for when, step, *_ in STEPS]
)
def test_a_run_that_is_killed_leaves_one_of_both_files_and_the_next_one_repairs_it(
    settings: Settings, file: SynonymFile, when: str, step: str, left: str, in_force: str
) -> None:
    killed(settings, when, step)
    assert file.read() == left
    assert found_by(settings, "stapelaar") == {in_force}
    publish(NEW.encode(), connect(settings), settings)
    assert file.read() == NEW
    assert found_by(settings, "stapelaar") == {"vrachtwagen"}
    assert list(file.path.parent.glob(".*.draft")) == []


def test_an_engine_that_restarts_after_all_kinds_of_killed_runs_has_what_is_in_the_file(
    settings: Settings, file: SynonymFile
) -> None:
    for when, step, _, _ in STEPS:
        killed(settings, when, step)
        publish(FORMER.encode(), connect(settings), settings)
    killed(settings, "before", "accept_draft")
    killed(settings, "after", "accept_draft")
    restart(settings)
    assert found_by(settings, "stapelaar") == {"vrachtwagen"}


def test_an_engine_starts_whatever_a_hand_left_in_the_file(settings: Settings, file: SynonymFile) -> None:
    """Lines that keep an engine's indexes closed are left out at its start, and the others are in force."""
    file.path.write_text("a => b => c\nstapelaar, bakker\nin de, kok\n")
    restart(settings)
    assert found_by(settings, "stapelaar") == {"bakker"}
    assert file.read() == "stapelaar, bakker\nin de, kok\n"


def test_a_missing_file_and_one_that_cannot_be_decoded_become_empty_ones(tmp_path: Path) -> None:
    """An index that names such a file does not open."""
    file = SynonymFile(tmp_path / "candidates.txt")
    file.make_readable()
    assert file.path.read_bytes() == b""
    file.path.write_bytes(b"cr\xe8che, opvang\n")
    file.make_readable()
    assert file.path.read_bytes() == b""
    file.replace(FORMER)
    file.make_readable()
    assert file.read() == FORMER
    assert file.path.stat().st_mode & 0o777 == 0o644
