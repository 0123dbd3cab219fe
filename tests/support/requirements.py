"""Which test shows which requirement, read from the `requirement` markers without running anything."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

TESTS = Path(__file__).parents[1]


def shown() -> Mapping[str, list[str]]:
    """Requirement id -> the tests (file::function, below tests/) that carry it, in order."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for path in sorted(TESTS.rglob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test"):
                for identifier in _marked(node):
                    found[identifier].add(f"{path.relative_to(TESTS)}::{node.name}")
    return {identifier: sorted(tests) for identifier, tests in sorted(found.items())}


def _marked(node: ast.FunctionDef) -> Iterator[str]:
    for decorator in node.decorator_list:
        match decorator:
            case ast.Call(func=ast.Attribute(attr="requirement"), args=arguments):
                yield from (str(argument.value) for argument in arguments if isinstance(argument, ast.Constant))


def expand(text: str) -> Iterator[str]:
    """The ids in 'UI-01..06, 09, CAND-01': ranges and lists with the subject named once."""
    subject = ""
    for item in text.replace("\n", " ").split(","):
        name = item.strip()
        if not name:
            continue
        if name[0].isalpha():
            subject, _, name = name.partition("-")
        first, _, last = name.partition("..")
        for number in range(int(first), int(last or first) + 1):
            yield f"{subject}-{number:02d}"
