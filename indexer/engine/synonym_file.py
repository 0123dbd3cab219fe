"""The file of synonyms that an engine's search analyzers read: where it lies, and how it is replaced in one step."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from indexer.engine.note import folders
from matching.search.synonym_rules import read_rules
from matching.settings import Settings

#: Below the engine's config folder.
FOLDER = "synonyms"
#: The engine runs under another uid than who publishes.
_MODE = 0o644


@dataclass(frozen=True)
class SynonymFile:
    """The published synonyms of one installation. `path` is where we see the file."""

    path: Path

    @property
    def engine_path(self) -> str:
        """Where the engine sees it: below its config folder."""
        return f"{FOLDER}/{self.path.name}"

    @property
    def draft_engine_path(self) -> str:
        """Where the engine sees the draft."""
        return f"{FOLDER}/{self._draft.name}"

    @property
    def lock(self) -> Path:
        """Held while somebody publishes."""
        return self.path.with_name(f".{self.path.stem}.lock")

    @property
    def _draft(self) -> Path:
        return self.path.with_name(f".{self.path.stem}.draft")

    def read(self) -> str:
        """The published rules; empty when there are none yet."""
        try:
            return self.path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return ""

    def make_readable(self) -> None:
        """Leave a file that the engine can start with, which it can't when there is none or one that it can't read.

        Publishing leaves no such file. Should a hand or a disk have done so, the lines that can be read are kept.
        """
        content = self.path.read_bytes() if self.path.exists() else None
        rules = read_rules(content or b"")
        if content is None or rules.problems:
            self.replace(rules.text)

    def replace(self, text: str) -> None:
        """Put `text` in the file's place in one step, however the process or machine ends."""
        self.write_draft(text)
        self.accept_draft()

    def write_draft(self, text: str) -> None:
        """Write `text` beside the file, where no index looks for it."""
        with self._draft.open("w", encoding="utf-8") as file:
            file.write(text)
            os.fchmod(file.fileno(), _MODE)
            file.flush()
            os.fsync(file.fileno())

    def accept_draft(self) -> None:
        """Let the draft take the file's place."""
        os.replace(self._draft, self.path)

    def drop_draft(self) -> None:
        """Remove the draft, if there is one."""
        self._draft.unlink(missing_ok=True)


def managed_file(settings: Settings) -> SynonymFile:
    """The file of the engine that we manage."""
    return SynonymFile(folders(settings).config / FOLDER / f"{settings.index_prefix}.txt")


def synonym_file(settings: Settings) -> SynonymFile | None:
    """The file that this installation's indexes read; None for a cluster whose folder we don't know.

    Installations that share a cluster have each their own, by HALLOWERK_INDEX_PREFIX.
    """
    if not settings.elasticsearch_url:
        return managed_file(settings)
    return SynonymFile(settings.synonyms_dir / f"{settings.index_prefix}.txt") if settings.synonyms_dir else None
