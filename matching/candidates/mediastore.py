"""Where photos and documents are kept: by the SHA-256 of their content, behind one interface."""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import BinaryIO, NamedTuple, Protocol

from sqlalchemy import select

from matching.candidates.records import CandidateMedia
from matching.private import private_file, private_folder
from matching.storage.database import Database

_HASH = re.compile(r"^[0-9a-f]{64}$")
_NOTES = "sources"
_FILES = "files"
_ADDING, _TURN = "adding.lock", "turn.lock"


class Kept(NamedTuple):
    """A file in the store: SHA-256 of its bytes in hexadecimal, its media type and its length in bytes."""

    content_hash: str
    content_type: str
    size: int


class MediaStore(Protocol):
    """Keeps files by content. What is put once is the same at every later read."""

    def adding(self) -> AbstractContextManager[None]:
        """A block that puts or finds files and commits the rows that name them: nothing is pruned meanwhile."""

    def put(self, data: bytes, content_type: str) -> Kept:
        """Keep `data`; on return it survives a power cut. Putting the same bytes again changes nothing."""

    def open(self, content_hash: str) -> BinaryIO:
        """The file's bytes from the start; raises FileNotFoundError when it isn't there."""

    def note(self, source: str, kept: Kept) -> None:
        """Remember that the source named `source` became `kept`, so that it needn't be worked on again."""

    def noted(self, source: str) -> Kept | None:
        """What `source` became; None when that isn't remembered or the file is gone."""

    def prune(self, read_used: Callable[[], frozenset[str]]) -> int:
        """Remove the files that aren't among those used, which is asked once nobody adds; how many."""


class FolderMediaStore:
    """Keeps files in a folder, two levels deep by the first digits of the hash; made at the first file."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @contextmanager
    def adding(self) -> Iterator[None]:
        """See MediaStore. Several processes and threads may add at once; a pruning waits for them, and they for it."""
        with self._locked(fcntl.LOCK_SH):
            yield

    def put(self, data: bytes, content_type: str) -> Kept:
        """See MediaStore."""
        content_hash = hashlib.sha256(data).hexdigest()
        path = self._path(content_hash)
        if not path.exists():
            _write(path, data)
        return Kept(content_hash, content_type, len(data))

    def open(self, content_hash: str) -> BinaryIO:
        """See MediaStore."""
        return self._path(content_hash).open("rb")

    def note(self, source: str, kept: Kept) -> None:
        """See MediaStore."""
        text = f"{kept.content_hash} {kept.content_type} {kept.size}"
        _write(self._note(source), text.encode(), durable=False)  # a lost note costs one more decoding, no more

    def noted(self, source: str) -> Kept | None:
        """See MediaStore."""
        try:
            content_hash, content_type, size = self._note(source).read_text().split()
            kept = Kept(content_hash, content_type, int(size))
        except (FileNotFoundError, ValueError):  # ValueError: cut short by a power cut
            return None
        return kept if self._path(content_hash).exists() else None

    def prune(self, read_used: Callable[[], frozenset[str]]) -> int:
        """See MediaStore."""
        with self._locked(fcntl.LOCK_EX):
            return self._prune(read_used())

    def _prune(self, used: frozenset[str]) -> int:
        removed = 0
        for path in self._files():
            if path.name not in used:
                path.unlink()
                removed += 1
        for note in (self._folder / _NOTES).glob("*/*"):
            content_hash = note.read_text().partition(" ")[0]
            if not _HASH.match(content_hash) or not self._path(content_hash).exists():
                note.unlink()
        return removed

    @contextmanager
    def _locked(self, kind: int) -> Iterator[None]:
        """Hold the lock on the files; the system lets go of it when this process dies.

        Whoever waits has the turn, and the next one waits behind: imports one after another would else keep a pruning
        waiting for as long as they go on.
        """
        private_folder(self._folder)
        for name in (_ADDING, _TURN):
            private_file(self._folder / name)
        with (self._folder / _ADDING).open("r+b") as lock:
            with (self._folder / _TURN).open("r+b") as turn:
                fcntl.flock(turn, fcntl.LOCK_EX)
                fcntl.flock(lock, kind)
            yield

    def _files(self) -> Iterator[Path]:
        return (self._folder / _FILES).glob("*/*/*")

    def _path(self, content_hash: str) -> Path:
        if not _HASH.match(content_hash):
            raise ValueError("not a content hash")
        return self._folder / _FILES / content_hash[:2] / content_hash[2:4] / content_hash

    def _note(self, source: str) -> Path:
        name = hashlib.sha256(source.encode()).hexdigest()
        return self._folder / _NOTES / name[:2] / name


def prune_media(database: Database, store: MediaStore) -> int:
    """Remove the files that no profile uses; how many."""

    def read_used() -> frozenset[str]:
        used = select(CandidateMedia.content_hash).where(CandidateMedia.content_hash.is_not(None)).distinct()
        with database.read() as session:
            return frozenset(session.scalars(used))

    return store.prune(read_used)


def _write(path: Path, data: bytes, durable: bool = True) -> None:
    """Write a file so that it is there whole or not at all; `durable`: also after a power cut."""
    private_folder(path.parent)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".new-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            if durable:
                os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException as error:
        os.unlink(temporary)
        if isinstance(error, OSError):  # who reports it can say where there is no room
            error.filename = str(path)
        raise
    if not durable:
        return
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
