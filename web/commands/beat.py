"""`hallowerk beat`: sends the regular tasks when they are due, in the foreground."""

from __future__ import annotations

import click

from indexer.beat import run_beat
from matching.settings import load_settings
from web.logs import configure_logs


@click.command()
def command() -> None:
    """Send the regular tasks (sweeping, comparing, forgetting) to the workers, until SIGTERM.

    Start one. A second one only has the work done more often.
    """
    configure_logs()
    run_beat(load_settings())
