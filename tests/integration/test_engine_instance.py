"""A real engine is started, found, used and stopped."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from elasticsearch import NotFoundError

from indexer.engine import instance, unprivileged
from indexer.engine.client import connect, engine_url
from indexer.engine.errors import EngineUnavailable
from indexer.engine.features import examine
from indexer.engine.note import folders, read_note
from matching.settings import Settings, load_settings
from tests.support.command import hallowerk


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """The settings of an installation of its own, whose engine runs; both are gone afterwards."""
    folder = tmp_path_factory.mktemp("installation")
    own = load_settings(state_dir=folder / "state", elasticsearch_url="", engine_heap_mb=512)
    try:
        instance.start(own)
        yield own
    finally:
        instance.stop(own)
        instance.delete_data(own)


def test_a_started_engine_answers_and_can_all_that_the_product_uses(settings: Settings) -> None:
    seen = examine(connect(settings))
    assert seen.version_fits
    assert seen.cluster == f"hallowerk-{settings.installation}"
    assert {feature.name: feature.present for feature in seen.features} == {
        feature.name: True for feature in seen.features
    }
    assert len(seen.features) >= 6


def test_a_late_write_makes_no_index(settings: Settings) -> None:
    with pytest.raises(NotFoundError, match="no such index"):
        connect(settings).index(index="pruned-index", document={"title": "late"})


def test_a_second_start_says_that_it_runs_and_starts_nothing(settings: Settings) -> None:
    said: list[str] = []
    before = read_note(settings)
    running = instance.start(settings, said.append)
    assert read_note(settings) == before
    assert running.url == engine_url(settings)
    assert said == [f"The engine runs already at {running.url}"]


def test_a_synonym_file_below_the_config_folder_can_be_read_and_reloaded(settings: Settings) -> None:
    client = connect(settings)
    file = instance.start(settings).config_dir / "synonyms" / "test.txt"
    file.write_text("lasser, metaalbewerker\n")
    chain = {"type": "synonym_graph", "synonyms_path": "synonyms/test.txt", "updateable": True}
    analysis = {
        "filter": {"words": chain},
        "analyzer": {"asked": {"tokenizer": "standard", "filter": ["lowercase", "words"]}},
    }
    text = {"type": "text", "analyzer": "standard", "search_analyzer": "asked"}
    client.indices.create(index="synonyms-test", settings={"analysis": analysis}, mappings={"properties": {"t": text}})
    file.write_text("lasser, constructiewerker\n")
    answer = client.indices.reload_search_analyzers(index="synonyms-test")
    assert answer["_shards"]["failed"] == 0
    tokens = client.indices.analyze(index="synonyms-test", analyzer="asked", text="lasser")["tokens"]
    assert {token["token"] for token in tokens} == {"lasser", "constructiewerker"}
    client.indices.delete(index="synonyms-test")


def test_the_engine_does_not_run_as_root(settings: Settings) -> None:
    note = read_note(settings)
    assert note is not None
    owner = Path(f"/proc/{note.pid}").stat().st_uid
    assert owner == (unprivileged.UID if os.geteuid() == 0 else os.geteuid())
    assert owner != 0


def test_only_the_engines_uid_can_look_into_its_folders(settings: Settings) -> None:
    uid = unprivileged.UID if os.geteuid() == 0 else os.geteuid()
    for folder in folders(settings).engines_own:
        state = folder.stat()
        assert (stat.S_IMODE(state.st_mode), state.st_uid) == (0o700, uid), folder


def test_the_command_tells_where_it_runs(settings: Settings) -> None:
    shown = hallowerk(settings.state_dir.parent, "engine", "status", "--json")
    assert shown.returncode == 0, shown.stderr
    state = json.loads(shown.stdout)
    assert state["state"] == "running"
    assert state["url"] == engine_url(settings)


def test_doctor_finds_engine_java_and_disk_and_says_what_is_missing(settings: Settings) -> None:
    shown = hallowerk(settings.state_dir.parent, "doctor", "--json")
    report = json.loads(shown.stdout)
    by_subject = {finding["subject"]: finding for finding in report["findings"]}
    assert by_subject["engine"]["ok"] is True
    assert "lang-painless" in by_subject["engine modules"]["details"]["modules"]
    assert by_subject["Java"]["ok"] is True
    assert by_subject["database"]["ok"] is False
    assert by_subject["database"]["remedy"] == "hallowerk database upgrade"
    assert report["ok"] is False
    assert shown.returncode == 1


def test_another_clone_stops_nothing_of_this_one(settings: Settings, tmp_path: Path) -> None:
    other = settings.model_copy(update={"state_dir": tmp_path / "other"})
    assert instance.status(other).state == "stopped"
    assert instance.stop(other) is False
    assert instance.status(settings).state == "running"


def test_data_are_not_deleted_under_a_running_engine(settings: Settings) -> None:
    with pytest.raises(instance.EngineError, match="stop it first"):
        instance.delete_data(settings)


def test_stop_ends_it_and_a_start_keeps_port_and_data(settings: Settings) -> None:
    client = connect(settings)
    client.indices.create(index="kept", mappings={"properties": {"n": {"type": "integer"}}})
    client.index(index="kept", id="1", document={"n": 1}, refresh=True)
    former = read_note(settings)
    assert former is not None
    assert instance.stop(settings) is True
    assert instance.stop(settings) is False
    assert not former.alive
    with pytest.raises(EngineUnavailable):
        connect(settings)
    running = instance.start(settings)
    assert running.port == former.port
    assert running.pid != former.pid
    assert connect(settings).get(index="kept", id="1")["_source"] == {"n": 1}
