"""Somebody who is signed in at a real web server, and asks for its pages one by one."""

from __future__ import annotations

import re
import urllib.error
import urllib.parse
import urllib.request
from http.cookiejar import CookieJar
from typing import NamedTuple

from tests.support.site import EMAIL, PASSWORD

ANSWER_WITHIN_S = 60


class Page(NamedTuple):
    """What a server answered."""

    status: int
    text: str


class Visitor:
    """Has cookies of its own; usable from several threads once signed in."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))

    def sign_in(self, email: str = EMAIL) -> None:
        """Sign in with a demo account."""
        token = re.search(r'name="csrf_token"[^>]* value="([^"]+)"', self.get("/inloggen").text)
        assert token
        fields = {"email": email, "password": PASSWORD, "csrf_token": token[1]}
        with self._opener.open(
            f"{self._address}/inloggen", urllib.parse.urlencode(fields).encode(), ANSWER_WITHIN_S
        ) as answer:
            assert "inloggen" not in answer.url

    def get(self, path: str) -> Page:
        """The answer at this path, whatever its status. Raises OSError when the connection breaks off."""
        try:
            with self._opener.open(f"{self._address}{path}", timeout=ANSWER_WITHIN_S) as answer:
                return Page(answer.status, answer.read().decode())
        except urllib.error.HTTPError as error:
            return Page(error.code, error.read().decode())
