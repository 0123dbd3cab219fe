"""What workers do: one task for each kind of message. The work itself is elsewhere."""

from __future__ import annotations

import functools
import traceback
from collections.abc import Callable, Collection, Mapping
from typing import Any

import structlog
from celery import Celery
from celery.exceptions import Reject
from celery.worker import state
from sqlalchemy import func, select

from indexer.changes import index_candidates
from indexer.engine.client import connect
from indexer.fan_out import advance
from indexer.queues import HOUSEKEEPING, Broker, BrokerAway
from indexer.rebuild.context import LeavesOff
from indexer.rebuild.progress import Progress
from indexer.rebuild.prune import prune
from indexer.rebuild.run import resume
from indexer.reconcile import reconcile
from indexer.retention import forget_ended
from indexer.stubs import sweep_stubs
from matching.accounts.vault import open_vault
from matching.candidates.mediastore import FolderMediaStore, prune_media
from matching.candidates.records import Candidate
from matching.post.delivery import deliver
from matching.post.transports import open_transport
from matching.settings import Settings
from matching.storage.database import Database

log = structlog.get_logger()

INDEX = "index"
FAN_OUT, RESUME = "fan_out", "resume"
MAIL_OUT = "mail_out"
SWEEP, RECONCILE, RETAIN = "sweep", "reconcile", "retain"


class WorkerEnds(LeavesOff):
    """This worker was asked to end in the midst of its work: another one carries on with it."""


def install(app: Celery, settings: Settings) -> None:
    """Give the application its tasks. Each takes ids only, and may be done twice, late, or with others at once."""
    database = Database(settings.database)  # connects at the first transaction

    def index(keys: list[int]) -> None:
        if _erased(database, keys):  # also by plain SQL: their photos and documents are not to wait for the next hour
            _send(app, RETAIN)
        index_candidates(database, connect(settings), settings, keys)

    def fan_out(number: int) -> None:
        advance(database, connect(settings), settings, number)

    def carry_on() -> None:
        resume(database, connect(settings), settings, _end_when_asked_to)

    def mail_out(number: int) -> None:
        deliver(database, open_vault(settings), open_transport(settings), settings, number)

    def sweep() -> None:
        prune(database, connect(settings), settings)  # first: what it deletes may be the room that the rest waits for
        sweep_stubs(database, connect(settings))

    def compare() -> None:
        done = reconcile(database, connect(settings), settings, _end_when_asked_to)
        for one in done.verified:
            for difference in one.differences:
                log.warning("drift_found", showcase=one.showcase, kind=difference.kind, count=difference.count)

    def retain() -> None:
        forget_ended(database, settings)
        prune_media(database, FolderMediaStore(settings.media_dir))

    works: Mapping[str, Callable[..., None]] = {
        INDEX: index,
        FAN_OUT: fan_out,
        RESUME: carry_on,
        MAIL_OUT: mail_out,
        SWEEP: sweep,
        RECONCILE: compare,
        RETAIN: retain,
    }
    for name, work in works.items():
        app.task(name=name, shared=False)(_reported(name, work))


def _erased(database: Database, keys: Collection[int]) -> bool:
    """Whether the record has one of these candidates no more."""
    with database.read() as session:
        there = session.execute(select(func.count()).where(Candidate.id.in_(keys))).scalar_one()
    return there < len(set(keys))


def _send(app: Celery, task: str) -> None:
    """Have a regular task done now; without a broker it is done when it is due."""
    try:
        with Broker(app) as broker:
            broker.send(task, HOUSEKEEPING)
    except BrokerAway as error:
        log.warning("task_waits", task=task, kind=type(error.__cause__).__name__)


def _end_when_asked_to(_: Progress) -> None:
    """Break off a rebuild between two of its batches when this worker got SIGTERM; a batch is not broken off."""
    if _ending():
        raise WorkerEnds


def _ending() -> bool:
    """Whether this process is a worker that got SIGTERM."""
    return state.should_stop is not None and state.should_stop is not False


def _reported(name: str, work: Callable[..., None]) -> Callable[..., None]:
    """`work`, whose failure is a line in the log: what it was about still waits in SQL, and the relay sends it again.

    The line says what failed and where, never the error's own text, which may quote a person's data. A worker that
    ends gives the message back: Celery hands it one more after SIGTERM.
    """

    @functools.wraps(work)
    def run(*arguments: Any) -> None:
        if _ending():
            raise Reject("this worker ends", requeue=True)
        try:
            work(*arguments)
        except Exception as error:
            last = traceback.extract_tb(error.__traceback__)[-1]
            log.error("task_failed", task=name, kind=type(error).__name__, at=f"{last.name}:{last.lineno}")

    return run
