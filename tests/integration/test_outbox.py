"""The outbox: no mail without its transaction, none lost, none sent by two workers at once, nothing kept afterwards."""

from __future__ import annotations

import json
import signal
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import select, text, update

from indexer.celery import make_app
from indexer.queues import MAIL, Broker
from indexer.relay import Relay
from indexer.tasks import MAIL_OUT
from matching.accounts.vault import Vault, open_vault
from matching.post import rules
from matching.post.delivery import deliver
from matching.post.mailbox import Mailbox
from matching.post.mails import Invitation, Mail, PasswordReset
from matching.post.records import OutboxMail
from matching.post.transports import open_transport
from matching.settings import Settings
from matching.storage.clock import database_now
from matching.storage.database import Database
from tests.support.mail_server import MailServer, mail_server
from tests.support.processes import running
from tests.support.waiting import wait_until

SOMEBODY = "iemand@ergens.example"
LINK = "https://hallowerk.example/uitnodiging/very-secret"
INVITATION = Invitation(inviter="Marieke de Vries", organisation="Gemeente Demo", link=LINK)


@dataclass
class Office:
    """A database with an outbox, and a server that its mail goes to."""

    database: Database
    server: MailServer
    settings: Settings
    vault: Vault

    def queue(self, mail: Mail = INVITATION) -> int:
        """Have a mail sent to SOMEBODY."""
        with self.database.write() as session:
            return rules.queue(session, self.vault, SOMEBODY, "nl", mail)

    def deliver(self, mail: int) -> None:
        """What a worker does."""
        deliver(self.database, self.vault, open_transport(self.settings), self.settings, mail)

    def claim(self, mail: int) -> rules.Claimed | None:
        """Take a mail in hand."""
        with self.database.write() as session:
            return rules.claim(session, mail)

    def row(self, mail: int) -> OutboxMail:
        """What the outbox says."""
        with self.database.read() as session:
            return session.get_one(OutboxMail, mail)

    def due(self) -> list[int]:
        """Mails that want sending."""
        with self.database.read() as session:
            return [one.id for one in rules.due(session, 100)]

    def count(self) -> rules.Post:
        """How the post stands."""
        with self.database.read() as session:
            return rules.count(session)

    def now(self) -> datetime:
        """The database's clock."""
        with self.database.read() as session:
            return database_now(session)

    def set(self, mail: int, **values: object) -> None:
        """Change the row, as time would."""
        with self.database.write() as session:
            session.execute(update(OutboxMail).where(OutboxMail.id == mail).values(values))

    def make_due(self, mail: int) -> None:
        """Let the delay or the lease be over."""
        self.set(mail, next_try_at=self.now() - timedelta(seconds=1))

    def is_erased(self, mail: int) -> bool:
        """Whether nothing of whom it was for, and what it said, is left."""
        row = self.row(mail)
        return row.recipient is None and row.sealed is None


@pytest.fixture
def office(database: Database, settings: Settings) -> Iterator[Office]:
    """An office on each kind of database, with a real mail server."""
    with mail_server() as server:
        yield Office(database, server, server.settings(settings), Vault([Fernet.generate_key().decode()]))


class Withdrawn(Exception):
    """What the mail was about did not happen."""


def test_a_transaction_that_is_rolled_back_sends_nothing(office: Office) -> None:
    with pytest.raises(Withdrawn), office.database.write() as session:  # noqa: PT012 - both belong to it
        rules.queue(session, office.vault, SOMEBODY, "nl", INVITATION)
        raise Withdrawn
    assert office.due() == []
    assert office.count() == rules.Post(0, None, 0)


@pytest.mark.requirement("NOTIF-01")
def test_a_mail_is_sent_once_and_erased_at_once(office: Office) -> None:
    mail = office.queue()
    assert office.due() == [mail]
    waiting = office.count()
    assert (waiting.waiting, waiting.failed) == (1, 0)
    assert waiting.oldest_s is not None
    for _ in range(2):
        office.deliver(mail)
    [caught] = office.server.caught
    assert caught.recipient == SOMEBODY
    assert caught.message["Message-ID"] == f"<{office.row(mail).reference}@hallowerk.example>"
    assert office.row(mail).sent_at
    assert office.is_erased(mail)
    assert office.due() == []
    assert office.count() == rules.Post(0, None, 0)


def test_the_database_holds_no_link_and_no_name_that_can_be_read(office: Office) -> None:
    mail = office.queue()
    with office.database.read() as session:
        row = dict(session.execute(text("SELECT * FROM outbox")).mappings().one())
    held = json.dumps({name: str(value) for name, value in row.items()})
    assert row["id"] == mail
    assert "very-secret" not in held
    assert "Marieke" not in held


def test_an_address_that_is_none_is_refused_in_the_transaction(office: Office) -> None:
    with office.database.write() as session, pytest.raises(ValueError, match="not one mail address"):
        rules.queue(session, office.vault, "a@b.example\r\nBcc: c@d.example", "nl", INVITATION)
    assert office.due() == []


def test_two_workers_at_once_send_it_once(office: Office) -> None:
    mails = [office.queue() for _ in range(5)]
    together = threading.Barrier(4)

    def work() -> None:
        together.wait(30)
        for mail in mails:
            office.deliver(mail)

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    sent = [caught.message["Message-ID"] for caught in office.server.caught]
    assert len(sent) == len(set(sent)) == 5
    assert all(office.row(mail).tries == 1 for mail in mails)


def test_not_now_is_tried_again_later(office: Office) -> None:
    mail = office.queue()
    office.server.recipient_answers.append("450 greylisted, come back")
    office.deliver(mail)
    row = office.row(mail)
    assert (row.tries, row.last_error, row.failed_at) == (1, "recipient_450", None)
    assert row.next_try_at > office.now() + timedelta(seconds=50)
    assert office.due() == []
    office.deliver(mail)
    assert office.server.caught == []
    office.make_due(mail)
    assert office.due() == [mail]
    office.deliver(mail)
    assert len(office.server.caught) == 1
    assert (office.row(mail).tries, office.row(mail).last_error) == (2, None)
    assert office.is_erased(mail)


def test_delays_grow_and_after_about_a_day_it_has_failed(office: Office) -> None:
    mail = office.queue()
    delays = []  # in minutes
    while claimed := office.claim(mail):
        with office.database.write() as session:
            now = database_now(session)
            rules.postpone(session, claimed, "no_answer")
        if office.row(mail).failed_at:
            break
        delays.append(round((office.row(mail).next_try_at - now).total_seconds() / 60))
        office.make_due(mail)
    assert delays[:8] == [1, 2, 4, 8, 16, 32, 60, 60]
    assert set(delays[8:]) == {60}
    assert 20 * 60 < sum(delays) < 28 * 60
    assert office.row(mail).last_error == "no_answer"
    assert office.is_erased(mail)
    assert office.count() == rules.Post(0, None, 1)


def test_a_refusal_for_good_fails_at_once_and_is_seen(office: Office) -> None:
    mail = office.queue()
    office.server.recipient_answers.append("550 no such mailbox")
    office.deliver(mail)
    row = office.row(mail)
    assert row.failed_at
    assert row.last_error == "recipient_550"
    assert office.is_erased(mail)
    assert office.count() == rules.Post(0, None, 1)
    office.make_due(mail)
    office.deliver(mail)
    assert office.server.caught == []


def test_a_link_that_has_ended_is_not_sent(office: Office) -> None:
    reset = office.queue(PasswordReset(link=LINK))
    assert office.row(reset).expires_at == office.row(reset).created_at + timedelta(hours=1)
    office.set(reset, expires_at=office.now() - timedelta(seconds=1))
    office.deliver(reset)
    assert office.server.caught == []
    assert office.row(reset).last_error == "expired"
    assert office.is_erased(reset)


def test_a_worker_that_always_dies_does_not_go_on_forever(office: Office) -> None:
    mail = office.queue()
    for _ in range(rules.MOST_TRIES):
        assert office.claim(mail)
        office.make_due(mail)
    assert office.claim(mail) is None
    assert office.row(mail).last_error == "tries_used_up"
    assert office.is_erased(mail)


def test_a_worker_that_was_too_slow_does_not_decide(office: Office) -> None:
    mail = office.queue()
    slow = office.claim(mail)
    assert slow
    assert office.claim(mail) is None
    office.make_due(mail)
    present = office.claim(mail)
    assert present
    with office.database.write() as session:
        rules.give_up(session, slow, "recipient_550")
        rules.postpone(session, slow, "no_answer")
    assert office.row(mail).last_error is None
    assert not office.is_erased(mail)
    with office.database.write() as session:
        rules.mark_sent(session, slow)  # it did leave, whoever has it now
        rules.postpone(session, present, "no_answer")
    assert office.row(mail).sent_at
    assert office.is_erased(mail)


def test_a_clock_that_was_ahead_delays_nothing(office: Office) -> None:
    mail = office.queue()
    office.set(mail, next_try_at=office.now() + timedelta(days=300))
    assert office.due() == [mail]
    office.deliver(mail)
    assert len(office.server.caught) == 1


def test_a_key_that_is_gone_loses_no_mail(office: Office) -> None:
    mail = office.queue()
    others = Vault([Fernet.generate_key().decode()])
    with pytest.raises(Exception, match="can't be opened"):
        deliver(office.database, others, open_transport(office.settings), office.settings, mail)
    office.make_due(mail)
    office.deliver(mail)
    assert len(office.server.caught) == 1


def test_what_was_sent_long_ago_is_forgotten(office: Office) -> None:
    sent, waits = office.queue(), office.queue()
    office.deliver(sent)
    with office.database.write() as session:
        rules.forget(session, office.now() + timedelta(seconds=5))
        assert session.execute(select(OutboxMail.id)).scalars().all() == [waits]


def test_the_relay_tells_of_each_try_once_with_the_id_only(office: Office) -> None:
    mails = [office.queue(), office.queue()]
    app = make_app(office.settings)
    with Broker(app) as broker:
        relay = Relay(office.database, broker, office.settings)
        assert [relay.step(), relay.step()] == [2, 0]
    told = []
    with app.connection_for_read() as connection, connection.channel() as channel:
        while message := channel.basic_get(MAIL, no_ack=True):
            arguments, named, _ = json.loads(message.body)
            told.append((message.headers["task"], arguments, named))
    assert told == [(MAIL_OUT, [mail], {}) for mail in mails]


def process_settings(office: Office) -> tuple[Settings, dict[str, str]]:
    """Settings, and variables beside them, of processes that send the mail of an office."""
    url = office.database.url.render_as_string(hide_password=False)
    variables = {
        "HALLOWERK_SMTP_HOST": "127.0.0.1",
        "HALLOWERK_SMTP_PORT": str(office.server.port),
        "HALLOWERK_SMTP_TLS": "none",
        "HALLOWERK_MAIL_FROM": office.settings.mail_from,
        "HALLOWERK_ENCRYPTION_KEYS": "",
    }
    return office.settings.model_copy(update={"database_url": url}), variables


@pytest.mark.requirement("NOTIF-01")
def test_a_worker_killed_between_sending_and_marking_repeats_the_same_mail_at_most(
    office: Office, tmp_path: Path
) -> None:
    settings, variables = process_settings(office)
    office.vault = open_vault(settings)
    office.server.silent.set()  # it takes the mail, and the worker does not hear of it
    mail = office.queue()
    with running(settings, tmp_path, "relay", **variables):
        with running(settings, tmp_path, "worker", "--queue", "mail", **variables) as worker:
            wait_until(lambda: office.server.caught, "the server has the mail")
            worker.kill()
        office.server.silent.clear()
        assert office.row(mail).sent_at is None
        office.make_due(mail)
        with running(settings, tmp_path, "worker", "--queue", "mail", **variables) as worker:
            wait_until(lambda: office.row(mail).sent_at, "the mail is sent")
            assert worker.end() in (0, 128 + signal.SIGTERM)
    first, second = office.server.caught
    assert first.message["Message-ID"] == second.message["Message-ID"]
    assert first.message["Date"] == second.message["Date"]
    said = "".join(log.read_text() for log in tmp_path.glob("*.log"))
    assert "very-secret" not in said
    assert SOMEBODY not in said


def test_without_a_server_mail_goes_to_the_local_mailbox(sqlite_database: Database, settings: Settings) -> None:
    vault = open_vault(settings)
    with sqlite_database.write() as session:
        mail = rules.queue(session, vault, SOMEBODY, "nl", INVITATION)
    deliver(sqlite_database, vault, open_transport(settings), settings, mail)
    with sqlite_database.read() as session:
        assert session.get_one(OutboxMail, mail).sent_at
    [kept] = Mailbox(settings.mailbox_dir).newest(10)
    assert (kept.to, kept.subject) == (SOMEBODY, "Marieke de Vries nodigt je uit voor HalloWerk")
    assert LINK in kept.text
