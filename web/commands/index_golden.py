"""`hallowerk index golden`: searches whose first results a rebuild must not move."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict

import click
import orjson

from indexer.engine.client import connect
from indexer.rebuild.golden import Golden, forget_golden, golden_queries, record_golden
from matching.settings import load_settings
from web.commands.opening import clear_messages, open_database


@click.group("golden")
def golden_group() -> None:
    """Golden queries: searches that are known to find the right candidates first.

    A rebuild whose index gives another order among candidates that did not change since is not used.
    """


@golden_group.command()
@click.argument("texts", nargs=-1, metavar="[TEXT]...")
@click.option("--showcase", required=True, metavar="CODE", help="The showcase that is searched.")
def record(texts: tuple[str, ...], showcase: str) -> None:
    """Record whom the live index finds first for each TEXT, as typed in the search field.

    Look at the results first: `hallowerk search TEXT`. Without TEXT, those that were recorded before are recorded anew,
    as is right after a change of ranking, words or occupations.

    \b
    Example:
      hallowerk index golden record --showcase rotterdam heftruckchauffeur "kok, mbo-2"
    """
    settings = load_settings()
    with clear_messages():
        recorded = record_golden(open_database(settings), connect(settings), settings, showcase, texts)
    _show(recorded)


@golden_group.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON array.")
def list_command(as_json: bool) -> None:
    """Show the recorded queries with the candidates expected first."""
    with clear_messages(), open_database(load_settings()).read() as session:
        found = golden_queries(session)
    if as_json:
        click.echo(orjson.dumps([asdict(one) for one in found], option=orjson.OPT_INDENT_2))
    else:
        _show(found)


@golden_group.command()
@click.argument("numbers", nargs=-1, required=True, type=int, metavar="ID...")
def forget(numbers: tuple[int, ...]) -> None:
    """Remove the queries with these ids, as `list` shows them."""
    with clear_messages(), open_database(load_settings()).write() as session:
        count = forget_golden(session, numbers)
    click.echo(f"{count} removed")


def _show(found: Sequence[Golden]) -> None:
    for one in found:
        first = " ".join(str(key) for key in one.expected)
        click.echo(f"{one.id}  {one.showcase}  {one.text!r}  recorded {one.recorded_at:%Y-%m-%d %H:%M}  {first}")
    if not found:
        click.echo("no golden queries")
