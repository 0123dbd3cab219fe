"""`hallowerk showcases`: which parts of profiles and which filters each showcase (etalage) shows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
import orjson
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from matching.candidates.parts import ShowcaseView, ShownCategory
from matching.candidates.showcases import ShowcaseRefused, define, load_showcases
from matching.settings import load_settings
from matching.storage.database import Database
from web.commands.intake import UNUSABLE, database_messages, must_be_current
from web.commands.trail import note_command


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class _Category(_Strict):
    code: str
    options: tuple[str, ...] | None = None


class _Showcase(_Strict):
    code: str
    name: str
    parts: frozenset[str]
    categories: tuple[_Category, ...]


class _File(_Strict):
    showcases: tuple[_Showcase, ...] = Field(min_length=1)


@click.group()
def command() -> None:
    """Showcases: what each shows of candidates, as configuration."""


@command.command("list")
def list_command() -> None:
    """Print all showcases in the form that `define` reads."""
    database = Database(load_settings().database)
    with database_messages():
        must_be_current(database)
        with database.read() as session:
            views = load_showcases(session).values()
    content = {"showcases": [_as_dict(view) for view in views]}
    click.echo(orjson.dumps(content, option=orjson.OPT_INDENT_2))


@command.command("define")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
def define_command(file: Path) -> None:
    """Make or change the showcases in FILE, in the order of their tabs.

    FILE is JSON as `hallowerk showcases list` prints it; options null means all. Everything it names must exist, else
    nothing is changed. Pages follow at once; run `hallowerk index rebuild` when parts were added or hidden.

    \b
    Example:
      hallowerk showcases list > showcases.json
      hallowerk showcases define showcases.json
    """
    try:
        wanted = _File.model_validate_json(file.read_bytes())
    except ValidationError as error:
        problems = "\n".join(f"  {'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors())
        click.echo(f"{file} is not a showcases file:\n{problems}", err=True)
        raise SystemExit(UNUSABLE) from error
    views = [
        ShowcaseView(
            one.code, one.name, one.parts, tuple(ShownCategory(shown.code, shown.options) for shown in one.categories)
        )
        for one in wanted.showcases
    ]
    database = Database(load_settings().database)
    with database_messages():
        must_be_current(database)
        try:
            with database.write() as session:
                for position, view in enumerate(views):
                    define(session, view, position)
                note_command(session, "showcases.define", {"showcases": [view.code for view in views]})
        except ShowcaseRefused as error:
            click.echo(str(error), err=True)
            raise SystemExit(UNUSABLE) from error
    click.echo(f"{len(views)} showcases defined: {', '.join(view.code for view in views)}")


def _as_dict(view: ShowcaseView) -> dict[str, Any]:
    categories = [{"code": shown.code, "options": shown.options} for shown in view.categories]
    return {"code": view.code, "name": view.name, "parts": sorted(view.parts), "categories": categories}
