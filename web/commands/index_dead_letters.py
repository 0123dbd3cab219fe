"""`hallowerk index dead-letters`: listings that the engine refused for good; see, try again, or put away."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import click
import orjson
from sqlalchemy.orm import Session

from indexer import dead_letters
from indexer.changes import index_candidates
from indexer.engine.client import connect
from matching.settings import load_settings
from matching.storage.index_state import DeadLetter
from web.commands.opening import clear_messages, open_database, show_refused
from web.commands.trail import note_command

_ids = click.argument("ids", metavar="[NUMBER]...", type=int, nargs=-1)
_all = click.option("--all", "everything", is_flag=True, help="All of them.")


@click.group("dead-letters")
def dead_letters_group() -> None:
    """Listings that the search engine refused for good.

    One that is refused stays out of its index, and holds up nobody else. Its letter goes by itself when the listing
    is taken: after a change to the candidate, a rebuild, or `replay`.
    """


@dead_letters_group.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object: letters, newest first.")
def list_command(as_json: bool) -> None:
    """Show number, candidate, index and the engine's reason; nothing of the candidate."""
    with clear_messages(), open_database(load_settings()).read() as session:
        found = [_facts(letter) for letter in dead_letters.letters(session)]
    if as_json:
        click.echo(orjson.dumps({"letters": found}, option=orjson.OPT_INDENT_2))
    else:
        click.echo("\n".join(_lines(found)))


@dead_letters_group.command("replay")
@_ids
@_all
def replay_command(ids: tuple[int, ...], everything: bool) -> None:
    """Try these letters' listings again, after what made the engine refuse them was mended.

    Exit code 1 when it refuses one again: the letter stays, with one try more.

    \b
    Examples:
      hallowerk index dead-letters replay 12 13
      hallowerk index dead-letters replay --all
    """
    settings = load_settings()
    with clear_messages():
        database = open_database(settings)
        with database.write() as session:
            keys = dead_letters.replay(session, _chosen(session, ids, everything))
        done = index_candidates(database, connect(settings), settings, keys)
    click.echo(f"{done.candidates} candidates tried again: {done.outcome.written} writes")
    show_refused(done.outcome.refused)


@dead_letters_group.command("discard")
@_ids
@_all
def discard_command(ids: tuple[int, ...], everything: bool) -> None:
    """Put these letters away: they are listed no more, and comparisons don't ask for their listings.

    The indexes stay without those listings (or with older ones) until the profile changes or a rebuild tries them
    again; one that is refused then has a letter again.
    """
    with clear_messages(), open_database(load_settings()).write() as session:
        gone = dead_letters.discard(session, _chosen(session, ids, everything))
        note_command(session, "index.discard", {"letters": gone})
    click.echo(f"{gone} letters put away")


def _chosen(session: Session, ids: Sequence[int], everything: bool) -> list[int]:
    """The numbers of the letters that are meant; ends the process with a message when one of them doesn't exist."""
    if bool(ids) == everything:
        raise click.UsageError("Name the letters by number, or give --all.")
    known = [letter.id for letter in dead_letters.letters(session)]
    if unknown := sorted(set(ids) - set(known)):
        raise SystemExit(f"There is no dead letter {', '.join(map(str, unknown))}.")
    return known if everything else sorted(set(ids))


def _facts(letter: DeadLetter) -> dict[str, Any]:
    return {
        "number": letter.id,
        "index": letter.index,
        "showcase": letter.showcase,
        "candidate": letter.candidate_id,
        "tries": letter.tries,
        "status": letter.status,
        "reason": letter.reason,
        "at": letter.at.isoformat(timespec="seconds"),
    }


def _lines(found: Sequence[dict[str, Any]]) -> Iterator[str]:
    if not found:
        yield "no dead letters"
    for one in found:
        yield f"{one['number']}: candidate {one['candidate']} in {one['index']}, tries: {one['tries']}, {one['at']}"
        yield f"    {one['reason']}"
