"""What the web server can't read is answered in Dutch with the headers of every answer (issue 4)."""

from __future__ import annotations

import http.client
from http import HTTPStatus
from urllib.parse import urlsplit

import pytest
from gunicorn.http.errors import InvalidHeader

from web.headers import NOT_KEPT, SECURITY_HEADERS
from web.worker import TEXTS, answer, status_of

HOME = "/kandidaten/rijnmond/"
TOO_LONG = "Dat is te veel tekst"


def ask(address: str, path: str, **headers: str) -> tuple[int, str, dict[str, str]]:
    connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=30)
    try:
        connection.request("GET", path, headers=headers)
        response = connection.getresponse()
        return response.status, response.read().decode(), dict(response.getheaders())
    finally:
        connection.close()


@pytest.mark.parametrize("length", [8_191, 10_000, 200_000])
def test_an_address_that_is_too_long_gets_the_dutch_page(site: str, length: int) -> None:
    status, text, headers = ask(site, f"{HOME}?{'x' * length}")
    assert (status, TOO_LONG in text) == (414, True)
    assert (SECURITY_HEADERS | NOT_KEPT).items() <= headers.items()


def test_an_address_as_long_as_promised_reaches_the_application(site: str) -> None:
    status, text, _ = ask(site, f"{HOME}?{'x' * 8_000}")
    assert status != 414
    assert TOO_LONG not in text


def test_headers_that_are_too_large_and_a_header_that_is_none_are_refused(site: str) -> None:
    status, text, headers = ask(site, HOME, Cookie="x" * 20_000)
    assert (status, TEXTS[HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE][0] in text) == (431, True)
    assert SECURITY_HEADERS.items() <= headers.items()
    status, text, _ = ask(site, HOME, **{"Wrong(name)": "x"})
    assert (status, "Dit adres klopt niet" in text) == (400, True)


def test_behind_https_the_answer_says_to_stay_there() -> None:
    assert b"Strict-Transport-Security" in answer(status_of(InvalidHeader("x")), https=True)
    assert answer(status_of(RuntimeError("a secret")), https=False).startswith(b"HTTP/1.1 500 ")
