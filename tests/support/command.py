"""Runs the `hallowerk` command in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from web.commands import cli

HALLOWERK = [sys.executable, "-c", "from web.commands import main; main()"]


def hallowerk(folder: Path, *arguments: str, limit: int = 120, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run it to its end with the state in `folder` and the given environment variables."""
    return subprocess.run(
        [*HALLOWERK, *arguments], env=environment(folder, **variables), capture_output=True, text=True, timeout=limit
    )


def environment(folder: Path, **variables: str) -> dict[str, str]:
    """This process' environment without its own engine, database and broker, the state in `folder`, and `variables`."""
    return {
        **os.environ,
        "ELASTICSEARCH_URL": "",
        "DATABASE_URL": "",
        "REDIS_URL": "",
        "HALLOWERK_STATE_DIR": str(folder / "state"),
        **variables,
    }


def parse(arguments: Sequence[str]) -> None:
    """Have click read a whole command line, without doing anything. Raises click's UsageError."""
    command: click.Command = cli
    context = None
    rest = list(arguments)
    while True:
        context = command.make_context("hallowerk", rest, parent=context)
        if not isinstance(command, click.Group):
            return
        _, found, rest = command.resolve_command(context, [*context._protected_args, *context.args])
        assert found is not None
        command = found
