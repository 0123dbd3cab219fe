"""The gunicorn worker: requests that can't be read get a page in Dutch, and no address of them reaches the log."""

from __future__ import annotations

import socket
from html import escape
from http import HTTPStatus
from typing import Any

import structlog
from gunicorn.http.errors import LimitRequestHeaders, LimitRequestLine, ParseException
from gunicorn.util import write_nonblock
from gunicorn.workers.gthread import ThreadWorker

from matching.settings import load_settings
from web.headers import HSTS, NOT_KEPT, SECURITY_HEADERS

log = structlog.get_logger()

#: The application has not seen the request, so neither its translations nor its templates: Dutch, the source language.
TEXTS = {
    HTTPStatus.REQUEST_URI_TOO_LONG: ("Dat is te veel tekst", "Maak je zoekvraag korter en probeer het opnieuw."),
    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE: (
        "Je browser stuurt te veel mee",
        "Verwijder de cookies van deze site en probeer het opnieuw.",
    ),
    HTTPStatus.BAD_REQUEST: (
        "Dit adres klopt niet",
        "Er staat iets in dat we niet begrijpen. Ga terug en probeer het opnieuw.",
    ),
    HTTPStatus.INTERNAL_SERVER_ERROR: (
        "Er ging iets mis",
        "Het ligt niet aan jou. Probeer het over een paar minuten opnieuw.",
    ),
}


class Worker(ThreadWorker):
    """gunicorn's thread worker with our own answer to what it can't read or what failed outside the application."""

    def handle_error(self, req: Any, client: socket.socket, addr: Any, exc: Exception) -> None:
        """Answer with the status that fits `exc`; its text quotes the request, so the log gets its kind only."""
        status = status_of(exc)
        log.warning("request_not_served", kind=type(exc).__name__, status=int(status))
        try:
            write_nonblock(client, answer(status, https=load_settings().https))
        except OSError as error:
            log.info("answer_not_sent", kind=type(error).__name__)


def status_of(error: Exception) -> HTTPStatus:
    """The status of the answer to a request that ended in `error`."""
    if isinstance(error, LimitRequestLine):
        return HTTPStatus.REQUEST_URI_TOO_LONG
    if isinstance(error, LimitRequestHeaders):
        return HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE
    if isinstance(error, ParseException):
        return HTTPStatus.BAD_REQUEST
    return HTTPStatus.INTERNAL_SERVER_ERROR


def answer(status: HTTPStatus, *, https: bool) -> bytes:
    """The bytes of a whole HTTP/1.1 answer: the page for `status` (one of TEXTS) with the security headers."""
    title, text = (escape(line) for line in TEXTS[status])
    page = (
        f'<!doctype html>\n<html lang="nl">\n<head><meta charset="utf-8"><title>{title} - HalloWerk</title></head>\n'
        f'<body><main><h1>{title}</h1><p>{text}</p><p><a href="/">Naar het begin</a></p></main></body>\n</html>\n'
    ).encode()
    headers = {
        "Connection": "close",
        "Content-Type": "text/html; charset=utf-8",
        "Content-Length": str(len(page)),
        **SECURITY_HEADERS,
        **NOT_KEPT,
        **(HSTS if https else {}),
    }
    lines = [f"HTTP/1.1 {status.value} {status.phrase}", *(f"{name}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode("ascii") + page
