"""Each requirement that is built is shown by a test: the table `tests/requirements.tsv`, and the check that it is true.

`UPDATE_REQUIREMENTS=1 pytest tests/contract/test_requirements.py` writes the table anew from the tests' markers.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.support.requirements import TESTS, expand, shown

TABLE = TESTS / "requirements.tsv"
REFERENCE = TESTS.parents[1] / "shared" / "requirements.md"

#: What is built so far; each later subject adds its ids.
BUILT = """
GEN-01, 03..07, UI-01..06, 09..13, 20, 21, 24, 25,
AUTH-01..26, 29..40, NOTIF-01, 03..06, SET-01..04, 16..24,
CAND-01, 02, 04, 06..17, 19..37, PROF-01, 03..15, 18..37, ROLE-01, 19..22,
OPEN-01..04, 07, 09..11, 23, 29, 30, 32, 36
"""


def table() -> str:
    """The table as the markers have it: id, then a test that shows it, a line each."""
    tests = shown()
    lines = [f"{identifier}\t{test}" for identifier in expand(BUILT) for test in tests.get(identifier, [])]
    return "requirement\ttest\n" + "\n".join(lines) + "\n"


def test_every_requirement_is_shown_by_a_test() -> None:
    tests = shown()
    assert [identifier for identifier in expand(BUILT) if identifier not in tests] == []


def test_the_table_is_current() -> None:
    if os.environ.get("UPDATE_REQUIREMENTS"):
        TABLE.write_text(table(), encoding="utf-8")
    assert TABLE.read_text(encoding="utf-8") == table()


def test_ids_are_written_as_the_requirements_write_them() -> None:
    assert list(expand("UI-01..03, 09, CAND-12")) == ["UI-01", "UI-02", "UI-03", "UI-09", "CAND-12"]
    assert len(set(expand(BUILT))) == len(list(expand(BUILT)))


@pytest.mark.skipif(not REFERENCE.exists(), reason="the list of requirements is not beside this clone")
def test_no_test_names_a_requirement_that_does_not_exist() -> None:
    text = REFERENCE.read_text(encoding="utf-8")
    assert [identifier for identifier in shown() if identifier not in text] == []


def test_tests_are_where_the_table_says() -> None:
    for line in TABLE.read_text(encoding="utf-8").splitlines()[1:]:
        file, _, name = line.split("\t")[1].partition("::")
        assert f"def {name}(" in (Path(TESTS) / file).read_text(encoding="utf-8")
