"""`hallowerk synonyms`: what it prints and how it ends."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from indexer.engine.client import connect
from indexer.targets import create_index
from matching.search.mapping import index_body
from matching.settings import Settings
from tests.support.command import hallowerk
from tests.support.engine import variables_of
from web.commands import cli

Run = Callable[..., Result]


@pytest.fixture
def run(engine_settings: Settings) -> Run:
    """Runs `hallowerk synonyms ...` with the tests' engine."""

    def run(*arguments: object, **variables: str) -> Result:
        used = {"HALLOWERK_STATE_DIR": str(engine_settings.state_dir), **variables_of(engine_settings), **variables}
        return CliRunner().invoke(cli, ["synonyms", *map(str, arguments)], env=used)

    return run


@pytest.fixture
def words(tmp_path: Path) -> Path:
    """A file with problems in the lines 2 and 4."""
    file = tmp_path / "words.txt"
    file.write_text("# mine\nkok\nstapelaar, heftruck\nin de, mensen\n")
    return file


def test_the_projects_own_file_passes_and_says_that_it_is_published(run: Run) -> None:
    checked = run("check")
    assert checked.exit_code == 0, checked.output
    assert checked.stdout == "synonyms/words.txt: no problems; published\n"


def test_each_problem_is_a_line_with_its_place_and_the_exit_code_is_1(run: Run, words: Path) -> None:
    checked = run("check", words)
    assert checked.exit_code == 1
    assert checked.stderr == ""
    assert checked.stdout == (
        f"{words}:2: changes nothing: to the search all its terms are the same\n"
        f"{words}:4: the search leaves nothing of 'in de': it removes 'in', 'de'\n"
    )


def test_the_json_holds_the_same(run: Run, words: Path) -> None:
    checked = run("check", words, "--json")
    assert checked.exit_code == 1
    assert json.loads(checked.stdout) == {
        "file": str(words),
        "analysed": True,
        "published": False,
        "problems": [
            {"line": 2, "message": "changes nothing: to the search all its terms are the same"},
            {"line": 4, "message": "the search leaves nothing of 'in de': it removes 'in', 'de'"},
        ],
    }


@pytest.mark.parametrize("url", ["http://127.0.0.1:9", ""])
def test_without_an_engine_it_says_what_was_not_looked_at(run: Run, words: Path, url: str) -> None:
    checked = run("check", words, ELASTICSEARCH_URL=url)
    assert checked.exit_code == 1
    assert checked.stdout == f"{words}:2: changes nothing: to the search all its terms are the same\n"
    assert checked.stderr == "The search engine does not answer: stop words and word forms were not looked at.\n"


def test_publish_says_what_it_did_and_check_knows_it(run: Run, words: Path, engine_settings: Settings) -> None:
    refused = run("publish", words)
    assert refused.exit_code == 1
    assert f"{words}:4: the search leaves nothing of" in refused.stdout
    assert refused.stderr == "Not published: correct these first.\n"

    client, own = connect(engine_settings), f"{engine_settings.index_prefix}-own"
    create_index(client, own, index_body(), {})
    try:
        words.write_text("stapelaar, heftruck\n")
        done = run("publish", words)
        assert done.exit_code == 0, done.output
        assert done.stdout == (
            f"1 rules in force in 0 indexes\n{own} holds synonyms of its own: run `hallowerk index rebuild`\n"
        )
    finally:
        client.indices.delete(index=own)
    assert run("check", words).stdout == f"{words}: no problems; published\n"
    assert run("check").stdout == "synonyms/words.txt: no problems; not published: `hallowerk synonyms publish`\n"


def test_what_goes_wrong_outside_is_one_sentence(run: Run, words: Path, tmp_path: Path) -> None:
    words.write_text("stapelaar, heftruck\n")
    for variables, said in (
        ({"ELASTICSEARCH_URL": "http://127.0.0.1:9"}, "The search engine gives no answer"),
        ({"ELASTICSEARCH_URL": ""}, "The search engine is not running"),
        ({"HALLOWERK_SYNONYMS_DIR": ""}, "Rebuild them: `hallowerk index rebuild`"),
        ({"HALLOWERK_SYNONYMS_DIR": str(tmp_path / "none")}, "There is no folder"),
        ({"HALLOWERK_SYNONYMS_DIR": str(tmp_path)}, "does not read files from"),
    ):
        refused = run("publish", words, **variables)
        assert refused.exit_code == 1, variables
        assert said in refused.stderr, variables
        assert refused.stderr.count("\n") == 1
        assert refused.stdout == ""


def test_it_is_one_of_the_commands(tmp_path: Path) -> None:
    assert "synonyms" in hallowerk(tmp_path, "--help").stdout
    shown = hallowerk(tmp_path, "synonyms", "--help").stdout
    assert "check" in shown
    assert "publish" in shown
