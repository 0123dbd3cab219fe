"""`hallowerk up`: engine, database, index, web server and workers, from one foreground process that cleans up."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.request
from types import FrameType

import click

from indexer.engine import instance
from indexer.engine.errors import EngineError
from indexer.engine.install import install
from matching.settings import Settings, load_settings
from matching.storage.database import Database
from matching.storage.migrate import upgrade
from web.commands.beside import Beside
from web.commands.demo import print_accounts, run_load
from web.commands.serve import server_command

READY_WITHIN_S = 60
STOP_WITHIN_S = 15
LOOK_EVERY_S = 1.0


class Stopped(Exception):
    """A signal asked this process to end."""


def _stop(_signal: int, _frame: FrameType | None) -> None:
    raise Stopped


@click.command()
@click.option("--demo", is_flag=True, help="Fill it with made-up people in three showcases and demo accounts first.")
@click.option("--people", default=20_000, show_default=True, help="How many made-up people the demo has.")
def command(demo: bool, people: int) -> None:
    """Start everything HalloWerk needs on this machine and serve it until Ctrl-C.

    Fetches Elasticsearch when it is not there yet, starts it, brings the database up to date, and serves the pages.
    Beside that run a relay, two workers and a beat, which bring changes into the index; one that dies is started again.
    Ctrl-C ends all that this command started.
    """
    settings = load_settings(demo=True) if demo else load_settings()
    variables = {"HALLOWERK_DEMO": "true"} if demo else {}
    _port_must_be_free(settings)
    signal.signal(signal.SIGTERM, _stop)
    signal.signal(signal.SIGINT, _stop)
    started_engine = False
    server: subprocess.Popen[bytes] | None = None
    beside = Beside(click.echo, variables)
    try:
        if not settings.elasticsearch_url:
            install(settings, click.echo)
            started_engine = not instance.status(settings).running
            instance.start(settings, click.echo)
        if demo:
            run_load(settings, people)
        else:
            upgrade(Database(settings.database))
        environment = {**os.environ, **variables}
        server = subprocess.Popen(server_command(settings), env=environment)  # noqa: S603 - the command is our own
        beside.start()
        _wait_until_ready(settings, server)
        click.echo(f"\nHalloWerk is ready: http://{settings.host}:{settings.port}")
        if demo:
            print_accounts(settings)
        click.echo("Ctrl-C ends it.")
        while (code := _exit_code(server)) is None:
            beside.look()
        raise SystemExit(f"The web server ended by itself (exit code {code}); the lines above say why.")
    except Stopped:
        click.echo("\nStopping ...")
    except EngineError as error:
        raise SystemExit(str(error)) from error
    finally:
        # A second Ctrl-C must not leave half of it running.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        if server and server.poll() is None:
            server.terminate()
            try:
                server.wait(STOP_WITHIN_S)
            except subprocess.TimeoutExpired:
                server.kill()
        beside.stop()
        if started_engine:
            instance.stop(settings)


def _exit_code(server: subprocess.Popen[bytes]) -> int | None:
    """What the server ended with; None when it still runs after LOOK_EVERY_S."""
    try:
        return server.wait(LOOK_EVERY_S)
    except subprocess.TimeoutExpired:
        return None


def _port_must_be_free(settings: Settings) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            raise SystemExit(
                f"Port {settings.port} on {settings.host} is in use. Choose another one: PORT=8001 make demo"
            ) from error


def _wait_until_ready(settings: Settings, server: subprocess.Popen[bytes]) -> None:
    address = f"http://{settings.host}:{settings.port}/health/ready"
    deadline = time.monotonic() + READY_WITHIN_S
    pause = threading.Event()
    reason = ""
    while time.monotonic() < deadline:
        if server.poll() is not None:
            raise SystemExit("The web server did not start; the lines above say why.")
        try:
            with urllib.request.urlopen(address, timeout=5):
                return
        except urllib.error.HTTPError as error:
            reason = error.read().decode(errors="replace")
        except OSError as error:
            reason = str(error)
        pause.wait(0.2)
    raise SystemExit(f"Not ready after {READY_WITHIN_S} s: {reason}")
