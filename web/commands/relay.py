"""`hallowerk relay`: tells the workers what changed, in the foreground."""

from __future__ import annotations

import signal
import threading

import click

from indexer.celery import make_app
from indexer.queues import Broker
from indexer.relay import Relay
from matching.settings import load_settings
from matching.storage.database import Database
from web.logs import configure_logs


@click.command()
def command() -> None:
    """Tell the workers of every change in the database, until SIGTERM.

    Needs the database. While the broker or the database are away it waits; the change log keeps all. One relay is
    enough; a second one does no harm.
    """
    configure_logs()
    settings = load_settings()
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    with Broker(make_app(settings)) as broker:
        Relay(Database(settings.database), broker, settings).run(stop)
