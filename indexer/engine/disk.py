"""How much room a disk has, and what to say when there is too little."""

from __future__ import annotations

import errno
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from indexer.engine.errors import DiskFullError


def free_bytes(path: Path) -> int:
    """Free bytes for this user on the disk that holds `path`, which may not exist yet."""
    while not path.exists():
        path = path.parent
    return shutil.disk_usage(path).free


def require(path: Path, needed: int, purpose: str) -> None:
    """Raise DiskFullError when the disk of `path` has fewer than `needed` bytes free for `purpose`."""
    free = free_bytes(path)
    if free < needed:
        raise DiskFullError(
            f"The disk of {path} has {size(free)} free; {purpose} needs {size(needed)}. "
            "Make room, or set HALLOWERK_ENGINE_CACHE to a folder on a larger disk, and try again."
        )


@contextmanager
def told_when_full(path: Path, purpose: str) -> Iterator[None]:
    """Turn the system's 'no space left', 'quota exceeded' and 'file too large' into DiskFullError."""
    try:
        yield
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}:
            raise DiskFullError(
                f"The disk of {path} is full: {purpose} could not be completed ({error.strerror}). "
                "Make room, or set HALLOWERK_ENGINE_CACHE to a folder on a larger disk, and try again."
            ) from error
        raise


def size(count: int) -> str:
    """`count` bytes as people read it: MiB below one GiB, GiB with one decimal above."""
    return f"{count / 1024**3:.1f} GiB" if count >= 1024**3 else f"{count / 1024**2:.0f} MiB"
