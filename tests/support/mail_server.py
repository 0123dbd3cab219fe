"""A real SMTP server that keeps what it gets, and answers, waits or hangs as a test wants."""

from __future__ import annotations

import asyncio
import ipaddress
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from matching.settings import Settings
from tests.support.ports import free_port

USER, PASSWORD = "hallowerk", "a password of the mail server"
TAKEN = "250 OK"


@dataclass
class Caught:
    """A message as it came: from and to as the envelope says."""

    sender: str
    recipient: str
    message: EmailMessage
    encrypted: bool
    user: str | None


@dataclass
class MailServer:
    """What a server got and how it answers; `answers` are given one after the other, then TAKEN."""

    port: int = 0
    caught: list[Caught] = field(default_factory=list)
    sender_answers: list[str] = field(default_factory=list)
    recipient_answers: list[str] = field(default_factory=list)
    data_answers: list[str] = field(default_factory=list)
    #: While it is set, the server has a message and does not say so.
    silent: threading.Event = field(default_factory=threading.Event)

    async def handle_MAIL(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        answer = self.sender_answers.pop(0) if self.sender_answers else TAKEN
        if answer == TAKEN:
            envelope.mail_from = address
        return answer

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        answer = self.recipient_answers.pop(0) if self.recipient_answers else TAKEN
        if answer == TAKEN:
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        answer = self.data_answers.pop(0) if self.data_answers else TAKEN
        if answer == TAKEN:
            content = envelope.content
            assert isinstance(content, bytes)
            message = message_from_bytes(content, policy=default)
            assert isinstance(message, EmailMessage)
            [recipient] = envelope.rcpt_tos
            encrypted = session.ssl is not None or server.transport.get_extra_info("sslcontext") is not None
            user = session.auth_data.login.decode() if session.auth_data else None
            self.caught.append(Caught(envelope.mail_from or "", recipient, message, encrypted, user))
            while self.silent.is_set():
                await asyncio.sleep(0.02)
        return answer

    def settings(self, settings: Settings, tls: str = "none", user: str = "") -> Settings:
        """`settings` with this server as the way for mail."""
        return settings.model_copy(
            update={
                "mail_from": "HalloWerk <post@hallowerk.example>",
                "smtp_host": "127.0.0.1",
                "smtp_port": self.port,
                "smtp_tls": tls,
                "smtp_user": user,
                "smtp_password": PASSWORD if user else "",
            }
        )


@contextmanager
def mail_server(
    certificate: Path | None = None, from_the_start: bool = False, login: bool = False
) -> Iterator[MailServer]:
    """A running server: with STARTTLS or TLS from the start where there is a certificate, and a login where asked."""
    server = MailServer(port=free_port())
    options: dict[str, Any] = {}
    if certificate:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(certificate)
        options = {"ssl_context": context} if from_the_start else {"tls_context": context, "require_starttls": True}
    if login:
        options |= {"auth_required": True, "authenticator": _who, "auth_require_tls": not from_the_start}
    controller = Controller(server, hostname="127.0.0.1", port=server.port, **options)
    controller.start()
    try:
        yield server
    finally:
        server.silent.clear()
        controller.stop()


def _who(server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
    assert isinstance(data, LoginPassword)
    known = data.login == USER.encode() and data.password == PASSWORD.encode()
    return AuthResult(success=known, handled=known, auth_data=data)


def make_certificate(file: Path, address: str = "127.0.0.1") -> Path:
    """A certificate that signs itself, with its key, for this address."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a mail server of tests")])
    now = datetime.now(UTC)
    names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(address))])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(names, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    unsealed = serialization.NoEncryption()
    file.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, unsealed)
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    return file
