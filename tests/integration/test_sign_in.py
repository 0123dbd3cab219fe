"""Signing in through the pages, on both databases: address, password, code, and nobody else (AUTH-29..34)."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from flask.testing import FlaskClient
from sqlalchemy import select, update

from matching.accounts import known_devices, second_steps, sessions
from matching.accounts.key_records import Device, RecoveryCode, SignInSession
from matching.accounts.proofs import passwords
from matching.accounts.proofs.recovery_codes import code_hash, new_codes
from matching.accounts.records import Account, AuditEntry, Organisation, OrganisationDomain, Person
from matching.accounts.second_steps import SMS
from matching.accounts.sessions import Proof
from matching.post.mails import NewDevice, RecoveryCodeUsed
from matching.settings import Settings
from matching.storage.database import Database
from tests.support.lobby import (
    EMAIL,
    Lobby,
    enter_code,
    enter_password,
    is_in,
    open_lobby,
    text_of,
)

REFUSED = "Dit e-mailadres en wachtwoord horen niet bij elkaar."


@pytest.fixture
def lobby(settings: Settings, database: Database) -> Lobby:
    return open_lobby(settings, database)


@pytest.fixture
def anne(lobby: Lobby) -> int:
    """The account of somebody with a password and an authenticator."""
    return lobby.add_person()


def held(client: FlaskClient) -> str | None:
    """The token that this client holds."""
    with client.session_transaction() as kept:
        return kept.get("_user_id")


@pytest.mark.requirement("AUTH-29", "AUTH-30", "AUTH-33", "ROLE-01")
def test_address_password_and_code_lead_home(lobby: Lobby, anne: int) -> None:
    client = lobby.app.test_client()
    assert "Volgende" in text_of(client.get("/inloggen"))
    answer = enter_password(client)
    assert answer.location == "/inloggen/code"
    assert "Controleren" in text_of(client.get("/inloggen/code"))
    assert not is_in(client)
    assert enter_code(client, lobby.code()).location == "/"
    assert is_in(client)
    with lobby.database.read() as session:
        assert session.scalar(select(Account.last_login_at).where(Account.id == anne)) is not None


def test_the_page_first_asked_for_comes_after_it(lobby: Lobby, anne: int) -> None:
    client = lobby.app.test_client()
    asked = client.get("/operations?stil=1")
    assert asked.location is not None
    client.get(asked.location)
    enter_password(client)
    assert enter_code(client, lobby.code()).location == "/operations?stil=1"


@pytest.mark.parametrize("target", ["//elders.example/", "https://elders.example/", "/\\elders.example", "js:1"])
def test_nobody_is_led_to_another_site(lobby: Lobby, anne: int, target: str) -> None:
    client = lobby.app.test_client()
    client.get("/inloggen", query_string={"next": target})
    enter_password(client)
    assert enter_code(client, lobby.code()).location == "/"


@pytest.mark.requirement("AUTH-31")
def test_unknown_address_and_wrong_password_look_the_same(lobby: Lobby, anne: int) -> None:
    client = lobby.app.test_client()
    answers = [
        enter_password(client, EMAIL, "Verkeerd maar lang genoeg!"),
        enter_password(client, "niemand@gemeente.example"),
    ]
    assert [answer.status_code for answer in answers] == [422, 422]
    shown = [text_of(answer).replace(EMAIL, "X").replace("niemand@gemeente.example", "X") for answer in answers]
    assert shown[0] == shown[1]
    assert REFUSED in shown[0]
    assert not is_in(client)


@pytest.mark.requirement("AUTH-31")
def test_a_wrong_code_is_no_way_in(lobby: Lobby, anne: int) -> None:
    client = lobby.app.test_client()
    enter_password(client)
    answer = enter_code(client, "000000" if lobby.code() != "000000" else "111111")
    assert answer.status_code == 422
    assert "Deze code klopt niet" in text_of(answer)
    assert not is_in(client)


@pytest.mark.requirement("AUTH-09")
def test_the_second_step_cannot_be_left_out(lobby: Lobby, anne: int) -> None:
    client = lobby.app.test_client()
    enter_password(client)
    for address in ("/", "/kandidaten/", "/operations"):
        answer = client.get(address)
        assert answer.status_code == 302, address
        assert answer.location.startswith("/inloggen"), address


def test_a_code_works_once(lobby: Lobby, anne: int) -> None:
    code = lobby.code()
    first, second = lobby.app.test_client(), lobby.app.test_client()
    for client in (first, second):
        enter_password(client)
    assert enter_code(first, code).status_code == 302
    assert enter_code(second, code).status_code == 422
    assert not is_in(second)


def test_of_those_who_bring_a_code_at_once_one_gets_in(lobby: Lobby, anne: int) -> None:
    clients = [lobby.app.test_client() for _ in range(4)]
    for client in clients:
        enter_password(client)
    code = lobby.code()
    with ThreadPoolExecutor(len(clients)) as threads:
        statuses = list(threads.map(lambda client: enter_code(client, code).status_code, clients))
    assert sorted(statuses) == [302, 422, 422, 422]


def test_the_session_is_another_one_after_each_step(lobby: Lobby, anne: int) -> None:
    """A token that somebody planted or saw before is worth nothing afterwards (session fixation)."""
    client, planted = lobby.app.test_client(), lobby.app.test_client()
    enter_password(client)
    before = held(client)
    with planted.session_transaction() as kept:
        kept["_user_id"] = before
    enter_code(client, lobby.code())
    assert held(client) not in (None, before)
    assert is_in(client)
    assert not is_in(planted)


@pytest.mark.requirement("AUTH-34", "OPEN-23")
def test_signing_out_ends_the_session_on_the_server(lobby: Lobby, anne: int) -> None:
    client, copy = lobby.app.test_client(), lobby.app.test_client()
    enter_password(client)
    enter_code(client, lobby.code())
    with copy.session_transaction() as kept:
        kept["_user_id"] = held(client)
    assert is_in(copy)
    assert client.post("/uitloggen").location == "/inloggen"
    assert not is_in(copy)
    with lobby.database.read() as session:
        assert session.scalars(select(SignInSession)).all() == []


@pytest.mark.requirement("OPEN-23")
def test_a_session_ends_when_nobody_uses_it_and_after_a_day(lobby: Lobby, anne: int) -> None:
    client = lobby.app.test_client()
    with time_machine.travel("2026-11-24T08:00:00Z", tick=False) as clock:
        enter_password(client)
        enter_code(client, lobby.code())
        for _ in range(13):
            assert is_in(client)
            clock.shift(sessions.IDLE - timedelta(minutes=4))
        assert not is_in(client), "12 hours are the longest"
        enter_password(client)
        enter_code(client, lobby.code())
        clock.shift(sessions.IDLE + timedelta(seconds=1))
        assert not is_in(client)


def test_a_closed_account_is_out_at_once(lobby: Lobby, anne: int) -> None:
    client = lobby.app.test_client()
    enter_password(client)
    enter_code(client, lobby.code())
    with lobby.database.write() as session:
        session.execute(update(Account).values(active=False))
    assert not is_in(client)
    enter_password(client)
    answer = enter_code(client, lobby.code(1))
    assert answer.location == "/inloggen"
    assert "geen toegang meer" in text_of(client.get("/inloggen"))


@pytest.mark.requirement("AUTH-21", "NOTIF-04")
def test_a_code_by_sms(lobby: Lobby) -> None:
    lobby.add_person(second=SMS)
    client = lobby.app.test_client()
    assert lobby.texts() == []
    assert enter_password(client).location == "/inloggen/code"
    assert "(*****5968)" in text_of(client.get("/inloggen/code"))
    code = lobby.texted_code()
    assert enter_code(client, code).location == "/"
    assert is_in(client)
    other = lobby.app.test_client()
    enter_password(other)
    assert enter_code(other, code).status_code == 422
    assert enter_code(other, lobby.texted_code()).location == "/"


def test_a_new_sms_replaces_the_one_before_and_there_are_few(lobby: Lobby) -> None:
    lobby.add_person(second=SMS)
    client = lobby.app.test_client()
    enter_password(client)
    first = lobby.texted_code()
    client.post("/inloggen/code/sms")
    if lobby.texted_code() != first:
        assert enter_code(client, first).status_code == 422
    for _ in range(5):
        client.post("/inloggen/code/sms")
    assert len(lobby.texts()) == 5
    assert "te vaak geprobeerd" in text_of(client.get("/inloggen/code"))
    assert enter_code(client, lobby.texted_code()).location == "/"


def test_a_code_by_sms_lives_ten_minutes_and_five_tries(lobby: Lobby) -> None:
    lobby.add_person(second=SMS)
    client = lobby.app.test_client()
    with time_machine.travel("2026-11-24T08:00:00Z", tick=False) as clock:
        enter_password(client)
        clock.shift(601)
        assert enter_code(client, lobby.texted_code()).status_code == 422
        clock.shift(3600)
        enter_password(client)
        right = lobby.texted_code()
        wrong = f"{(int(right) + 1) % 1_000_000:06}"
        for _ in range(5):
            assert enter_code(client, wrong).status_code == 422
            clock.shift(60)
        assert enter_code(client, right).status_code == 422


def test_a_recovery_code_works_once(lobby: Lobby, anne: int) -> None:
    codes = new_codes(2)
    with lobby.database.write() as session:
        for code in codes:
            session.add(RecoveryCode(code_hash=code_hash(code), person_id=lobby.person()))
    for code, status in ((codes[0], 302), (codes[0], 422), (codes[1].upper().replace("-", " "), 302)):
        client = lobby.app.test_client()
        enter_password(client)
        assert "Gebruik een herstelcode" in text_of(client.get("/inloggen/code"))
        assert enter_code(client, code, "recovery").status_code == status
        assert is_in(client) is (status == 302)
    told = [mail for mail in lobby.mails() if isinstance(mail, RecoveryCodeUsed)]
    assert [mail.left for mail in told] == [1, 0], "a mail tells of each"


@pytest.mark.requirement("OPEN-23")
def test_guessing_gets_slower_but_the_owner_is_not_locked_out(lobby: Lobby, anne: int) -> None:
    owner, thief = lobby.app.test_client(), lobby.app.test_client()
    with time_machine.travel("2026-11-24T08:00:00Z", tick=False) as clock:
        enter_password(owner)
        enter_code(owner, lobby.code())
        owner.post("/uitloggen")
        statuses = [enter_password(thief, EMAIL, f"Geraden wachtwoord {n}!").status_code for n in range(8)]
        assert statuses == [422] * 5 + [429] * 3
        assert "te vaak geprobeerd" in text_of(enter_password(thief, EMAIL, "Nog een keer!"))
        assert enter_password(thief).status_code == 429, "not even with the right one"
        assert enter_password(owner).location == "/inloggen/code"
        clock.shift(5)
        assert enter_password(thief).status_code == 302


def test_many_guesses_at_once_do_not_slip_through(lobby: Lobby, anne: int) -> None:
    clients = [lobby.app.test_client() for _ in range(20)]
    with ThreadPoolExecutor(len(clients)) as threads:
        answers = list(threads.map(lambda client: enter_password(client, EMAIL, "Geraden wachtwoord!"), clients))
    made = [answer.status_code for answer in answers]
    assert made.count(422) <= 5
    assert set(made) <= {422, 429, 503}


def test_codes_cannot_be_guessed_either(lobby: Lobby, anne: int) -> None:
    client = lobby.app.test_client()
    with time_machine.travel("2026-11-24T08:00:00Z", tick=False):
        enter_password(client)
        right = int(lobby.code())
        statuses = [enter_code(client, f"{(right + n) % 1_000_000:06}").status_code for n in range(1, 9)]
        assert statuses[-1] == 429
        assert enter_code(client, lobby.code()).status_code == 429


def test_a_burst_of_sign_ins_is_told_to_wait(lobby: Lobby, anne: int, monkeypatch: pytest.MonkeyPatch) -> None:
    client = lobby.app.test_client()

    def busy(*_: object) -> bool:
        raise passwords.TooBusy

    monkeypatch.setattr("matching.accounts.rules.password_matches", busy)
    answer = enter_password(client)
    assert answer.status_code == 503
    assert "te druk om in te loggen" in text_of(answer)


def test_a_new_device_is_told_of_and_a_known_one_is_not(lobby: Lobby, anne: int) -> None:
    with time_machine.travel("2026-11-24T08:00:00Z", tick=False) as clock:
        first, second = lobby.app.test_client(), lobby.app.test_client()
        for client, mails in ((first, 0), (first, 0), (second, 1), (first, 1), (second, 1)):
            client.post("/uitloggen")
            enter_password(client)
            assert enter_code(client, lobby.code()).status_code == 302
            assert len([mail for mail in lobby.mails() if isinstance(mail, NewDevice)]) == mails
            clock.shift(60)
    with lobby.database.read() as session:
        assert len(session.scalars(select(Device)).all()) == 2


def test_a_device_is_told_of_too_when_all_others_were_sent_away(lobby: Lobby, anne: int) -> None:
    with time_machine.travel("2026-11-24T08:00:00Z", tick=False) as clock:
        for mails in (0, 1):
            client = lobby.app.test_client()
            enter_password(client)
            assert enter_code(client, lobby.code()).status_code == 302
            assert len([mail for mail in lobby.mails() if isinstance(mail, NewDevice)]) == mails
            with lobby.database.write() as session:
                known_devices.send_others_away(session, lobby.person(), None, actor_id=anne)
            clock.shift(60)


def test_a_device_is_remembered_only_where_the_organisation_allows_it(lobby: Lobby, anne: int) -> None:
    client = lobby.app.test_client()
    with time_machine.travel("2026-11-24T08:00:00Z", tick=False) as clock:
        enter_password(client)
        assert "Onthoud dit apparaat" not in text_of(client.get("/inloggen/code"))
        enter_code(client, lobby.code(), remember="y")
        client.post("/uitloggen")
        assert enter_password(client).location == "/inloggen/code"

        with lobby.database.write() as session:
            session.execute(update(Organisation).values(remembers_devices=True))
        clock.shift(60)
        assert "Onthoud dit apparaat" in text_of(client.get("/inloggen/code"))
        enter_code(client, lobby.code(), remember="y")
        client.post("/uitloggen")
        assert enter_password(client).location == "/"
        assert enter_password(lobby.app.test_client()).location == "/inloggen/code", "another browser"

        client.post("/uitloggen")
        lobby.add_organisation(2, "Strenge gemeente")
        lobby.add_person(organisation=2)
        assert enter_password(client).location == "/inloggen/code", "another organisation of the person does not"


def test_people_who_share_a_browser_are_told_apart(lobby: Lobby, anne: int) -> None:
    lobby.add_person("bob@gemeente.example")
    client = lobby.app.test_client()
    with time_machine.travel("2026-11-24T08:00:00Z", tick=False) as clock:
        for email in (EMAIL, "bob@gemeente.example", EMAIL, "bob@gemeente.example"):
            enter_password(client, email)
            assert enter_code(client, lobby.code()).status_code == 302
            client.post("/uitloggen")
            clock.shift(60)
    with lobby.database.read() as session:
        devices = session.scalars(select(Device)).all()
    assert len(devices) == 2
    assert len({device.person_id for device in devices}) == 2


@pytest.mark.requirement("AUTH-32")
def test_a_domain_of_microsoft_is_known_whether_there_is_an_account_or_not(lobby: Lobby, anne: int) -> None:
    """Without Microsoft in the settings there is nowhere to go but to the password."""
    with lobby.database.write() as session:
        session.add(OrganisationDomain(domain="gemeente.example", organisation_id=1, microsoft=True))
    client = lobby.app.test_client()
    for email in (EMAIL, "niemand@gemeente.example"):
        assert client.post("/inloggen", data={"email": email}).location == "/inloggen/wachtwoord"


def test_new_terms_are_asked_for_at_the_next_sign_in(lobby: Lobby, anne: int) -> None:
    with lobby.database.write() as session:
        session.execute(update(Person).values(terms="2020-01"))
    client = lobby.app.test_client()
    enter_password(client)
    assert enter_code(client, lobby.code()).location == "/voorwaarden"
    assert not is_in(client)


def test_keys_are_changed_only_by_who_lately_showed_who_it_is(lobby: Lobby, anne: int) -> None:
    client = lobby.app.test_client()
    with time_machine.travel("2026-11-24T08:00:00Z", tick=False) as clock:
        enter_password(client)
        enter_code(client, lobby.code())
        clock.shift(601)
        before = held(client)
        assert client.post("/bevestigen", data={"password": "Niet het mijne!"}).status_code == 422
        with client.session_transaction() as kept:
            kept["target"] = "/operations"
        answer = client.post("/bevestigen", data={"password": "Paarse fiets zingt hard!"})
        assert answer.location == "/operations"
        assert held(client) != before
        assert is_in(client)


def test_the_trail_tells_of_each_step_and_nothing_secret(lobby: Lobby, anne: int) -> None:
    client = lobby.app.test_client()
    enter_password(client, EMAIL, "Verkeerd maar lang genoeg!")
    enter_password(client)
    code = lobby.code()
    enter_code(client, code)
    client.post("/uitloggen")
    with lobby.database.read() as session:
        entries = session.scalars(select(AuditEntry).order_by(AuditEntry.id)).all()
    told = [entry.action for entry in entries]
    assert told == ["session.refused", "second_step.pass", "device.new", "session.start", "session.end"]
    written = " ".join(f"{entry.subject_key} {entry.details}" for entry in entries)
    for secret in (EMAIL, code, lobby.secret, "Anne"):
        assert secret not in written


def test_unknown_and_known_addresses_take_the_same_time(
    settings: Settings, sqlite_database: Database, say: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The hash is counted, not the time; the difference of medians over 1,000 interleaved pairs is printed."""
    lobby = open_lobby(settings, sqlite_database)
    lobby.add_person()
    hashed: list[str | None] = []
    monkeypatch.setattr("matching.accounts.rules.password_matches", lambda stored, _: hashed.append(stored) or False)
    monkeypatch.setattr("matching.accounts.attempts.counting.Attempts.claim", lambda *_: 0.0)
    client = lobby.app.test_client()
    took: dict[str, list[float]] = {EMAIL: [], "niemand@gemeente.example": []}
    for _ in range(1_000):
        for email, times in took.items():
            with client.session_transaction() as kept:
                kept["email"] = email
            started = time.perf_counter()
            assert client.post("/inloggen/wachtwoord", data={"password": "Verkeerd!"}).status_code == 422
            times.append(time.perf_counter() - started)
    assert len(hashed) == 2_000
    known, unknown = (statistics.median(times) * 1000 for times in took.values())
    say(f"sign_in_known_minus_unknown_ms {known - unknown:.3f} (the hash itself left out)")


def test_what_a_slow_request_proves_is_never_proved_for_somebody_else(lobby: Lobby, anne: int) -> None:
    """Its session ended while it worked, and another person's began: the number of the one is not the other's."""
    lobby.add_person("bob@gemeente.example")
    now = datetime.now(UTC)
    with lobby.database.write() as session:
        sessions.start(session, lobby.person(), [Proof.PASSWORD], now)
        mine = session.scalars(select(SignInSession.id)).one()
        sessions.end(session, mine)
    with lobby.database.write() as session:
        theirs = sessions.start(session, lobby.person("bob@gemeente.example"), [Proof.PASSWORD], now)
        stolen = sessions.prove(session, mine, Proof.SECOND, now)
    with lobby.database.read() as session:
        assert sessions.find(session, stolen, now) is None
        found = sessions.find(session, theirs, now)
    assert found is not None
    assert found.who.proved == {Proof.PASSWORD}


def test_who_sits_behind_the_same_address_cannot_keep_a_known_browser_out(lobby: Lobby, anne: int) -> None:
    owner, thief = lobby.app.test_client(), lobby.app.test_client()
    with time_machine.travel("2026-11-24T08:00:00Z", tick=False):
        enter_password(owner)
        enter_code(owner, lobby.code())
        owner.post("/uitloggen")
        statuses = [enter_password(thief, f"nr{n}@gemeente.example").status_code for n in range(40)]
        assert statuses[-1] == 429, "the network address has to wait"
        enter_password(thief)
        for _ in range(8):
            enter_code(thief, "000000")
        assert enter_password(owner).location == "/inloggen/code"
        assert enter_code(owner, lobby.code(1)).location == "/"


def test_what_could_not_be_tried_counts_for_nothing(lobby: Lobby, anne: int, monkeypatch: pytest.MonkeyPatch) -> None:
    client = lobby.app.test_client()
    with monkeypatch.context() as patch:

        def busy(*_: object) -> bool:
            raise passwords.TooBusy

        patch.setattr("matching.accounts.rules.password_matches", busy)
        assert [enter_password(client).status_code for _ in range(8)] == [503] * 8
    assert enter_password(client).location == "/inloggen/code"


def test_a_password_that_changed_while_it_was_checked_is_wrong(
    lobby: Lobby, anne: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = passwords.password_matches

    def slowly(stored: str | None, password: str) -> bool:
        right = real(stored, password)
        with lobby.database.write() as session:
            session.execute(update(Person).values(password_hash="changed meanwhile"))
        return right

    monkeypatch.setattr("matching.accounts.rules.password_matches", slowly)
    client = lobby.app.test_client()
    assert enter_password(client).status_code == 422
    assert not is_in(client)


def test_a_reset_of_the_second_step_forgets_remembered_browsers(lobby: Lobby, anne: int) -> None:
    with lobby.database.write() as session:
        session.execute(update(Organisation).values(remembers_devices=True))
    client = lobby.app.test_client()
    enter_password(client)
    enter_code(client, lobby.code(), remember="y")
    client.post("/uitloggen")
    with lobby.database.write() as session:
        second_steps.reset(session, lobby.person(), actor_id=anne)
    lobby.set_second_step(lobby.person(), second_steps.AUTHENTICATOR)
    assert enter_password(client).location == "/inloggen/code"


def test_a_browser_is_remembered_for_who_asked_and_nobody_else(lobby: Lobby, anne: int) -> None:
    lobby.add_person("bob@gemeente.example")
    with lobby.database.write() as session:
        session.execute(update(Organisation).values(remembers_devices=True))
        session.execute(update(Person).where(Person.id == lobby.person()).values(terms="2020-01"))
    client = lobby.app.test_client()
    with time_machine.travel("2026-11-24T08:00:00Z", tick=False) as clock:
        enter_password(client)
        assert enter_code(client, lobby.code(), remember="y").location == "/voorwaarden"
        clock.shift(60)
        enter_password(client, "bob@gemeente.example")
        enter_code(client, lobby.code())
        client.post("/uitloggen")
        assert enter_password(client, "bob@gemeente.example").location == "/inloggen/code"
