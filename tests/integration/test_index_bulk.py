"""The bulk writer accounts for every document: retried, newer, refused, written."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from elasticsearch import ApiError, Elasticsearch

from indexer import bulk
from indexer.bulk import BulkWriter, Conflict, EngineBusy, Outcome, Patience, Write
from indexer.engine.client import connect
from matching.settings import Settings

QUICK = Patience(0.01, 0.02, 5)
IMPATIENT = Patience(0.01, 0.01, 0.1)


class Busy:
    """Stands before an engine that is overloaded: answers a bulk by a script, one list of item statuses a request.

    A whole number instead of a list refuses the whole request; 0 closes the connection without an answer.
    """

    def __init__(self, *script: list[int] | int) -> None:
        self.script = list(script)
        self.asked: list[list[int]] = []

    @contextmanager
    def client(self) -> Iterator[Elasticsearch]:
        """A client of it, while it runs."""
        busy = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                actions = [json.loads(line) for line in body.splitlines()[::2]]
                busy.asked.append([int(action["index"]["_id"]) for action in actions])
                answer = busy.script.pop(0) if busy.script else [201] * len(actions)
                if answer == 0:
                    self.close_connection = True
                    return
                items = [{"index": busy.item(status)} for status in answer] if isinstance(answer, list) else []
                found = {"errors": any("error" in item["index"] for item in items), "items": items}
                self.send_response(answer if isinstance(answer, int) else 200)
                content = json.dumps(found).encode()
                self.send_header("content-type", "application/vnd.elasticsearch+json;compatible-with=9")
                self.send_header("x-elastic-product", "Elasticsearch")
                self.send_header("content-length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: object) -> None:
                """Keep the test's output clean."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        with Elasticsearch(f"http://127.0.0.1:{server.server_port}") as client:
            yield client
        server.shutdown()
        server.server_close()
        thread.join()

    @staticmethod
    def item(status: int) -> dict[str, object]:
        """The engine's answer for one document."""
        if status < 300:
            return {"status": status}
        if status == 409:
            reason = "[1]: version conflict, current version [7] is higher or equal to the one provided [1]"
            return {"status": status, "error": {"type": "version_conflict_engine_exception", "reason": reason}}
        kind = "cluster_block_exception" if status == 403 else "some_exception"
        return {"status": status, "error": {"type": kind, "reason": "no. Preview of field's value: 'secret'"}}


def send(
    client: Elasticsearch,
    patience: Patience,
    keys: Iterable[int],
    senders: int = 2,
    alive: Callable[[], None] = lambda: None,
    flush: bool = False,
) -> Outcome:
    """Write a small document for each key."""
    with BulkWriter(client, patience, senders, alive) as writer:
        for key in keys:
            writer.add(Write("test", key, 1, b"{}"))
        if flush:
            writer.flush()
    return writer.outcome


def test_only_what_was_refused_for_now_is_sent_again() -> None:
    busy = Busy([201, 429, 409, 503, 400], [429, 201])
    with busy.client() as client:
        outcome = send(client, QUICK, [1, 2, 3, 4, 5], senders=1)
    assert busy.asked == [[1, 2, 3, 4, 5], [2, 4], [2]]
    assert (outcome.written, outcome.newer) == (3, 1)
    assert [(refusal.id, refusal.status) for refusal in outcome.refused] == [(5, 400)]


def test_an_index_that_takes_no_writes_for_now_is_waited_for() -> None:
    """As the engine does with every index when its disk is nearly full: 403 or 429, until there is room."""
    busy = Busy([403, 201], [429], [403])
    with busy.client() as client:
        outcome = send(client, QUICK, [1, 2], senders=1)
    assert busy.asked == [[1, 2], [1], [1], [1]]
    assert (outcome.written, outcome.refused) == (2, [])


def test_a_conflict_says_which_version_is_there() -> None:
    with Busy([409, 201]).client() as client:
        outcome = send(client, QUICK, [1, 2])
    assert outcome.conflicts == [Conflict("test", 1, 7)]


def test_a_bulk_that_is_too_large_is_sent_in_parts_and_one_document_that_is_is_refused() -> None:
    """413 for all, then for the first half and what is left of it; the halves are of bytes, not of documents."""
    large = Write("test", 1, 1, b'{"n":"%b"}' % (b"x" * 1_000))
    busy = Busy(413, [201, 201, 201], 413)
    with busy.client() as client, BulkWriter(client, QUICK, senders=1) as writer:
        for write in (large, *(Write("test", key, 1, b"{}") for key in (2, 3, 4))):
            writer.add(write)
    assert busy.asked == [[1, 2, 3, 4], [2, 3, 4], [1]]
    assert writer.outcome.written == 3
    assert [(refusal.id, refusal.status) for refusal in writer.outcome.refused] == [(1, 413)]
    assert "xxx" not in writer.outcome.refused[0].reason


def test_a_refusal_quotes_nothing_of_the_document() -> None:
    with Busy([400]).client() as client:
        outcome = send(client, QUICK, [1])
    assert outcome.refused[0].reason == "some_exception: no."


@pytest.mark.parametrize("failure", [0, 429, 503])
def test_a_request_that_fails_as_a_whole_is_sent_again(failure: int) -> None:
    busy = Busy(failure, failure)
    with busy.client() as client:
        outcome = send(client, QUICK, [1, 2])
    assert busy.asked == [[1, 2]] * 3
    assert outcome.written == 2


def test_patience_ends() -> None:
    with Busy(*[[429]] * 1_000).client() as client, pytest.raises(EngineBusy, match="1 documents"):
        send(client, IMPATIENT, [1])


def test_a_sender_that_fails_stops_the_caller_and_never_hangs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """However much the caller still has: the queue is emptied, and the error is the sender's."""
    monkeypatch.setattr(bulk, "CHUNK_BYTES", 1)
    with Busy(*[400] * 1_000).client() as client, pytest.raises(ApiError) as raised:
        send(client, IMPATIENT, range(10_000))
    assert raised.value.meta.status == 400


def test_an_error_of_the_caller_is_the_one_that_is_raised() -> None:
    def keys() -> Iterator[int]:
        yield 1
        raise ZeroDivisionError

    with Busy().client() as client, pytest.raises(ZeroDivisionError):
        send(client, QUICK, keys())


def test_a_bulk_is_sent_when_it_is_full(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, "CHUNK_BYTES", 2 * len(Write("test", 1, 1, b"{}").encode()))
    busy = Busy()
    with busy.client() as client:
        send(client, QUICK, [1, 2, 3, 4, 5], senders=1)
    assert busy.asked == [[1, 2], [3, 4], [5]]


def test_what_was_taken_before_a_mark_is_told_apart_from_what_came_later(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, "CHUNK_BYTES", 2 * len(Write("test", 1, 1, b"{}").encode()))
    with Busy().client() as client, BulkWriter(client, QUICK) as writer:
        assert writer.answered(writer.mark())
        for key in (1, 2, 3):
            writer.add(Write("test", key, 1, b"{}"))
        with_three = writer.mark()
        assert not writer.answered(with_three)  # the third has not been sent yet
        writer.flush()
        assert writer.answered(with_three)
        assert writer.outcome.written == 3
        writer.add(Write("test", 4, 1, b"{}"))
        assert writer.answered(with_three)
        assert not writer.answered(writer.mark())


def test_a_flush_raises_what_a_sender_met() -> None:
    with Busy(400).client() as client, pytest.raises(ApiError):
        send(client, QUICK, [1], flush=True)


def test_a_writer_that_may_no_longer_write_sends_nothing() -> None:
    """As a rebuild that lost its lease: asked again before every attempt."""

    def alive() -> None:
        if busy.asked:
            raise PermissionError

    busy = Busy([429])
    with busy.client() as client, pytest.raises(PermissionError):
        send(client, QUICK, [1], alive=alive, flush=True)
    assert busy.asked == [[1]]


def test_on_a_real_engine(engine_settings: Settings) -> None:
    """Newer, refused, deleted and never-there documents, and an index that is no alias."""
    client = connect(engine_settings)
    index = f"{engine_settings.index_prefix}-bulk"
    client.indices.create(index=index, mappings={"dynamic": "strict", "properties": {"n": {"type": "integer"}}})
    with BulkWriter(client) as writer:
        for write in (
            Write(index, 1, 5, b'{"n":1}'),
            Write(index, 2, 5, b'{"n":"geheim"}'),
            Write(index, 3, 5, b'{"x":1}'),
            Write(index, 4, 5, None),
            Write(index, 5, 5, b'{"n":5}', live=True),
        ):
            writer.add(write)
    with BulkWriter(client) as second:
        second.add(Write(index, 1, 4, b'{"n":2}'))
        second.add(Write(index, 4, 4, b'{"n":4}'))
    client.indices.refresh(index=index)
    assert client.count(index=index)["count"] == 1
    assert writer.outcome.written == 2
    assert sorted(refusal.id for refusal in writer.outcome.refused) == [2, 3]
    assert writer.outcome.absent == {index}
    assert "geheim" not in "".join(refusal.reason for refusal in writer.outcome.refused)
    assert second.outcome.conflicts == [Conflict(index, 1, 5), Conflict(index, 4, 5)]


def test_an_index_that_the_alias_left_meanwhile_gets_the_write_too(engine_settings: Settings) -> None:
    """Between reading the targets and the bulk a rebuild may have moved the alias; the spare must not miss a change."""
    client = connect(engine_settings)
    alias = f"{engine_settings.index_prefix}-bulk"
    old, new = f"{alias}-old", f"{alias}-new"
    client.indices.create(index=old)
    client.indices.create(index=new, aliases={alias: {}})
    with BulkWriter(client, QUICK) as writer:
        writer.add(Write(alias, 1, 5, b'{"n":1}', live=True, behind=old))
        writer.add(Write(alias, 2, 5, b'{"n":2}', live=True, behind=new))
    assert client.get(index=old, id="1")["_version"] == 5
    assert client.get(index=new, id="1")["_version"] == 5
    assert not client.exists(index=old, id="2")
    assert (writer.outcome.written, writer.outcome.newer) == (2, 0)
