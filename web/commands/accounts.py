"""`hallowerk accounts`: organisations, their first administrator, where their people sign in, and lost keys."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import click

from matching.accounts import operator
from matching.accounts.accounts import Refused
from matching.accounts.operator import OperatorRefused
from matching.accounts.vault import open_vault
from matching.post.wording import Language
from matching.settings import load_settings
from matching.storage.database import Database
from web.commands.demo import refuse_beside_demo
from web.commands.intake import UNUSABLE, database_messages
from web.commands.opening import open_database
from web.commands.trail import note_command


@click.group()
def command() -> None:
    """Organisations and their people, as far as no administrator can look after them."""


@command.command("create-admin")
@click.option("--organisation", required=True, help="Code of the organisation, such as gemeente-stad.")
@click.option("--organisation-name", help="Make the organisation, with this name.")
@click.option("--name", required=True, help="Name of the administrator.")
@click.option("--email", required=True, help="E-mail address of the administrator.")
@click.option("--another", is_flag=True, help="Also where there is an administrator, who can't be reached any more.")
@click.option("--language", type=click.Choice(["nl", "en"]), default="nl", show_default=True, help="Of the mail.")
def create_admin(
    organisation: str, organisation_name: str | None, name: str, email: str, another: bool, language: Language
) -> None:
    """Invite the first administrator of an organisation, who can then invite everybody else.

    With --another it is one more, for when the only one has left or can't sign in any more. Prints the link of the
    invitation, which is mailed too: it works once, for 30 days. Run it again for a new link.

    \b
    Example:
      hallowerk accounts create-admin --organisation gemeente-stad --organisation-name "Gemeente Stad" \\
        --name "Bea Baas" --email b.baas@stad.example
    """
    settings = load_settings()
    with _changing() as database, database.write() as session:
        if organisation_name is not None:
            refuse_beside_demo(session)
        link = operator.invite_first_administrator(
            session,
            open_vault(settings),
            settings.site_url,
            code=organisation,
            organisation_name=organisation_name,
            name=name,
            email=email,
            language=language,
            another=another,
            now=datetime.now(UTC),
        )
    click.echo(f"Invited. The link, which is shown only now:\n{link}")


@command.command("organisation")
@click.argument("code")
@click.option("--domain", "domains", multiple=True, help="A domain of its e-mail addresses.")
@click.option(
    "--microsoft/--no-microsoft", default=False, help="Whether the people of --domain sign in with Microsoft."
)
@click.option("--remove-domain", "gone_domains", multiple=True, help="Take a domain off.")
@click.option("--tenant", "tenants", multiple=True, help="Id of a tenant of Microsoft Entra whose people are let in.")
@click.option("--remove-tenant", "gone_tenants", multiple=True, help="Take a tenant off.")
@click.option("--showcase", "showcases", multiple=True, help="Code of a showcase that its people may open.")
def organisation_command(
    code: str,
    domains: tuple[str, ...],
    microsoft: bool,
    gone_domains: tuple[str, ...],
    tenants: tuple[str, ...],
    gone_tenants: tuple[str, ...],
    showcases: tuple[str, ...],
) -> None:
    """Change where the people of the organisation CODE sign in, and what they may open.

    All of it, or nothing when a part is refused.

    \b
    Example:
      hallowerk accounts organisation gemeente-stad --domain stad.example --microsoft --showcase rijnmond \\
        --tenant 11111111-2222-3333-4444-555555555555
    """
    with _changing() as database, database.write() as session:
        number = operator.find(session, code)
        for domain in gone_domains:
            operator.remove_domain(session, code, domain)
        for domain in domains:
            operator.set_domain(session, code, domain, microsoft=microsoft)
        for tenant in gone_tenants:
            operator.remove_tenant(session, code, tenant)
        for tenant in tenants:
            operator.add_tenant(session, code, tenant)
        for showcase in showcases:
            operator.open_showcase(session, code, showcase)
        details = {
            "organisation": number,
            "domains": [*domains],
            "microsoft": microsoft,
            "removed_domains": [*gone_domains],
            "tenants": [*tenants],
            "removed_tenants": [*gone_tenants],
            "showcases": [*showcases],
        }
        note_command(session, "organisation.change", details)
    click.echo(f"{code} is changed")


@command.command("list")
def list_command() -> None:
    """List the organisations with their domains, tenants and showcases, and how many accounts they have."""
    with _changing() as database, database.read() as session:
        lines = operator.organisations(session)
    for line in lines:
        click.echo(f"{line.code}  {line.name}: {line.accounts} accounts, {line.administrators} administrators")
        for domain, microsoft in line.domains.items():
            click.echo(f"  domain {domain}{', signs in with Microsoft' if microsoft else ''}")
        for tenant in line.tenants:
            click.echo(f"  tenant {tenant}")
        if line.showcases:
            click.echo(f"  showcases {', '.join(line.showcases)}")


@command.command("reset-second-step")
@click.argument("email")
@click.confirmation_option(prompt="Are you sure that this person asks for it?")
def reset_second_step(email: str) -> None:
    """Take the extra checks of the person with this address off, for a lost phone.

    For who has accounts at more than one organisation; administrators do it for others. All sessions end, a mail tells,
    and the password stays asked for.
    """
    settings = load_settings()
    with _changing() as database, database.write() as session:
        operator.reset_second_step(session, open_vault(settings), email, datetime.now(UTC))
    click.echo("The next sign-in asks to set an extra check up, after the password")


@command.command("unlink-microsoft")
@click.argument("email")
@click.confirmation_option(prompt="Are you sure that this person asks for it?")
def unlink_microsoft(email: str) -> None:
    """Take off which account at Microsoft the person with this address signs in with.

    For who got another account at Microsoft, or whose organisation leaves it. All sessions end, a mail tells. Who has
    no password gets a link to choose one through 'Wachtwoord vergeten?' on the sign-in page.
    """
    settings = load_settings()
    with _changing() as database, database.write() as session:
        operator.unlink_microsoft(session, open_vault(settings), email, datetime.now(UTC))
    click.echo("The next sign-in is with a password, that 'Wachtwoord vergeten?' gives a link for, and an extra check")


@contextmanager
def _changing() -> Iterator[Database]:
    """The database; ends with a message when it can't be used, or when the change is refused."""
    try:
        with database_messages():
            yield open_database(load_settings())
    except OperatorRefused as refused:
        click.echo(str(refused), err=True)
        raise SystemExit(UNUSABLE) from refused
    except Refused as refused:
        click.echo(f"Refused: {refused.reason.value.replace('_', ' ')}", err=True)
        raise SystemExit(UNUSABLE) from refused
