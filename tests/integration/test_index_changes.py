"""Changes in SQL reach a real engine, in any order, and none is lost or undone when something breaks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Never

import pytest
from elasticsearch import ConnectionError as EngineAway
from elasticsearch import Elasticsearch
from sqlalchemy import delete, select, update

from indexer import changes as indexing
from indexer import dead_letters, ledger
from indexer.bulk import EngineBusy, Patience
from indexer.changes import WritesPaused, drain, index_candidates
from indexer.documents import ListingBuilder
from indexer.ledger import Intention
from indexer.rebuild.run import rebuild
from indexer.registry import register, registered
from indexer.targets import LISTINGS, alias_name, create_index, index_name, new_build
from matching.candidates.listings import Profile
from matching.candidates.records import Candidate, CandidateShowcase, Showcase
from matching.search.mapping import index_body
from matching.settings import Settings
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
from matching.storage.index_state import Finding
from tests.support.indexing import (
    after_next_read,
    entry,
    live_index,
    names,
    remove,
    rename,
    stubs,
    waiting,
)
from tests.support.profiles import SECRET_WORDS, insert_full, insert_showcase, insert_taxonomy, show

IMPATIENT = Patience(0.01, 0.01, 0.1)


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
    assert stubs(client, live_index(built, "stad")) == {3, 4}
    assert stubs(client, live_index(built, "regio")) == set()  # it never held them
    assert waiting(built) == set()
    again = drain(built, client, engine_settings)
    assert (again.changes, again.outcome.written) == (0, 0)


def test_a_profile_that_no_document_can_be_made_of_still_leaves_a_showcase(
    built: Database, client: Elasticsearch, engine_settings: Settings, stad: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It stays as it was where it is shown, and is not found where it was withdrawn."""
    with built.write() as session:
        show(session, 2, ["regio"])
        note_changes(session, CANDIDATE, [2])
    drain(built, client, engine_settings)
    assert 2 in names(client, live_index(built, "regio"))
    monkeypatch.setattr(ListingBuilder, "listings", cannot_build)
    with built.write() as session:
        regio = select(Showcase.id).where(Showcase.code == "regio").scalar_subquery()
        session.execute(delete(CandidateShowcase).where(CandidateShowcase.showcase_id == regio))
        note_changes(session, CANDIDATE, [2])
    drain(built, client, engine_settings)
    assert names(client, stad)[2] == "Naam2"
    assert stubs(client, live_index(built, "regio")) == {2}
    with built.read() as session:
        assert [(letter.index, letter.candidate_id) for letter in dead_letters.letters(session)] == [(stad, 2)]
    assert waiting(built) == set()


def cannot_build(builder: ListingBuilder, profile: Profile) -> Never:
    """Stands for `ListingBuilder.listings`."""
    raise ValueError


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
    assert names(client, live_index(built, "stad"))[2] == "Anders"


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
    for index in (stad, live_index(built, "stad")):
        assert names(client, index) == kept
    for index in (stad, live_index(built, "stad"), coming):
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
    assert names(client, live_index(built, "stad"))[1] == "Anders"
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
