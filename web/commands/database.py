"""`hallowerk database`: bring the tables to this version, and see how they stand."""

from __future__ import annotations

import click
import orjson

from matching.candidates.taxonomy_lists import seed
from matching.settings import load_settings
from matching.storage.changes import new_timeline
from matching.storage.database import Database
from matching.storage.migrate import is_current, newest_revisions, present_revisions
from matching.storage.migrate import upgrade as upgrade_tables
from web.commands.intake import database_messages, must_be_current


@click.group()
def command() -> None:
    """The database (DATABASE_URL, or SQLite in the state folder)."""


@command.command()
def upgrade() -> None:
    """Make or change the tables for this version, and fill in the occupations, places and postcodes that come with it.

    Does nothing when all is up to date. Either all of it happens or nothing does.
    """
    database = Database(load_settings().database)
    with database_messages():
        upgrade_tables(database)
        with database.write() as session:
            seed(session)
    click.echo(f"The database is up to date (revision {', '.join(present_revisions(database))}).")


@command.command()
def restored() -> None:
    """Say that this database was put back from a backup, before anything else works on it.

    It begins another life: the indexes know more than it does, so they get no more writes until they are rebuilt.
    """
    database = Database(load_settings().database)
    with database_messages():
        must_be_current(database)
        with database.write() as session:
            new_timeline(session)
    click.echo("Noted. Writes to the indexes wait until you run `hallowerk index rebuild`.")


@command.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object: address, current, present, newest.")
def status(as_json: bool) -> None:
    """Tell where the database is and whether it is up to date; exit code 1 when it is not, 2 when unusable."""
    database = Database(load_settings().database)
    address = database.url.render_as_string(hide_password=True)
    with database_messages():
        present, current = present_revisions(database), is_current(database)
    if as_json:
        shown = {"address": address, "current": current, "present": present, "newest": newest_revisions()}
        click.echo(orjson.dumps(shown, option=orjson.OPT_INDENT_2))
    else:
        click.echo(f"{address}: {'up to date' if current else 'not up to date; run `hallowerk database upgrade`'}")
        click.echo(f"revision {', '.join(present) or 'none'}, this version has {', '.join(newest_revisions())}")
    if not current:
        raise SystemExit(1)
