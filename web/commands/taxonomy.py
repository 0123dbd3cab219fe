"""`hallowerk taxonomy`: load occupations and places, load ESCO's occupations instead, look at one occupation."""

from __future__ import annotations

from pathlib import Path

import click

from matching.candidates.taxonomy_lists import SystemNotEmpty, replace_occupations, seed
from matching.settings import load_settings
from matching.storage.database import Database
from matching.storage.migrate import upgrade
from matching.taxonomy.esco import ATTRIBUTION, EscoError, is_esco, read_esco
from matching.taxonomy.occupations import Occupation, Taxonomy
from matching.taxonomy.store import load_gazetteer, load_taxonomy
from web.commands.intake import database_messages, must_be_current
from web.commands.trail import note_command

RING_NAMES = {
    "unit_group": "same ISCO unit group",
    "related": "stated as related",
    "group": "same occupation group",
}
SHOWN_IN_RING = 12


@click.group()
def command() -> None:
    """The occupations and places that profiles and searches speak of."""


@command.command()
def load() -> None:
    """Bring occupations, places and postcodes to the lists that come with this version.

    Does nothing where they are that already. Occupations from ESCO are left alone.
    """
    database = Database(load_settings().database)
    with database_messages():
        upgrade(database)
        with database.write() as session:
            seed(session)
            taxonomy, gazetteer = load_taxonomy(session), load_gazetteer(session)
    click.echo(_counted(taxonomy))
    click.echo(f"{len(gazetteer.places)} places, {len(gazetteer.postcodes)} postcodes")


@command.command("import-esco")
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
def import_esco(folder: Path) -> None:
    """Load ESCO's occupations instead of the list that comes with HalloWerk.

    FOLDER holds occupations_nl.csv and ISCOGroups_nl.csv as downloaded from the ESCO portal (Dutch, CSV). Only at
    set-up: there may be no candidates yet. Either all of it happens or nothing does; doing it twice changes nothing.

    \b
    Example:
      hallowerk taxonomy import-esco ~/Downloads/esco
    """
    database = Database(load_settings().database)
    try:
        taxonomy = read_esco(folder)
        with database_messages():
            upgrade(database)
            with database.write() as session:
                replace_occupations(session, taxonomy)
                seed(session)
                counts = {"occupations": len(taxonomy.occupations), "groups": len(taxonomy.groups)}
                note_command(session, "taxonomy.import-esco", counts)
    except (EscoError, SystemNotEmpty) as error:
        raise SystemExit(f"Nothing was loaded: {error}") from error
    click.echo(_counted(taxonomy))


@command.command()
@click.argument("text", metavar="CODE|TEXT")
def show(text: str) -> None:
    """Show an occupation, by code or by any of its names: its synonyms, and what is near it.

    \b
    Examples:
      hallowerk taxonomy show heftruckchauffeur
      hallowerk taxonomy show "medewerker bediening"
    """
    database = Database(load_settings().database)
    with database_messages():
        must_be_current(database)
        with database.read() as session:
            taxonomy = load_taxonomy(session)
    matches = [] if text in taxonomy.occupations else taxonomy.find_label(text)
    codes = [match.code for match in matches if match.kind == "occupation"]
    if text in taxonomy.occupations:
        codes = [text]
    elif not matches:
        raise SystemExit(f"No occupation or group is called {text!r}.")
    for match in matches:
        if match.kind == "group":
            _show_group(taxonomy, match.code)
    if len(codes) > 1:
        click.echo(f"{text!r} names {len(codes)} occupations:\n")
    for code in codes:
        _show(taxonomy, taxonomy.occupations[code])
    if is_esco(taxonomy):
        click.echo(ATTRIBUTION)


def _counted(taxonomy: Taxonomy) -> str:
    names = sum(len(occupation.synonyms) for occupation in taxonomy.occupations.values())
    line = f"{len(taxonomy.occupations)} occupations in {len(taxonomy.groups)} groups, with {names} other names"
    return f"{line}\n{ATTRIBUTION}" if is_esco(taxonomy) else line


def _show(taxonomy: Taxonomy, occupation: Occupation) -> None:
    click.echo(f"{occupation.label} ({occupation.code})")
    click.echo(f"  ISCO-08 unit group: {occupation.isco}")
    click.echo(f"  group: {taxonomy.groups[occupation.group].label} ({occupation.group})")
    click.echo(f"  field: {occupation.field}; work type: {occupation.work_type}; usual level: {occupation.level}")
    click.echo(f"  also called: {', '.join(occupation.synonyms) or '-'}")
    rings = taxonomy.related(occupation.code)
    for name, title in RING_NAMES.items():
        click.echo(f"  {title}: {_labels(taxonomy, getattr(rings, name))}")
    click.echo()


def _show_group(taxonomy: Taxonomy, code: str) -> None:
    group = taxonomy.groups[code]
    click.echo(f"{group.label} (group {code}), field {group.field}: {_labels(taxonomy, taxonomy.members(code))}\n")


def _labels(taxonomy: Taxonomy, codes: tuple[str, ...]) -> str:
    shown = ", ".join(taxonomy.occupations[code].label for code in codes[:SHOWN_IN_RING])
    more = len(codes) - SHOWN_IN_RING
    return f"{shown} and {more} more" if more > 0 else shown or "-"
