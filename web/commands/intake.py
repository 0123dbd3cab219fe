"""What `hallowerk candidates import` does, with its progress bar and its summary; the demo's command uses it too."""

from __future__ import annotations

import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import click
from elasticsearch import ApiError, TransportError
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from indexer.bulk import EngineBusy
from indexer.changes import drain
from indexer.engine.client import connect
from indexer.engine.errors import EngineError
from indexer.targets import TargetError
from indexer.timeline import WritesPaused
from matching.candidates.intake import Intake, Summary
from matching.candidates.mediastore import FolderMediaStore, prune_media
from matching.candidates.rejects import Rejects
from matching.settings import Settings
from matching.storage.database import Database
from matching.storage.errors import DatabaseBusy, DatabaseUnavailable
from matching.storage.migrate import is_current
from web.commands import NO_ROOM
from web.commands.trail import note_command

UNUSABLE = 2


class Imported(NamedTuple):
    """What an import did, in how many seconds, and why its changes wait for the index (None: they don't)."""

    summary: Summary
    seconds: float
    waiting: str | None

    def as_dict(self) -> dict[str, Any]:
        """The summary as the command prints it with --json."""
        return {**asdict(self.summary), "seconds": round(self.seconds, 2), "index_waits_because": self.waiting}


def run_import(
    settings: Settings, source: str, rejects: Path | None = None, media: Path | None = None, index: bool = True
) -> tuple[Imported, Path]:
    """Import a file ('-': standard input) and bring the index up to date; what was done, and the rejects file's path.

    Ends the process with a message and exit code 2 when the file or the database can't be used.
    """
    started = time.monotonic()
    database = Database(settings.database)
    standard_input = source == "-"
    rejects = rejects or Path("standard-input.rejects.jsonl" if standard_input else f"{source}.rejects.jsonl")
    root = media or (Path.cwd() if standard_input else Path(source).resolve().parent)
    with database_messages():
        must_be_current(database)
        store = FolderMediaStore(settings.media_dir)
        with _opened(source) as file, Rejects(rejects) as refused, _bar(file) as report:
            intake = Intake(database, store, root, refused, datetime.now(UTC), report)
            try:
                summary = intake.run(file)
            finally:
                # Also of an import that was broken off: the batches before that are there to stay.
                with database.write() as session:
                    note_command(session, "candidates.import", asdict(intake.summary))
            if intake.summary.deleted:  # who is erased leaves no photo or document behind
                prune_media(database, store)
        waiting = _bring_up_to_date(database, settings) if index else "--no-index was given"
    return Imported(summary, time.monotonic() - started, waiting), rejects


@contextmanager
def database_messages() -> Iterator[None]:
    """End with a sentence instead of a traceback when the database can't be used."""
    try:
        yield
    except (DatabaseBusy, DatabaseUnavailable) as error:
        click.echo(str(error), err=True)
        raise SystemExit(UNUSABLE) from error


def must_be_current(database: Database) -> None:
    """End with a message when the tables aren't those of this version."""
    if not is_current(database):
        click.echo("The database is not up to date. Run `hallowerk database upgrade` first.", err=True)
        raise SystemExit(UNUSABLE)


@contextmanager
def _opened(source: str) -> Iterator[BinaryIO]:
    """The file to read, twice if need be: standard input is set aside in a temporary file first.

    Ends with a message when it can't be read, or when what is made of it can't be written.
    """
    try:
        if source == "-":
            with tempfile.TemporaryFile() as copy:
                shutil.copyfileobj(sys.stdin.buffer, copy)
                copy.seek(0)
                yield copy
        else:
            with open(source, "rb") as file:
                yield file
    except OSError as error:
        click.echo(f"{error.filename or source}: {error.strerror or error}", err=True)
        if error.errno in NO_ROOM:
            click.echo("What was taken in before stays. Make room, and run the import again.", err=True)
        raise SystemExit(UNUSABLE) from error


@contextmanager
def _bar(file: BinaryIO) -> Iterator[Callable[[Summary], None]]:
    """A progress bar over the file's bytes, on a terminal only."""
    console = Console(stderr=True)
    file.seek(0, 2)
    total = file.tell()
    file.seek(0)
    columns = (TextColumn("Importing"), BarColumn(), TextColumn("{task.fields[lines]:,} lines"), TimeRemainingColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as bar:
        task = bar.add_task("lines", total=total, lines=0)

        def report(summary: Summary) -> None:
            bar.update(task, completed=file.tell(), lines=summary.lines)

        yield report


def _bring_up_to_date(database: Database, settings: Settings) -> str | None:
    """Index what was committed and not indexed yet, by this import or an earlier one; why not, if it can't be."""
    try:
        done = drain(database, connect(settings), settings)
    except (EngineError, EngineBusy, TargetError, WritesPaused, ApiError, TransportError) as error:
        told = isinstance(error, (EngineError, TargetError, WritesPaused))
        return str(error) if told else "the search engine does not answer"
    refused = len(done.outcome.refused)
    return f"the search engine refused {refused} listings; see `hallowerk index dead-letters list`" if refused else None
