"""Changes in SQL reach a real engine, in any order, and none is lost or undone when something breaks."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from elasticsearch import ConnectionError as EngineAway
from elasticsearch import Elasticsearch
from sqlalchemy import delete, insert, select, update

from indexer import changes as indexing
from indexer import dead_letters, failpoints, ledger
from indexer.bulk import EngineBusy, Patience
from indexer.changes import WritesPaused, drain, index_candidates
from indexer.documents import ListingBuilder
from indexer.engine.client import connect
from indexer.ledger import Intention
from indexer.rebuild.run import rebuild
from indexer.registry import register, registered
from indexer.stubs import sweep_stubs
from indexer.targets import LISTINGS, alias_name, create_index, index_name, live_target, new_build
from matching.candidates.listings import read_keys
from matching.candidates.records import Candidate, CandidateShowcase
from matching.search.mapping import index_body
from matching.settings import Settings
from matching.storage.base import table_of
from matching.storage.changes import (
    CANDIDATE,
    Change,
    claim_changes,
    draw_index_version,
    new_timeline,
    note_changes,
    present_version,
    timeline,
)
from matching.storage.database import Database
from matching.storage.index_state import DeadLetter, Finding, LedgerEntry
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
    """Candidates 1 to 5 in 'stad', indexed; 'regio' is there with none, and nothing waits."""
    with database.write() as session:
        insert_taxonomy(session)
        insert_showcase(session, "stad")
        insert_showcase(session, "regio", {"intro"})
        for key in range(1, 6):
            insert_full(session, key, ["stad"])
    rebuild(database, client, engine_settings)
    with database.write() as session:
        session.execute(delete(Change))
    return database


@pytest.fixture
def stad(built: Database) -> str:
    """The live index of 'stad'."""
    return live(built, "stad")


def live(database: Database, showcase: str) -> str:
    """The live index of a showcase."""
    with database.read() as session:
        found = live_target(registered(session)[showcase])
    assert found
    return found.index


def names(client: Elasticsearch, index: str) -> dict[int, str]:
    """id -> name of every listing in an index."""
    client.indices.refresh(index=index)
    hits = client.search(index=index, query=LISTINGS, size=100)["hits"]["hits"]
    return {int(hit["_id"]): hit["_source"]["name"] for hit in hits}


def stubs(client: Elasticsearch, index: str) -> set[int]:
    """Ids of the stubs in an index; nothing else is in them."""
    client.indices.refresh(index=index)
    hits = client.search(index=index, query={"term": {"gone": True}}, size=100)["hits"]["hits"]
    assert all(hit["_source"].keys() == {"gone", "written", "bucket"} for hit in hits)
    return {int(hit["_id"]) for hit in hits}


def rename(database: Database, key: int, name: str) -> None:
    """Change a candidate; the database notes it."""
    with database.write() as session:
        session.execute(update(Candidate).where(Candidate.id == key).values(name=name))
        note_changes(session, CANDIDATE, [key])


def remove(database: Database, key: int) -> None:
    """Delete a candidate and announce it, in one transaction."""
    with database.write() as session:
        session.execute(delete(CandidateShowcase).where(CandidateShowcase.candidate_id == key))
        session.execute(delete(Candidate).where(Candidate.id == key))
        note_changes(session, CANDIDATE, [key])


def waiting(database: Database) -> set[int]:
    """Keys in the change log."""
    with database.read() as session:
        return set(session.execute(select(Change.key).where(Change.kind == CANDIDATE)).scalars())


def entry(database: Database, key: int, showcase: str = "stad") -> LedgerEntry | None:
    """What the ledger says of a candidate."""
    with database.read() as session:
        return session.get(LedgerEntry, (showcase, key))


def after_next_read(monkeypatch: pytest.MonkeyPatch, act: Callable[[], None]) -> None:
    """Act once, between the next read of candidates and what is done with it."""

    def read_then_act(*arguments: Any) -> Any:
        found = read_keys(*arguments)
        monkeypatch.setattr(indexing, "read_keys", read_keys)
        act()
        return found

    monkeypatch.setattr(indexing, "read_keys", read_then_act)


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
        note_changes(session, CANDIDATE, [6, 2, 3, 4])
    done = drain(built, client, engine_settings)
    assert (done.candidates, done.outcome.refused, done.outcome.newer) == (5, [], 0)
    stad, regio = (alias_name(engine_settings.index_prefix, code) for code in ("stad", "regio"))
    assert names(client, stad) == {1: "Anders", 2: "Naam2", 5: "Naam5", 6: "Naam6"}
    assert names(client, regio) == {2: "Naam2", 6: "Naam6"}
    assert client.count(index=stad)["count"] == 4  # through the alias nobody sees a stub
    assert stubs(client, live(built, "stad")) == {3, 4}
    assert stubs(client, live(built, "regio")) == set()  # it never held them
    assert waiting(built) == set()
    again = drain(built, client, engine_settings)
    assert (again.changes, again.outcome.written) == (0, 0)


def test_only_what_was_asked_for_and_is_free_is_written(
    built: Database, client: Elasticsearch, engine_settings: Settings, stad: str
) -> None:
    """A claim of somebody else is left alone until its lease ends."""
    for key in (1, 2, 3):
        rename(built, key, f"Nieuw{key}")
    with built.write() as session:
        claim_changes(session, CANDIDATE, [2], "another worker", engine_settings.lease_s)
    done = index_candidates(built, client, engine_settings, [1, 2, 2])
    assert done.candidates == 1
    assert names(client, stad) == {1: "Nieuw1", 2: "Naam2", 3: "Naam3", 4: "Naam4", 5: "Naam5"}
    assert waiting(built) == {2, 3}
    with built.write() as session:
        session.execute(update(Change).values(claimed_at=datetime.now(UTC) - timedelta(days=1)))
    drain(built, client, engine_settings)
    assert names(client, stad)[2] == "Nieuw2"


def test_a_later_read_that_got_there_first_stays(
    built: Database, client: Elasticsearch, engine_settings: Settings, stad: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The version numbers the read: a later reader's document is never overwritten, and then nothing is certain."""

    def later_write() -> None:
        with built.write() as session:
            version = draw_index_version(session)
        client.index(index=stad, id="1", document={"name": "Later"}, version=version, version_type="external")

    after_next_read(monkeypatch, later_write)
    rename(built, 1, "Eerder")
    done = drain(built, client, engine_settings)
    assert (done.outcome.newer, done.drifted) == (1, 0)
    assert names(client, stad)[1] == "Later"
    assert waiting(built) == set()
    known = entry(built, 1)
    assert known
    assert known.acknowledged != known.intended


@pytest.mark.parametrize("ahead", [1, 1_000])
def test_a_version_that_nobody_drew_is_drift_and_is_overtaken(
    built: Database, client: Elasticsearch, engine_settings: Settings, stad: str, ahead: int
) -> None:
    """A document changed by hand, with a version above ours (F24): a 409 because of it is no success."""
    with built.read() as session:
        strange = present_version(session) + 2 + ahead
    source = client.get(index=stad, id="1")["_source"]
    client.index(
        index=stad, id="1", document=source | {"name": "Vreemd"}, version=strange, version_type="external", refresh=True
    )
    rename(built, 1, "Anders")
    rename(built, 2, "Ook anders")
    done = drain(built, client, engine_settings)
    assert (done.drifted, done.candidates) == (1, 2)
    assert {key: name for key, name in names(client, stad).items() if key < 3} == {1: "Anders", 2: "Ook anders"}
    assert client.get(index=stad, id="1")["_version"] > strange
    assert waiting(built) == set()
    with built.read() as session:
        [finding] = session.execute(select(Finding)).scalars()
    assert (finding.showcase, finding.kind, finding.count) == ("stad", "edited", 1)
    assert finding.repaired_at


def test_indexes_of_another_life_of_the_database_are_not_written(
    built: Database, client: Elasticsearch, engine_settings: Settings, stad: str
) -> None:
    """As after a backup was put back (F23): a rebuild is demanded, and every change waits for it."""
    rename(built, 1, "Anders")
    with built.write() as session:
        new_timeline(session)
    for _ in range(2):  # the claim is given back
        with pytest.raises(WritesPaused, match=r"is gone, or was made by another life.*index rebuild"):
            index_candidates(built, client, engine_settings, [1])
    assert names(client, stad)[1] == "Naam1"
    assert waiting(built) == {1}
    rebuild(built, client, engine_settings)
    rename(built, 2, "Anders")
    drain(built, client, engine_settings)
    assert names(client, live(built, "stad"))[2] == "Anders"


def test_listings_from_after_the_backup_are_noticed(
    built: Database, client: Elasticsearch, engine_settings: Settings, stad: str
) -> None:
    """A backup that nobody told us of has the same timeline, and a counter behind the index."""
    with built.read() as session:
        later = present_version(session) + 100
    source = client.get(index=stad, id="1")["_source"]
    client.index(
        index=stad, id="9", document=source | {"written": later}, version=later, version_type="external", refresh=True
    )
    rename(built, 1, "Anders")
    with pytest.raises(WritesPaused, match=f"version {later}.*put back from a backup.*index rebuild"):
        drain(built, client, engine_settings)
    assert waiting(built) == {1}


def test_an_alias_that_is_gone_pauses_writes(
    built: Database, client: Elasticsearch, engine_settings: Settings, stad: str
) -> None:
    """No index comes into being under its name, and no listing is blamed for it (F14)."""
    alias = alias_name(engine_settings.index_prefix, "stad")
    client.indices.delete_alias(index=stad, name=alias)
    rename(built, 1, "Anders")
    with pytest.raises(WritesPaused, match=f"no alias {alias}.*index reconcile"):
        drain(built, client, engine_settings)
    assert waiting(built) == {1}
    assert not client.indices.exists(index=alias)
    client.indices.put_alias(index=stad, name=alias, filter=LISTINGS)
    assert drain(built, client, engine_settings).candidates == 1
    assert names(client, stad)[1] == "Anders"
    with built.read() as session:
        assert dead_letters.letters(session) == []


def test_changes_stay_while_the_engine_is_away(
    built: Database, client: Elasticsearch, engine_settings: Settings, stad: str
) -> None:
    rename(built, 1, "Anders")
    away = Elasticsearch("http://127.0.0.1:1", max_retries=0)
    with pytest.raises(EngineAway):
        drain(built, away, engine_settings, patience=IMPATIENT)
    assert waiting(built) == {1}
    drain(built, client, engine_settings)
    assert names(client, stad)[1] == "Anders"


def test_a_full_disk_pauses_writes_until_there_is_room(
    built: Database, client: Elasticsearch, engine_settings: Settings, stad: str
) -> None:
    """The engine closes its indexes to writes at the flood stage (F8); nothing is dropped, and no listing is blamed."""
    client.indices.put_settings(index=stad, settings={"index.blocks.read_only_allow_delete": True})
    rename(built, 1, "Anders")
    with pytest.raises(EngineBusy, match=r"1 documents.*cluster_block_exception"):
        drain(built, client, engine_settings, patience=IMPATIENT)
    assert waiting(built) == {1}
    client.indices.put_settings(index=stad, settings={"index.blocks.read_only_allow_delete": None})
    drain(built, client, engine_settings)
    assert names(client, stad)[1] == "Anders"
    with built.read() as session:
        assert dead_letters.letters(session) == []


def test_a_change_that_comes_in_during_the_read_is_not_marked_done(
    built: Database, client: Elasticsearch, engine_settings: Settings, stad: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exactly the claimed rows are taken off the log, so the next round sees the later change of the same candidate."""
    after_next_read(monkeypatch, lambda: rename(built, 1, "Later"))
    rename(built, 1, "Eerder")
    assert drain(built, client, engine_settings).candidates == 2
    assert names(client, stad)[1] == "Later"


def test_what_was_read_too_long_ago_is_read_again(
    built: Database, client: Elasticsearch, engine_settings: Settings, stad: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A worker that was stopped between its read and its bulk must not write what it remembers."""

    def hurry() -> None:
        with built.write() as session:
            session.execute(update(Candidate).where(Candidate.id == 1).values(name="Later"))
        monkeypatch.setattr(indexing, "STALE_AFTER_S", -1)
        after_next_read(monkeypatch, lambda: monkeypatch.setattr(indexing, "STALE_AFTER_S", 30))

    after_next_read(monkeypatch, hurry)
    rename(built, 1, "Eerder")
    done = drain(built, client, engine_settings)
    assert done.outcome.newer == 0
    assert names(client, stad)[1] == "Later"


def test_a_refused_listing_becomes_a_dead_letter_and_holds_up_no_other(
    built: Database, client: Elasticsearch, engine_settings: Settings, stad: str
) -> None:
    """It is tried again when asked, or when the candidate changes; the letter goes when the listing is taken."""
    with built.write() as session:
        spoil(session, [2])
        note_changes(session, CANDIDATE, [2])
    rename(built, 1, "Anders")
    done = drain(built, client, engine_settings)
    assert [refusal.id for refusal in done.outcome.refused] == [2]
    assert waiting(built) == set()
    assert names(client, stad)[1] == "Anders"
    with built.write() as session:
        [letter] = dead_letters.letters(session)
        assert (letter.index, letter.showcase, letter.candidate_id, letter.tries) == (stad, "stad", 2, 1)
        assert letter.status == 400
        assert "99.5" not in letter.reason
        assert dead_letters.replay(session, [letter.id]) == [2]
    drain(built, client, engine_settings)
    with built.write() as session:
        assert [letter.tries for letter in dead_letters.letters(session)] == [2]
        session.execute(update(Candidate).where(Candidate.id == 2).values(place_id="geheimdorp"))
        assert dead_letters.replay(session, [letter.id]) == [2]
    drain(built, client, engine_settings)
    with built.read() as session:
        assert dead_letters.letters(session) == []
    assert client.get(index=stad, id="2")["_source"]["place"] == "geheimdorp"


def test_a_dead_letter_that_is_put_away_is_gone(built: Database) -> None:
    with built.write() as session:
        facts = {"index_name": "x", "showcase": "stad", "version": 1, "status": 400, "reason": "no", "tries": 1}
        rows = [facts | {"candidate_id": key, "at": datetime.now(UTC)} for key in (1, 2, 3)]
        session.execute(insert(table_of(DeadLetter)), rows)
        first, second, third = (letter.id for letter in dead_letters.letters(session))
        assert dead_letters.discard(session, [first, 77]) == 1
        assert dead_letters.discard(session, [first, second, third]) == 2
        assert dead_letters.letters(session) == []


def test_a_profile_that_no_document_can_be_made_of_is_a_dead_letter(
    built: Database, client: Elasticsearch, engine_settings: Settings, stad: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its listing stays as it was, and the rest of the batch lands."""
    listings = ListingBuilder.listings

    def fail(builder: ListingBuilder, profile: Any) -> Any:
        if profile.single.id == 2:
            raise ValueError("Geheim")
        return listings(builder, profile)

    monkeypatch.setattr(ListingBuilder, "listings", fail)
    for key in (1, 2):
        rename(built, key, "Anders")
    drain(built, client, engine_settings)
    with built.read() as session:
        [letter] = dead_letters.letters(session)
    assert (letter.index, letter.candidate_id, letter.reason) == (stad, 2, "not_built: ValueError")
    assert {key: name for key, name in names(client, stad).items() if key < 3} == {1: "Anders", 2: "Naam2"}
    assert waiting(built) == set()


def test_changes_reach_the_index_that_is_being_built_and_the_spare_too(
    built: Database, client: Elasticsearch, engine_settings: Settings, stad: str
) -> None:
    """A rollback finds the spare up to date, and an erasure reaches it."""
    prefix = engine_settings.index_prefix
    rebuild(built, client, engine_settings, ["stad"])
    coming = index_name(prefix, "stad", new_build())
    with built.write() as session:
        create_index(client, coming, index_body(), {"timeline": timeline(session)})
        register(session, "stad", coming)
    rename(built, 1, "Anders")
    remove(built, 2)
    drain(built, client, engine_settings)
    assert names(client, coming) == {1: "Anders"}
    kept = {1: "Anders", 3: "Naam3", 4: "Naam4", 5: "Naam5"}
    for index in (stad, live(built, "stad")):
        assert names(client, index) == kept
    for index in (stad, live(built, "stad"), coming):
        assert stubs(client, index) == {2}
    # What has not changed is still missing in the index that is being built.
    rename(built, 3, "Naam3")
    done = drain(built, client, engine_settings)
    assert (done.unchanged, done.outcome.written) == (1, 1)
    assert names(client, coming) == {1: "Anders", 3: "Naam3"}


def test_a_spare_that_was_removed_by_hand_holds_up_nothing(
    built: Database, client: Elasticsearch, engine_settings: Settings, stad: str
) -> None:
    rebuild(built, client, engine_settings, ["stad"])
    client.indices.delete(index=stad)
    rename(built, 1, "Anders")
    drain(built, client, engine_settings)
    assert names(client, live(built, "stad"))[1] == "Anders"
    assert waiting(built) == set()
    assert not client.indices.exists(index=stad)


def test_a_drain_before_the_first_build_leaves_it_to_the_build(
    database: Database, client: Elasticsearch, engine_settings: Settings
) -> None:
    with database.write() as session:
        insert_taxonomy(session)
        insert_showcase(session, "stad")
        insert_full(session, 1, ["stad"])
        note_changes(session, CANDIDATE, [1])
    assert drain(database, client, engine_settings).candidates == 1
    with database.read() as session:
        assert registered(session) == {}
    rebuild(database, client, engine_settings)
    assert names(client, alias_name(engine_settings.index_prefix, "stad")) == {1: "Naam1"}


def test_more_changes_than_one_batch_holds(
    built: Database, client: Elasticsearch, engine_settings: Settings, stad: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(indexing, "BATCH", 2)
    heard: list[int] = []
    for key in (5, 4, 3, 2, 1):
        rename(built, key, f"Nieuw{key}")
    drain(built, client, engine_settings, lambda done: heard.append(done.candidates))
    assert heard[-1] == 5
    assert len(heard) > 2
    assert names(client, stad) == {key: f"Nieuw{key}" for key in range(1, 6)}
    for key in range(1, 6):
        rename(built, key, f"Weer{key}")
    assert index_candidates(built, client, engine_settings, range(1, 6)).candidates == 5
    assert names(client, stad) == {key: f"Weer{key}" for key in range(1, 6)}


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
        note_changes(session, CANDIDATE, [6, 7, 8])
    drain(built, client, engine_settings)
    alias = f"{engine_settings.index_prefix}-regio"
    before = answers(client, alias)
    with built.write() as session:
        session.execute(update(Candidate).values(hobbies="iets heel anders", phone="06 00000000", level="hbo"))
        note_changes(session, CANDIDATE, range(1, 9))
    done = drain(built, client, engine_settings)
    assert (done.candidates, done.unchanged, done.outcome.written) == (8, 3, 5)
    assert len(before) == 3
    assert answers(client, alias) == before


def test_a_slower_drain_gives_way_to_one_that_found_nothing_to_write(
    built: Database, client: Elasticsearch, engine_settings: Settings, stad: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The faster one left a listing unwritten that was right: an older read must not make it wrong afterwards."""

    def let_another_drain() -> None:
        rename(built, 1, "Naam1")
        assert drain(built, client, engine_settings).unchanged == 1

    after_next_read(monkeypatch, let_another_drain)
    rename(built, 1, "Heel even")
    assert drain(built, client, engine_settings).outcome.newer == 1
    assert names(client, stad)[1] == "Naam1"
    assert waiting(built) == set()


def test_a_change_that_another_worker_took_over_stays_in_its_hands(
    built: Database, client: Elasticsearch, engine_settings: Settings, stad: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first one, whose lease ended, gives way; if it took the change off the log, a crash of the other lost it."""

    def take_over_and_die() -> None:
        with built.write() as session:
            session.execute(update(Change).values(claimed_at=datetime.now(UTC) - timedelta(days=1)))
            assert claim_changes(session, CANDIDATE, [1], "another worker", engine_settings.lease_s)
            version = draw_index_version(session)
            ledger.intend(session, version, [Intention("stad", 1, "f" * 32, 0)])

    after_next_read(monkeypatch, take_over_and_die)
    rename(built, 1, "Anders")
    done = drain(built, client, engine_settings)
    assert (done.changes, done.outcome.newer) == (0, 1)
    assert waiting(built) == {1}
    with built.write() as session:
        session.execute(update(Change).values(claimed_at=datetime.now(UTC) - timedelta(days=1)))
    drain(built, client, engine_settings)
    assert names(client, stad)[1] == "Anders"
    assert waiting(built) == set()


@pytest.mark.parametrize("stopped", ["after its read", "before its bulk"])
def test_a_candidate_that_was_deleted_meanwhile_is_not_brought_back_by_a_slow_writer(
    built: Database,
    client: Elasticsearch,
    engine_settings: Settings,
    stad: str,
    monkeypatch: pytest.MonkeyPatch,
    stopped: str,
) -> None:
    """Nor one whom no index held before, of whom the faster one knows by the ledger alone."""

    def delete_and_drain() -> None:
        remove(built, 6)
        drain(built, client, engine_settings)

    if stopped == "after its read":
        after_next_read(monkeypatch, delete_and_drain)
    else:
        places = iter([delete_and_drain])
        monkeypatch.setattr(
            failpoints,
            "reached",
            lambda name: next(places, lambda: None)() if name == "write.before_bulk" else None,
        )
    with built.write() as session:
        insert_full(session, 6, ["stad"])
        note_changes(session, CANDIDATE, [6])
    assert drain(built, client, engine_settings).outcome.newer == 1
    assert 6 not in names(client, stad)
    assert stubs(client, stad) == {6}
    known = entry(built, 6)
    assert known
    assert known.gone


def test_stubs_are_swept_after_a_day(
    built: Database, client: Elasticsearch, engine_settings: Settings, stad: str
) -> None:
    """With a delete that has a version; whoever came back meanwhile stays."""
    for key in (1, 2, 3):
        remove(built, key)
    drain(built, client, engine_settings)
    tomorrow = datetime.now(UTC) + timedelta(hours=24, seconds=1)
    assert sweep_stubs(built, client) == 0
    assert stubs(client, stad) == {1, 2, 3}
    with built.write() as session:
        insert_full(session, 2, ["stad"])
        note_changes(session, CANDIDATE, [2])
    assert sweep_stubs(built, client, tomorrow) == 2
    assert [client.exists(index=stad, id=str(key)).body for key in (1, 2, 3)] == [False, True, False]
    assert entry(built, 1) is None
    assert entry(built, 2)
    drain(built, client, engine_settings)
    assert names(client, stad) == {2: "Naam2", 4: "Naam4", 5: "Naam5"}
    assert sweep_stubs(built, client, tomorrow) == 0


def test_a_candidate_who_returns_during_a_sweep_is_written(
    built: Database, client: Elasticsearch, engine_settings: Settings, stad: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The entry goes between the writer's read and its look at the ledger: it reads again."""
    remove(built, 1)
    drain(built, client, engine_settings)
    with built.write() as session:
        insert_full(session, 1, ["stad"])
        note_changes(session, CANDIDATE, [1])

    def forget_entry() -> None:
        with built.write() as session:
            session.execute(delete(LedgerEntry).where(LedgerEntry.candidate_id == 1))

    after_next_read(monkeypatch, forget_entry)
    drain(built, client, engine_settings)
    assert names(client, stad)[1] == "Naam1"
    assert waiting(built) == set()


def test_no_stub_or_letter_holds_anything_of_a_person(
    built: Database, client: Elasticsearch, engine_settings: Settings, stad: str
) -> None:
    remove(built, 1)
    drain(built, client, engine_settings)
    stored = json.dumps(client.get(index=stad, id="1")["_source"])
    assert not [word for word in SECRET_WORDS.values() if word in stored]
    known = entry(built, 1)
    assert known
    assert (known.gone, known.digest) == (True, "0" * 32)
