"""`hallowerk demo load` from nothing to searchable, and again."""

from __future__ import annotations

from pathlib import Path

import pytest
from elasticsearch import Elasticsearch

from indexer.engine.client import connect
from indexer.targets import alias_name
from matching.demo.accounts import PASSWORD
from matching.demo.people import generate
from matching.settings import Settings
from tests.support.command import hallowerk

PEOPLE = 60


def _documents(client: Elasticsearch, settings: Settings, showcase: str) -> int:
    alias = alias_name(settings.index_prefix, showcase)
    client.indices.refresh(index=alias)
    return int(client.count(index=alias)["count"])


@pytest.mark.requirement("ROLE-20", "GEN-06")
def test_demo_load_fills_everything_once(engine_settings: Settings, tmp_path: Path) -> None:
    variables = {
        "ELASTICSEARCH_URL": engine_settings.elasticsearch_url,
        "HALLOWERK_INDEX_PREFIX": engine_settings.index_prefix,
    }
    client = connect(engine_settings)
    first = hallowerk(tmp_path, "demo", "load", "--people", str(PEOPLE), **variables)
    assert first.returncode == 0, first.stderr
    assert f"{PEOPLE} new, 0 changed, 0 unchanged, 0 deleted" in first.stdout
    assert PASSWORD in first.stdout
    expected = sum("rijnmond" in one.showcases for one in generate(PEOPLE))
    assert _documents(client, engine_settings, "rijnmond") == expected

    again = hallowerk(tmp_path, "demo", "load", "--people", str(PEOPLE), **variables)
    assert again.returncode == 0, again.stderr
    assert f"{PEOPLE} made-up people are there already" in again.stdout
    assert "Search indexes are up to date" in again.stdout

    fewer = hallowerk(tmp_path, "demo", "load", "--people", "50", **variables)
    assert fewer.returncode == 0, fewer.stderr
    assert "0 new, 0 changed, 50 unchanged, 10 deleted" in fewer.stdout
    assert list((tmp_path / "state").glob("demo-*")) == []


def test_demo_load_says_when_the_engine_is_missing(tmp_path: Path) -> None:
    done = hallowerk(tmp_path, "demo", "load", "--people", "3", ELASTICSEARCH_URL="http://127.0.0.1:9")
    assert done.returncode == 1
    assert "search engine" in done.stderr
    assert "Traceback" not in done.stderr
