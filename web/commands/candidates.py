"""`hallowerk candidates`: take profiles in, give them back, and say what a profile looks like."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import click
import orjson

from matching.candidates.export import FolderOfMedia, export_lines
from matching.candidates.mediastore import FolderMediaStore, prune_media
from matching.candidates.schema import json_schema
from matching.settings import load_settings
from matching.storage.database import Database
from web.commands.intake import UNUSABLE, database_messages, must_be_current, run_import
from web.commands.trail import note_command


@click.group()
def command() -> None:
    """Candidates' profiles: import, export and their format."""


@command.command("import")
@click.argument("file")
@click.option(
    "--rejects", type=click.Path(path_type=Path), help="Where refused lines go.  [default: FILE.rejects.jsonl]"
)
@click.option(
    "--media",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Folder that file paths in the lines start from.  [default: FILE's folder]",
)
@click.option("--no-index", is_flag=True, help="Leave the search index for `hallowerk index update`.")
@click.option("--json", "as_json", is_flag=True, help="Print the summary as one JSON object.")
def import_command(file: str, rejects: Path | None, media: Path | None, no_index: bool, as_json: bool) -> None:
    """Take in profiles from FILE, JSON Lines, or from standard input with '-'.

    Each line is one whole profile (`hallowerk candidates schema` shows its form) or a delete marker. A known
    external_id replaces that profile; a profile that is the same already is left alone. Photos and documents are
    paths beside FILE. Lines that can't be taken go to the rejects file with the reason, and the others go on. A broken
    off import is carried on by running it again.

    \b
    Exit code: 0 all lines taken, 1 some refused, 2 file or database can't be used.

    \b
    Examples:
      hallowerk candidates import profiles.jsonl
      zcat profiles.jsonl.gz | hallowerk candidates import - --media photos/
    """
    imported, rejects_path = run_import(load_settings(), file, rejects, media, index=not no_index)
    summary = imported.summary
    if as_json:
        shown = {**imported.as_dict(), "rejects_file": str(rejects_path) if summary.rejected else None}
        click.echo(orjson.dumps(shown))
    else:
        click.echo(
            f"{summary.new} new, {summary.changed} changed, {summary.unchanged} unchanged, {summary.deleted} deleted, "
            f"{summary.rejected} rejected in {imported.seconds:.1f} s"
        )
        if summary.rejected:
            click.echo(f"What is wrong with the rejected lines is in {rejects_path}", err=True)
    if imported.waiting:
        click.echo(f"The search index was not brought up to date: {imported.waiting}", err=True)
        click.echo("Nothing is lost: the changes wait; `hallowerk index update` brings them in.", err=True)
    if summary.rejected:
        raise SystemExit(1)


@command.command("export")
@click.argument("file", default="-")
@click.option(
    "--media",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder for photos and documents.  [default: FILE without suffix, with .media; candidates.media for '-']",
)
def export_command(file: str, media: Path | None) -> None:
    """Write every profile to FILE, or to standard output with '-', as `hallowerk candidates import` takes it.

    Photos and documents are copied into a folder beside FILE. The export holds personal data: only you can read it.

    \b
    Examples:
      hallowerk candidates export backup/profiles.jsonl
      hallowerk candidates export - --media photos | gzip > profiles.jsonl.gz
    """
    settings = load_settings()
    database = Database(settings.database)
    base = Path.cwd() if file == "-" else Path(file).resolve().parent
    folder = media or base / (f"{Path(file).stem}.media" if file != "-" else "candidates.media")
    prefix = os.path.relpath(folder.resolve(), base.resolve())
    if prefix.startswith(".."):
        click.echo(
            "The media folder must be FILE's folder or below it, else import would not find the files.", err=True
        )
        raise SystemExit(UNUSABLE)
    copies = FolderOfMedia(FolderMediaStore(settings.media_dir), folder, prefix)
    lines = 0
    with database_messages():
        must_be_current(database)
        with _target(file) as target, database.read() as session:
            for line in export_lines(session, copies):
                target.write(line)
                lines += 1
        with database.write() as session:
            note_command(session, "candidates.export", {"candidates": lines, "files": copies.copied})
    click.echo(f"{lines} profiles and {copies.copied} files written", err=True)


@command.command()
def schema() -> None:
    """Print the JSON Schema of a line of an import file."""
    click.echo(orjson.dumps(json_schema(), option=orjson.OPT_INDENT_2))


@command.command("prune-media")
def prune_media_command() -> None:
    """Remove stored photos and documents that no profile uses any more."""
    settings = load_settings()
    database = Database(settings.database)
    with database_messages():
        must_be_current(database)
        removed = prune_media(database, FolderMediaStore(settings.media_dir))
    click.echo(f"{removed} files removed")


@contextmanager
def _target(file: str) -> Iterator[BinaryIO]:
    """Where to write: standard output, or a file that is there whole or not at all and that only its owner reads."""
    path = Path(file)
    try:
        if file == "-":
            yield sys.stdout.buffer
            sys.stdout.buffer.flush()
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, partial = tempfile.mkstemp(dir=path.parent, prefix=".export-")
        try:
            with os.fdopen(handle, "wb") as target:
                yield target
            os.replace(partial, path)
        except BaseException:
            os.unlink(partial)
            raise
    except OSError as error:
        click.echo(f"{file} cannot be written: {error.strerror}.", err=True)
        raise SystemExit(UNUSABLE) from error
