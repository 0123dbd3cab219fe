"""The note about the engine that was started for this installation, and its folders."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from indexer.engine.processes import started_at
from matching.settings import Settings


@dataclass(frozen=True)
class Note:
    """One started engine: its process (with its start, since pids are given out again), port and version."""

    pid: int
    started: str
    port: int
    url: str
    version: str

    @property
    def alive(self) -> bool:
        """Whether that very process still runs."""
        return started_at(self.pid) == self.started


@dataclass(frozen=True)
class Folders:
    """Where the engine of one installation keeps its things; the folder itself stays ours, the rest is the engine's."""

    root: Path

    @property
    def config(self) -> Path:
        """The engine's configuration; synonym files go below it."""
        return self.root / "config"

    @property
    def console(self) -> Path:
        """What the engine prints."""
        return self.root / "console.log"

    @property
    def note(self) -> Path:
        """The note about the running engine."""
        return self.root / "running.json"

    @property
    def engines_own(self) -> tuple[Path, ...]:
        """The folders the engine writes in."""
        return tuple(self.root / name for name in ("config", "data", "logs", "repo", "tmp"))


def folders(settings: Settings) -> Folders:
    """The folders of this installation's engine: below the shared cache, which the engine's uid can enter."""
    return Folders(settings.engine_cache / "instances" / settings.installation)


def read_note(settings: Settings) -> Note | None:
    """The last note written, whether or not that engine still runs; None when there is none or it is damaged."""
    try:
        return Note(**json.loads(folders(settings).note.read_text()))
    except (FileNotFoundError, NotADirectoryError, json.JSONDecodeError, TypeError):
        return None


def write_note(settings: Settings, note: Note) -> None:
    """Write the note in one step, so that a reader sees the former one or this one."""
    path = folders(settings).note
    draft = path.with_suffix(".draft")
    draft.write_text(json.dumps(asdict(note)) + "\n")
    os.replace(draft, path)
