"""`hallowerk index verify` and `reconcile`: find what differs between indexes and database, and have it repaired."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

import click
import orjson
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from indexer.changes import drain
from indexer.drift import (
    ALIAS,
    EDITED,
    INDEX_EMPTIED,
    INDEX_GONE,
    LEDGER,
    MISSING,
    OUTDATED,
    SURPLUS,
    TIMELINE,
    Difference,
)
from indexer.engine.client import connect
from indexer.examine import Looked
from indexer.fan_out import carry_out
from indexer.reconcile import Reconciled, reconcile
from indexer.verify import Verified, verify
from matching.settings import load_settings
from web.commands.opening import clear_messages, open_database

#: Candidates and fields that are named of one difference.
SHOWN = 20

_OF_LISTINGS = {
    MISSING: "candidates are missing",
    INDEX_EMPTIED: "candidates are missing, which is all of them",
    SURPLUS: "documents are of candidates that are not shown",
    OUTDATED: "listings are not what the database says",
    EDITED: "documents were written by something else than the indexer",
    LEDGER: "listings are right, but the ledger says something else",
}
_OF_INDEXES = {
    ALIAS: "the alias that searches use is missing, or not where it must be",
    INDEX_GONE: "the search engine has no such index any more",
    TIMELINE: "the index was written from another life of the database (a backup was put back?); run "
    "`hallowerk index rebuild`",
}


@click.command("verify")
@click.option("--showcase", "codes", multiple=True, metavar="CODE", help="Only this showcase; may be repeated.")
@click.option("--full", is_flag=True, help="Build every listing anew from the database and compare every field.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object: agrees, indexes.")
def verify_command(codes: tuple[str, ...], full: bool, as_json: bool) -> None:
    """Compare the indexes with the database; change nothing. Exit code 1 when they differ.

    Numbers and check sums of listings are compared by group, and single listings where those differ. Candidates with
    a change that waits, and listings that the engine refused for good, are counted but are no difference. A spare index
    is only checked for who is in it.

    \b
    Examples:
      hallowerk index verify
      hallowerk index verify --full --showcase rotterdam
    """
    settings = load_settings()
    with clear_messages(), _bar() as bar:
        task = bar.add_task("candidates", total=None)

        def report(looked: Looked) -> None:
            bar.update(task, completed=looked.done, total=looked.total)

        found = verify(open_database(settings), connect(settings), settings, codes, full, report=report)
    agrees = all(one.agrees for one in found)
    if as_json:
        _print_json({"agrees": agrees, "indexes": [_index_as_dict(one) for one in found]})
    else:
        click.echo("\n".join(line for one in found for line in _lines(one)))
    if not agrees:
        raise SystemExit(1)


@click.command("reconcile")
@click.option("--full", is_flag=True, help="Build every listing anew from the database, not only some.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object: found, left.")
def reconcile_command(full: bool, as_json: bool) -> None:
    """Compare the indexes with the database and repair what differs.

    Also builds some listings anew from the database, others at each run, or all with --full. Repairs are written the
    way every change is, here and now; what the workers have in hand is left to them. Exit code 1 when something still
    differs at the end.

    \b
    Examples:
      hallowerk index reconcile
      hallowerk index reconcile --full
    """
    settings = load_settings()
    with clear_messages():
        database, client = open_database(settings), connect(settings)
        first = reconcile(database, client, settings, full=full)
        carry_out(database, client, settings)
        drain(database, client, settings)
        last = reconcile(database, client, settings, full=full)
    if as_json:
        _print_json({"found": _as_dict(first), "left": _as_dict(last)})
    else:
        click.echo("\n".join([*_done_lines(first), *_left_lines(last)]))
    if last.still_open:
        raise SystemExit(1)


def _bar() -> Progress:
    console = Console(stderr=True)
    return Progress(TextColumn("Comparing"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), console=console)


def _lines(one: Verified) -> Iterator[str]:
    name = one.showcase if one.live else f"{one.showcase}, spare"
    if one.index is None:
        yield f"{name}: no index yet; run `hallowerk index rebuild --showcase {one.showcase}`"
        return
    yield f"{name}: {one.held} listings in {one.index}, {one.asked} in the database" + (
        "; they agree" if one.agrees else ""
    )
    yield from (f"    {_sentence(difference)}" for difference in one.differences)
    if one.waiting:
        yield f"    {one.waiting} candidates with a change that waits were left out"
    if one.refused:
        yield f"    {one.refused} refused listings were left out: see `hallowerk index dead-letters list`"
    if one.live and not one.recomputed and not one.differences:
        yield "    compared by check sum only: a rebuild is due, or a change to the whole showcase is on its way"


def _sentence(difference: Difference) -> str:
    if not difference.ids:
        return _OF_INDEXES[difference.kind]
    shown = ", ".join(difference.ids[:SHOWN])
    more = f" and {difference.count - SHOWN} more" if difference.count > SHOWN else ""
    fields = ", ".join(sorted(difference.fields)[:SHOWN])
    where = f"; fields: {fields}" if fields else ""
    return f"{difference.count} {_OF_LISTINGS[difference.kind]}: {shown}{more}{where}"


def _done_lines(done: Reconciled) -> Iterator[str]:
    yield from (line for one in done.verified if not one.agrees for line in _lines(one))
    if done.announced:
        yield f"announced to be written anew: {done.announced} listings"
    if done.removed:
        yield f"removed: {done.removed} documents that are no listings"
    yield from (f"alias put back: {showcase}" for showcase in done.aliased)
    yield from (f"index built anew: {showcase}" for showcase in done.rebuilt)


def _left_lines(last: Reconciled) -> Iterator[str]:
    if last.still_open:
        yield from (line for one in last.verified if not one.agrees for line in _lines(one))
        yield f"findings that are not repaired yet: {last.still_open}"
    else:
        yield "indexes and database agree"


def _index_as_dict(one: Verified) -> dict[str, Any]:
    differences = [
        {
            "kind": difference.kind,
            "count": difference.count,
            "ids": difference.ids[:SHOWN],
            "fields": difference.fields,
        }
        for difference in one.differences
    ]
    return {**asdict(one), "agrees": one.agrees, "differences": differences}


def _as_dict(done: Reconciled) -> dict[str, Any]:
    return {**asdict(done), "verified": [_index_as_dict(one) for one in done.verified]}


def _print_json(value: dict[str, Any]) -> None:
    click.echo(orjson.dumps(value, option=orjson.OPT_INDENT_2))
