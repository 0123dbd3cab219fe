"""`hallowerk engine`: install, start, stop and look at the Elasticsearch of this installation."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TypeVar

import click
import orjson

from indexer.engine import install as installing
from indexer.engine import instance
from indexer.engine.errors import EngineError
from matching.settings import load_settings

T = TypeVar("T")


def progress() -> Callable[[str], None]:
    """A report to the terminal: successive messages with the same start share a line there, elsewhere a line each."""
    last = ""

    def report(message: str) -> None:
        nonlocal last
        same = bool(last) and message.partition(":")[0] == last.partition(":")[0] and ":" in message
        if sys.stderr.isatty():
            click.echo(("\r\033[K" if same else "\n" if last else "") + message, nl=False, err=True)
        else:
            click.echo(message, err=True)
        last = message

    return report


@click.group()
def command() -> None:
    """The search engine of this installation (Elasticsearch).

    With ELASTICSEARCH_URL set, that cluster is used and nothing is installed or started here.
    """


@command.command()
def install() -> None:
    """Fetch and unpack the engine, unless it is there already (about 1 GB the first time)."""
    settings = load_settings()
    home = _or_exit(lambda: installing.install(settings, progress()))
    if home is None:
        click.echo(f"{instance.status(settings).sentence} Nothing to install.")
    else:
        click.echo(f"Elasticsearch {home.version} is in {home.path} (from: {home.origin}).")


@command.command()
def start() -> None:
    """Start the engine and wait until it answers; installs it first if need be."""
    settings = load_settings()
    if settings.elasticsearch_url:
        click.echo(f"{instance.status(settings).sentence} Nothing to start.")
        return
    running = _or_exit(lambda: instance.start(settings, progress()))
    click.echo(f"Elasticsearch {running.version} answers at {running.url} (process {running.pid}).")


@command.command()
@click.option("--delete-data", is_flag=True, help="Also delete its indexes and settings (not the install).")
def stop(delete_data: bool) -> None:
    """Stop the engine of this installation."""
    settings = load_settings()
    was_running = _or_exit(lambda: instance.stop(settings))
    click.echo("The engine is stopped." if was_running else "The engine was not running.")
    if delete_data:
        _or_exit(lambda: instance.delete_data(settings))
        click.echo("Its data are deleted; `hallowerk engine start` begins with an empty engine.")


@command.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def status(as_json: bool) -> None:
    """Tell whether the engine runs, where, and which version; exit code 1 when it does not."""
    state = _or_exit(lambda: instance.status(load_settings()))
    if as_json:
        click.echo(orjson.dumps(state.as_dict(), option=orjson.OPT_INDENT_2).decode())
    else:
        click.echo(state.sentence)
    if not state.running:
        raise SystemExit(1)


def _or_exit(action: Callable[[], T]) -> T:
    try:
        return action()
    except EngineError as error:
        raise SystemExit(f"\n{error}") from error
