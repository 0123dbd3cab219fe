"""The console command `hallowerk`: one sub-command per subject, each in its own file."""

from __future__ import annotations

import errno
import importlib
import signal
from types import FrameType

import click

from matching.settings import SettingsError

#: sub-command -> module that holds it, loaded only when asked for, so that `--help` and `engine` start fast.
SUBJECTS = {
    "accounts": "web.commands.accounts",
    "beat": "web.commands.beat",
    "candidates": "web.commands.candidates",
    "config": "web.commands.config",
    "database": "web.commands.database",
    "demo": "web.commands.demo",
    "doctor": "web.commands.doctor",
    "engine": "web.commands.engine",
    "index": "web.commands.index",
    "queues": "web.commands.queues",
    "relay": "web.commands.relay",
    "up": "web.commands.up",
    "search": "web.commands.search",
    "serve": "web.commands.serve",
    "showcases": "web.commands.showcases",
    "synonyms": "web.commands.synonyms",
    "taxonomy": "web.commands.taxonomy",
    "worker": "web.commands.worker",
}


#: A disk, a quota or a limit that is full.
NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
#: Exit code of a command that SIGTERM ended, as a shell has it.
TERMINATED = 128 + signal.SIGTERM


class Subjects(click.Group):
    """A group that imports a subject's module at the moment its command is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(SUBJECTS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in SUBJECTS:
            return None
        command: click.Command = importlib.import_module(SUBJECTS[cmd_name]).command
        return command


@click.group(cls=Subjects, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
def cli() -> None:
    """HalloWerk: find the job seekers that fit an employer's vacancy."""


class Terminated(BaseException):
    """SIGTERM asked this command to end, as a deploy does: what it holds is given back on the way out."""


def main() -> None:
    """Run the command; a wrong configuration, a full disk and SIGTERM end in a message, not in a traceback."""
    signal.signal(signal.SIGTERM, _terminate)  # those that run until then (`worker`, `relay`) put in their own
    try:
        cli()
    except SettingsError as error:
        raise SystemExit(str(error)) from error
    except OSError as error:
        if error.errno not in NO_ROOM:
            raise
        raise SystemExit(f"{error.filename or 'The output'} cannot be written: {error.strerror}.") from error
    except Terminated as error:
        click.echo("Broken off by SIGTERM. What was done stays; run the command again to carry on.", err=True)
        raise SystemExit(TERMINATED) from error


def _terminate(_signal: int, _frame: FrameType | None) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # a second one must not break off the giving back
    raise Terminated
