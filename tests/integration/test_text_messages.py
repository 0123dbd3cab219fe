"""Text messages: one contract for the real gateway, over HTTP, and for the local mailbox that stands in for it."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from matching.post.mailbox import Mailbox
from matching.post.sms import GatewayAway, HttpGateway, LocalTexts, NumberRefused, TextGateway, open_gateway
from matching.settings import Settings

TOKEN = "a token of the gateway"
NUMBER = "+31612345678"


@dataclass
class Gateway:
    """A gateway that takes what has its token, and answers the next `answers` otherwise."""

    url: str = ""
    taken: list[tuple[str, str]] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)


@contextmanager
def gateway_server() -> Iterator[Gateway]:
    """A real HTTP server that is a gateway."""
    gateway = Gateway()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            status = gateway.answers.pop(0) if gateway.answers else 202
            if self.headers["Authorization"] != f"Bearer {TOKEN}":
                status = 401
            assert self.headers["Content-Type"] == "application/json"
            assert set(body) == {"from", "to", "text"}
            if status == 202:
                gateway.taken.append((body["to"], body["text"]))
            self.send_response(status)
            self.send_header("Location", "http://127.0.0.1:9/elsewhere")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Keep the test's output clean."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    gateway.url = f"http://127.0.0.1:{server.server_port}/messages"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield gateway
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    """A running gateway."""
    with gateway_server() as gateway:
        yield gateway


@pytest.fixture(params=["gateway", "mailbox"])
def way(request: pytest.FixtureRequest, settings: Settings) -> TextGateway:
    """Each of the ways by which a text message leaves, as the settings say."""
    if request.param == "mailbox":
        return open_gateway(settings)
    url = request.getfixturevalue("gateway").url
    return open_gateway(settings.model_copy(update={"sms_gateway_url": url, "sms_gateway_token": TOKEN}))


def sent(way: TextGateway, gateway: Gateway, settings: Settings) -> list[tuple[str, str]]:
    """What came through: number and text."""
    kept = [(one.to, one.text) for one in Mailbox(settings.mailbox_dir).newest(10)]
    assert isinstance(way, LocalTexts if kept else HttpGateway) or not (kept or gateway.taken)
    return kept + gateway.taken


@pytest.mark.requirement("AUTH-21", "NOTIF-04")
def test_a_message_is_sent_as_it_is(way: TextGateway, gateway: Gateway, settings: Settings) -> None:
    way.send(NUMBER, "012345 is je code voor HalloWerk. Één minuut – “nu”.\nTweede regel")
    assert sent(way, gateway, settings) == [
        (NUMBER, "012345 is je code voor HalloWerk. Één minuut – “nu”.\nTweede regel")
    ]


@pytest.mark.parametrize(
    "number", ["0612345678", "+3161234567x", "+31612345678\n+31687654321", "", "+0612345678", "+31"]
)
def test_what_is_no_number_is_refused(way: TextGateway, number: str, gateway: Gateway, settings: Settings) -> None:
    with pytest.raises(NumberRefused) as raised:
        way.send(number, "012345")
    assert "612345678" not in str(raised.value)
    assert sent(way, gateway, settings) == []


@pytest.mark.parametrize("status", [400, 404, 422])
def test_a_number_that_the_gateway_refuses(gateway: Gateway, status: int) -> None:
    gateway.answers.append(status)
    with pytest.raises(NumberRefused):
        HttpGateway(gateway.url, TOKEN, "HalloWerk").send(NUMBER, "012345")


@pytest.mark.parametrize("status", [302, 403, 429, 500, 503])
def test_a_gateway_that_does_not_send(gateway: Gateway, status: int) -> None:
    gateway.answers.append(status)
    with pytest.raises(GatewayAway, match=str(status)) as raised:
        HttpGateway(gateway.url, TOKEN, "HalloWerk").send(NUMBER, "012345")
    assert "612345678" not in str(raised.value)
    assert gateway.taken == []


def test_a_gateway_that_does_not_know_us(gateway: Gateway) -> None:
    with pytest.raises(GatewayAway, match="401") as raised:
        HttpGateway(gateway.url, "another token", "HalloWerk").send(NUMBER, "012345")
    assert "another token" not in str(raised.value)


def test_a_gateway_that_hangs_or_is_gone_is_away() -> None:
    with socket.create_server(("127.0.0.1", 0)) as mute:
        url = f"http://127.0.0.1:{mute.getsockname()[1]}/"
        with pytest.raises(GatewayAway):
            HttpGateway(url, TOKEN, "HalloWerk", answer_within_s=0.2).send(NUMBER, "012345")
    with pytest.raises(GatewayAway):
        HttpGateway(url, TOKEN, "HalloWerk").send(NUMBER, "012345")


def test_a_mailbox_that_cannot_be_written_is_away(tmp_path: Path) -> None:
    (tmp_path / "mailbox").touch()
    with pytest.raises(GatewayAway):
        LocalTexts(Mailbox(tmp_path / "mailbox")).send(NUMBER, "012345")
