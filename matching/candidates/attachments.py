"""Photos and documents of a profile: from the paths beside an import file to what the media store keeps."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from matching.candidates.document_files import content_type, safe_name
from matching.candidates.images import MAX_BYTES, ImageKind, MediaRefused, reencode
from matching.candidates.lines import Problem, shorten
from matching.candidates.mediastore import Kept, MediaStore
from matching.candidates.profile import CandidateProfile


class Medium(NamedTuple):
    """One row of candidate_media, without its ids."""

    kind: str
    position: int
    title: str | None
    url: str | None
    content_hash: str | None
    content_type: str | None
    file_name: str | None
    size: int | None


def attach(profile: CandidateProfile, root: Path, store: MediaStore) -> tuple[list[Medium], list[Problem]]:
    """Keep the files that `profile` names below `root`, and list its media; problems for those that can't be kept.

    A source that was seen before isn't decoded again. Safe to call from several threads at once.
    """
    media: list[Medium] = []
    problems: list[Problem] = []
    for field, kind, path, title, position in _named_files(profile):
        try:
            data = _read(root, path)
            kept = _keep_document(data, store) if kind == "document" else _keep_image(data, kind, store)
        except MediaRefused as error:
            problems.append(Problem(field, shorten(path), str(error)))
            continue
        name = safe_name(path, kept.content_type) if kind == "document" else None
        media.append(Medium(kind, position, title, None, kept.content_hash, kept.content_type, name, kept.size))
    for kind, links in (("video", profile.videos), ("link", profile.links)):
        for position, link in enumerate(links):
            media.append(Medium(kind, position, link.title, str(link.url), None, None, None, None))
    return media, problems


class _NamedFile(NamedTuple):
    field: str
    kind: ImageKind | str
    path: str
    title: str | None
    position: int


def _named_files(profile: CandidateProfile) -> Iterator[_NamedFile]:
    if profile.portrait:
        yield _NamedFile("portrait", "portrait", profile.portrait, None, 0)
    for position, file in enumerate(profile.photos):
        yield _NamedFile(f"photos.{position}.file", "photo", file.file, file.title, position)
    for position, file in enumerate(profile.documents):
        yield _NamedFile(f"documents.{position}.file", "document", file.file, file.title, position)


def _keep_document(data: bytes, store: MediaStore) -> Kept:
    return store.put(data, content_type(data))


def _keep_image(data: bytes, kind: str, store: MediaStore) -> Kept:
    image_kind: ImageKind = "portrait" if kind == "portrait" else "photo"
    source = f"{image_kind}:{hashlib.sha256(data).hexdigest()}"
    kept = store.noted(source)
    if kept is None:
        kept = store.put(*reencode(data, image_kind))
        store.note(source, kept)
        # What we wrote ourselves comes back in an export, and is not to lose by being written again.
        store.note(f"{image_kind}:{kept.content_hash}", kept)
    return kept


def _read(root: Path, path: str) -> bytes:
    """The bytes of a plain file below `root`; nothing outside is read, also not through a link."""
    parts = PurePosixPath(path)
    if parts.is_absolute() or ".." in parts.parts or "\\" in path or "\x00" in path:
        raise MediaRefused("is not a path below the folder of the import file")
    try:
        real = (root / parts).resolve(strict=True)
    except FileNotFoundError as error:
        raise MediaRefused("does not exist") from error
    except (OSError, RuntimeError) as error:
        raise MediaRefused("cannot be read") from error
    if not real.is_relative_to(root.resolve()):
        raise MediaRefused("leads outside the folder of the import file")
    try:
        handle = os.open(real, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW)  # a pipe must not make it wait
    except OSError as error:
        raise MediaRefused("cannot be read") from error
    try:
        state = os.fstat(handle)
        if not stat.S_ISREG(state.st_mode):
            raise MediaRefused("is not a file")
        if state.st_size > MAX_BYTES:
            raise MediaRefused(f"is larger than {MAX_BYTES // 1024 // 1024} MB")
        with open(handle, "rb", closefd=False) as file:
            return file.read(MAX_BYTES + 1)
    finally:
        os.close(handle)
