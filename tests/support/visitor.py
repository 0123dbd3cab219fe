"""Somebody who is signed in at a real web server, and asks for its pages one by one."""

from __future__ import annotations

import urllib.error
import urllib.request
from typing import NamedTuple

from matching.settings import Settings
from tests.support.signed_in import session_cookie
from tests.support.site import EMAIL

ANSWER_WITHIN_S = 60


class Page(NamedTuple):
    """What a server answered."""

    status: int
    text: str


class Visitor:
    """Has a session of its own; usable from several threads once signed in."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._opener = urllib.request.build_opener()

    def sign_in(self, settings: Settings, email: str = EMAIL) -> None:
        """Be signed in with a demo account, at a server with these settings."""
        name, value = session_cookie(settings, email)
        self._opener.addheaders = [("Cookie", f"{name}={value}")]

    def get(self, path: str) -> Page:
        """The answer at this path, whatever its status. Raises OSError when the connection breaks off."""
        try:
            with self._opener.open(f"{self._address}{path}", timeout=ANSWER_WITHIN_S) as answer:
                return Page(answer.status, answer.read().decode())
        except urllib.error.HTTPError as error:
            return Page(error.code, error.read().decode())
