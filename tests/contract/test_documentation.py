"""What the docs say of settings and commands is what the code does."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from web.commands import SUBJECTS, cli

ROOT = Path(__file__).parents[2]


def test_the_configuration_page_is_what_the_command_prints() -> None:
    printed = CliRunner().invoke(cli, ["config", "--markdown"]).output.strip()
    assert printed in (ROOT / "docs/configuration.md").read_text()


def leaves(command: click.Command, path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    if not isinstance(command, click.Group):
        return [path]
    context = click.Context(command)
    found = []
    for name in command.list_commands(context):
        sub = command.get_command(context, name)
        assert sub is not None
        found += leaves(sub, (*path, name))
    return found


@pytest.mark.parametrize("path", leaves(cli), ids=" ".join)
def test_every_command_explains_itself(path: tuple[str, ...]) -> None:
    answer = CliRunner().invoke(cli, [*path, "--help"])
    assert answer.exit_code == 0
    description = answer.output.split("Options:")[0].splitlines()[1:]
    assert sum(len(line.split()) for line in description) >= 4, answer.output


PAGES = ["README.md", *sorted(str(page.relative_to(ROOT)) for page in (ROOT / "docs").rglob("*.md"))]


@pytest.mark.parametrize("page", PAGES)
def test_files_that_a_page_links_to_exist(page: str) -> None:
    text = (ROOT / page).read_text()
    links = [link.partition("#")[0] for link in re.findall(r"\]\(([^)\s]+)\)", text) if "://" not in link]
    assert [link for link in links if link and not (ROOT / page).parent.joinpath(link).exists()] == []


def test_every_subject_is_one_file() -> None:
    assert all((ROOT / (module.replace(".", "/") + ".py")).exists() for module in SUBJECTS.values())


def test_the_tests_that_the_security_page_names_exist() -> None:
    named = re.findall(r"`([a-z]+/test_\w+\.py)::(test_\w+)`", (ROOT / "docs/security.md").read_text())
    assert len(named) > 30
    missing = [f"{file}::{name}" for file, name in named if f"def {name}(" not in (ROOT / "tests" / file).read_text()]
    assert missing == []
