"""Makes folders and files that only this user can read: they hold what people entrusted to us."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

FOLDER_MODE, FILE_MODE = 0o700, 0o600


def private_folder(folder: Path) -> None:
    """Make `folder` and its missing parents with mode 700, whatever the umask; those that exist stay as they are."""
    if folder.is_dir():
        return
    private_folder(folder.parent)
    folder.mkdir(mode=FOLDER_MODE, exist_ok=True)


def private_file(file: Path) -> None:
    """Make an empty `file` with mode 600 when it isn't there yet."""
    with suppress(FileExistsError):
        os.close(os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, FILE_MODE))
