"""The commands `hallowerk accounts` and `hallowerk demo code`, as whoever runs an installation meets them."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import pytest
from click.testing import CliRunner
from sqlalchemy import func, select

from matching.accounts import resets, second_steps, sessions
from matching.accounts.accounts import find_person
from matching.accounts.audit import broken_lines
from matching.accounts.invitations import State, find_open
from matching.accounts.key_records import MicrosoftIdentity
from matching.accounts.policy import ADMINISTRATOR
from matching.accounts.records import (
    AuditEntry,
    Invitation,
    Organisation,
    OrganisationDomain,
    OrganisationTenant,
    ShowcaseAccess,
)
from matching.accounts.vault import open_vault
from matching.candidates.showcases import define
from matching.demo.accounts import set_up_accounts
from matching.demo.showcases import SHOWCASES
from matching.demo.version import note_loaded
from matching.post.records import OutboxMail
from matching.settings import Settings, load_settings
from matching.storage.database import Database
from tests.support.command import environment
from tests.support.signed_in import make_account, session_token
from web.commands import cli

TENANT = "11111111-2222-3333-4444-555555555555"
BEHIND_HTTPS = {"HALLOWERK_HTTPS": "true", "HALLOWERK_PUBLIC_URL": "https://hallowerk.example"}


class Done(NamedTuple):
    """How a command ended, and what it said."""

    code: int
    text: str


class Shell:
    """The command with this database, run in this process."""

    def __init__(self, database: Database, folder: Path) -> None:
        self.database = database
        self.folder = folder
        self.url = database.url.render_as_string(hide_password=False)

    def __call__(self, *arguments: str, **variables: str) -> Done:
        with CliRunner().isolation(
            env=environment(self.folder, DATABASE_URL=self.url, HALLOWERK_DEMO="false", **variables)
        ) as (out, err, _):
            code, message = 0, ""
            try:
                cli.main(arguments, standalone_mode=False)
            except SystemExit as ending:
                code = ending.code if isinstance(ending.code, int) else 1
                message = "" if isinstance(ending.code, int) else str(ending.code)
            return Done(code, (out.getvalue() + err.getvalue()).decode() + message)

    @property
    def settings(self) -> Settings:
        return load_settings(state_dir=self.folder / "state", database_url=self.url)


@pytest.fixture
def shell(database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shell:
    monkeypatch.chdir(tmp_path)
    return Shell(database, tmp_path)


def create(shell: Shell, *more: str) -> Done:
    """Invite the first administrator of 'gemeente-stad'."""
    person = ("--name", "Bea Baas", "--email", "bea@stad.example")
    return shell("accounts", "create-admin", "--organisation", "gemeente-stad", *person, *more)


def test_an_empty_system_gets_its_organisation_and_a_link_for_its_first_administrator(shell: Shell) -> None:
    assert create(shell).code == 2
    done = create(shell, "--organisation-name", "Gemeente Stad")
    assert done.code == 0, done.text
    link = done.text.split()[-1]
    assert "/uitnodiging/" in link
    with shell.database.read() as session:
        state, offer = find_open(session, link.rpartition("/")[2], datetime.now(UTC))
        assert state is State.OPEN
        assert offer is not None
        assert (offer.organisation, offer.email) == ("Gemeente Stad", "bea@stad.example")
        assert session.scalars(select(Invitation.roles)).all() == [[ADMINISTRATOR]]
        assert list(broken_lines(session)) == []
        told = str(session.scalars(select(AuditEntry.details)).all())
        assert "bea" not in told.lower()


def test_a_second_call_makes_a_new_link_and_the_first_stops_working(shell: Shell) -> None:
    first = create(shell, "--organisation-name", "Gemeente Stad").text.split()[-1]
    assert create(shell, "--organisation-name", "Nog eens").code == 2
    second = create(shell).text.split()[-1]
    with shell.database.read() as session:
        states = [find_open(session, link.rpartition("/")[2], datetime.now(UTC))[0] for link in (first, second)]
        assert states == [State.UNKNOWN, State.OPEN]


def test_an_organisation_with_an_administrator_invites_by_itself(shell: Shell) -> None:
    with shell.database.write() as session:
        session.add(Organisation(id=1, code="gemeente-stad", name="Gemeente Stad"))
    make_account(shell.database, 1, "baas@stad.example", [ADMINISTRATOR])
    done = create(shell)
    assert done.code == 2
    assert "has an administrator already" in done.text
    with shell.database.read() as session:
        assert session.scalar(select(func.count()).select_from(Invitation)) == 0
    assert create(shell, "--another").code == 0, "the only one may be out of reach"
    with shell.database.read() as session:
        assert session.scalars(select(Invitation.email)).all() == ["bea@stad.example"]


def test_domains_tenants_and_showcases_are_set_and_taken_off(shell: Shell) -> None:
    with shell.database.write() as session:
        session.add(Organisation(id=1, code="stad", name="Stad"))
        session.add(Organisation(id=2, code="dorp", name="Dorp"))
        define(session, SHOWCASES[0], 0)
    change = ("accounts", "organisation", "stad")
    given = ("--domain", "Stad.Example", "--microsoft", "--tenant", TENANT.upper(), "--showcase", "rijnmond")
    done = shell(*change, *given)
    assert done.code == 0, done.text
    listed = shell("accounts", "list").text
    assert "domain stad.example, signs in with Microsoft" in listed
    assert f"tenant {TENANT}" in listed
    assert "showcases rijnmond" in listed
    assert shell("accounts", "organisation", "dorp", "--domain", "stad.example").code == 2
    for wrong in (
        ("--domain", "stad"),
        ("--tenant", "stad"),
        ("--tenant", "9188040d-6c67-4c5b-b112-36a304b66dad"),
        ("--remove-domain", "elders.example"),
        ("--showcase", "nergens"),
    ):
        assert shell(*change, *wrong).code == 2, wrong
    assert shell("accounts", "organisation", "niemand", "--domain", "x.example").code == 2
    assert shell(*change, "--remove-domain", "stad.example", "--remove-tenant", TENANT).code == 0
    with shell.database.read() as session:
        assert session.scalars(select(OrganisationDomain)).all() == []
        assert len(session.scalars(select(ShowcaseAccess)).all()) == 1
        assert session.scalars(select(AuditEntry.action)).all() == ["organisation.change"] * 2


@pytest.fixture
def in_tenant(shell: Shell) -> int:
    """Somebody of 'gemeente-stad' who signs in with Microsoft only, and is signed in; returns the person's number."""
    with shell.database.write() as session:
        session.add(Organisation(id=1, code="gemeente-stad", name="Gemeente Stad"))
        session.flush()
        session.add(OrganisationTenant(organisation_id=1, tenant_id=TENANT))
    make_account(shell.database, 1, "anne@stad.example", [ADMINISTRATOR])
    with shell.database.write() as session:
        person = find_person(session, "anne@stad.example")
        assert person is not None
        linked = {"tenant_id": TENANT, "object_id": "anne", "created_at": datetime.now(UTC)}
        session.add(MicrosoftIdentity(person_id=person, **linked))
    return person


def test_a_tenant_that_is_taken_off_ends_the_sessions_of_its_people_only(shell: Shell, in_tenant: int) -> None:
    make_account(shell.database, 1, "bert@stad.example", [ADMINISTRATOR])
    tokens = [session_token(shell.database, f"{name}@stad.example") for name in ("anne", "bert")]
    assert shell("accounts", "organisation", "gemeente-stad", "--remove-tenant", TENANT).code == 0
    with shell.database.read() as session:
        found = [sessions.find(session, token, datetime.now(UTC)) for token in tokens]
    assert [one is not None for one in found] == [False, True]


@pytest.mark.requirement("AUTH-35")
def test_whose_account_at_microsoft_changed_gets_in_with_a_forgotten_password(shell: Shell, in_tenant: int) -> None:
    token, vault = session_token(shell.database, "anne@stad.example"), open_vault(shell.settings)
    unlink = ("accounts", "unlink-microsoft", "anne@stad.example", "--yes")
    done = shell(*unlink)
    assert done.code == 0, done.text
    assert shell(*unlink).code == shell("accounts", "unlink-microsoft", "niemand@stad.example", "--yes").code == 2
    with shell.database.write() as session:
        assert sessions.find(session, token, datetime.now(UTC)) is None
        assert resets.ask(session, vault, "anne@stad.example", "https://hallowerk.example", datetime.now(UTC))
    with shell.database.read() as session:
        assert "microsoft.unlink" in session.scalars(select(AuditEntry.action)).all()
        kinds = session.scalars(select(OutboxMail.kind).order_by(OutboxMail.id)).all()
        assert kinds == ["sign_in_method_changed", "password_reset"], "a link, not the word that it is Microsoft's"


@pytest.fixture
def demo(shell: Shell) -> Shell:
    """A database with the demo's accounts, of which the state folder tells that it holds the demo."""
    with shell.database.write() as session:
        for position, view in enumerate(SHOWCASES):
            define(session, view, position)
        set_up_accounts(session, open_vault(shell.settings), datetime.now(UTC))
    note_loaded(shell.settings, 600)
    return shell


def signs_in(shell: Shell) -> Callable[[str], bool]:
    """Whether a code is taken as the second step of the demo's account manager."""

    def check(code: str) -> bool:
        with shell.database.write() as session:
            person = find_person(session, "m.devries@demo.example")
            assert person is not None
            now = datetime.now(UTC)
            return second_steps.check(session, open_vault(shell.settings), person, "authenticator", code, now)

    return check


def test_the_printed_code_is_taken_and_the_next_one_is_another(demo: Shell) -> None:
    check = signs_in(demo)
    told: list[str] = []
    # Two of them, or more when a half minute begins meanwhile; then every code of the moment is used.
    while (done := demo("demo", "code", "M.deVries@demo.example")).code == 0:
        told.append(done.text.split()[0])
        assert check(told[-1])
    assert "Ask again in" in done.text
    assert len(set(told)) == len(told) >= 2


def test_no_code_is_told_outside_the_demo(demo: Shell) -> None:
    email = "m.devries@demo.example"
    assert "no demo account" in demo("demo", "code", "iemand@stad.example").text
    assert "This is no demo" in demo("demo", "code", email, **BEHIND_HTTPS).text
    with demo.database.write() as session:
        session.add(Organisation(code="echt", name="Een echte gemeente"))
    for arguments in (("demo", "code", email), ("demo", "load", "--people", "1")):
        done = demo(*arguments)
        assert done.code == 1
        assert "organisations that are not the demo's" in done.text
    (demo.folder / "state" / "demo.json").unlink()
    assert "This is no demo" in demo("demo", "code", email).text


def test_the_demo_and_real_people_keep_apart(demo: Shell) -> None:
    done = demo("demo", "load", "--people", "1", **BEHIND_HTTPS)
    assert (done.code, "is for real people" in done.text) == (1, True)
    done = create(demo, "--organisation-name", "Gemeente Stad")
    assert (done.code, "holds the demo" in done.text) == (1, True)
    with demo.database.read() as session:
        assert session.scalar(select(func.count()).where(Organisation.code == "gemeente-stad")) == 0


def test_doctor_tells_of_demo_accounts_and_proxies_behind_https_and_where_mail_goes(demo: Shell) -> None:
    def findings(**variables: str) -> dict[str, tuple[bool | None, str]]:
        found = json.loads(demo("doctor", "--json", **variables).text)["findings"]
        return {one["subject"]: (one["ok"], one["found"]) for one in found}

    at_home = findings()
    assert not {"demo", "addresses of visitors"} & set(at_home)
    assert at_home["mail"] == (True, f"goes nowhere: mails become files in {demo.settings.mailbox_dir}")
    server = {"HALLOWERK_SMTP_HOST": "smtp.example", "HALLOWERK_MAIL_FROM": "post@hallowerk.example"}
    outside = findings(**BEHIND_HTTPS, **server)
    assert outside["demo"][0] is False
    assert "accounts of the demo" in outside["demo"][1]
    assert outside["addresses of visitors"][0] is False
    assert outside["mail"] == (True, "goes to smtp.example, port 587 (not tried)")
    assert findings(**BEHIND_HTTPS)["mail"][0] is False
    assert "addresses of visitors" not in findings(**BEHIND_HTTPS, HALLOWERK_PROXIES="1")


def test_the_accounts_are_printed_with_where_their_codes_and_mails_are(demo: Shell) -> None:
    told = demo("demo", "accounts").text
    assert "hallowerk demo code EMAIL" in told
    assert "/postvak" not in told
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("web.commands.demo.load_settings", lambda: demo.settings.model_copy(update={"demo": True}))
        assert "/postvak" in demo("demo", "accounts").text


def test_a_lost_phone_of_who_works_at_two_organisations_is_reset_by_the_operator(demo: Shell) -> None:
    done = demo("accounts", "reset-second-step", "j.smit@demo.example", "--yes")
    assert done.code == 0, done.text
    with demo.database.read() as session:
        person = find_person(session, "j.smit@demo.example")
        assert person is not None
        assert second_steps.in_use(session, person) == ()
    assert demo("accounts", "reset-second-step", "niemand@demo.example", "--yes").code == 2
