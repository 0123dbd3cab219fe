"""`hallowerk index`: build the search indexes, bring them up to date, see how they stand."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict

import click
import orjson
from elasticsearch import ApiError, TransportError
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from indexer.build import BuildFailed, build
from indexer.build import Progress as Filled
from indexer.bulk import EngineBusy, Refusal
from indexer.catalogue import UnknownShowcase
from indexer.changes import Drained, drain
from indexer.engine.client import connect
from indexer.engine.errors import EngineError
from indexer.status import IndexStatus, index_status
from indexer.targets import TargetError
from matching.settings import Settings, load_settings
from matching.storage.database import Database
from web.commands.intake import database_messages, must_be_current

SHOWN_REFUSALS = 20


@click.group()
def command() -> None:
    """The search indexes: one for each showcase, filled from the database."""


@command.command("build")
@click.option("--showcase", "codes", multiple=True, metavar="CODE", help="Only this showcase; may be repeated.")
def build_command(codes: tuple[str, ...]) -> None:
    """Build new indexes from the database and switch searches to them.

    Searches go on meanwhile, and the former index stays as a spare. When the counts don't agree at the end, the
    switch is not made. Exit code 1 when it failed or the engine refused a listing.

    \b
    Examples:
      hallowerk index build
      hallowerk index build --showcase rotterdam
    """
    run_build(codes)


def run_build(codes: Sequence[str] = ()) -> None:
    """Build with a progress bar; ends the process with a message when it fails."""
    settings = load_settings()
    console = Console(stderr=True)
    with (
        clear_messages(),
        Progress(
            TextColumn("Indexing"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), console=console
        ) as bar,
    ):
        task = bar.add_task("listings", total=None)

        def report(progress: Filled) -> None:
            bar.update(task, completed=progress.done, total=progress.total)

        built = build(_database(settings), connect(settings), settings, codes, report)
    for showcase, index in built.indexes.items():
        click.echo(f"{showcase}: {built.listings[showcase]} listings in {index}")
    for index in built.pruned:
        click.echo(f"removed: {index}")
    _show_refused(built.refused)


@command.command()
def update() -> None:
    """Bring every waiting change into the indexes.

    Does nothing when nothing changed. Exit code 1 when the engine refused a listing; its change keeps waiting.
    """
    settings = load_settings()
    with clear_messages():
        done = drain(_database(settings), connect(settings), settings, _show_drained)
    click.echo(
        f"{done.changes} changes of {done.candidates} candidates: {done.outcome.written} writes, "
        f"{done.unchanged} unchanged, {done.outcome.newer} already newer"
    )
    _show_refused(done.outcome.refused)


@command.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object: showcases, pending_changes.")
def status(as_json: bool) -> None:
    """Show each showcase's index, its documents, and whether a rebuild is due.

    A rebuild is due when the index was made with another mapping, other labels or another choice of profile parts.
    """
    settings = load_settings()
    with clear_messages():
        found = index_status(_database(settings), connect(settings), settings)
    if as_json:
        click.echo(orjson.dumps(asdict(found), option=orjson.OPT_INDENT_2))
    else:
        click.echo("\n".join(_lines(found)))


def _database(settings: Settings) -> Database:
    database = Database(settings.database)
    must_be_current(database)
    return database


def _lines(found: IndexStatus) -> Iterator[str]:
    for row in found.showcases:
        if row.index is None:
            yield f"{row.showcase}: no index yet; run `hallowerk index build --showcase {row.showcase}`"
            continue
        due = "; a rebuild is due: run `hallowerk index build`" if row.rebuild_due else ""
        yield f"{row.showcase}: {row.documents} of {row.shown} candidates in {row.index}{due}"
        for other in row.others:
            yield f"    beside it: {other}"
    yield f"changes waiting: {found.pending_changes}"


def _show_drained(done: Drained) -> None:
    click.echo(f"{done.changes} changes done", err=True)


def _show_refused(refused: Sequence[Refusal]) -> None:
    if not refused:
        return
    click.echo(f"The engine refused {len(refused)} listings:", err=True)
    for refusal in refused[:SHOWN_REFUSALS]:
        click.echo(f"  candidate {refusal.id} in {refusal.index}: {refusal.reason}", err=True)
    raise SystemExit(1)


@contextmanager
def clear_messages() -> Iterator[None]:
    """Turn what can go wrong outside this program into one sentence and exit code 1."""
    try:
        with database_messages():
            yield
    except (EngineError, BuildFailed, UnknownShowcase, TargetError) as error:
        raise SystemExit("\n".join([str(error), *getattr(error, "__notes__", ())])) from error
    except EngineBusy as error:
        raise SystemExit(f"The search engine stayed too busy: {error}. Try again later.") from error
    except TransportError as error:
        raise SystemExit(f"The search engine does not answer: {error}") from error
    except ApiError as error:
        raise SystemExit(f"The search engine refused the request: {error}") from error
