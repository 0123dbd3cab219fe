"""`hallowerk index rebuild|resume|rollback|prune`: new indexes beside the live ones, and the way back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

import click
import orjson
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from indexer.engine.client import connect
from indexer.rebuild.progress import Progress as Filled
from indexer.rebuild.prune import prune
from indexer.rebuild.rollback import roll_back
from indexer.rebuild.run import Built, Report, Resumed, rebuild, resume
from matching.settings import load_settings
from web.commands.opening import clear_messages, open_database, show_refused

_SHOWCASE = click.option(
    "--showcase", "codes", multiple=True, metavar="CODE", help="Only this showcase; may be repeated."
)
_FORCE = click.option(
    "--force", metavar="REASON", default="", help="Pass the gate whatever it finds; the reason goes into the trail."
)


_BUILT_JSON = click.option(
    "--json", "as_json", is_flag=True, help="Print one JSON object: indexes, listings, refused, pruned, passed."
)


@click.command("rebuild")
@_SHOWCASE
@_FORCE
@_BUILT_JSON
def rebuild_command(codes: tuple[str, ...], force: str, as_json: bool) -> None:
    """Build new indexes from the database, check them, and switch searches to them.

    Searches and changes go on meanwhile, and the former index stays as a spare that gets every change. New indexes
    that do not hold what the database says are not used: they wait for `hallowerk index resume`. One that was broken
    off is carried on with. Exit code 1 when it failed or the engine refused a listing.

    \b
    Examples:
      hallowerk index rebuild
      hallowerk index rebuild --showcase rotterdam
      hallowerk index rebuild --force "half of the profiles were withdrawn, on purpose"
    """
    run_rebuild(codes, force, as_json)


@click.command("resume")
@_FORCE
@click.option("--undo", is_flag=True, help="Remove the new indexes instead; what is live stays.")
@click.option(
    "--json", "as_json", is_flag=True, help="Print one JSON object: rebuilds, each with what went live or why not."
)
def resume_command(force: str, undo: bool, as_json: bool) -> None:
    """Carry on with rebuilds and rollbacks that were broken off, or that wait at the gate.

    What can't be carried on, because the engine or this version is another one by now, is undone. One that another
    process works on is let be.
    """
    settings = load_settings()
    done: list[Resumed] = []
    with clear_messages():
        try:
            with _bar() as report:
                resume(
                    open_database(settings),
                    connect(settings),
                    settings,
                    report,
                    force=_reason(force),
                    held_too=True,
                    undo=undo,
                    tell=done.append,
                )
            if not done and not as_json:
                click.echo("nothing to carry on with")
        finally:  # one that went wrong does not hide what became of the others
            _show_resumed(done, as_json)
    show_refused([refusal for one in done if one.built for refusal in one.built.refused])


def _show_resumed(done: Sequence[Resumed], as_json: bool) -> None:
    if as_json:
        _print_json({"rebuilds": [asdict(one) for one in done]})
        return
    for one in done:
        if one.built is None:
            click.echo(f"rebuild {one.rebuild} of {', '.join(one.showcases)} was undone: {one.undone}")
    for one in done:
        if one.built:
            _show(one.built)
        for code, index in one.lost.items():
            click.echo(
                f"{code}: the engine has no index {index} any more, so what was live before stays. `hallowerk index "
                "reconcile` has it searched again",
                err=True,
            )


@click.command("rollback")
@_SHOWCASE
@_BUILT_JSON
def rollback_command(codes: tuple[str, ...], as_json: bool) -> None:
    """Let searches use the former index again, at once; the present one becomes the spare.

    What was changed or deleted since is in the former index too.
    """
    settings = load_settings()
    with clear_messages():
        built = roll_back(open_database(settings), connect(settings), settings, codes)
    _show(built, as_json)


@click.command("prune")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object: removed.")
def prune_command(as_json: bool) -> None:
    """Remove indexes that are neither live, nor kept for a rollback, nor being built."""
    settings = load_settings()
    with clear_messages():
        removed = prune(open_database(settings), connect(settings), settings, asked=True)
    if as_json:
        _print_json({"removed": removed})
        return
    for index in removed:
        click.echo(f"removed: {index}")
    if not removed:
        click.echo("nothing to remove")


def run_rebuild(codes: Sequence[str] = (), force: str = "", as_json: bool = False) -> None:
    """Rebuild with a progress bar; ends the process with a message when it fails."""
    settings = load_settings()
    with clear_messages(), _bar() as report:
        built = rebuild(open_database(settings), connect(settings), settings, codes, report, force=_reason(force))
    _show(built, as_json)
    show_refused(built.refused)


def _print_json(facts: Mapping[str, Any]) -> None:
    click.echo(orjson.dumps(facts, option=orjson.OPT_INDENT_2))


def _show(built: Built, as_json: bool = False) -> None:
    if as_json:
        _print_json(asdict(built))
        return
    for showcase, index in built.indexes.items():
        click.echo(f"{showcase}: {built.listings[showcase]} listings in {index}")
    for index in built.pruned:
        click.echo(f"removed: {index}")
    for fault in built.passed:
        click.echo(f"passed the gate all the same: {fault}", err=True)


def _reason(force: str) -> str:
    if force and not force.strip():
        raise click.BadParameter("say why, for those who read the trail later", param_hint="--force")
    return force.strip()


@contextmanager
def _bar() -> Iterator[Report]:
    """A bar with listings done, listings a second, time left, and changes that wait meanwhile."""
    columns = (
        TextColumn("Indexing"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]:,.0f}/s"),
        TimeRemainingColumn(),
        TextColumn("{task.fields[lag]:,} changes wait"),
    )
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task("listings", total=None, rate=0.0, lag=0)

        def report(filled: Filled) -> None:
            bar.update(task, completed=filled.done, total=filled.total, rate=filled.rate, lag=filled.lag)

        yield report
