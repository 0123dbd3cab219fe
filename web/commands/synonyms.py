"""`hallowerk synonyms`: check the words that mean the same, and put them in force while people search."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click
import orjson
from elasticsearch import ApiError, TransportError

from indexer.engine.client import connect
from indexer.engine.errors import EngineError, EngineUnavailable
from indexer.synonyms import ProblemsFound, check, is_published, publish
from matching.search.synonym_rules import Problem
from matching.settings import PROJECT_ROOT, Settings, load_settings

BASE = PROJECT_ROOT / "synonyms" / "words.txt"

_file = click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False), default=BASE)


@click.group()
def command() -> None:
    """Words that mean the same: synonyms/words.txt, or a FILE like it."""


@command.command("check")
@_file
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object: file, analysed, published, problems.")
def check_command(file: Path, as_json: bool) -> None:
    """Say what is wrong with the file, one line for each problem, and change nothing.

    Terms are compared as the search engine reads them when one runs. Exit code 1 when there is a problem.
    """
    settings, content = load_settings(), file.read_bytes()
    try:
        problems, analysed = _check(content, settings)
        published = is_published(content, settings)
    except EngineError as error:
        raise SystemExit(str(error)) from error
    if as_json:
        report = {
            "file": _shown(file),
            "analysed": analysed,
            "published": published,
            "problems": [{"line": problem.line, "message": problem.message} for problem in problems],
        }
        click.echo(orjson.dumps(report, option=orjson.OPT_INDENT_2).decode())
    else:
        _show(file, problems)
    if not analysed:
        click.echo("The search engine does not answer: stop words and word forms were not looked at.", err=True)
    if problems:
        raise SystemExit(1)
    if not as_json:
        state = "published" if published else "not published: `hallowerk synonyms publish`"
        click.echo(f"{_shown(file)}: no problems; {state}")


@command.command("publish")
@_file
def publish_command(file: Path) -> None:
    """Check the file and have every index search with it, at once and without a rebuild.

    When something is wrong the former synonyms stay in force. Exit code 1 when it was not published.
    """
    settings = load_settings()
    try:
        done = publish(file.read_bytes(), connect(settings), settings, lambda message: click.echo(message, err=True))
    except ProblemsFound as error:
        _show(file, error.problems)
        raise SystemExit("Not published: correct these first.") from error
    except EngineError as error:
        raise SystemExit(str(error)) from error
    except (ApiError, TransportError) as error:
        raise SystemExit(f"Not published: the search engine gives no answer ({error}).") from error
    click.echo(f"{done.rules} rules in force in {len(done.indexes)} indexes")
    for index in done.others:
        click.echo(f"{index} holds synonyms of its own: run `hallowerk index build`")


def _check(content: bytes, settings: Settings) -> tuple[list[Problem], bool]:
    """The problems, and whether the engine took part."""
    try:
        return check(content, connect(settings), settings), True
    except (EngineUnavailable, TransportError):
        return check(content, None, settings), False
    except ApiError as error:
        raise SystemExit(f"The search engine refused to analyse the terms: {error}") from error


def _show(file: Path, problems: Sequence[Problem]) -> None:
    for problem in problems:
        click.echo(f"{_shown(file)}:{problem.line}: {problem.message}")


def _shown(file: Path) -> str:
    path = file.resolve()
    return str(path.relative_to(PROJECT_ROOT) if path.is_relative_to(PROJECT_ROOT) else file)
