"""`hallowerk demo`: fill an installation with made-up people, showcases and accounts."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import click
import orjson
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from sqlalchemy.orm import Session

from indexer.engine.client import connect
from indexer.status import index_status
from matching.accounts.accounts import address
from matching.accounts.proofs.authenticator import NoCodeNow, current_code
from matching.accounts.vault import open_vault
from matching.candidates.showcases import define
from matching.candidates.taxonomy_lists import seed
from matching.demo.accounts import ACCOUNTS, PASSWORD, authenticator_of, count_accounts, has_others, set_up_accounts
from matching.demo.people import today
from matching.demo.showcases import SHOWCASES
from matching.demo.version import holds_demo, is_loaded, note_loaded, surplus_ids
from matching.private import private_folder
from matching.settings import Settings, load_settings
from matching.storage.database import Database
from matching.storage.migrate import upgrade
from web.commands.index_rebuild import run_rebuild
from web.commands.intake import database_messages, run_import
from web.commands.opening import clear_messages

OTHERS = (
    "This database has organisations that are not the demo's: made-up people and known passwords don't belong there."
)

REAL = "HALLOWERK_HTTPS says that this installation is for real people: the demo's passwords don't belong there."


@click.group()
def command() -> None:
    """The demo: made-up people in three showcases, with accounts to look at them."""


@command.command()
@click.option("--people", default=20_000, show_default=True, type=click.IntRange(1, 99_999), help="How many people.")
def load(people: int) -> None:
    """Bring tables, occupations, places, showcases, accounts, made-up people and their indexes in.

    The people are the same every time, except that their dates count back from today. They come in the ordinary way,
    as an import file. Does nothing where all is there already. The search engine must run: `hallowerk engine start`.
    """
    settings = load_settings()
    run_load(settings, people)
    print_accounts(settings)


@command.command()
def accounts() -> None:
    """Print the demo's accounts, their password, and how to get their codes."""
    print_accounts(load_settings())


@command.command()
@click.argument("email")
def code(email: str) -> None:
    """Print the second-step code with which the demo account EMAIL signs in now.

    Only where `hallowerk demo load` filled the database, for its own accounts, and never behind HTTPS.
    """
    settings = load_settings()
    with database_messages():
        database = Database(settings.database)
        if settings.https or not holds_demo(settings):
            raise SystemExit("This is no demo: codes of real people are on their own phones only.")
        with database.read() as session:
            if has_others(session):
                raise SystemExit(OTHERS)
            found = authenticator_of(session, open_vault(settings), address(email))
    if found is None:
        raise SystemExit("That is no demo account, or it has no authenticator. `hallowerk demo accounts` lists them.")
    try:
        told, seconds = current_code(found.secret, datetime.now(UTC), found.last_step)
    except NoCodeNow as error:
        raise SystemExit(f"Every code of this moment is used. Ask again in {error.seconds} seconds.") from error
    click.echo(f"{told}  (for {seconds} seconds)")


def run_load(settings: Settings, people: int) -> None:
    """What `hallowerk demo load` does; ends the process with a message when a step fails, or behind HTTPS."""
    if settings.https:
        raise SystemExit(REAL)
    database = Database(settings.database)
    with database_messages():
        with _step("Tables, occupations and places"):
            upgrade(database)
            with database.read() as session:
                if has_others(session):
                    raise SystemExit(OTHERS)
            with database.write() as session:
                seed(session)
        with _step("Showcases and accounts"), database.write() as session:
            for position, view in enumerate(SHOWCASES):
                define(session, view, position)
            set_up_accounts(session, open_vault(settings), datetime.now(UTC))
        with database.read() as session:
            loaded = is_loaded(settings, session, people)
    if loaded:
        click.echo(f"{people:,} made-up people are there already")
    else:
        _bring_people_in(settings, database, people)
    if loaded and _indexes_are_complete(settings, database):
        click.echo("Search indexes are up to date")
    else:
        run_rebuild()
    note_loaded(settings, people)


def print_accounts(settings: Settings) -> None:
    """Print the demo's accounts with the password they share, and where their codes and mails are."""
    click.echo(f"\nSign in with one of these accounts; the password is {PASSWORD}")
    for account in (one for one in ACCOUNTS if one.can):
        click.echo(f"  {account.email:<30} {account.name:<18} {account.can}")
    click.echo("The code that is asked for after it: hallowerk demo code EMAIL")
    if settings.demo:
        click.echo(f"Mails and text messages: {settings.site_url}/postvak")


def count_demo_accounts(session: Session) -> int:
    """How many open accounts of the demo's organisations this database holds."""
    return count_accounts(session)


def refuse_beside_demo(session: Session) -> None:
    """End the process where the demo is: real people don't belong beside accounts whose password everybody knows."""
    if count_accounts(session):
        raise SystemExit("This database holds the demo. Make another one for real people: hallowerk database upgrade.")


def _bring_people_in(settings: Settings, database: Database, people: int) -> None:
    try:
        # Draws PDF files, with a package that an installation for real people does without.
        from matching.demo.bundle import write_demo
    except ModuleNotFoundError as error:
        raise SystemExit(f"The demo needs the package {error.name}: pip install 'hallowerk[demo]'") from error
    private_folder(settings.state_dir)
    with tempfile.TemporaryDirectory(prefix="demo-", dir=settings.state_dir) as folder:
        with _bar("Making people up", people) as report:
            file = write_demo(Path(folder), people, today(), report)
        with database.read() as session, file.open("ab") as lines:
            for name in surplus_ids(session, people):
                lines.write(orjson.dumps({"external_id": name, "deleted": True}) + b"\n")
        imported, rejects = run_import(settings, str(file), index=False)
        summary = imported.summary
        click.echo(
            f"{summary.new} new, {summary.changed} changed, {summary.unchanged} unchanged, {summary.deleted} deleted "
            f"in {imported.seconds:.1f} s"
        )
        if summary.rejected:
            first = rejects.read_text(encoding="utf-8").splitlines()[0]
            raise SystemExit(f"{summary.rejected} of the made-up people were rejected; the first: {first}")


def _indexes_are_complete(settings: Settings, database: Database) -> bool:
    """Whether every showcase has a finished index that holds all it shows."""
    with clear_messages():
        status = index_status(database, connect(settings), settings)
    whole = all(row.current for row in status.showcases)
    return whole and not status.pending_changes


@contextmanager
def _step(name: str) -> Iterator[None]:
    started = time.monotonic()
    yield
    click.echo(f"{name}: {time.monotonic() - started:.1f} s")


@contextmanager
def _bar(name: str, total: int) -> Iterator[Callable[[int], None]]:
    """A progress bar on a terminal; elsewhere a line at the end."""
    console = Console(stderr=True)
    columns = (TextColumn(name), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with _step(name), Progress(*columns, console=console, disable=not console.is_terminal) as bar:
        task = bar.add_task(name, total=total)
        yield lambda done: bar.update(task, completed=done)
