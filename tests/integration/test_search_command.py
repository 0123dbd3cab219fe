"""`hallowerk search` on a small demo: what it prints, and what it says about what it can't use."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import delete, insert, select

from matching.candidates.parts import CATEGORIES
from matching.candidates.records import Candidate, CandidateShowcase
from matching.settings import Settings
from matching.storage.base import table_of
from matching.storage.database import Database
from tests.support.engine import variables_of
from web.commands import cli


@dataclass(frozen=True)
class Shell:
    """Runs the command with the settings of an installation."""

    settings: Settings

    def run(self, *arguments: str, **changes: str) -> Result:
        """The outcome of `hallowerk search ARGUMENTS`."""
        variables = {
            "HALLOWERK_STATE_DIR": str(self.settings.state_dir),
            "DATABASE_URL": self.settings.database_url,
            **variables_of(self.settings),
            **changes,
        }
        return CliRunner().invoke(cli, ["search", *arguments], env=variables)

    def found(self, *arguments: str) -> dict[str, Any]:
        """What --json prints."""
        result = self.run(*arguments, "--json")
        assert result.exit_code == 0, result.output
        printed: dict[str, Any] = json.loads(result.stdout)
        return printed

    def refused(self, *arguments: str, **changes: str) -> str:
        """The message on standard error when something asked can't be used."""
        result = self.run(*arguments, **changes)
        assert result.exit_code == 2, result.output
        assert result.stdout == ""
        return result.stderr


@pytest.fixture(scope="module")
def shell(demo_settings: Settings) -> Shell:
    return Shell(demo_settings)


@pytest.mark.requirement("CAND-08", "CAND-14", "CAND-16")
def test_the_json_is_what_was_agreed(shell: Shell) -> None:
    found = shell.found("heftruckchauffeur", "--place", "Rotterdam", "--radius", "50", "--limit", "5")
    assert list(found) == ["total", "understood", "results", "facets"]
    assert found["understood"] == [
        {
            "kind": "occupation",
            "code": "heftruckchauffeur",
            "label": "Heftruckchauffeur",
            "typed": "heftruckchauffeur",
            "via": "label",
        }
    ]
    assert 0 < len(found["results"]) <= min(5, found["total"])
    for result in found["results"]:
        assert list(result) == ["id", "name", "score", "parts", "distance_km"]
        assert result["id"].startswith("demo-")
        assert sum(result["parts"].values()) == pytest.approx(result["score"], abs=1e-4)
        assert 0 <= result["distance_km"] <= 50
    scores = [result["score"] for result in found["results"]]
    assert scores == sorted(scores, reverse=True)
    assert list(found["facets"]) == [category.slug for category in CATEGORIES.values()]
    assert found["facets"]["rijbewijs"]["B"] >= found["facets"]["rijbewijs"]["CE"]


def test_the_same_search_gives_the_same_answer(shell: Shell) -> None:
    assert shell.found("kok", "--limit", "50") == shell.found("kok", "--limit", "50")


@pytest.mark.requirement("CAND-24")
def test_filters_are_named_by_code_or_dutch_word_and_value_by_code_or_label(shell: Shell) -> None:
    by_code = shell.found("--filter", "licence=B", "--filter", "level=mbo-2")
    by_word = shell.found("--filter", "rijbewijs=B: personenauto", "--filter", "Niveau=MBO 2")
    assert by_code == by_word
    everybody = shell.found()
    assert by_code["total"] < everybody["facets"]["niveau"]["mbo-2"] <= everybody["total"]
    empty = shell.found("--filter", "niveau=niet ingevuld")
    assert empty["total"] == everybody["facets"]["niveau"]["niet-ingevuld"]


def test_an_occupation_is_named_by_code_label_or_synonym(shell: Shell) -> None:
    by_code = shell.found("--occupation", "schoonmaker", "--no-related")
    assert by_code == shell.found("--occupation", "Schoonmaker", "--no-related")
    assert by_code == shell.found("--occupation", "interieurverzorger", "--no-related")
    assert by_code["total"] <= shell.found("--occupation", "schoonmaker")["total"]


def test_without_json_each_result_is_a_line(shell: Shell) -> None:
    result = shell.run("heftruckchauffeur", "--limit", "3")
    assert result.exit_code == 0
    read, count, *people = result.stdout.splitlines()
    assert read == "'heftruckchauffeur' read as occupation: Heftruckchauffeur"
    assert "with this occupation" in count
    assert len(people) == 3


def test_who_the_record_no_longer_shows_is_dropped(shell: Shell) -> None:
    """The index follows later; what SQL says holds at once."""
    before = shell.found("--limit", "5")["results"]
    database = Database(shell.settings.database)
    shows = table_of(CandidateShowcase)
    with database.write() as session:
        key = session.scalars(select(Candidate.id).where(Candidate.external_id == before[0]["id"])).one()
        rows = [dict(row) for row in session.execute(select(shows).where(shows.c.candidate_id == key)).mappings()]
        session.execute(delete(shows).where(shows.c.candidate_id == key))
    try:
        after = shell.found("--limit", "5")["results"]
        assert [result["id"] for result in after] == [result["id"] for result in before[1:]]
    finally:
        with database.write() as session:
            session.execute(insert(shows), rows)
        database.close()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--place", "Nergenshuizen"), "There is no place or postcode 'Nergenshuizen'"),
        (("--place", "Bergen"), "Several places are called 'Bergen'"),
        (("--place", "Rotterdam", "--radius", "ver"), "'ver' is no radius"),
        (("--place", "Rotterdam", "--radius", "0"), "is no radius"),
        (("--filter", "kleur=rood"), "no filter 'kleur'; it has: niveau"),
        (("--filter", "rijbewijs=X"), "no value 'X'; it has: AM, A, B"),
        (("--filter", "rijbewijs"), "is no filter: write category=value"),
        (("--occupation", "tovenaar"), "no occupation 'tovenaar'"),
        (("--showcase", "atlantis"), "no showcase 'atlantis'; there are: rijnmond"),
        (("x" * 10_000,), "has 10000 characters; use at most 200"),
        (("人" * 40,), "Ask for at most 30 words at a time"),
        (("...",), "no word to look for"),
        (("--limit", "0"), "--limit"),
    ],
)
def test_what_cannot_be_used_is_named_with_what_can(shell: Shell, arguments: tuple[str, ...], message: str) -> None:
    assert message in shell.refused(*arguments)


@pytest.mark.parametrize("text", ["*", '"half', "(a AND", "heftr?ck", "/.*/", "\\"])
def test_signs_are_only_text(shell: Shell, text: str) -> None:
    result = shell.run(text, "--json")
    assert result.exit_code in (0, 2)
    assert "Traceback" not in result.output
    assert result.exit_code == 2 or json.loads(result.stdout)["total"] == 0 or json.loads(result.stdout)["understood"]


def test_no_engine_is_a_sentence_and_exit_code_1(shell: Shell) -> None:
    result = shell.run("kok", ELASTICSEARCH_URL="http://127.0.0.1:9")
    assert result.exit_code == 1
    assert "The search engine gives no answer" in result.stderr


def test_no_tables_is_a_sentence(shell: Shell, tmp_path: Path) -> None:
    message = shell.refused("kok", HALLOWERK_STATE_DIR=str(tmp_path), DATABASE_URL="")
    assert "hallowerk database upgrade" in message
