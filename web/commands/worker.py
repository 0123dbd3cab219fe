"""`hallowerk worker`: does what waits in the queues, in the foreground."""

from __future__ import annotations

import click

from indexer.celery import start_worker
from indexer.queues import QUEUES
from matching.settings import load_settings
from web.logs import configure_logs


@click.command()
@click.option("--queue", "queues", multiple=True, type=click.Choice(QUEUES), help="Only this queue; may be repeated.")
def command(queues: tuple[str, ...]) -> None:
    """Do the tasks of all queues, or of some, one at a time, until SIGTERM.

    Start as many as the machine bears; each is one process. A worker that ends, in whatever way, loses nothing: what
    it had in hand is handed out again.

    \b
    Examples:
      hallowerk worker
      hallowerk worker --queue changes --queue mail
    """
    configure_logs()
    raise SystemExit(start_worker(load_settings(), list(queues or QUEUES)))
