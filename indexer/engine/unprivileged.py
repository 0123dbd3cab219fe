"""Runs servers that refuse root (Elasticsearch, PostgreSQL) under an unprivileged uid."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any

#: The overflow uid and gid ('nobody'): present on every Linux and without rights, so no account is made.
UID = GID = 65534


def as_root() -> bool:
    """Whether this process is root, so that servers need another uid."""
    return os.geteuid() == 0


def popen(
    command: Sequence[str],
    env: Mapping[str, str],
    cwd: Path,
    log: IO[bytes],
    stdin: int = subprocess.DEVNULL,
) -> subprocess.Popen[bytes]:
    """Start `command` in a session of its own, output to `log`; as root under the unprivileged uid.

    A session of its own keeps a Ctrl-C in the terminal from reaching the server, and lets it be ended as a group.
    """
    return subprocess.Popen(  # noqa: S603
        command,
        env=dict(env),
        cwd=cwd,
        stdin=stdin,
        stdout=log,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        **_other_user(),
    )


def run(command: Sequence[str], env: Mapping[str, str], cwd: Path) -> subprocess.CompletedProcess[bytes]:
    """Run `command` to its end under the same uid; output is captured, the exit code not judged."""
    return subprocess.run(command, env=dict(env), cwd=cwd, capture_output=True, **_other_user())  # noqa: S603


def _other_user() -> dict[str, Any]:
    """What subprocess takes to run under the unprivileged uid; nothing when we aren't root."""
    return {"user": UID, "group": GID, "extra_groups": []} if as_root() else {}


def own(path: Path) -> None:
    """Give `path` and all below it to the uid that servers run under; nothing to do when not root."""
    if not as_root():
        return
    os.chown(path, UID, GID, follow_symlinks=False)
    for folder, folders, files in os.walk(path):
        for name in (*folders, *files):
            os.chown(os.path.join(folder, name), UID, GID, follow_symlinks=False)


def closed_folder(path: Path) -> Path | None:
    """The first folder on the way to `path` that the servers' uid cannot enter, or None when all are open."""
    if not as_root():
        return None
    resolved = path.resolve()
    for folder in (*reversed(resolved.parents), resolved):
        if not folder.exists():
            return None
        state = folder.stat()
        allowed = 0o100 if state.st_uid == UID else 0o010 if state.st_gid == GID else 0o001
        if not state.st_mode & allowed:
            return folder
    return None
