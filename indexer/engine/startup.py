"""Waits until a started engine answers, and explains it when it does not."""

from __future__ import annotations

import http.client
import json
import time
from pathlib import Path

from indexer.engine.errors import DiskFullError, EngineError
from indexer.engine.locks import Report
from indexer.engine.note import Folders, Note

START_SECONDS = 180.0
_POLL_SECONDS = 0.25
_PROGRESS_SECONDS = 2.0
_LOG_LINES = 12
_CAUSES = {
    "OutOfMemoryError": "It has too little memory: set HALLOWERK_ENGINE_HEAP_MB, or free some.",
    "Cannot allocate memory": "This machine has too little free memory for it: lower HALLOWERK_ENGINE_HEAP_MB.",
    "failed to obtain node locks": "Another engine uses the same folder: look for it with `ps`, and end it.",
    "CorruptIndexException": "Its data are damaged: `hallowerk engine stop --delete-data`, then rebuild the index.",
}


class PortTakenError(EngineError):
    """Another process took the port between our choice and the engine's start."""


def wait_until_ready(note: Note, place: Folders, report: Report) -> None:
    """Return when the engine's health is yellow or better.

    Raises PortTakenError, DiskFullError or EngineError with the last lines of its log when its process ends or
    START_SECONDS are over; then it is left running, for a slow machine's next try.
    """
    begun = told = time.monotonic()
    while not _answers(note):
        now = time.monotonic()
        if not note.alive:
            raise _explain(place.console)
        if now - begun > START_SECONDS:
            raise EngineError(
                f"The engine (process {note.pid}) did not answer within {START_SECONDS:.0f} s. Wait and try again, or "
                f"`hallowerk engine stop`. Its last lines ({place.console}):\n{_tail(place.console)}"
            )
        if now - told >= _PROGRESS_SECONDS:
            told = now
            report(f"Waiting for the engine: {now - begun:.0f} s")
        time.sleep(_POLL_SECONDS)


def _answers(note: Note) -> bool:
    # http.client: a proxy that the environment names must not stand between us and loopback.
    connection = http.client.HTTPConnection("127.0.0.1", note.port, timeout=5)
    try:
        connection.request("GET", "/_cluster/health?wait_for_status=yellow&timeout=1s")
        answer = connection.getresponse()
        body = answer.read()
        return answer.status == 200 and json.loads(body).get("status") in {"yellow", "green"}
    except (OSError, http.client.HTTPException, json.JSONDecodeError):
        return False
    finally:
        connection.close()


def _explain(console: Path) -> EngineError:
    text = console.read_text(errors="replace")
    if "BindHttpException" in text or "Address already in use" in text:
        return PortTakenError("Another program took the engine's port; trying the next one.")
    if "No space left on device" in text:
        return DiskFullError(
            f"The disk of {console.parent} is full and the engine stopped. Make room and run `hallowerk engine start`."
        )
    advice = next((cause for sign, cause in _CAUSES.items() if sign in text), "Correct the cause and try again.")
    return EngineError(f"The engine ended while starting. {advice} Its last lines ({console}):\n{_tail(console)}")


def _tail(console: Path) -> str:
    lines = console.read_text(errors="replace").splitlines()[-_LOG_LINES:]
    return "\n".join(f"  {line[:300]}" for line in lines) or "  (nothing)"
