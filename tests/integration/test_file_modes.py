"""What people entrusted to us can be read by nobody else on the machine, whatever the umask."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import insert

from matching.accounts.records import Organisation
from matching.candidates.mediastore import FolderMediaStore
from matching.settings import load_settings, session_key
from matching.storage.database import Database
from matching.storage.migrate import upgrade


@pytest.fixture(autouse=True)
def open_umask() -> Iterator[None]:
    """The umask that protects nothing."""
    former = os.umask(0)
    yield
    os.umask(former)


def modes(folder: Path) -> dict[str, int]:
    """Path below `folder` -> mode, of all that lies in it."""
    return {str(path.relative_to(folder)): stat.S_IMODE(path.stat().st_mode) for path in folder.rglob("*")}


def test_the_database_and_its_log_are_ours_alone(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/state/deep/hallowerk.db")
    upgrade(database)
    with database.write() as session:
        session.execute(insert(Organisation).values(code="a", name="A"))
    found = modes(tmp_path)
    database.close()
    assert found == {
        "state": 0o700,
        "state/deep": 0o700,
        "state/deep/hallowerk.db": 0o600,
        "state/deep/hallowerk.db-wal": 0o600,
        "state/deep/hallowerk.db-shm": 0o600,
    }


def test_photos_documents_and_the_session_key_are_ours_alone(tmp_path: Path) -> None:
    settings = load_settings(state_dir=tmp_path / "state", secret_key="")
    session_key(settings)
    store = FolderMediaStore(settings.media_dir)
    store.note("source", store.put(b"a document", "application/pdf"))
    found = modes(tmp_path)
    assert len(found) == 10
    for name, mode in found.items():
        assert mode == (0o700 if (tmp_path / name).is_dir() else 0o600), name


def test_a_folder_that_is_there_already_keeps_the_mode_its_owner_gave_it(tmp_path: Path) -> None:
    tmp_path.chmod(0o750)
    Database(f"sqlite:///{tmp_path}/hallowerk.db").engine.dispose()
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o750
