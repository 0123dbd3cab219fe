"""What stays of listings that are gone or refused: stubs for a day, dead letters until somebody decides."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from elasticsearch import Elasticsearch
from sqlalchemy import delete, insert, update

from indexer import dead_letters, failpoints
from indexer.bulk import Refusal
from indexer.changes import drain
from indexer.documents import ListingBuilder
from indexer.memory import count_dead_letters, count_missed
from indexer.rebuild.progress import Progress
from indexer.rebuild.run import rebuild
from indexer.registry import SPARE, register
from indexer.stubs import sweep_stubs
from matching.candidates.records import Candidate
from matching.settings import Settings
from matching.storage.base import table_of
from matching.storage.changes import (
    CANDIDATE,
    note_changes,
)
from matching.storage.database import Database
from matching.storage.index_state import DeadLetter, LedgerEntry
from tests.support.indexing import (
    after_next_read,
    entry,
    forget_changes,
    live_index,
    names,
    remove,
    rename,
    stubs,
    waiting,
)
from tests.support.profiles import SECRET_WORDS, insert_full, spoil


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


def test_a_refusal_that_comes_late_makes_no_letter_of_what_was_taken_since(
    built: Database, client: Elasticsearch, engine_settings: Settings
) -> None:
    """A fill has read a listing that the engine refuses; before it is sent a worker writes the mended one."""
    with built.write() as session:
        spoil(session, [2])
    forget_changes(built)

    def mend(progress: Progress) -> None:
        if progress.done:
            with built.write() as session:
                session.execute(update(Candidate).where(Candidate.id == 2).values(place_id="geheimdorp"))
            drain(built, client, engine_settings)

    done = rebuild(built, client, engine_settings, report=mend)
    assert done.refused == ()
    assert client.get(index=done.indexes["stad"], id="2")["_source"]["place"] == "geheimdorp"


def test_the_later_of_two_refusals_is_kept(built: Database) -> None:
    """In whatever order they come."""
    with built.write() as session:
        for version in (1_007, 1_005):
            dead_letters.keep(session, version, [("stad", Refusal("x", 2, 400, f"of {version}"))])
        assert [(letter.version, letter.reason, letter.tries) for letter in dead_letters.letters(session)] == [
            (1_007, "of 1007", 1)
        ]


def test_who_is_missed_is_counted_once_and_by_live_indexes_only(built: Database, stad: str) -> None:
    """Letters of spares and of new indexes are shown beside it: searches don't use those."""
    refused = {"stad": stad, "regio": live_index(built, "regio")}
    with built.write() as session:
        register(session, "stad", "a spare", SPARE)
        letters = [(code, Refusal(index, 2, 400, "no")) for code, index in refused.items()]
        letters += [("stad", Refusal(index, 3, 400, "no")) for index in ("a spare", "of nobody")]
        dead_letters.keep(session, 1_000, letters)
        assert (count_missed(session), count_dead_letters(session)) == (1, {"regio": 1, "stad": 3})


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
