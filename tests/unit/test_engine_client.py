"""The one way to the engine: which address, which client, and what is said when there is none."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from indexer.engine.client import connect, engine_url
from indexer.engine.errors import EngineUnavailable
from indexer.engine.instance import status
from indexer.engine.note import Note, folders, read_note, write_note
from indexer.engine.processes import started_at
from matching.settings import Settings


def settings_in(folder: Path, url: str = "") -> Settings:
    return Settings(state_dir=folder / "state", engine_cache=folder / "cache", elasticsearch_url=url, engine_home=None)


def noted(settings: Settings, pid: int, started: str) -> Note:
    note = Note(pid, started, 9299, "http://127.0.0.1:9299", "9.4.3")
    folders(settings).root.mkdir(parents=True)
    write_note(settings, note)
    return note


def test_the_cluster_that_is_named_goes_first(tmp_path: Path) -> None:
    settings = settings_in(tmp_path, "http://es.example:9200")
    assert engine_url(settings) == "http://es.example:9200"
    assert status(settings).state == "external"


def test_a_password_in_the_address_is_not_shown(tmp_path: Path) -> None:
    state = status(settings_in(tmp_path, "https://elastic:geheim@es.example:9200"))
    assert "geheim" not in state.sentence
    assert state.url == "https://es.example:9200"


@pytest.mark.parametrize(
    ("way", "sent"),
    [
        ({"elasticsearch_api_key": "a-key"}, "ApiKey a-key"),
        ({"elasticsearch_user": "us", "elasticsearch_password": "secret"}, "Basic dXM6c2VjcmV0"),
        ({}, None),
    ],
)
def test_the_cluster_is_told_who_asks(tmp_path: Path, way: dict[str, str], sent: str | None) -> None:
    settings = settings_in(tmp_path, "http://es.example:9200").model_copy(update=way)
    assert connect(settings)._headers.get("authorization") == sent


def test_without_an_engine_the_message_tells_how_to_start_one(tmp_path: Path) -> None:
    with pytest.raises(EngineUnavailable, match="hallowerk engine start"):
        connect(settings_in(tmp_path))


def test_the_running_engine_is_found_by_its_note(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    noted(settings, os.getpid(), str(started_at(os.getpid())))
    assert engine_url(settings) == "http://127.0.0.1:9299"


def test_a_note_whose_pid_belongs_to_another_process_by_now_counts_for_nothing(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    noted(settings, os.getpid(), "before this process began")
    with pytest.raises(EngineUnavailable):
        engine_url(settings)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"pid": 1}'])
def test_a_damaged_note_counts_for_nothing(tmp_path: Path, text: str) -> None:
    settings = settings_in(tmp_path)
    folders(settings).root.mkdir(parents=True)
    folders(settings).note.write_text(text)
    assert read_note(settings) is None
    assert status(settings).state == "absent"


def test_two_clones_have_folders_of_their_own(tmp_path: Path) -> None:
    one = settings_in(tmp_path)
    other = one.model_copy(update={"state_dir": tmp_path / "other"})
    assert folders(one).root != folders(other).root


def test_one_client_per_address_is_kept_for_its_open_connections(tmp_path: Path) -> None:
    settings = settings_in(tmp_path, "http://127.0.0.1:9")
    assert connect(settings) is connect(settings)
    other = settings.model_copy(update={"elasticsearch_url": "http://127.0.0.1:10"})
    assert connect(other) is not connect(settings)
