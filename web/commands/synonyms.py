"""`hallowerk synonyms`: check the words that mean the same, and put them in force while people search."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

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
    with _clear_messages():
        problems, analysed = _check(content, settings)
        published = is_published(content, settings)
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
    with _clear_messages():
        try:
            done = publish(file.read_bytes(), connect(settings), settings, lambda said: click.echo(said, err=True))
        except ProblemsFound as error:
            _show(file, error.problems)
            _end("Not published: correct these first.")
    click.echo(f"{done.rules} rules in force in {len(done.indexes)} indexes")
    for index in done.fixed:
        click.echo(f"{index} holds synonyms of its own: run `hallowerk index rebuild`")
    for index in done.down:
        click.echo(f"{index} is down and reads them when it opens: see docs/synonyms.md")


def _check(content: bytes, settings: Settings) -> tuple[list[Problem], bool]:
    """The problems, and whether the engine took part."""
    try:
        return check(content, connect(settings), settings), True
    except (EngineUnavailable, TransportError):
        return check(content, None, settings), False


@contextmanager
def _clear_messages() -> Iterator[None]:
    """Turn what can go wrong into one sentence on standard error and exit code 1."""
    try:
        yield
    except EngineError as error:
        _end(str(error))
    except (ApiError, TransportError) as error:
        _end(f"The search engine gives no answer, or refuses: {error}. See `hallowerk doctor`.")


def _end(message: str) -> NoReturn:
    click.echo(message, err=True)
    raise SystemExit(1)


def _show(file: Path, problems: Sequence[Problem]) -> None:
    for problem in problems:
        click.echo(f"{_shown(file)}:{problem.line}: {problem.message}")


def _shown(file: Path) -> str:
    path = file.resolve()
    return str(path.relative_to(PROJECT_ROOT) if path.is_relative_to(PROJECT_ROOT) else file)
