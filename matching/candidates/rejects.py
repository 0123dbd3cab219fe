"""The rejects file of an import: what was wrong on which line, one JSON object a line."""

from __future__ import annotations

import os
from collections.abc import Sequence
from io import FileIO
from pathlib import Path
from types import TracebackType
from typing import Self

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
        self._file: FileIO | None = None
        self._rows: list[bytes] = []

    def __enter__(self) -> Self:
        self.path.unlink(missing_ok=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file:
            try:
                if error is None:
                    self.flush()
            finally:
                self._file.close()

    def add(self, line: int, external_id: str | None, problems: Sequence[Problem]) -> None:
        """Write the problems of one line."""
        if self._file is None:
            self._file = FileIO(os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb")
        self.lines += 1
        for problem in problems[:MAX_PROBLEMS_PER_LINE]:
            row = {"line": line, "external_id": external_id, **problem._asdict()}
            self._rows.append(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE))

    def flush(self) -> None:
        """Write what was added since the last time, for others to read: all of it, or on a full disk nothing.

        Raises OSError with the file's name.
        """
        if self._file is None:
            return
        rest, self._rows = memoryview(b"".join(self._rows)), []
        whole = self._file.tell()
        try:
            while rest:
                rest = rest[self._file.write(rest) :]
        except OSError as error:
            self._file.truncate(whole)
            error.filename = str(self.path)
            raise
