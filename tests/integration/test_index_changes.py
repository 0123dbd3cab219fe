"""Changes in SQL reach a real engine, in any order, and none is lost when something breaks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from elasticsearch import ConnectionError as EngineAway
from elasticsearch import Elasticsearch
from sqlalchemy import delete, select, update

from indexer import changes as indexing
from indexer.build import build
from indexer.bulk import Patience
from indexer.changes import drain
from indexer.engine.client import connect
from indexer.targets import create_index, find_targets, index_name, new_build
from matching.candidates.listings import read_keys
from matching.candidates.records import Candidate, CandidateShowcase
from matching.search.mapping import index_body
from matching.settings import Settings
from matching.storage.changes import Change, draw_index_version, note_changes
from matching.storage.database import Database
from tests.support.profiles import SECRET_WORDS, insert_full, insert_showcase, insert_taxonomy, show, spoil

IMPATIENT = Patience(0.01, 0.01, 0.1)


@pytest.fixture
def client(engine_settings: Settings) -> Iterator[Elasticsearch]:
    """The engine; what the test made in it is gone afterwards."""
    client = connect(engine_settings)
    yield client
    for index in client.indices.get(index=f"{engine_settings.index_prefix}-*"):
        client.indices.delete(index=index)


@pytest.fixture
def built(database: Database, client: Elasticsearch, engine_settings: Settings) -> Database:
    """Candidates 1 to 5 in 'stad', indexed; 'regio' is there with none."""
    with database.write() as session:
        insert_taxonomy(session)
        insert_showcase(session, "stad")
        insert_showcase(session, "regio", {"intro"})
        for key in range(1, 6):
            insert_full(session, key, ["stad"])
    build(database, client, engine_settings)
    return database


def names(client: Elasticsearch, index: str) -> dict[int, str]:
    """id -> name of every listing in an index."""
    client.indices.refresh(index=index)
    hits = client.search(index=index, query={"match_all": {}}, size=100)["hits"]["hits"]
    return {int(hit["_id"]): hit["_source"]["name"] for hit in hits}


def rename(database: Database, key: int, name: str) -> None:
    """Change a candidate and announce it, in one transaction."""
    with database.write() as session:
        session.execute(update(Candidate).where(Candidate.id == key).values(name=name))
        note_changes(session, "candidate", [key])


def waiting(database: Database) -> list[int]:
    """Keys in the change log, oldest first."""
    with database.read() as session:
        return list(session.execute(select(Change.key).order_by(Change.id)).scalars())


@pytest.mark.requirement("GEN-06")
def test_new_changed_moved_and_deleted_candidates(
    built: Database, client: Elasticsearch, engine_settings: Settings
) -> None:
    rename(built, 1, "Anders")
    with built.write() as session:
        insert_full(session, 6, ["stad", "regio"])
        show(session, 2, ["regio"])
        session.execute(delete(CandidateShowcase).where(CandidateShowcase.candidate_id == 3))
        session.execute(delete(Candidate).where(Candidate.id == 4))
        note_changes(session, "candidate", [6, 2, 3, 4])
    done = drain(built, client, engine_settings)
    assert (done.changes, done.candidates, done.outcome.refused) == (5, 5, [])
    stad = names(client, f"{engine_settings.index_prefix}-stad")
    assert stad == {1: "Anders", 2: "Naam2", 5: "Naam5", 6: "Naam6"}
    assert names(client, f"{engine_settings.index_prefix}-regio") == {2: "Naam2", 6: "Naam6"}
    assert waiting(built) == []


def test_a_drain_without_changes_writes_nothing(
    built: Database, client: Elasticsearch, engine_settings: Settings
) -> None:
    assert waiting(built) == []
    done = drain(built, client, engine_settings)
    assert (done.changes, done.outcome.written, done.outcome.newer) == (0, 0, 0)


def test_a_write_from_an_older_read_is_ignored_as_newer_there(
    built: Database, client: Elasticsearch, engine_settings: Settings
) -> None:
    """The version numbers the read: a later reader's document is never overwritten."""
    with built.write() as session:
        later = draw_index_version(session) + 5
    alias = f"{engine_settings.index_prefix}-stad"
    client.index(index=alias, id="1", document={"name": "Later"}, version=later, version_type="external")
    rename(built, 1, "Eerder")
    done = drain(built, client, engine_settings)
    assert done.outcome.newer == 1
    assert names(client, alias)[1] == "Later"
    assert waiting(built) == []


def test_changes_stay_while_the_engine_is_away(
    built: Database, client: Elasticsearch, engine_settings: Settings
) -> None:
    rename(built, 1, "Anders")
    with pytest.raises(EngineAway):
        drain(built, Elasticsearch("http://127.0.0.1:1", max_retries=0), engine_settings, patience=IMPATIENT)
    assert waiting(built) == [1]
    drain(built, client, engine_settings)
    assert names(client, f"{engine_settings.index_prefix}-stad")[1] == "Anders"


def test_a_change_that_comes_in_during_the_read_is_not_marked_done(
    built: Database, client: Elasticsearch, engine_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exactly the claimed rows are taken off the log, so the next round sees the later change of the same candidate."""
    meanwhile = iter([lambda: rename(built, 1, "Later")])

    def read_then_change(*arguments: Any) -> Any:
        found = read_keys(*arguments)
        next(meanwhile, lambda: None)()
        return found

    monkeypatch.setattr(indexing, "read_keys", read_then_change)
    rename(built, 1, "Eerder")
    assert drain(built, client, engine_settings).changes == 2
    assert names(client, f"{engine_settings.index_prefix}-stad")[1] == "Later"


def test_a_refused_listing_keeps_its_change_and_holds_up_no_other(
    built: Database, client: Elasticsearch, engine_settings: Settings
) -> None:
    with built.write() as session:
        spoil(session, [2])
        note_changes(session, "candidate", [2])
    rename(built, 1, "Anders")
    done = drain(built, client, engine_settings)
    assert [refusal.id for refusal in done.outcome.refused] == [2]
    assert waiting(built) == [2]
    assert names(client, f"{engine_settings.index_prefix}-stad")[1] == "Anders"


def test_changes_reach_the_index_that_is_being_built_and_deletes_the_spare_too(
    built: Database, client: Elasticsearch, engine_settings: Settings
) -> None:
    prefix = engine_settings.index_prefix
    [spare] = find_targets(client, prefix, ["stad"])["stad"]
    build(built, client, engine_settings, ["stad"])
    coming = index_name(prefix, "stad", new_build())
    create_index(client, coming, index_body(), {})
    rename(built, 1, "Anders")
    with built.write() as session:
        session.execute(delete(Candidate).where(Candidate.id == 2))
        note_changes(session, "candidate", [2])
    drain(built, client, engine_settings)
    assert names(client, coming) == {1: "Anders"}
    assert names(client, f"{prefix}-stad") == {1: "Anders", 3: "Naam3", 4: "Naam4", 5: "Naam5"}
    assert names(client, spare.index) == {1: "Naam1", 3: "Naam3", 4: "Naam4", 5: "Naam5"}


def test_a_drain_before_the_first_build_leaves_it_to_the_build(
    database: Database, client: Elasticsearch, engine_settings: Settings
) -> None:
    with database.write() as session:
        insert_taxonomy(session)
        insert_showcase(session, "stad")
        insert_full(session, 1, ["stad"])
        note_changes(session, "candidate", [1])
    assert drain(database, client, engine_settings).changes == 1
    assert find_targets(client, engine_settings.index_prefix, ["stad"]) == {"stad": []}
    build(database, client, engine_settings)
    assert names(client, f"{engine_settings.index_prefix}-stad") == {1: "Naam1"}


def test_more_changes_than_one_batch_holds(
    built: Database, client: Elasticsearch, engine_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(indexing, "BATCH", 2)
    heard: list[int] = []
    for key in (5, 4, 3, 2, 1):
        rename(built, key, f"Nieuw{key}")
    drain(built, client, engine_settings, lambda done: heard.append(done.changes))
    assert heard == [2, 4, 5]
    assert names(client, f"{engine_settings.index_prefix}-stad") == {key: f"Nieuw{key}" for key in range(1, 6)}


def answers(client: Elasticsearch, index: str) -> list[tuple[str, int, float]]:
    """Id, version and exact score of everybody found by words that all of them have."""
    client.indices.refresh(index=index)
    query = {"multi_match": {"query": " ".join(SECRET_WORDS.values()), "fields": ["*"], "lenient": True}}
    hits = client.search(index=index, query=query, size=100, sort=["_score", {"id": "asc"}], version=True)
    return [(hit["_id"], hit["_version"], hit["_score"]) for hit in hits["hits"]["hits"]]


@pytest.mark.requirement("CAND-04", "PROF-03")
def test_a_change_of_what_is_hidden_writes_nothing_and_moves_nobody(
    built: Database, client: Elasticsearch, engine_settings: Settings
) -> None:
    """A rewritten listing counts twice in the engine's frequencies for a while, and would shift others' scores."""
    with built.write() as session:
        for key in (6, 7, 8):
            insert_full(session, key, ["regio"])
        note_changes(session, "candidate", [6, 7, 8])
    drain(built, client, engine_settings)
    alias = f"{engine_settings.index_prefix}-regio"
    before = answers(client, alias)
    with built.write() as session:
        session.execute(update(Candidate).values(hobbies="iets heel anders", phone="06 00000000", level="hbo"))
        note_changes(session, "candidate", range(1, 9))
    done = drain(built, client, engine_settings)
    assert (done.changes, done.unchanged) == (8, 3)
    assert len(before) == 3
    assert answers(client, alias) == before


def test_a_slower_drain_looks_again_at_what_another_took_off(
    built: Database, client: Elasticsearch, engine_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other may have left a listing unwritten that was right until our older read arrived."""

    def read_then_let_another_drain(*arguments: Any) -> Any:
        found = read_keys(*arguments)
        monkeypatch.setattr(indexing, "read_keys", read_keys)
        rename(built, 1, "Naam1")
        assert drain(built, client, engine_settings).unchanged == 1
        return found

    monkeypatch.setattr(indexing, "read_keys", read_then_let_another_drain)
    rename(built, 1, "Heel even")
    drain(built, client, engine_settings)
    assert names(client, f"{engine_settings.index_prefix}-stad")[1] == "Naam1"
    assert waiting(built) == []
