"""Text messages: sent at once, because somebody waits for the code, and never kept or repeated."""

from __future__ import annotations

import re
from typing import Protocol

import httpx

from matching.post.mailbox import Mailbox
from matching.settings import Settings

#: How long a gateway may take to connect, and to answer: a person waits before the page.
ANSWER_WITHIN_S = 5.0
#: A telephone number as gateways want it (ITU-T E.164): +31612345678.
_NUMBER = re.compile(r"\+[1-9][0-9]{6,14}", re.ASCII)
#: What a gateway answers to a number that it can't send to.
_BAD_NUMBER = frozenset({400, 404, 422})


class NumberRefused(Exception):
    """Nothing can be sent to this number."""


class GatewayAway(Exception):
    """The message could not be sent now: the gateway does not answer, or does not let us in. Names no number."""


class TextGateway(Protocol):
    """Sends text messages."""

    def send(self, phone: str, text: str) -> None:
        """Return when the message is on its way to this number (E.164). Raises NumberRefused or GatewayAway."""
        ...


class HttpGateway:
    """Posts each message as JSON to a gateway, which knows us by a token."""

    def __init__(self, url: str, token: str, sender: str, answer_within_s: float = ANSWER_WITHIN_S) -> None:
        self._url = url
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._sender = sender
        self._answer_within_s = answer_within_s

    def send(self, phone: str, text: str) -> None:
        """See TextGateway."""
        _check(phone)
        body = {"from": self._sender, "to": phone, "text": text}
        try:
            answer = httpx.post(self._url, json=body, headers=self._headers, timeout=self._answer_within_s)
        except httpx.HTTPError as error:
            raise GatewayAway(type(error).__name__) from error
        if answer.status_code in _BAD_NUMBER:
            raise NumberRefused(f"the gateway answers {answer.status_code}")
        if not answer.is_success:
            raise GatewayAway(f"the gateway answers {answer.status_code}")


class LocalTexts:
    """Puts each message into the local mailbox."""

    def __init__(self, mailbox: Mailbox) -> None:
        self._mailbox = mailbox

    def send(self, phone: str, text: str) -> None:
        """See TextGateway."""
        _check(phone)
        try:
            self._mailbox.keep_text(phone, text)
        except OSError as error:
            raise GatewayAway("the local mailbox cannot be written") from error


def open_gateway(settings: Settings) -> TextGateway:
    """The way by which text messages leave this installation; connects to nothing yet."""
    if settings.sms_gateway_url:
        return HttpGateway(settings.sms_gateway_url, settings.sms_gateway_token, settings.sms_sender)
    return LocalTexts(Mailbox(settings.mailbox_dir))


def _check(phone: str) -> None:
    if not _NUMBER.fullmatch(phone):
        raise NumberRefused("not a number in the form of E.164")
