"""Mail leaves by a real conversation with a server, closed to others, and says in one word why it did not."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from pathlib import Path

import pytest

from matching.post.mails import Invitation
from matching.post.rendering import render
from matching.post.transports import NotSent, Refused, Smtp, Unavailable, open_transport
from matching.settings import Settings
from tests.support.mail_server import PASSWORD, USER, MailServer, mail_server, make_certificate

LINK = "https://hallowerk.example/uitnodiging/x"

# aiosmtpd does not see that TLS from the start is TLS.
pytestmark = pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")


@pytest.fixture
def message() -> EmailMessage:
    """A mail to somebody whose name has letters that ASCII has not."""
    mail = Invitation(inviter="Zoë Çelik", organisation="Gemeente Súdwest", link=LINK)
    sender = Address("HalloWerk", addr_spec="post@hallowerk.example")
    return render(mail, "nl", sender, "iemand@ergens.example", "1f2e", datetime(2026, 11, 24, tzinfo=UTC))


@pytest.fixture
def server() -> Iterator[MailServer]:
    """A server that asks for nothing."""
    with mail_server() as server:
        yield server


def test_a_message_arrives_as_it_was_written(server: MailServer, settings: Settings, message: EmailMessage) -> None:
    open_transport(server.settings(settings)).send(message)
    [caught] = server.caught
    assert (caught.sender, caught.recipient) == ("post@hallowerk.example", "iemand@ergens.example")
    assert caught.message["Subject"] == "Zoë Çelik nodigt je uit voor HalloWerk"
    for kind in ("plain", "html"):
        sent, came = message.get_body((kind,)), caught.message.get_body((kind,))
        assert sent
        assert came
        assert came.get_content().split() == sent.get_content().split()
        assert "Zoë Çelik van Gemeente Súdwest" in came.get_content()


@pytest.mark.parametrize("tls", ["starttls", "tls"])
def test_the_way_is_closed_and_the_password_right(
    tls: str, settings: Settings, message: EmailMessage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate = make_certificate(tmp_path / "certificate.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with mail_server(certificate, from_the_start=tls == "tls", login=True) as server:
        open_transport(server.settings(settings, tls, USER)).send(message)
        wrong = server.settings(settings, tls, USER).model_copy(update={"smtp_password": "another"})
        with pytest.raises(Unavailable, match=r"^login$") as raised:
            open_transport(wrong).send(message)
    assert PASSWORD not in str(raised.value)
    [caught] = server.caught
    assert caught.encrypted
    assert caught.user == USER


@pytest.mark.parametrize("tls", ["starttls", "tls"])
@pytest.mark.parametrize("trusted", [False, True], ids=["of nobody we trust", "of another host"])
def test_a_certificate_of_somebody_else_gets_nothing(
    tls: str, trusted: bool, settings: Settings, message: EmailMessage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate = make_certificate(tmp_path / "certificate.pem", "192.0.2.1" if trusted else "127.0.0.1")
    if trusted:
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with (
        mail_server(certificate, from_the_start=tls == "tls") as server,
        pytest.raises(Unavailable, match=r"^certificate$"),
    ):
        open_transport(server.settings(settings, tls)).send(message)
    assert server.caught == []


def test_a_server_without_starttls_gets_nothing(server: MailServer, settings: Settings, message: EmailMessage) -> None:
    with pytest.raises(Unavailable, match=r"^no_tls_or_login$"):
        open_transport(server.settings(settings, "starttls", USER)).send(message)
    assert server.caught == []


@pytest.mark.parametrize(
    ("where", "answer", "kind", "error"),
    [
        ("sender_answers", "550 not for you", Unavailable, "sender_550"),
        ("sender_answers", "451 later", Unavailable, "sender_451"),
        ("recipient_answers", "550 no such mailbox", Refused, "recipient_550"),
        ("recipient_answers", "450 greylisted", Unavailable, "recipient_450"),
        ("data_answers", "554 looks like spam", Refused, "message_554"),
        ("data_answers", "452 disk full", Unavailable, "message_452"),
    ],
)
def test_each_answer_has_its_word(
    where: str,
    answer: str,
    kind: type[NotSent],
    error: str,
    server: MailServer,
    settings: Settings,
    message: EmailMessage,
) -> None:
    getattr(server, where).append(answer)
    with pytest.raises(kind) as raised:
        open_transport(server.settings(settings)).send(message)
    assert raised.value.error == error
    assert "ergens" not in str(raised.value)
    open_transport(server.settings(settings)).send(message)
    assert len(server.caught) == 1


def test_a_server_that_hangs_is_left(server: MailServer, settings: Settings, message: EmailMessage) -> None:
    """Before its greeting, and with the message in its hands."""
    with socket.create_server(("127.0.0.1", 0)) as mute:
        there = server.settings(settings).model_copy(update={"smtp_port": mute.getsockname()[1]})
        with pytest.raises(Unavailable, match=r"^no_answer$"):
            Smtp(there, answer_within_s=0.2).send(message)
    server.silent.set()
    with pytest.raises(Unavailable, match=r"^no_answer$"):
        Smtp(server.settings(settings), answer_within_s=0.5).send(message)
    assert len(server.caught) == 1


def test_nobody_there_is_no_answer(server: MailServer, settings: Settings, message: EmailMessage) -> None:
    nowhere = server.settings(settings).model_copy(update={"smtp_port": 9})
    with pytest.raises(Unavailable, match=r"^no_answer$"):
        open_transport(nowhere).send(message)
