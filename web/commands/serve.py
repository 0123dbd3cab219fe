"""`hallowerk serve`: the web server, in the foreground."""

from __future__ import annotations

import os
import sys

import click

from matching.settings import Settings, load_settings

#: The most gunicorn takes; above the longest address that the pages accept, so that those speak first.
LONGEST_REQUEST_LINE = 8190
#: Of each worker. More than the passwords, text messages and answers of Microsoft that may be waited for at once, so
#: that searches always find one.
THREADS = 12


def server_command(settings: Settings) -> list[str]:
    """The gunicorn command for these settings; no access log, since addresses hold search words."""
    return [
        sys.executable,
        "-m",
        "gunicorn",
        "web.wsgi:application()",
        "--bind",
        f"{settings.host}:{settings.port}",
        "--workers",
        str(settings.web_workers),
        "--worker-class",
        "web.worker.Worker",
        "--threads",
        str(THREADS),
        "--limit-request-line",
        str(LONGEST_REQUEST_LINE),
        "--log-level",
        "warning",
    ]


@click.command()
def command() -> None:
    """Serve the pages with gunicorn until Ctrl-C.

    Address, port and workers come from HOST, PORT and HALLOWERK_WEB_WORKERS. Database, engine and index must be
    there: `hallowerk doctor` tells; `hallowerk up` brings them up first.
    """
    arguments = server_command(load_settings())
    os.execv(arguments[0], arguments)  # noqa: S606 - the command is our own
