"""The rejects file of an import: what was wrong on which line, one JSON object a line."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

import orjson

from matching.candidates.lines import Problem

#: A line with more problems is of another form altogether; the first ones tell that.
MAX_PROBLEMS_PER_LINE = 20


class Rejects:
    """Writes a rejects file; without a rejected line there is none, also not that of an earlier import.

    It quotes parts of profiles, so only its owner may read it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.lines = 0
        self._file: BinaryIO | None = None

    def __enter__(self) -> Self:
        self.path.unlink(missing_ok=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file:
            self._file.close()

    def add(self, line: int, external_id: str | None, problems: Sequence[Problem]) -> None:
        """Write the problems of one line."""
        if self._file is None:
            handle = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            self._file = os.fdopen(handle, "wb")
        self.lines += 1
        for problem in problems[:MAX_PROBLEMS_PER_LINE]:
            row = {"line": line, "external_id": external_id, **problem._asdict()}
            self._file.write(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE))

    def flush(self) -> None:
        """Make what was written so far readable for others, after each batch."""
        if self._file:
            self._file.flush()
