"""Building indexes on a real engine: switching, spares, the gate, and what a failed build leaves."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from elasticsearch import Elasticsearch
from sqlalchemy import delete, select, update

from indexer.build import BuildFailed, Progress, build
from indexer.bulk import Patience
from indexer.catalogue import UnknownShowcase
from indexer.engine.client import connect
from indexer.status import index_status
from indexer.targets import find_targets, live_target
from matching.candidates.records import Candidate, Showcase
from matching.settings import Settings
from matching.storage.changes import Change, note_changes
from matching.storage.database import Database
from tests.support.profiles import insert_full, insert_showcase, insert_taxonomy, spoil

PEOPLE = 120


@pytest.fixture
def client(engine_settings: Settings) -> Iterator[Elasticsearch]:
    """The engine; what the test made in it is gone afterwards."""
    client = connect(engine_settings)
    yield client
    for index in client.indices.get(index=f"{engine_settings.index_prefix}-*"):
        client.indices.delete(index=index)


@pytest.fixture
def filled(database: Database) -> Database:
    """PEOPLE full profiles in 'stad', every third one in 'regio' too, one in no showcase."""
    with database.write() as session:
        insert_taxonomy(session)
        insert_showcase(session, "stad")
        insert_showcase(session, "regio", {"intro", "level"})
        for key in range(1, PEOPLE + 1):
            insert_full(session, key, ["stad", "regio"] if key % 3 == 0 else ["stad"])
        insert_full(session, 9_000, [])
    return database


def count(client: Elasticsearch, settings: Settings, showcase: str) -> int:
    """Listings that searches of a showcase can find."""
    found: int = client.count(index=f"{settings.index_prefix}-{showcase}")["count"]
    return found


@pytest.mark.requirement("GEN-06")
def test_a_build_fills_every_showcase_and_is_searchable(
    filled: Database, client: Elasticsearch, engine_settings: Settings
) -> None:
    seen: list[Progress] = []
    built = build(filled, client, engine_settings, report=seen.append)
    assert built.listings == {"stad": PEOPLE, "regio": PEOPLE // 3}
    assert built.refused == ()
    assert count(client, engine_settings, "stad") == PEOPLE
    assert count(client, engine_settings, "regio") == PEOPLE // 3
    assert (seen[0].done, seen[-1].done, seen[-1].total) == (0, PEOPLE + PEOPLE // 3, PEOPLE + PEOPLE // 3)
    settings = client.indices.get_settings(index=f"{engine_settings.index_prefix}-*")
    assert {facts["settings"]["index"]["refresh_interval"] for facts in settings.values()} == {"1s"}


def test_the_former_index_stays_and_older_ones_go(
    filled: Database, client: Elasticsearch, engine_settings: Settings
) -> None:
    first, second, third = (build(filled, client, engine_settings, ["stad"]) for _ in range(3))
    assert second.pruned == ()
    assert third.pruned == (first.indexes["stad"],)
    targets = find_targets(client, engine_settings.index_prefix, ["stad", "regio"])
    assert [target.index for target in targets["stad"]] == [second.indexes["stad"], third.indexes["stad"]]
    live = live_target(targets["stad"])
    assert live is not None
    assert live.index == third.indexes["stad"]
    assert targets["regio"] == []


def test_a_build_of_everything_takes_the_waiting_changes_off_the_log(
    filled: Database, client: Elasticsearch, engine_settings: Settings
) -> None:
    """Those of a deleted candidate stay: the drain still has to reach the spare indexes."""
    with filled.write() as session:
        note_changes(session, "candidate", [1, 2, 77_777])
    build(filled, client, engine_settings, ["stad"])
    assert waiting(filled) == [1, 2, 77_777]
    build(filled, client, engine_settings)
    assert waiting(filled) == [77_777]


def test_a_refused_listing_is_reported_and_the_rest_goes_live(
    filled: Database, client: Elasticsearch, engine_settings: Settings
) -> None:
    with filled.write() as session:
        spoil(session, [5])
    built = build(filled, client, engine_settings)
    assert [refusal.id for refusal in built.refused] == [5]
    assert "99.5" not in built.refused[0].reason
    assert count(client, engine_settings, "stad") == PEOPLE - 1


def test_a_build_with_many_refused_listings_changes_nothing_for_searches(
    filled: Database, client: Elasticsearch, engine_settings: Settings
) -> None:
    before = build(filled, client, engine_settings)
    with filled.write() as session:
        spoil(session, range(1, PEOPLE))
    with pytest.raises(BuildFailed, match=f"refused {PEOPLE - 1} of {PEOPLE}"):
        build(filled, client, engine_settings)
    targets = find_targets(client, engine_settings.index_prefix, ["stad", "regio"])
    assert {code: [target.index for target in found] for code, found in targets.items()} == {
        code: [index] for code, index in before.indexes.items()
    }
    assert count(client, engine_settings, "stad") == PEOPLE


def test_an_unknown_showcase_is_named(filled: Database, client: Elasticsearch, engine_settings: Settings) -> None:
    with pytest.raises(UnknownShowcase, match="atlantis; there are: regio, stad"):
        build(filled, client, engine_settings, ["atlantis"])


def test_an_engine_that_is_away_ends_the_build_with_its_error(filled: Database, engine_settings: Settings) -> None:
    away = Elasticsearch("http://127.0.0.1:1", max_retries=0)
    with pytest.raises(Exception, match="Connection"):
        build(filled, away, engine_settings, patience=Patience(0.01, 0.01, 0.1))


def test_status_tells_counts_and_when_a_rebuild_is_due(
    filled: Database, client: Elasticsearch, engine_settings: Settings
) -> None:
    before = {row.showcase: row for row in index_status(filled, client, engine_settings).showcases}
    assert before["stad"].index is None
    built = build(filled, client, engine_settings)
    with filled.write() as session:
        note_changes(session, "candidate", [1])
        session.execute(update(Showcase).where(Showcase.code == "regio").values(parts=["level"]))
    status = index_status(filled, client, engine_settings)
    rows = {row.showcase: row for row in status.showcases}
    assert status.pending_changes == 1
    assert (rows["stad"].index, rows["stad"].documents, rows["stad"].shown) == (built.indexes["stad"], PEOPLE, PEOPLE)
    assert not rows["stad"].rebuild_due
    assert rows["regio"].rebuild_due


def test_a_candidate_that_goes_during_the_fill_does_not_fail_the_build(
    filled: Database, client: Elasticsearch, engine_settings: Settings
) -> None:
    def leave(progress: Progress) -> None:
        if progress.done == progress.total:
            with filled.write() as session:
                session.execute(delete(Candidate).where(Candidate.id == 3))
                note_changes(session, "candidate", [3])

    build(filled, client, engine_settings, report=leave)
    assert waiting(filled) == [3]


def waiting(database: Database) -> list[int]:
    """Keys of the candidates in the change log, oldest first."""
    with database.read() as session:
        return list(session.execute(select(Change.key).order_by(Change.id)).scalars())
