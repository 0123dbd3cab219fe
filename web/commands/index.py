"""`hallowerk index`: bring the search indexes up to date and see how they stand; the other commands join it here."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

import click
import orjson

from indexer.changes import Drained, drain
from indexer.engine.client import connect
from indexer.fan_out import carry_out
from indexer.status import IndexStatus, RebuildStatus, index_status
from matching.settings import load_settings
from matching.storage.changes import CANDIDATE, pending_counts
from web.commands.index_dead_letters import dead_letters_group
from web.commands.index_golden import golden_group
from web.commands.index_rebuild import prune_command, rebuild_command, resume_command, rollback_command
from web.commands.index_verify import reconcile_command, verify_command
from web.commands.opening import clear_messages, open_database, show_refused


@click.group()
def command() -> None:
    """The search indexes: one for each showcase, filled from the database."""


command.add_command(rebuild_command)
command.add_command(resume_command)
command.add_command(rollback_command)
command.add_command(prune_command)
command.add_command(verify_command)
command.add_command(reconcile_command)
command.add_command(golden_group)
command.add_command(dead_letters_group)


@command.command()
def update() -> None:
    """Bring every waiting change into the indexes.

    Relay and workers do that all the time where they run. Does nothing when nothing changed, and leaves what another
    process is at; that is said. Exit code 1 when the engine refused a listing.
    """
    settings = load_settings()
    with clear_messages():
        database, client = open_database(settings), connect(settings)
        carry_out(database, client, settings)
        done = drain(database, client, settings, _show_drained)
        with database.read() as session:
            left = pending_counts(session).get(CANDIDATE)
    click.echo(
        f"{done.changes} changes of {done.candidates} candidates: {done.outcome.written} writes, "
        f"{done.unchanged} unchanged, {done.outcome.newer} already newer"
    )
    if left:
        click.echo(
            f"{left.changes} changes are new or in another process's hands; what a process that broke off had is free "
            f"again after {settings.lease_s:.0f} s"
        )
    show_refused(done.outcome.refused)


@command.command()
@click.option(
    "--json", "as_json", is_flag=True, help="One JSON object: showcases, waiting, rebuilds, dead_letters and more."
)
def status(as_json: bool) -> None:
    """Show each showcase's index, what it needs, what waits, and how far a rebuild is.

    A rebuild is due when the index was made with another mapping, by another builder, or in another life of the
    database; when only what the showcase shows was changed, live updates will do.
    """
    settings = load_settings()
    with clear_messages():
        found = index_status(open_database(settings), connect(settings), settings)
    if as_json:
        click.echo(orjson.dumps(_facts(found), option=orjson.OPT_INDENT_2))
    else:
        click.echo("\n".join(_lines(found)))


def _facts(found: IndexStatus) -> dict[str, Any]:
    return {**asdict(found), "pending_changes": found.pending_changes}


def _lines(found: IndexStatus) -> Iterator[str]:
    for row in found.showcases:
        if row.index is None:
            yield f"{row.showcase}: no index yet; run `hallowerk index rebuild --showcase {row.showcase}`"
            continue
        yield f"{row.showcase}: {row.documents} of {row.shown} candidates in {row.index}"
        if row.switching:
            yield "    a switch was broken off: run `hallowerk index resume`"
        advice = "; run `hallowerk index rebuild`" if row.needs == "rebuild" else ""
        yield from (f"    {row.needs} due: {reason}{advice}" for reason in row.reasons)
        yield from (f"    beside it: {other.index} ({other.state})" for other in row.others)
    for waiting in found.waiting:
        yield f"changes waiting: {waiting.changes} ({waiting.kind}), the oldest for {waiting.oldest_s:.0f} s"
    if not found.waiting:
        yield "changes waiting: 0"
    if found.fan_outs:
        yield f"changes of something shared under way: {found.fan_outs}"
    yield from (_rebuild_line(one) for one in found.rebuilds)
    letters = ", ".join(f"{count} in {code}" for code, count in found.dead_letters.items())
    yield f"dead letters: {letters or 0}"


def _rebuild_line(one: RebuildStatus) -> str:
    left = "" if one.left_s is None else f", {one.rate:.0f} a second, {one.left_s:.0f} s left"
    state = "waits at the gate" if one.waits else "running" if one.held else "broken off"
    error = f"; {one.error}" if one.error and not one.held else ""
    who = f"rebuild {one.id} of {', '.join(one.showcases)}"
    return f"{who}: {state}, step {one.step}, {one.done} of {one.total}{left}{error}"


def _show_drained(done: Drained) -> None:
    click.echo(f"{done.changes} changes done", err=True)
