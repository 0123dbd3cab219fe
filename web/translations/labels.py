"""Gives pybabel the labels of profile parts and filter categories, which are data and not calls of gettext."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from matching.candidates.parts import CATEGORIES, PARTS

Found = tuple[int, None, str, list[str]]


def messages() -> Iterator[str]:
    """Every such label, once each."""
    labels = [label for label, _requirement in PARTS.values()] + [category.label for category in CATEGORIES.values()]
    yield from dict.fromkeys(labels)


def extract(_file: Any, _keywords: Any, _tags: Any, options: Any) -> Iterator[Found]:
    """Babel's extraction interface: (line, function, message, comments); the file itself is not read."""
    del options  # passed by name; there are none
    for label in messages():
        yield 1, None, label, []
