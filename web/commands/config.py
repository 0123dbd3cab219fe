"""`hallowerk config`: which settings there are, what they are now and what they mean."""

from __future__ import annotations

import click

from matching.settings import describe_settings, load_settings


@click.command()
@click.option("--markdown", is_flag=True, help="Print the table of docs/configuration.md (defaults, no values).")
def command(markdown: bool) -> None:
    """Show every setting with its present value; each is an environment variable."""
    if markdown:
        click.echo("| variable | meaning |\n|---|---|")
        for name, (_, meaning) in describe_settings(load_settings()).items():
            click.echo(f"| `{name}` | {meaning} |")
        return
    for name, (value, meaning) in describe_settings(load_settings()).items():
        click.echo(f"{name}={value}")
        click.echo(f"    {meaning}")
