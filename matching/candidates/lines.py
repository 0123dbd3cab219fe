"""Lines of an import file, read one by one whatever is in them, and turned into typed profiles or problems."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, BinaryIO, NamedTuple, TypeAlias

import orjson
from pydantic import ValidationError

from matching.candidates.profile import CandidateProfile, DeleteMarker

#: No profile within the limits of its parts comes near it; a longer line is no profile.
MAX_LINE_BYTES = 1024 * 1024
SHOWN_VALUE = 80

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
#: JSON escapes of control characters other than tab, line feed and carriage return; PostgreSQL keeps no NUL.
_CONTROL_ESCAPE = re.compile(rb"\\u00(?:0[0-8bcefBCEF]|1[0-9a-fA-F]|7[fF])|\\[bf]")
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")

Record: TypeAlias = CandidateProfile | DeleteMarker


class Problem(NamedTuple):
    """Why a line can't be taken: the field (dots between levels, empty for the whole line), its value cut short."""

    field: str
    value: str
    reason: str


class Line(NamedTuple):
    """A line that isn't blank: its number from 1 and its bytes; None when it is longer than MAX_LINE_BYTES."""

    number: int
    data: bytes | None


def read_lines(file: BinaryIO) -> Iterator[Line]:
    """Yield the lines of `file` that aren't blank, never holding more than MAX_LINE_BYTES of one."""
    number = 0
    while data := file.readline(MAX_LINE_BYTES + 1):
        number += 1
        whole = data.endswith(b"\n")
        if len(data) > MAX_LINE_BYTES and not whole:
            while data and not data.endswith(b"\n"):
                data = file.readline(MAX_LINE_BYTES)
            yield Line(number, None)
            continue
        if number == 1:
            data = data.removeprefix(_BYTE_ORDER_MARK)
        if data := data.strip(b" \t\r\n"):
            yield Line(number, data)


def external_id_of(line: Line) -> str | None:
    """The external id that a line speaks of; None where it can't be told."""
    if line.data is None:
        return None
    try:
        content = orjson.loads(line.data)
    except orjson.JSONDecodeError:
        return None
    found = content.get("external_id") if isinstance(content, dict) else None
    return found if isinstance(found, str) else None


def parse(line: Line) -> Record | list[Problem]:
    """The typed record of a line, or the problems that keep it from being one (at least one)."""
    data = line.data
    if data is None:
        return [Problem("", "", f"is longer than {MAX_LINE_BYTES // 1024} kB")]
    try:
        content = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        return [_not_json(data, error)]
    if not isinstance(content, dict):
        return [Problem("", shorten(content), "is not a JSON object")]
    model = DeleteMarker if "deleted" in content else CandidateProfile
    try:
        record = model.model_validate_json(data, strict=True)
    except ValidationError as error:
        return [
            Problem(".".join(map(str, one["loc"])), shorten(one["input"]), one["msg"])
            for one in error.errors(include_url=False, include_context=False)
        ]
    # Only now, since a record of the right form is but a few levels deep.
    if _CONTROL_ESCAPE.search(data) and (found := list(_with_control_characters(content, ()))):
        return found
    return record


def shorten(value: object) -> str:
    """A value as text of at most SHOWN_VALUE characters."""
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= SHOWN_VALUE else text[: SHOWN_VALUE - 1] + "…"


def _not_json(data: bytes, error: orjson.JSONDecodeError) -> Problem:
    shown = shorten(data[: 4 * SHOWN_VALUE].decode("utf-8", errors="replace"))
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as wrong:
        return Problem("", shown, f"is not UTF-8 text (byte {wrong.start + 1} of the line)")
    if "surrogate" in error.msg or "hex escape" in error.msg:
        return Problem("", shown, f"is not valid JSON: half of a character pair (\\ud800-\\udfff): {error.msg}")
    return Problem("", shown, f"is not valid JSON: {error.msg} (character {error.pos + 1})")


def _with_control_characters(value: Any, path: tuple[str, ...]) -> Iterator[Problem]:
    if isinstance(value, str):
        if _CONTROL.search(value):
            yield Problem(".".join(path), shorten(repr(value)), "holds a control character")
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from _with_control_characters(inner, (*path, key))
    elif isinstance(value, list):
        for position, inner in enumerate(value):
            yield from _with_control_characters(inner, (*path, str(position)))
