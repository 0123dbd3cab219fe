"""The ways by which mail leaves: a server that speaks SMTP, or the local mailbox."""

from __future__ import annotations

import smtplib
import ssl
from contextlib import suppress
from email.message import EmailMessage
from typing import Protocol

from matching.post.mailbox import Mailbox
from matching.settings import Settings

#: How long a server may take to answer each line.
ANSWER_WITHIN_S = 12.0


class NotSent(Exception):
    """A mail did not leave; `error` says why in a word that names nobody."""

    def __init__(self, error: str) -> None:
        super().__init__(error)
        self.error = error


class Refused(NotSent):
    """The server refused the recipient or the message for good (5xx, RFC 5321): trying again makes no sense."""


class Unavailable(NotSent):
    """It did not work this time: no answer, not now (4xx), or something of ours to mend, such as the login."""


class Transport(Protocol):
    """Sends one message to the address in its To header, or raises Refused or Unavailable."""

    def send(self, message: EmailMessage) -> None:
        """Return when the message is in other hands."""
        ...


class Smtp:
    """Hands each message to one server, over a connection of its own."""

    def __init__(self, settings: Settings, answer_within_s: float = ANSWER_WITHIN_S) -> None:
        self._settings = settings
        self._answer_within_s = answer_within_s

    def send(self, message: EmailMessage) -> None:
        """Return when the server took the message. Raises Refused or Unavailable."""
        try:
            server = self._connect()
        except smtplib.SMTPAuthenticationError as error:
            raise Unavailable("login") from error
        except smtplib.SMTPNotSupportedError as error:
            raise Unavailable("no_tls_or_login") from error
        except smtplib.SMTPResponseException as error:
            raise Unavailable(f"greeting_{error.smtp_code}") from error
        except ssl.SSLError as error:
            raise Unavailable("certificate" if isinstance(error, ssl.SSLCertVerificationError) else "tls") from error
        except (smtplib.SMTPException, OSError) as error:
            raise Unavailable("no_answer") from error
        try:
            _hand_over(server, message)
        finally:
            # The message is taken or not by now; how the parting goes changes nothing.
            with suppress(smtplib.SMTPException, OSError):
                server.quit()
            server.close()

    def _connect(self) -> smtplib.SMTP:
        settings = self._settings
        where = (settings.smtp_host, settings.smtp_port)
        if settings.smtp_tls == "tls":
            context = ssl.create_default_context()
            server: smtplib.SMTP = smtplib.SMTP_SSL(*where, timeout=self._answer_within_s, context=context)
        else:
            server = smtplib.SMTP(*where, timeout=self._answer_within_s)
        try:
            if settings.smtp_tls == "starttls":
                server.starttls(context=ssl.create_default_context())
            if settings.smtp_user:
                server.login(settings.smtp_user, settings.smtp_password)
        except BaseException:
            server.close()
            raise
        return server


def _hand_over(server: smtplib.SMTP, message: EmailMessage) -> None:
    try:
        server.send_message(message)
    except smtplib.SMTPRecipientsRefused as error:
        [(code, _)] = error.recipients.values()
        raise _answered("recipient", code) from error
    except smtplib.SMTPSenderRefused as error:
        # Whom it wants as a sender is between the server and us.
        raise Unavailable(f"sender_{error.smtp_code}") from error
    except smtplib.SMTPResponseException as error:
        raise _answered("message", error.smtp_code) from error
    except smtplib.SMTPNotSupportedError as error:
        raise Refused("letters_of_the_address") from error  # RFC 6531
    except (smtplib.SMTPException, OSError) as error:
        raise Unavailable("no_answer") from error


def _answered(what: str, code: int) -> NotSent:
    return Refused(f"{what}_{code}") if code >= 500 else Unavailable(f"{what}_{code}")


def open_transport(settings: Settings) -> Transport:
    """The way by which mail leaves this installation; connects to nothing yet."""
    return Smtp(settings) if settings.smtp_host else Mailbox(settings.mailbox_dir)
