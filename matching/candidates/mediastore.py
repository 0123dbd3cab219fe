"""Where photos and documents are kept: by the SHA-256 of their content, behind one interface."""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple, Protocol

from sqlalchemy import select

from matching.candidates.records import CandidateMedia
from matching.private import private_folder
from matching.storage.database import Database

#: An import puts files before the rows that name them: what is newer than this may be about to be used.
AN_IMPORT_S = 3600.0
_HASH = re.compile(r"^[0-9a-f]{64}$")
_NOTES = "sources"
_FILES = "files"


class Kept(NamedTuple):
    """A file in the store: SHA-256 of its bytes in hexadecimal, its media type and its length in bytes."""

    content_hash: str
    content_type: str
    size: int


class MediaStore(Protocol):
    """Keeps files by content. What is put once is the same at every later read."""

    def put(self, data: bytes, content_type: str) -> Kept:
        """Keep `data`; on return it survives a power cut. Putting the same bytes again changes nothing."""

    def open(self, content_hash: str) -> BinaryIO:
        """The file's bytes from the start; raises FileNotFoundError when it isn't there."""

    def note(self, source: str, kept: Kept) -> None:
        """Remember that the source named `source` became `kept`, so that it needn't be worked on again."""

    def noted(self, source: str) -> Kept | None:
        """What `source` became; None when that isn't remembered or the file is gone."""

    def prune(self, used: frozenset[str], before: float) -> int:
        """Remove files that aren't in `used` and were last put before that moment (Unix seconds); how many."""


class FolderMediaStore:
    """Keeps files in a folder, two levels deep by the first digits of the hash; made at the first file."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, data: bytes, content_type: str) -> Kept:
        """See MediaStore."""
        content_hash = hashlib.sha256(data).hexdigest()
        path = self._path(content_hash)
        if path.exists():
            os.utime(path)  # shields it from a prune that started before its use is in the database
        else:
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
            os.utime(self._path(content_hash))
        except (FileNotFoundError, ValueError):  # ValueError: cut short by a power cut
            return None
        return Kept(content_hash, content_type, int(size))

    def prune(self, used: frozenset[str], before: float) -> int:
        """See MediaStore."""
        removed = 0
        for path in self._files():
            if path.name not in used and path.stat().st_mtime < before:
                path.unlink()
                removed += 1
        for note in (self._folder / _NOTES).glob("*/*"):
            content_hash = note.read_text().partition(" ")[0]
            if not _HASH.match(content_hash) or not self._path(content_hash).exists():
                note.unlink()
        return removed

    def _files(self) -> Iterator[Path]:
        return (self._folder / _FILES).glob("*/*/*")

    def _path(self, content_hash: str) -> Path:
        if not _HASH.match(content_hash):
            raise ValueError("not a content hash")
        return self._folder / _FILES / content_hash[:2] / content_hash[2:4] / content_hash

    def _note(self, source: str) -> Path:
        name = hashlib.sha256(source.encode()).hexdigest()
        return self._folder / _NOTES / name[:2] / name


def prune_media(database: Database, store: MediaStore, before: float) -> int:
    """Remove the files that no profile uses and that were put before that moment (Unix seconds); how many."""
    with database.read() as session:
        used = select(CandidateMedia.content_hash).where(CandidateMedia.content_hash.is_not(None)).distinct()
        return store.prune(frozenset(session.scalars(used)), before)


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
