"""The rules of invitations, on both databases."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from threading import Barrier
from typing import Any

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import delete, func, insert, select, update

from matching.accounts import accounts, first_password, invitations, terms
from matching.accounts.accounts import Refusal, Refused, Rights, find_person
from matching.accounts.invitations import State
from matching.accounts.key_records import MicrosoftIdentity
from matching.accounts.policy import (
    ACCOUNT_MANAGER,
    ADMINISTRATOR,
    CONTACT_PERSON,
    OPERATIONS,
    ROLES,
    VACANCY_CONTACT,
)
from matching.accounts.records import (
    Account,
    AccountRole,
    AccountShowcase,
    AuditEntry,
    Invitation,
    Organisation,
    Person,
    ShowcaseAccess,
)
from matching.accounts.vault import Vault
from matching.candidates.records import Showcase
from matching.post.mails import from_json
from matching.post.records import OutboxMail
from matching.storage.database import Database
from tests.support.signed_in import make_account

SITE = "https://hallowerk.example"
VAULT = Vault([Fernet.generate_key().decode()])
NEW = "nieuw@demo.example"
NOW = datetime.now(UTC)


@pytest.fixture
def administrator(database: Database) -> int:
    """The administrator's account at the first of two organisations."""
    with database.write() as session:
        session.execute(
            insert(Organisation),
            [{"id": 1, "code": "een", "name": "Gemeente Een"}, {"id": 2, "code": "twee", "name": "Gemeente Twee"}],
        )
        for number, code in enumerate(("noord", "zuid"), start=1):
            session.execute(
                insert(Showcase).values(id=number, code=code, name=code, position=number, parts=[], categories=[])
            )
        session.execute(insert(ShowcaseAccess), [{"organisation_id": 1, "showcase_id": n} for n in (1, 2)])
    return make_account(database, 1, "beheer@demo.example", [ADMINISTRATOR], "Bea Beheer")


def invite(database: Database, actor: int | None, **more: Any) -> int:
    """Invite an account manager to the first organisation, unless told otherwise."""
    values: dict[str, Any] = {
        "organisation_id": 1,
        "email": NEW,
        "name": "Noor Nieuw",
        "rights": Rights(frozenset({ACCOUNT_MANAGER})),
        "language": "nl",
        "actor_id": actor,
        "now": NOW,
    }
    with database.write() as session:
        return invitations.invite(session, VAULT, SITE, **(values | more))


def resend(database: Database, number: int, actor: int, organisation: int = 1, now: datetime = NOW) -> None:
    """Send an invitation again."""
    with database.write() as session:
        invitations.resend(
            session, VAULT, SITE, invitation_id=number, organisation_id=organisation, actor_id=actor, now=now
        )


def revoke(database: Database, number: int, actor: int, organisation: int = 1) -> None:
    """Take an invitation back."""
    with database.write() as session:
        invitations.revoke(session, invitation_id=number, organisation_id=organisation, actor_id=actor, now=NOW)


def mailed(database: Database) -> list[Any]:
    """The mails that were queued, the first one first: recipient, language, what they tell."""
    with database.read() as session:
        rows = session.execute(select(OutboxMail).order_by(OutboxMail.id)).scalars().all()
        return [(row.recipient, row.language, from_json(row.kind, VAULT.open(row.sealed or ""))) for row in rows]


def last_token(database: Database) -> str:
    """The secret in the link of the last mail."""
    return str(mailed(database)[-1][2].link).rpartition("/")[2]


def state(database: Database, token: str, now: datetime = NOW) -> State:
    """How the invitation with this secret stands."""
    with database.read() as session:
        return invitations.find_open(session, token, now)[0]


def accept(database: Database, token: str, now: datetime = NOW, person: int | None = None) -> invitations.Accepted:
    """Accept as the page does: read, then write."""
    with database.read() as session:
        offer = invitations.find_open(session, token, now)[1]
    assert offer is not None
    with database.write() as session:
        return invitations.accept(session, offer, now, person)


def refusal(call: Any, *args: Any, **more: Any) -> Refusal:
    """Why this is refused."""
    with pytest.raises(Refused) as caught:
        call(*args, **more)
    return caught.value.reason


@pytest.mark.requirement("AUTH-01", "NOTIF-01")
def test_an_invitation_is_mailed_and_keeps_no_secret(database: Database, administrator: int) -> None:
    number = invite(database, administrator, email="  Nieuw@Demo.Example ", language="en")

    [(recipient, language, mail)] = mailed(database)
    assert (recipient, language) == (NEW, "en")
    assert (mail.inviter, mail.organisation) == ("Bea Beheer", "Gemeente Een")
    assert mail.link.startswith(f"{SITE}/uitnodiging/")
    with database.read() as session:
        row = session.get_one(Invitation, number)
        assert row.token_hash not in mail.link
        assert row.expires_at - row.sent_at == timedelta(days=30)
        [line] = session.execute(select(AuditEntry)).scalars()
        assert (line.action, line.actor_id, line.subject_key) == ("invitations.send", administrator, str(number))
        assert NEW not in str(line.details)


@pytest.mark.requirement("AUTH-05", "AUTH-06")
def test_accepting_makes_person_and_account_once(database: Database, administrator: int) -> None:
    invite(database, administrator, rights=Rights(frozenset({ACCOUNT_MANAGER}), frozenset({"zuid"})), language="en")
    token = last_token(database)
    assert state(database, token) is State.OPEN

    made = accept(database, token)

    with database.read() as session:
        person = session.get_one(Person, made.person_id)
        assert (person.email, person.name, person.language) == (NEW, "Noor Nieuw", "en")
        assert (person.terms, person.password_hash) == (terms.VERSION, None)
        assert session.scalars(select(AccountRole.role).where(AccountRole.account_id == made.account_id)).all() == [
            ACCOUNT_MANAGER
        ]
        assert session.scalars(select(AccountShowcase.showcase_id)).all() == [2]
        actions = session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)).all()
        assert actions == ["invitations.send", "invitations.accept", "terms.accept"]
    assert state(database, token) is State.ACCEPTED


def test_of_two_browsers_that_accept_at_once_one_is_refused(database: Database, administrator: int) -> None:
    invite(database, administrator)
    token = last_token(database)
    with database.read() as session:
        offer = invitations.find_open(session, token, NOW)[1]
    assert offer is not None
    both = Barrier(2)

    def one(_: int) -> bool:
        both.wait()
        try:
            with database.write() as session:
                invitations.accept(session, offer, NOW)
        except Refused:
            return False
        return True

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(one, range(2))) == [False, True]
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(Account).where(Account.id != administrator)) == 1


def test_an_invitation_ends_after_30_days_or_when_it_is_revoked(database: Database, administrator: int) -> None:
    number = invite(database, administrator)
    token = last_token(database)
    assert state(database, token, NOW + timedelta(days=30)) is State.EXPIRED
    assert state(database, token[:-1]) is State.UNKNOWN
    with database.read() as session:
        offer = invitations.find_open(session, token, NOW)[1]
    assert offer is not None

    revoke(database, number, administrator)

    assert state(database, token) is State.REVOKED
    with database.write() as session:
        assert refusal(invitations.accept, session, offer, NOW) is Refusal.NOT_OPEN
    assert refusal(revoke, database, number, administrator) is Refusal.NOT_OPEN


def test_sending_again_makes_another_link_and_ends_the_first(database: Database, administrator: int) -> None:
    number = invite(database, administrator)
    first = last_token(database)
    later = NOW + timedelta(days=31)

    resend(database, number, administrator, now=later)

    assert state(database, first, later) is State.UNKNOWN
    assert state(database, last_token(database), later + timedelta(days=29)) is State.OPEN


def test_no_address_is_flooded_by_sending_revoking_and_inviting(database: Database, administrator: int) -> None:
    number = invite(database, administrator)
    for _ in range(2):
        resend(database, number, administrator)
    revoke(database, number, administrator)
    number = invite(database, administrator)
    resend(database, number, administrator)

    assert refusal(resend, database, number, administrator) is Refusal.SENT_TOO_OFTEN
    revoke(database, number, administrator)
    assert refusal(invite, database, administrator) is Refusal.SENT_TOO_OFTEN
    assert len(mailed(database)) == invitations.MOST_MAILS


def test_nobody_is_invited_twice_but_by_two_organisations(database: Database, administrator: int) -> None:
    other = make_account(database, 2, "anders@demo.example", [ADMINISTRATOR])
    invite(database, administrator)
    assert refusal(invite, database, administrator, email=NEW.upper()) is Refusal.HAS_INVITATION
    first = last_token(database)
    invite(database, other, organisation_id=2)
    second = last_token(database)

    made = accept(database, first)

    assert refusal(invite, database, administrator) is Refusal.HAS_ACCOUNT
    with pytest.raises(invitations.SignInFirst):
        accept(database, second)
    with database.read() as session:
        somebody_else = find_person(session, "beheer@demo.example")
    with pytest.raises(invitations.SignInFirst):
        accept(database, second, person=somebody_else)
    assert state(database, second) is State.OPEN, "trying does not use it up"
    added = accept(database, second, person=made.person_id)
    assert (added.person_id, added.account_id != made.account_id) == (made.person_id, True)


def test_an_expired_invitation_makes_room_for_a_new_one(database: Database, administrator: int) -> None:
    invite(database, administrator)
    later = NOW + timedelta(days=30)

    number = invite(database, administrator, now=later)

    with database.read() as session:
        assert [line.id for line in invitations.pending(session, 1)] == [number]
        assert invitations.count_pending(session, 1) == 1
        assert invitations.pending(session, 2) == []
        assert invitations.pending(session, 1, limit=1, offset=1) == []


def test_an_invitation_stands_when_the_inviter_leaves(database: Database, administrator: int) -> None:
    make_account(database, 1, "tweede@demo.example", [ADMINISTRATOR])
    invite(database, administrator)
    with database.write() as session:
        accounts.close_account(session, administrator, actor_id=None)

    assert accept(database, last_token(database)).account_id


@pytest.mark.requirement("SET-22", "ROLE-21")
@pytest.mark.parametrize("closes", [True, False], ids=["closed", "no administrator any more"])
def test_who_loses_the_organisation_has_no_way_back_by_an_invitation(
    database: Database, administrator: int, closes: bool
) -> None:
    second = make_account(database, 1, "tweede@demo.example", [ADMINISTRATOR])
    makes_one = Rights(frozenset({ADMINISTRATOR}))
    with database.write() as session:
        session.execute(update(Account).where(Account.id == administrator).values(active=False))
    sent = {
        "to itself": invite(database, second, email="beheer@demo.example"),
        "by another": invite(database, second, email="vriend@demo.example", rights=makes_one),
    }
    with database.write() as session:
        session.execute(update(Account).where(Account.id == administrator).values(active=True))
    sent |= {
        "a colleague": invite(database, administrator, email="collega@demo.example"),
        "an administrator": invite(database, administrator, email="zelf@elders.example", rights=makes_one),
    }
    with database.write() as session:
        if closes:
            accounts.close_account(session, administrator, actor_id=second)
        else:
            accounts.change_rights(session, administrator, Rights(frozenset({ACCOUNT_MANAGER})), actor_id=second)
        revoked = set(session.scalars(select(Invitation.id).where(Invitation.revoked_at.is_not(None))))
        noted = select(AuditEntry.subject_key).where(AuditEntry.action == "invitations.revoke")
        assert {int(key) for key in session.scalars(noted)} == revoked

    assert revoked == {sent["to itself"], sent["an administrator"]}


def test_invitations_that_are_over_are_forgotten_and_open_ones_are_not(database: Database, administrator: int) -> None:
    expired = invite(database, administrator, email="een@demo.example", now=NOW - timedelta(days=130))
    revoked = invite(database, administrator, email="twee@demo.example")
    revoke(database, revoked, administrator)
    invite(database, administrator, email="drie@demo.example")
    accept(database, last_token(database))
    kept = invite(database, administrator, email="vier@demo.example")

    with database.write() as session:
        invitations.forget_old(session, NOW - timedelta(days=90))
        left = set(session.scalars(select(Invitation.id)))
    assert expired not in left
    assert {revoked, kept} < left
    with database.write() as session:
        invitations.forget_old(session, NOW + timedelta(days=1))
        assert session.scalars(select(Invitation.id)).all() == [kept]


def test_a_first_password_is_kept_once(database: Database, administrator: int) -> None:
    invite(database, administrator)
    person = accept(database, last_token(database)).person_id
    both = Barrier(2)

    def choose(hashed: str) -> bool:
        both.wait()
        with database.write() as session:
            return first_password.choose(session, person, hashed)

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(choose, ["een", "twee"])) == [False, True]
    with database.read() as session:
        assert session.scalar(select(func.count()).where(AuditEntry.action == "password.set")) == 1


def test_a_first_password_is_not_for_who_signs_in_with_microsoft(database: Database, administrator: int) -> None:
    invite(database, administrator)
    person = accept(database, last_token(database)).person_id
    with database.write() as session:
        session.execute(
            insert(MicrosoftIdentity).values(tenant_id="t", object_id="o", person_id=person, created_at=NOW)
        )
        assert first_password.choose(session, person, "hash") is False


def test_showcases_that_the_organisation_lost_since_are_left_out(database: Database, administrator: int) -> None:
    invite(database, administrator, rights=Rights(frozenset({ACCOUNT_MANAGER}), frozenset({"noord", "zuid"})))
    with database.write() as session:
        session.execute(delete(ShowcaseAccess).where(ShowcaseAccess.showcase_id == 1))

    made = accept(database, last_token(database))

    with database.read() as session:
        shown = select(AccountShowcase.showcase_id).where(AccountShowcase.account_id == made.account_id)
        assert session.scalars(shown).all() == [2]
        assert session.scalar(select(Account.every_showcase).where(Account.id == made.account_id)) is False


@pytest.mark.requirement("ROLE-12", "ROLE-21")
def test_who_may_invite_whom(database: Database, administrator: int) -> None:
    manager = make_account(database, 1, "am@demo.example", [ACCOUNT_MANAGER])
    contact = make_account(database, 1, "cp@demo.example", [CONTACT_PERSON])
    elsewhere = make_account(database, 2, "anders@demo.example", [ADMINISTRATOR])
    may = {
        (actor, role)
        for actor in (administrator, manager, contact, elsewhere)
        for role in ROLES
        if _is_invited(database, actor, role)
    }
    contacts = {CONTACT_PERSON, VACANCY_CONTACT}
    assert may == {(administrator, role) for role in ROLES} | {(manager, role) for role in contacts}
    assert not invitations.may_invite(frozenset({OPERATIONS}), frozenset({CONTACT_PERSON}))
    number = invite(database, administrator)
    assert refusal(resend, database, number, manager) is Refusal.MAY_NOT_INVITE
    assert refusal(resend, database, number, elsewhere, 2) is Refusal.NOT_OPEN
    assert refusal(revoke, database, number, elsewhere, 2) is Refusal.NOT_OPEN


def _is_invited(database: Database, actor: int, role: str) -> bool:
    try:
        invite(database, actor, email=f"{role}-{actor}@demo.example", rights=Rights(frozenset({role})))
    except Refused as refused:
        return refused.reason is not Refusal.MAY_NOT_INVITE
    return True


@pytest.mark.parametrize(
    "email",
    [
        "",
        "nieuw",
        "nieuw@",
        "@demo.example",
        "nieuw@demo.example, ander@demo.example",
        "nieuw@demo.example\r\nBcc: ander@demo.example",
        "Noor <nieuw@demo.example>",
        "nieuw@localhost",
        "nieuw@demo..example",
        "n\u00efeuw@demo.example",
        "a" * 65 + "@demo.example",
        "a@" + "b." * 130 + "example",
    ],
)
def test_what_is_no_address_is_refused(database: Database, administrator: int, email: str) -> None:
    assert refusal(invite, database, administrator, email=email) is Refusal.BAD_ADDRESS


@pytest.mark.parametrize("name", ["", "  ", "n" * 201, "Noor\x00Nieuw", "Noor\u202eNieuw"])
def test_what_is_no_name_is_refused(database: Database, administrator: int, name: str) -> None:
    assert refusal(invite, database, administrator, name=name) is Refusal.BAD_NAME


def test_a_name_of_more_lines_becomes_one(database: Database, administrator: int) -> None:
    with database.write() as session:
        session.execute(update(Person).values(name="Bea\r\nBcc: ander@demo.example"))
    number = invite(database, administrator, name="Noor\r\nBcc: ander@demo.example")
    with database.read() as session:
        assert session.get_one(Invitation, number).name == "Noor Bcc: ander@demo.example"
