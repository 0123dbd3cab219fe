"""`hallowerk queues`: what waits to be done, and for how long."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict

import click
import orjson

from indexer.backlog import Backlog, backlog
from indexer.celery import make_app
from indexer.queues import Broker
from matching.settings import load_settings
from matching.storage.database import Database
from web.commands.intake import database_messages


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object: broker, queues, changes, fan_outs, post.")
def command(as_json: bool) -> None:
    """Show what waits in the change log, in the outbox and in each queue, and since when.

    Exit code 1 when the broker does not answer: changes are kept in the log until it does.
    """
    settings = load_settings()
    with database_messages(), Broker(make_app(settings)) as broker:
        found = backlog(Database(settings.database), broker)
    if as_json:
        click.echo(orjson.dumps(asdict(found), option=orjson.OPT_INDENT_2))
    else:
        click.echo("\n".join(_lines(found)))
    if found.broker_away:
        raise SystemExit(1)


def _lines(found: Backlog) -> Iterator[str]:
    for log in found.changes:
        yield f"change log, {log.name}: {log.waiting} waiting{_since(log.oldest_s)}"
    post = found.post
    yield f"mail: {post.waiting} waiting{_since(post.oldest_s)}; {post.failed} failed"
    for queue in found.queues:
        yield f"queue {queue.name}: {queue.waiting} waiting{_since(queue.oldest_s)}"
    if found.broker_away:
        yield f"the broker does not answer: {found.broker_away}"
    for row in found.fan_outs:
        yield f"fan-out {row.id}, {row.kind} {row.key}: {row.done} of {row.total} candidates"


def _since(oldest_s: float | None) -> str:
    return "" if oldest_s is None else f", the oldest for {oldest_s:.1f} s"
