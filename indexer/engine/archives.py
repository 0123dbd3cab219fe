"""Checks and unpacks the engine's archives: nothing lands outside the folder it is unpacked to."""

from __future__ import annotations

import hashlib
import io
import shutil
import stat
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path, PurePosixPath

from indexer.engine.errors import WayError

_BLOCK = 1024 * 1024


def check(file: Path, algorithm: str, expected: str) -> None:
    """Raise WayError, and delete the file, when its checksum is not `expected` (hexadecimal)."""
    digest = hashlib.new(algorithm)
    with file.open("rb") as stream:
        while block := stream.read(_BLOCK):
            digest.update(block)
    if digest.hexdigest() != expected.lower():
        file.unlink()
        raise WayError(
            f"{file.name} has the wrong {algorithm} checksum (damaged on the way, or not the published file); "
            "it was thrown away"
        )


def unpack_zip(archive: Path, folder: Path, place: Callable[[str], str | None]) -> None:
    """Unpack the files of `archive` for which `place` gives a path below `folder`; keeps the executable bit.

    `place` gets the name in the archive and returns the path to write, or None to leave it out.
    """
    try:
        with zipfile.ZipFile(archive) as source:
            for member in source.infolist():
                wanted = None if member.is_dir() else place(member.filename)
                if wanted is None:
                    continue
                target = _inside(folder, wanted)
                target.parent.mkdir(parents=True, exist_ok=True)
                with source.open(member) as content, target.open("wb") as out:
                    shutil.copyfileobj(content, out, _BLOCK)
                executable = (member.external_attr >> 16) & stat.S_IXUSR
                target.chmod(0o755 if executable else 0o644)
    except (zipfile.BadZipFile, EOFError) as error:
        raise WayError(f"{archive.name} is not a complete zip archive ({error})") from error


def unpack_tar(archive: Path, folder: Path) -> None:
    """Unpack a .tar.gz below `folder` without its top folder: plain files, folders and links inside it only."""
    try:
        with tarfile.open(archive, "r:gz") as source:
            for member in source:
                parts = PurePosixPath(member.name).parts[1:]
                if not parts:
                    continue
                target = _inside(folder, "/".join(parts))
                if member.isdir():
                    target.mkdir(parents=True, exist_ok=True)
                elif member.issym():
                    _inside(folder, str(PurePosixPath(*parts[:-1], member.linkname)))
                    target.parent.mkdir(parents=True, exist_ok=True)
                    target.symlink_to(member.linkname)
                elif member.isfile():
                    target.parent.mkdir(parents=True, exist_ok=True)
                    content = source.extractfile(member)
                    with content or io.BytesIO() as stream, target.open("wb") as out:
                        shutil.copyfileobj(stream, out, _BLOCK)
                    target.chmod(0o755 if member.mode & stat.S_IXUSR else 0o644)
                else:
                    raise WayError(f"{archive.name} holds an entry that is no file or folder: {member.name}")
    except (tarfile.TarError, EOFError) as error:
        raise WayError(f"{archive.name} is not a complete archive ({error})") from error


def _inside(folder: Path, name: str) -> Path:
    root = folder.resolve()
    target = (root / name).resolve()
    if not target.is_relative_to(root):
        raise WayError(f"the archive names a file outside its folder: {name}")
    return root / name
