"""The local mailbox: a folder that mails and text messages go to where there is no server or gateway."""

from __future__ import annotations

import os
import secrets
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from email.utils import parsedate_to_datetime
from pathlib import Path

from matching.private import private_file, private_folder

#: They hold links and codes that let people in, so nobody keeps them.
KEPT = timedelta(days=7)

_MAIL, _TEXT = ".eml", ".sms.txt"


@dataclass(frozen=True)
class Message:
    """A mail, or a text message with an empty `subject`; `at` is when it was written, `language` None: not told."""

    to: str
    subject: str
    text: str
    at: datetime
    is_mail: bool
    language: str | None = None


class Mailbox:
    """A folder of messages, one file each, there whole or not at all, that only this user can read."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def send(self, message: EmailMessage) -> None:
        """Keep a mail; the same Message-ID once more takes the place of the first. Raises OSError."""
        reference = "".join(filter(str.isalnum, message["Message-ID"].partition("@")[0]))
        self._write(f"{_stamp(parsedate_to_datetime(message['Date']))}-{reference}{_MAIL}", message.as_bytes())

    def keep_text(self, phone: str, text: str) -> None:
        """Keep a text message. Raises OSError."""
        now = datetime.now(UTC)
        self._write(f"{_stamp(now)}-{secrets.token_hex(8)}{_TEXT}", f"{phone}\n{now.isoformat()}\n{text}\n".encode())

    def newest(self, limit: int) -> Sequence[Message]:
        """The newest messages, newest first; none where there is no folder."""
        found = []
        for name in sorted(self._names(), reverse=True)[:limit]:
            with suppress(FileNotFoundError):  # forgotten meanwhile
                content = (self._folder / name).read_bytes()
                found.append(_mail(content) if name.endswith(_MAIL) else _text(content))
        return sorted(found, key=lambda one: one.at, reverse=True)

    def forget(self, before: datetime) -> None:
        """Remove the messages written before this moment."""
        for name in self._names():
            if name < _stamp(before):
                (self._folder / name).unlink(missing_ok=True)

    def _names(self) -> Sequence[str]:
        try:
            names = os.listdir(self._folder)
        except FileNotFoundError:
            return []
        return [name for name in names if name.endswith((_MAIL, _TEXT)) and not name.startswith(".")]

    def _write(self, name: str, content: bytes) -> None:
        private_folder(self._folder)
        partial = self._folder / f".{secrets.token_hex(8)}-{name}"
        try:
            private_file(partial)
            partial.write_bytes(content)
            partial.rename(self._folder / name)
        finally:
            partial.unlink(missing_ok=True)


def _stamp(moment: datetime) -> str:
    """A moment at the front of a name, so that names sort by age."""
    return moment.astimezone(UTC).strftime("%Y%m%dT%H%M%S%f")


def _mail(content: bytes) -> Message:
    message = message_from_bytes(content, policy=default)
    assert isinstance(message, EmailMessage)  # noqa: S101 - what that policy makes
    body = message.get_body(("plain",))
    text = body.get_content() if body else ""
    at = parsedate_to_datetime(message["Date"])
    told = text.strip().replace("\r\n", "\n")
    return Message(str(message["To"]), str(message["Subject"]), told, at, True, message["Content-Language"])


def _text(content: bytes) -> Message:
    phone, at, text = content.decode().split("\n", 2)
    return Message(phone, "", text.strip(), datetime.fromisoformat(at), False)
