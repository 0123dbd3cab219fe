"""`hallowerk doctor`: what this installation runs on, what is missing and how to get it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import click
import orjson
from elasticsearch import ApiError, TransportError
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from indexer.engine import disk, features, instance, jdk
from indexer.engine.client import connect
from indexer.engine.errors import EngineError, WayError
from indexer.engine.home import cache_place, find_home
from indexer.engine.pins import INSTALL_FREE_BYTES, START_FREE_BYTES, VERSION
from matching.accounts.audit import broken_lines
from matching.settings import Settings, load_settings
from matching.storage.database import Database
from matching.storage.migrate import is_current
from web.commands.demo import count_demo_accounts

_ASK_SECONDS = 5.0
SHOWN_LINES = 10


@dataclass(frozen=True)
class Finding:
    """One thing looked at: `ok` is None where it could not be told; what is not ok and `needed` fails the command."""

    subject: str
    ok: bool | None
    found: str
    remedy: str = ""
    needed: bool = True
    details: dict[str, Any] = field(default_factory=dict)


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object: ok, findings.")
def command(as_json: bool) -> None:
    """Look at the engine, database, Java and disk; say what is missing and how to get it.

    Changes nothing. Exit code 1 when something that HalloWerk needs is missing.
    """
    findings = list(examine(load_settings()))
    failed = [finding for finding in findings if finding.needed and finding.ok is False]
    if as_json:
        report = {"ok": not failed, "findings": [asdict(finding) for finding in findings]}
        click.echo(orjson.dumps(report, option=orjson.OPT_INDENT_2).decode())
    else:
        for finding in findings:
            click.echo(f"{_sign(finding)} {finding.subject}: {finding.found}")
            if finding.remedy and finding.ok is not True:
                click.echo(f"         -> {finding.remedy}")
        click.echo("All that is needed is there." if not failed else f"{len(failed)} needed thing(s) missing.")
    if failed:
        raise SystemExit(1)


def examine(settings: Settings) -> Iterator[Finding]:
    """Yield the findings, engine first; each look is independent, so one failure hides no other."""
    yield from _engine(settings)
    database = _database(settings)
    yield database
    if database.ok:
        yield _audit_trail(settings)
        yield from _demo(settings)
    yield from _visitors(settings)
    yield _post(settings)
    yield _java(settings)
    yield from _disk(settings)


def _sign(finding: Finding) -> str:
    if finding.ok is None:
        return "[  ?  ]"
    if finding.ok:
        return "[ ok  ]"
    return "[ NO  ]" if finding.needed else "[  -  ]"


def _engine(settings: Settings) -> Iterator[Finding]:
    try:
        state = instance.status(settings)
    except EngineError as error:
        yield Finding("engine", False, str(error), "correct HALLOWERK_ENGINE_HOME")
        return
    if not state.running:
        yield Finding("engine", False, state.sentence, "hallowerk engine start", details=state.as_dict())
        return
    client = connect(settings).options(request_timeout=_ASK_SECONDS)
    try:
        seen = features.examine(client)
    except (ApiError, TransportError) as error:
        reason = f"{state.sentence} It does not answer as it should: {error}"
        remedy = "hallowerk engine stop, then start" if state.state == "running" else "look at ELASTICSEARCH_URL"
        yield Finding("engine", False, reason, remedy, details=state.as_dict())
        return
    yield Finding(
        "engine",
        seen.version_fits and seen.health != "red",
        f"{state.sentence} It says: version {seen.version}, cluster {seen.cluster}, health {seen.health}.",
        f"HalloWerk speaks to Elasticsearch {VERSION.split('.')[0]} with no red index",
        details=state.as_dict(),
    )
    for feature in seen.features:
        found = feature.detail or ("works" if feature.present else "absent")
        yield Finding(f"engine can: {feature.name}", feature.present, found, "use the engine that we install")
    modules = "not told" if seen.modules is None else f"{len(seen.modules)}: {', '.join(seen.modules)}"
    yield Finding("engine modules", seen.modules is not None or None, modules, details={"modules": seen.modules})
    if seen.unused_absent:
        absent = "; ".join(f"{name} ({brings})" for name, brings in seen.unused_absent.items())
        yield Finding("engine lacks, HalloWerk does not use", False, absent, needed=False)


def _database(settings: Settings) -> Finding:
    database = Database(settings.database)
    kind = "SQLite" if database.is_sqlite else "PostgreSQL"
    place = database.url.render_as_string(hide_password=True)
    upgrade = "hallowerk database upgrade"
    if database.is_sqlite and database.url.database and not Path(database.url.database).is_file():
        return Finding("database", False, f"{kind}: {place} is not there yet", upgrade)
    query = "SELECT sqlite_version()" if database.is_sqlite else "SHOW server_version"
    try:
        with database.read() as session:
            version = session.execute(text(query)).scalar_one()
        current = is_current(database)
    except SQLAlchemyError as error:
        reason = str(error.__cause__ or error).strip().splitlines()[0]
        return Finding("database", False, f"{kind}: {place} does not answer ({reason})", "look at DATABASE_URL")
    finally:
        database.close()
    tables = "its tables are up to date" if current else "its tables are not those of this release"
    return Finding("database", current, f"{kind} {version}: {place}, {tables}", upgrade)


def _audit_trail(settings: Settings) -> Finding:
    database = Database(settings.database)
    with database.read() as session:
        broken = list(broken_lines(session))
    database.close()
    if not broken:
        return Finding("audit trail", True, "every line follows from the one before")
    first = ", ".join(map(str, broken[:SHOWN_LINES]))
    return Finding(
        "audit trail",
        False,
        f"{len(broken)} lines do not follow from the ones before, the first: {first}",
        "somebody changed the table outside HalloWerk: compare it with a backup",
        details={"broken_lines": broken[:SHOWN_LINES]},
    )


def _demo(settings: Settings) -> Iterator[Finding]:
    """Accounts whose password everybody can know, where real people sign in."""
    if not settings.https:
        return
    database = Database(settings.database)
    with database.read() as session:
        present = count_demo_accounts(session)
    database.close()
    found = f"{present} accounts of the demo, whose password everybody can know" if present else "no accounts of it"
    yield Finding("demo", not present, found, "use a database that the demo was never loaded into")


def _visitors(settings: Settings) -> Iterator[Finding]:
    """Behind HTTPS stands a proxy: without counting it everybody seems to sign in from its address."""
    if settings.https and not settings.proxies:
        found = "HALLOWERK_PROXIES is 0, so all visitors seem to come from the address of the proxy before HTTPS"
        yield Finding("addresses of visitors", False, found, "set HALLOWERK_PROXIES", needed=False)


def _post(settings: Settings) -> Finding:
    """Where mails go; nothing is sent."""
    if settings.smtp_host:
        return Finding("mail", True, f"goes to {settings.smtp_host}, port {settings.smtp_port} (not tried)")
    found = f"goes nowhere: mails become files in {settings.mailbox_dir}"
    return Finding("mail", not settings.https, found, "set HALLOWERK_SMTP_HOST", needed=False)


def _java(settings: Settings) -> Finding:
    needed = not settings.elasticsearch_url
    try:
        home = find_home(settings)
        if home is not None and home.bundled_jdk is not None:
            return Finding("Java", True, f"the engine brings its own: {home.bundled_jdk}")
        found = jdk.find(os.environ)
    except WayError as error:
        return Finding("Java", False, str(error), "install a JDK, for example Temurin 25", needed)
    except EngineError as error:
        return Finding("Java", None, str(error), needed=False)
    return Finding("Java", True, f"{found.home} (Java {found.major})")


def _disk(settings: Settings) -> Iterator[Finding]:
    free = disk.free_bytes(settings.state_dir)
    room = f"{disk.size(free)} free at {settings.state_dir}"
    yield Finding("disk of the database", free >= START_FREE_BYTES, room, f"make room: {disk.size(START_FREE_BYTES)}")
    if settings.elasticsearch_url:
        return
    free = disk.free_bytes(settings.engine_cache)
    installed = settings.engine_home is not None or cache_place(settings).exists()
    needs = START_FREE_BYTES if installed else INSTALL_FREE_BYTES
    room = f"{disk.size(free)} free at {settings.engine_cache}"
    yield Finding("disk of the engine", free >= needs, room, f"make room: {disk.size(needs)}")
