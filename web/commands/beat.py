"""`hallowerk beat`: sends the regular tasks when they are due, in the foreground."""

from __future__ import annotations

import signal
import threading

import click

from indexer.beat import Beat
from indexer.celery import make_app
from indexer.queues import Broker
from matching.settings import load_settings
from web.logs import configure_logs


@click.command()
def command() -> None:
    """Send the regular tasks (sweeping, comparing, forgetting) to the workers, until SIGTERM.

    Start one. A second one only has the work done more often.
    """
    configure_logs()
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    with Broker(make_app(load_settings())) as broker:
        Beat(broker).run(stop)
