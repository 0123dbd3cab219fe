"""Writes prepared documents to the engine in bulks sized by bytes, and accounts for every one of them."""

from __future__ import annotations

import queue
import re
import threading
import time
from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import accumulate
from types import TracebackType
from typing import Any, NamedTuple

import stamina
from elasticsearch import ApiError, ConnectionError, ConnectionTimeout, Elasticsearch

#: A bulk is sent when its body reaches this size; above some megabytes a bulk only takes more memory.
CHUNK_BYTES = 4_000_000
#: While a sender has nothing to do, a bulk of this size is sent: the engine need not wait for more.
EARLY_BYTES = 1_000_000
SENDERS = 3
#: Bulks that wait for a sender; bounds memory, and lets building go on while the engine is at work.
WAITING_CHUNKS = 2
#: Half as long as patience lasts, so that a bulk that gets no answer is sent again.
BULK_TIMEOUT_S = 60.0
#: How often `alive` is called while the senders are waited for.
_LOOK_UP_EVERY_S = 1.0
#: How long a writing that was broken off waits for bulks on their way: a process that must end is not to be kept.
LEAVE_WITHIN_S = 3.0

# Bytes are passed on as they are; the client's helpers and its `bulk` would take every document apart again.
_HEADERS = {"accept": "application/json", "content-type": "application/x-ndjson"}
_PARAMS = {"filter_path": "errors,items.*._index,items.*.status,items.*.error.type,items.*.error.reason"}
_BUSY = frozenset({429, 502, 503, 504})
_CONFLICT = 409
_TOO_LARGE = 413
#: What the engine answers while an index takes no writes, as on a disk that is nearly full: it passes.
_BLOCKED = "cluster_block_exception"
#: What it answers for an index or alias that is not there, whatever the document.
_ABSENT = frozenset({"index_not_found_exception", "index_closed_exception"})
_STORED_VERSION = re.compile(r"current version \[(\d+)\]")


@dataclass(frozen=True, slots=True)
class Write:
    """One write to one index: a document, or a delete when `body` is None.

    `version` is the number drawn before the read that the body was built from. With `live`, `index` must be an alias:
    a late write to an index that is gone then fails instead of making it anew. `behind` is the index that the alias is
    believed to stand for; when it stands for another by now, that index gets the write as well.
    """

    index: str
    id: int
    version: int
    body: bytes | None
    live: bool = False
    behind: str = ""

    @property
    def target(self) -> str:
        """The index that is meant."""
        return self.behind or self.index

    def encode(self) -> bytes:
        """The lines of a bulk request (external version: an older read never overwrites a newer one)."""
        alias = b',"require_alias":true' if self.live else b""
        head = b'{"%b":{"_index":"%b","_id":"%d","version":%d,"version_type":"external"%b}}\n' % (
            b"delete" if self.body is None else b"index",
            self.index.encode(),
            self.id,
            self.version,
            alias,
        )
        return head if self.body is None else b"%b%b\n" % (head, self.body)


@dataclass(frozen=True)
class Refusal:
    """A write that the engine refused for good; `reason` holds no value of the document."""

    index: str
    id: int
    status: int
    reason: str


@dataclass(frozen=True)
class Conflict:
    """A write that the engine did not take: the index holds version `stored` of the document, not below ours.

    Where it is our own version, somebody else gave it to the document, by changing it by hand.
    """

    index: str
    id: int
    stored: int


@dataclass
class Outcome:
    """What became of all writes so far: `written` + `newer` + refused + those to `absent` indexes = sent.

    `newer`: the index already held a later read of the same candidate (409); `conflicts` says which version of whom.
    `absent`: names of indexes and aliases that the engine does not have.
    """

    written: int = 0
    newer: int = 0
    refused: list[Refusal] = field(default_factory=list)
    conflicts: list[Conflict] = field(default_factory=list)
    absent: set[str] = field(default_factory=set)

    def add(self, other: Outcome) -> None:
        """Add the counts of another outcome to this one."""
        self.written += other.written
        self.newer += other.newer
        self.refused.extend(other.refused)
        self.conflicts.extend(other.conflicts)
        self.absent |= other.absent


@dataclass(frozen=True)
class Patience:
    """How long an engine that is busy or away is waited for, in seconds."""

    first_wait_s: float = 0.2
    longest_wait_s: float = 5.0
    give_up_after_s: float = 120.0


USUAL_PATIENCE = Patience()


class EngineBusy(Exception):
    """The engine refused some writes for now (429, 503, an index that is closed to writes): they are sent again."""


class _BrokenOff(Exception):
    """Nobody waits any more for what was to be sent again."""


class _Chunk(NamedTuple):
    """A bulk: its number in the order of adding, its writes, and them as the engine reads them."""

    number: int
    writes: list[Write]
    body: bytes


class BulkWriter:
    """Takes writes, and sends them from a few threads while the caller prepares the next ones.

    Used in a `with` block; leaving it waits until all are answered. `outcome` is complete only then. An error of a
    sender is raised by the next `add` or at the end of the block, and nothing more is sent: EngineBusy or the
    client's connection error when patience ends, ApiError when the engine refuses a request as a whole.
    What the engine is too busy for is sent again with back-off; versions make sending twice harmless. A bulk that is
    too large for it is sent in parts, and a single document that is too large is refused.
    `alive` is called before every request and while senders are waited for; what it raises ends the writing.
    A block that an error leaves waits no longer than LEAVE_WITHIN_S: a bulk that is still on its way may arrive later,
    and versions make that harmless too.
    """

    def __init__(
        self,
        client: Elasticsearch,
        patience: Patience = USUAL_PATIENCE,
        senders: int = SENDERS,
        alive: Callable[[], None] = lambda: None,
    ) -> None:
        self.outcome = Outcome()
        self._client = client
        self._patience = patience
        self._alive = alive
        self._chunks: queue.Queue[_Chunk | None] = queue.Queue(WAITING_CHUNKS)
        self._threads = [threading.Thread(target=self._work, name=f"bulk-{n}", daemon=True) for n in range(senders)]
        self._answers = threading.Condition()
        self._failed: BaseException | None = None
        self._writes: list[Write] = []
        self._lines: list[bytes] = []
        self._bytes = 0
        self._queued = 0
        self._unanswered: set[int] = set()

    def __enter__(self) -> BulkWriter:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if error is None:
                self._queue()
                self._end_senders()
        except BaseException as failure:
            error = failure
            raise
        finally:
            if error is not None:
                self._break_off(error)
        if error is None and self._failed is not None:
            raise self._failed

    def _end_senders(self) -> None:
        """Have the senders finish all that waits."""
        self._chunks.put(None)
        for thread in self._threads:
            thread.join()

    def _break_off(self, error: BaseException) -> None:
        """Have the senders drop what waits, and send nothing again."""
        if self._failed is None:
            self._failed = error
        with suppress(queue.Empty):
            while True:
                self._chunks.get_nowait()
        self._chunks.put(None)
        until = time.monotonic() + LEAVE_WITHIN_S
        for thread in self._threads:
            thread.join(max(0.0, until - time.monotonic()))

    def add(self, write: Write) -> None:
        """Take one write; waits when the senders are behind."""
        line = write.encode()
        self._writes.append(write)
        self._lines.append(line)
        self._bytes += len(line)
        if self._bytes >= CHUNK_BYTES or (self._bytes >= EARLY_BYTES and len(self._unanswered) < len(self._threads)):
            self._queue()

    def mark(self) -> int:
        """A number for all that was taken so far, to ask `answered` with."""
        return self._queued + bool(self._writes)

    def answered(self, mark: int) -> bool:
        """Whether the engine has answered for all that was taken before that mark; does not wait."""
        with self._answers:
            return mark <= self._queued and all(mark < number for number in self._unanswered)

    def refused(self) -> list[Refusal]:
        """What was refused so far, in the order of the answers."""
        with self._answers:
            return list(self.outcome.refused)

    def flush(self) -> None:
        """Wait until the engine has answered for all that was taken; raises as `add` does."""
        self._queue()
        while True:
            with self._answers:
                if self._failed is not None:
                    raise self._failed
                if not self._unanswered:
                    return
                self._answers.wait(_LOOK_UP_EVERY_S)
            self._alive()

    def _queue(self) -> None:
        if self._failed is not None:
            raise self._failed
        if self._writes:
            self._queued += 1
            with self._answers:
                self._unanswered.add(self._queued)
            self._put(_Chunk(self._queued, self._writes, b"".join(self._lines)))
            self._writes, self._lines, self._bytes = [], [], 0

    def _put(self, chunk: _Chunk) -> None:
        while True:
            try:
                self._chunks.put(chunk, timeout=_LOOK_UP_EVERY_S)
                return
            except queue.Full:
                self._alive()

    def _work(self) -> None:
        while (chunk := self._chunks.get()) is not None:
            if self._failed is not None:
                continue  # keeps emptying the queue, so that the caller is never stuck
            try:
                outcome = self._send(chunk)
            except Exception as error:
                with self._answers:
                    self._failed = self._failed or error
                    self._answers.notify_all()
                continue
            with self._answers:
                self.outcome.add(outcome)
                self._unanswered.discard(chunk.number)
                self._answers.notify_all()
        self._chunks.put(None)  # for the next sender

    def _send(self, chunk: _Chunk) -> Outcome:
        outcome = Outcome()
        parts = [(chunk.writes, chunk.body)]
        while parts:
            writes, body = parts.pop()
            try:
                self._send_part(writes, body, outcome)
            except ApiError as error:
                if error.meta.status != _TOO_LARGE:
                    raise
                if len(writes) == 1:
                    outcome.refused.append(_too_large(writes[0], len(body)))
                else:
                    parts += [(half, _encoded(half)) for half in _halves(writes)]
        return outcome

    def _send_part(self, writes: Sequence[Write], body: bytes, outcome: Outcome) -> None:
        for attempt in stamina.retry_context(
            on=_may_pass,
            attempts=None,
            timeout=self._patience.give_up_after_s,
            wait_initial=self._patience.first_wait_s,
            wait_max=self._patience.longest_wait_s,
        ):
            with attempt:
                if self._failed is not None:
                    raise _BrokenOff
                self._alive()
                again, why = _send_once(self._client, writes, body, outcome)
                if again:
                    writes, body = again, _encoded(again)
                    raise EngineBusy(f"the engine is too busy for {len(again)} documents ({why})")


def _encoded(writes: Sequence[Write]) -> bytes:
    return b"".join(write.encode() for write in writes)


def _halves(writes: list[Write]) -> tuple[list[Write], list[Write]]:
    """The same writes in two lists of about as many bytes, neither of them empty."""
    sizes = list(accumulate(len(write.encode()) for write in writes))
    middle = min(max(bisect_left(sizes, sizes[-1] / 2), 1), len(writes) - 1)
    return writes[:middle], writes[middle:]


def _too_large(write: Write, size: int) -> Refusal:
    return Refusal(write.target, write.id, _TOO_LARGE, f"document_too_large: {size} bytes are more than is accepted")


def _may_pass(error: Exception) -> bool:
    if isinstance(error, ApiError):
        return error.meta.status in _BUSY or error.error == _BLOCKED
    return isinstance(error, (EngineBusy, ConnectionError, ConnectionTimeout))


def _send_once(
    client: Elasticsearch, writes: Sequence[Write], body: bytes, outcome: Outcome
) -> tuple[list[Write], str]:
    """Send `body`, add the final answers to `outcome`, return the writes to send again and why.

    Where this raises, nothing was added.
    """
    answer = client.options(request_timeout=BULK_TIMEOUT_S, max_retries=0).perform_request(
        "POST", "/_bulk", params=_PARAMS, headers=_HEADERS, body=body
    )
    again, why = [], ""
    found = Outcome()
    already: list[Write] = []
    for write, item in zip(writes, answer["items"], strict=True):
        result: dict[str, Any] = next(iter(item.values()))
        status, error = result["status"], result.get("error")
        kind = error["type"] if error else ""
        if status in _BUSY or kind == _BLOCKED:
            again.append(write)
            why = kind
        elif kind in _ABSENT:
            found.absent.add(write.index)
        elif write.behind and result["_index"] != write.behind:
            # The alias was moved since the targets were read: the index that it left must not miss this.
            again.append(Write(write.behind, write.id, write.version, write.body))
            why = "the alias was moved"
        elif error is None:  # a delete of what was never there has a status of its own, and no error
            found.written += 1
        elif status == _CONFLICT and (stored := _STORED_VERSION.search(error.get("reason", ""))):
            if int(stored[1]) == write.version:
                already.append(write)
            else:
                found.conflicts.append(Conflict(write.target, write.id, int(stored[1])))
        else:
            found.refused.append(Refusal(write.target, write.id, status, _without_values(error)))
    if already:
        strange = _not_ours(client, already)
        found.written += len(already) - len(strange)
        found.conflicts += strange
    found.newer = len(found.conflicts)
    outcome.add(found)
    return again, why


def _not_ours(client: Elasticsearch, writes: Sequence[Write]) -> list[Conflict]:
    """Which of these documents, that have our version, hold something else than what we sent.

    Most are of a try whose answer got lost. But whoever changes a document by hand right after its last write gives it
    the number that is drawn next, and what is in it says so.
    """
    wanted = [{"_index": one.target, "_id": str(one.id), "_source": ["written"]} for one in writes]
    documents = client.mget(docs=wanted)["docs"]
    return [
        Conflict(write.target, write.id, write.version)
        for write, document in zip(writes, documents, strict=True)
        if not _is_of(write, document)
    ]


def _is_of(write: Write, document: Mapping[str, Any]) -> bool:
    if not document.get("found"):
        return write.body is None
    return write.body is not None and document["_source"].get("written") == write.version


def _without_values(error: dict[str, str]) -> str:
    # The engine quotes the document after this phrase; persons' data belong in no report and no log.
    return f"{error['type']}: {error.get('reason', '').split(' Preview of field')[0]}"
