"""What the `hallowerk index` commands share: the database they may use, and sentences for what can go wrong."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import click
from elasticsearch import ApiError, TransportError

from indexer.bulk import EngineBusy, Refusal
from indexer.catalogue import UnknownShowcase
from indexer.engine.errors import EngineError
from indexer.reader import EngineDown
from indexer.rebuild.context import GateClosed, RebuildFailed
from indexer.rebuild.golden import GoldenRefused
from indexer.rebuild.lease import LeaseLost, RebuildRunning
from indexer.targets import TargetError
from indexer.timeline import WritesPaused
from matching.settings import Settings
from matching.storage.database import Database
from web.commands.intake import database_messages, must_be_current

SHOWN_REFUSALS = 20
_OURS = (
    EngineError,
    GoldenRefused,
    LeaseLost,
    RebuildFailed,
    RebuildRunning,
    TargetError,
    UnknownShowcase,
    WritesPaused,
)


def open_database(settings: Settings) -> Database:
    """The database, which has the tables of this version; ends the process with a message when it has not."""
    database = Database(settings.database)
    must_be_current(database)
    return database


def show_refused(refused: Sequence[Refusal]) -> None:
    """Name what the engine refused and end with exit code 1; does nothing when it took all."""
    if not refused:
        return
    click.echo(f"The engine refused {len(refused)} listings:", err=True)
    for refusal in refused[:SHOWN_REFUSALS]:
        click.echo(f"  candidate {refusal.id} in {refusal.index}: {refusal.reason}", err=True)
    raise SystemExit(1)


@contextmanager
def clear_messages() -> Iterator[None]:
    """Turn what can go wrong outside this program into one sentence and exit code 1."""
    try:
        with database_messages():
            yield
    except GateClosed as error:
        faults = "\n".join(f"  {fault}" for fault in error.faults)
        raise SystemExit(
            f"The new indexes did not pass the gate and are not used:\n{faults}\nThey are kept up to date meanwhile. "
            "`hallowerk index resume` checks them again; with `--force REASON` it uses them, with `--undo` they go."
        ) from error
    except _OURS as error:
        raise SystemExit("\n".join([str(error), *getattr(error, "__notes__", ())])) from error
    except EngineBusy as error:
        raise SystemExit(f"The search engine stayed too busy: {error}. Try again later.") from error
    except EngineDown as error:
        raise SystemExit(f"The search engine gives no answer: {error}") from error
    except TransportError as error:
        raise SystemExit(f"The search engine does not answer: {error}") from error
    except ApiError as error:
        raise SystemExit(f"The search engine refused the request: {error}") from error
