"""Tells whether the demo that a database holds is the one this version of the package makes."""

from __future__ import annotations

import hashlib
from importlib.resources import files
from pathlib import Path

import orjson
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from matching.candidates.records import Candidate
from matching.private import private_folder
from matching.settings import Settings

NOTE = "demo.json"


def demo_version() -> str:
    """A digest of everything that decides what the demo is: this package's code and texts."""
    digest = hashlib.sha256()
    folder = files("matching.demo")
    names = [f"data/{entry.name}" for entry in folder.joinpath("data").iterdir() if entry.name.endswith(".txt")]
    names += [entry.name for entry in folder.iterdir() if entry.name.endswith(".py")]
    for name in sorted(names):
        digest.update(name.encode() + b"\0" + folder.joinpath(name).read_bytes() + b"\0")
    return digest.hexdigest()


def _note_path(settings: Settings) -> Path:
    return settings.state_dir / NOTE


def _note(settings: Settings, people: int) -> dict[str, str | int]:
    database = hashlib.sha256(settings.database.encode()).hexdigest()
    return {"version": demo_version(), "people": people, "database": database}


def note_loaded(settings: Settings, people: int) -> None:
    """Note that this version's demo is loaded whole, so that the next run has nothing to do."""
    path = _note_path(settings)
    private_folder(path.parent)
    path.write_bytes(orjson.dumps(_note(settings, people)))


def is_loaded(settings: Settings, session: Session, people: int) -> bool:
    """Whether this version's demo of `people` is in this database, loaded whole."""
    path = _note_path(settings)
    if not path.exists() or orjson.loads(path.read_bytes()) != _note(settings, people):
        return False
    return count_present(session) == people


def holds_demo(settings: Settings) -> bool:
    """Whether the demo was loaded into this database, by `hallowerk demo load` with this state folder."""
    path = _note_path(settings)
    return path.exists() and orjson.loads(path.read_bytes())["database"] == _note(settings, 0)["database"]


def count_present(session: Session) -> int:
    """How many of the demo's people the database holds."""
    return session.scalar(select(func.count()).where(Candidate.external_id.like("demo-%"))) or 0


def surplus_ids(session: Session, people: int) -> list[str]:
    """External ids of demo people beyond number `people`, left by an earlier, larger demo."""
    found = session.scalars(select(Candidate.external_id).where(Candidate.external_id.like("demo-%")))
    return sorted(name for name in found if name[5:].isdigit() and int(name[5:]) > people)
