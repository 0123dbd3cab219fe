"""A proxy between our processes and a real engine, that does to requests what networks and full clusters do.

Faults are switched while it runs, and counted: a test can tell that what it is about did happen.
"""

from __future__ import annotations

import http.client
import json
import select
import socket
import struct
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import cycle, islice
from typing import Any
from urllib.parse import urlsplit

_LOOK_EVERY_S = 0.05
_ENGINE_TIMEOUT_S = 60.0
#: Headers that are about one connection, or that are written anew.
_OWN_HEADERS = frozenset({"connection", "transfer-encoding", "content-length", "host", "date", "server"})
_AS_THE_ENGINE = {
    "content-type": "application/vnd.elasticsearch+json;compatible-with=9",
    "x-elastic-product": "Elasticsearch",
}
#: What the engine calls the reason, by status.
_TYPES = {429: "es_rejected_execution_exception", 503: "unavailable_shards_exception"}


@dataclass(frozen=True)
class Answer:
    """What the engine, or the proxy in its place, answers."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Exchange:
    """One request and what becomes of it."""

    def __init__(self, proxy: Proxy, handler: BaseHTTPRequestHandler, body: bytes) -> None:
        self.method, self.path, self.body = handler.command, handler.path, body
        self._proxy = proxy
        self._handler = handler

    def forward(self, body: bytes | None = None) -> Answer:
        """Send the request on, with another body if one is given; what the engine answers."""
        headers = {name: value for name, value in self._handler.headers.items() if name.lower() not in _OWN_HEADERS}
        engine = http.client.HTTPConnection(self._proxy.engine, timeout=_ENGINE_TIMEOUT_S)
        try:
            engine.request(self.method, self.path, self.body if body is None else body, headers)
            answer = engine.getresponse()
            kept = {name: value for name, value in answer.getheaders() if name.lower() not in _OWN_HEADERS}
            return Answer(answer.status, kept, answer.read())
        finally:
            engine.close()

    def reply(self, answer: Answer, cut: int | None = None) -> None:
        """Answer the client; with `cut`, break the connection off after so many bytes of the body."""
        handler = self._handler
        handler.send_response(answer.status)
        for name, value in answer.headers.items():
            handler.send_header(name, value)
        handler.send_header("content-length", str(len(answer.body)))
        handler.end_headers()
        handler.wfile.write(answer.body[:cut])
        handler.wfile.flush()
        if cut is not None:
            self.reset()

    def reset(self) -> None:
        """Break the connection off, with a word to the client's machine that it is no more (RST)."""
        handler = self._handler
        handler.close_connection = True
        handler.rfile.close()  # else the socket stays open until that is
        link = handler.connection
        link.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        link.close()

    def wait_until_given_up(self) -> bool:
        """Wait until the client ends the connection; False when the proxy ends first."""
        link = self._handler.connection
        while not self._proxy.closing.is_set():
            readable, _, _ = select.select([link], [], [], _LOOK_EVERY_S)
            if readable:
                with suppress(ConnectionError):
                    if link.recv(1, socket.MSG_PEEK):
                        continue
                return True
        return False

    def wait_until_released(self) -> bool:
        """Wait until the test lets held requests go on; False when it has something else in mind by then."""
        released = self._proxy.released
        while self._proxy.released is released and not self._proxy.closing.is_set():
            if released.wait(_LOOK_EVERY_S):
                return True
        return False

    def count(self, what: str, by: int = 1) -> None:
        """Note that this was done."""
        self._proxy.note(what, by)


#: Answers an exchange in the engine's place, or with its help.
Fault = Callable[[Exchange], None]
#: Id of a document and how often it was refused for that index -> the status to refuse it with, 0: don't.
Refuses = Callable[[str, int], int]


def pass_on(exchange: Exchange) -> None:
    """No fault at all."""
    exchange.reply(exchange.forward())


def hold(exchange: Exchange) -> None:
    """Stall: nothing comes of the request until the proxy releases it, and then the engine gets it, however late."""
    exchange.count("held")
    if exchange.wait_until_released():
        answer = exchange.forward()
        exchange.count("delivered")
        exchange.reply(answer)


def answer_too_late(exchange: Exchange) -> None:
    """The engine does what it was asked for, and its answer comes when the client no longer listens."""
    answer = exchange.forward()
    if exchange.wait_until_given_up():
        exchange.count("answered_too_late")
        exchange.reply(answer)


def lose(exchange: Exchange) -> None:
    """The request never arrives, and the connection is broken off."""
    exchange.count("lost")
    exchange.reset()


def cut_after(size: int) -> Fault:
    """The engine does what it was asked for; its answer breaks off after so many bytes, fewer than it has."""

    def cut(exchange: Exchange) -> None:
        answer = exchange.forward()
        assert size < len(answer.body)
        exchange.count("cut")
        exchange.reply(answer, size)

    return cut


def too_busy(exchange: Exchange) -> None:
    """The engine refuses the request as a whole, as with a full queue."""
    exchange.count("too_busy")
    error = {"type": _TYPES[429], "reason": "rejected execution of coordinating operation"}
    body = json.dumps({"error": {"root_cause": [error], **error}, "status": 429}).encode()
    exchange.reply(Answer(429, _AS_THE_ENGINE, body))


def no_engine_behind(exchange: Exchange) -> None:
    """A load balancer answers in the engine's place, in its own words."""
    exchange.count("no_engine_behind")
    exchange.reply(Answer(503, {"content-type": "text/html"}, b"<h1>503 Service Temporarily Unavailable</h1>"))


def too_large_above(limit: int) -> Fault:
    """Bodies of more than `limit` bytes are refused, with no word about it, as the engine does; others pass."""

    def measure(exchange: Exchange) -> None:
        if len(exchange.body) <= limit:
            pass_on(exchange)
        else:
            exchange.count("too_large")
            exchange.reply(Answer(413, {}, b""))

    return measure


def refuse_items(refuses: Refuses) -> Fault:
    """Single writes of a bulk are refused: the engine does not get them, and its answer says so in their places."""
    tries: Counter[tuple[str, str]] = Counter()

    def pick(exchange: Exchange) -> None:
        passed, refused = [], {}
        for place, (action, lines) in enumerate(_actions(exchange.body)):
            [facts] = action.values()
            document = facts["_index"], facts["_id"]
            status = refuses(facts["_id"], tries[document])
            if status:
                tries[document] += 1
                refused[place] = _refusal(action, status)
            else:
                passed.append(lines)
        exchange.count("refused_items", len(refused))
        if refused and passed:
            exchange.count("mixed")
        # The engine takes no empty bulk.
        answer = exchange.forward(b"".join(passed)) if passed else Answer(200, _AS_THE_ENGINE, b'{"items":[]}')
        exchange.reply(_spliced(answer, refused))

    return pick


def _actions(body: bytes) -> Iterator[tuple[dict[str, Any], bytes]]:
    """Each write of a bulk: what it says it is, and its lines."""
    lines = iter(body.splitlines(keepends=True))
    for line in lines:
        action = json.loads(line)
        yield action, line if "delete" in action else line + next(lines)


def _refusal(action: Mapping[str, Any], status: int) -> dict[str, Any]:
    """The engine's answer for a write that it has no room for."""
    [(kind, facts)] = action.items()
    error = {"type": _TYPES[status], "reason": "no room for now"}
    return {kind: {"_index": facts["_index"], "status": status, "error": error}}


def _spliced(answer: Answer, refused: Mapping[int, Any]) -> Answer:
    """The engine's answer with the refused writes in their places."""
    found = json.loads(answer.body)
    rest = iter(found["items"])
    count = len(refused) + len(found["items"])
    found["items"] = [refused[place] if place in refused else next(rest) for place in range(count)]
    found["errors"] = bool(refused) or found.get("errors", False)
    return Answer(answer.status, answer.headers, json.dumps(found).encode())


class Proxy:
    """Passes every request on to an engine, but for the faults that it is told to make."""

    def __init__(self, engine_url: str) -> None:
        self.engine = urlsplit(engine_url).netloc
        #: What it did, and how often.
        self.done: Counter[str] = Counter()
        self.released = threading.Event()
        self.closing = threading.Event()
        #: Connections of clients.
        self.links: set[socket.socket] = set()
        self._guard = threading.Lock()
        self._faults: Iterator[Fault] = iter(())
        self._on = ""
        self._server: _Server | None = None
        self._port = 0

    @property
    def url(self) -> str:
        """What ELASTICSEARCH_URL is set to."""
        return f"http://127.0.0.1:{self._port}"

    def fail(self, *faults: Fault, on: str = "", times: int | None = None) -> None:
        """Do these in turn, one to each request whose path has `on` in it, so many times (None: always).

        What is still held of former faults never arrives.
        """
        with self._guard:
            self.released = threading.Event()
            self._faults, self._on = islice(cycle(faults), times), on

    def heal(self) -> None:
        """Let all requests pass; those that are held never arrive."""
        self.fail()

    def release(self) -> None:
        """Let held requests go on to the engine."""
        self.released.set()

    def refuse(self) -> None:
        """Refuse connections, and break off those there are."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None
        for link in list(self.links):
            with suppress(OSError):
                link.shutdown(socket.SHUT_RDWR)

    def accept(self) -> None:
        """Take connections (again), at the same address."""
        self._server = server = _Server(self, self._port)
        self._port = server.server_port
        threading.Thread(target=server.serve_forever, args=(_LOOK_EVERY_S,), daemon=True).start()

    def close(self) -> None:
        """Take no connections any more, and drop what is held."""
        self.closing.set()
        self.refuse()

    def note(self, what: str, by: int = 1) -> None:
        """Count what was done."""
        with self._guard:
            self.done[what] += by

    def answer(self, exchange: Exchange) -> None:
        """Pass a request on, or do to it what it is the turn of."""
        with self._guard:
            fault = next(self._faults, pass_on) if self._on in exchange.path else pass_on
        fault(exchange)


class _Server(ThreadingHTTPServer):
    """Takes connections for a proxy; each has a thread that may outlive it."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, proxy: Proxy, port: int) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.proxy = proxy

    def handle_error(self, *arguments: Any) -> None:
        """Say what went wrong here; that one of both sides is gone is what this is for."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(*arguments)


class _Handler(BaseHTTPRequestHandler):
    """One connection of a client."""

    protocol_version = "HTTP/1.1"
    server: _Server

    def setup(self) -> None:
        super().setup()
        self.server.proxy.links.add(self.connection)

    def finish(self) -> None:
        self.server.proxy.links.discard(self.connection)
        super().finish()

    def answer(self) -> None:
        """Let the proxy answer a request."""
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        self.server.proxy.answer(Exchange(self.server.proxy, self, body))

    def log_message(self, *_: object) -> None:
        """Keep the test's output clean."""


for _method in ("DELETE", "GET", "HEAD", "POST", "PUT"):
    setattr(_Handler, f"do_{_method}", _Handler.answer)


@contextmanager
def proxy_before(engine_url: str) -> Iterator[Proxy]:
    """A proxy before this engine, until the end of the block."""
    proxy = Proxy(engine_url)
    proxy.accept()
    try:
        yield proxy
    finally:
        proxy.close()
