"""The console command `hallowerk`: one sub-command per subject, each in its own file."""

from __future__ import annotations

import importlib

import click

from matching.settings import SettingsError

#: sub-command -> module that holds it, loaded only when asked for, so that `--help` and `engine` start fast.
SUBJECTS = {
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


def main() -> None:
    """Run the command; a wrong configuration ends in a message, not in a traceback."""
    try:
        cli()
    except SettingsError as error:
        raise SystemExit(str(error)) from error
