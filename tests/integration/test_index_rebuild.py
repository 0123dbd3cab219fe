"""Rebuilds on a real engine: steps, switch, spares, and what is left when one does not end."""

from __future__ import annotations

from typing import Any

import pytest
from celery import Celery
from elasticsearch import ConnectionError as ElasticsearchConnectionError
from elasticsearch import Elasticsearch
from sqlalchemy import delete, select, update

from indexer.bulk import Patience
from indexer.catalogue import UnknownShowcase
from indexer.changes import drain
from indexer.rebuild import fill as filling
from indexer.rebuild import run
from indexer.rebuild.lease import UNDONE, RebuildRunning
from indexer.rebuild.progress import Meter, Progress
from indexer.rebuild.prune import prune
from indexer.rebuild.rollback import roll_back
from indexer.rebuild.run import rebuild, resume
from indexer.registry import LIVE, SPARE
from indexer.status import NOTHING, REBUILD, UPDATE, index_status
from indexer.targets import create_index, find_targets, index_name, new_build
from indexer.tasks import SWEEP, install
from matching.candidates.records import Candidate, Showcase
from matching.search.mapping import index_body
from matching.settings import Settings
from matching.storage.changes import CANDIDATE, Change, new_timeline, note_changes
from matching.storage.database import Database
from matching.storage.index_state import DeadLetter, LedgerEntry, Rebuild
from tests.support.indexing import (
    count,
    fill_stad_and_regio,
    newest_rebuild,
    searched,
    states,
    stored,
    trail,
    waiting,
)
from tests.support.profiles import spoil

PEOPLE = 120
IMPATIENT = Patience(0.01, 0.01, 0.1)


@pytest.fixture
def filled(database: Database) -> Database:
    """PEOPLE full profiles in 'stad', every third one in 'regio' too, one in no showcase; no change waits."""
    fill_stad_and_regio(database, PEOPLE, unshown=[9_000])
    return database


@pytest.fixture
def small_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fill by 50 candidates at once."""
    monkeypatch.setattr(filling, "WINDOW", 50)


@pytest.mark.requirement("GEN-06")
def test_a_rebuild_fills_every_showcase_and_is_searchable(
    filled: Database, client: Elasticsearch, engine_settings: Settings, small_windows: None
) -> None:
    seen: list[Progress] = []
    built = rebuild(filled, client, engine_settings, report=seen.append)
    assert built.listings == {"stad": PEOPLE, "regio": PEOPLE // 3}
    assert built.refused == ()
    assert count(client, engine_settings, "stad") == PEOPLE
    assert count(client, engine_settings, "regio") == PEOPLE // 3
    assert (seen[0].done, seen[-1].done, seen[-1].total) == (0, PEOPLE + PEOPLE // 3, PEOPLE + PEOPLE // 3)
    assert seen[0].left_s is None
    assert seen[-1].left_s == 0
    settings = client.indices.get_settings(index=f"{engine_settings.index_prefix}-*")
    assert {facts["settings"]["index"]["refresh_interval"] for facts in settings.values()} == {"1s"}
    row = newest_rebuild(filled)
    assert (row.step, row.done, row.lease_until) == ("done", PEOPLE + PEOPLE // 3, None)
    assert states(filled) == dict.fromkeys(built.indexes.values(), LIVE)


def test_the_ledger_knows_what_a_rebuild_wrote_and_nothing_is_written_twice(
    filled: Database, client: Elasticsearch, engine_settings: Settings
) -> None:
    rebuild(filled, client, engine_settings)
    with filled.read() as session:
        entries = session.execute(select(LedgerEntry)).scalars().all()
    assert len(entries) == PEOPLE + PEOPLE // 3
    assert all(entry.acknowledged == entry.intended and not entry.gone for entry in entries)
    with filled.write() as session:
        note_changes(session, CANDIDATE, [1, 2, 3])
    assert drain(filled, client, engine_settings).outcome.written == 0


def test_the_former_index_stays_and_older_ones_go(
    filled: Database, client: Elasticsearch, engine_settings: Settings
) -> None:
    first, second, third = (rebuild(filled, client, engine_settings, ["stad"]) for _ in range(3))
    assert second.pruned == ()
    assert third.pruned == (first.indexes["stad"],)
    targets = find_targets(client, engine_settings.index_prefix, ["stad", "regio"])
    assert [target.index for target in targets["stad"]] == [second.indexes["stad"], third.indexes["stad"]]
    assert searched(client, engine_settings, "stad") == third.indexes["stad"]
    assert states(filled) == {second.indexes["stad"]: SPARE, third.indexes["stad"]: LIVE}
    assert targets["regio"] == []


def test_the_first_rebuild_of_everything_takes_the_waiting_changes_off_the_log(
    filled: Database, client: Elasticsearch, engine_settings: Settings
) -> None:
    """Those of a deleted candidate stay, and later rebuilds leave all to the workers: spares need them too."""
    with filled.write() as session:
        note_changes(session, CANDIDATE, [1, 2, 77_777])
    rebuild(filled, client, engine_settings)
    assert waiting(filled) == {77_777}
    with filled.write() as session:
        note_changes(session, CANDIDATE, [1])
    rebuild(filled, client, engine_settings)
    assert waiting(filled) == {1, 77_777}


def test_a_refused_listing_becomes_a_dead_letter_and_the_rest_goes_live(
    filled: Database, client: Elasticsearch, engine_settings: Settings
) -> None:
    with filled.write() as session:
        spoil(session, [5])
    built = rebuild(filled, client, engine_settings)
    assert [refusal.id for refusal in built.refused] == [5]
    assert "99.5" not in built.refused[0].reason
    assert count(client, engine_settings, "stad") == PEOPLE - 1
    with filled.read() as session:
        [letter] = session.execute(select(DeadLetter)).scalars()
        assert (letter.index, letter.showcase, letter.candidate_id) == (built.indexes["stad"], "stad", 5)


def test_changes_during_a_fill_reach_the_new_index_and_the_live_one(
    filled: Database, client: Elasticsearch, engine_settings: Settings, small_windows: None
) -> None:
    """In any order with the fill's own reads: before a candidate's window, and after it."""
    before = rebuild(filled, client, engine_settings)

    def change(progress: Progress) -> None:
        if 0 < progress.done < progress.total:
            with filled.write() as session:
                session.execute(update(Candidate).where(Candidate.id.in_([2, 119])).values(name="Anders"))
                session.execute(delete(Candidate).where(Candidate.id.in_([3, 118])))
                note_changes(session, CANDIDATE, [2, 3, 118, 119])
            drain(filled, client, engine_settings)

    built = rebuild(filled, client, engine_settings, report=change)
    for index in (before.indexes["stad"], built.indexes["stad"]):
        found = stored(client, index)
        assert (found[2], found[119], found[3]) == ("Anders", "Anders", None), index
        assert found.get(118) is None, index
    assert count(client, engine_settings, "stad") == PEOPLE - 2
    assert built.passed == ()


def test_a_listing_that_the_ledger_has_and_sql_does_not_is_announced(
    filled: Database, client: Elasticsearch, engine_settings: Settings
) -> None:
    """As after a restore by hand, without triggers: a worker then puts the stubs."""
    rebuild(filled, client, engine_settings)
    with filled.write() as session:
        session.execute(delete(Candidate).where(Candidate.id == 7))
    with filled.write() as session:
        session.execute(delete(Change))
    rebuild(filled, client, engine_settings)
    assert waiting(filled) == {7}
    drain(filled, client, engine_settings)
    assert count(client, engine_settings, "stad") == PEOPLE - 1


def test_an_unknown_showcase_is_named(filled: Database, client: Elasticsearch, engine_settings: Settings) -> None:
    with pytest.raises(UnknownShowcase, match="atlantis; there are: regio, stad"):
        rebuild(filled, client, engine_settings, ["atlantis"])


def test_an_engine_that_is_away_ends_a_rebuild_that_had_not_begun(filled: Database, engine_settings: Settings) -> None:
    away = Elasticsearch("http://127.0.0.1:1", max_retries=0)
    with pytest.raises(Exception, match="Connection"):
        rebuild(filled, away, engine_settings, patience=IMPATIENT)
    assert newest_rebuild(filled).step == UNDONE
    assert states(filled) == {}


def test_an_engine_that_goes_away_during_the_fill_is_waited_for(
    filled: Database, client: Elasticsearch, engine_settings: Settings, small_windows: None
) -> None:
    """The rebuild stops with the error, keeps its checkpoint, and the next one carries on."""

    class Broken(Exception):
        pass

    def stop(progress: Progress) -> None:
        if progress.done > PEOPLE // 2:
            raise Broken

    with pytest.raises(Broken):
        rebuild(filled, client, engine_settings, report=stop)
    left = newest_rebuild(filled)
    assert (left.step, left.error, left.lease_until) == ("fill", "Broken", None)
    seen: list[Progress] = []
    built = rebuild(filled, client, engine_settings, report=seen.append)
    assert dict(built.indexes) == left.indexes
    assert built.listings == {"stad": PEOPLE, "regio": PEOPLE // 3}
    assert newest_rebuild(filled).id == left.id
    assert newest_rebuild(filled).error is None


def test_a_rebuild_of_an_index_that_went_begins_anew(
    filled: Database, client: Elasticsearch, engine_settings: Settings, small_windows: None
) -> None:
    def lose(progress: Progress) -> None:
        if progress.done:
            client.indices.delete(index=newest_rebuild(filled).indexes["stad"])
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        rebuild(filled, client, engine_settings, report=lose)
    lost = newest_rebuild(filled)
    built = rebuild(filled, client, engine_settings)
    assert built.listings["stad"] == PEOPLE
    with filled.read() as session:
        assert "has no index" in str(session.get_one(Rebuild, lost.id).error)
    assert set(states(filled)) == set(built.indexes.values())


def test_a_rebuild_that_another_version_began_is_undone(
    filled: Database, client: Elasticsearch, engine_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(_: Progress) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        rebuild(filled, client, engine_settings, report=stop)
    newer = index_body()
    newer["mappings"]["properties"]["erbij"] = {"type": "keyword"}
    monkeypatch.setattr(run, "listing_body", lambda _: newer)
    [undone] = resume(filled, client, engine_settings)
    assert undone.undone == "it was begun with another mapping or builder"
    assert states(filled) == {}
    assert find_targets(client, engine_settings.index_prefix, ["stad"]) == {"stad": []}


def test_somebody_else_at_work_is_left_alone(
    filled: Database, client: Elasticsearch, engine_settings: Settings
) -> None:
    refused: list[str] = []

    def second(progress: Progress) -> None:
        if not progress.done:
            with pytest.raises(RebuildRunning) as raised:
                rebuild(filled, client, engine_settings, ["stad"])
            refused.append(str(raised.value))
            with pytest.raises(RebuildRunning):
                roll_back(filled, client, engine_settings)
            assert resume(filled, client, engine_settings, held_too=True) == []

    built = rebuild(filled, client, engine_settings, report=second)
    assert "is running: step fill, 0 of 160 listings" in refused[0]
    assert set(states(filled)) == set(built.indexes.values())


def test_showcases_apart_can_be_rebuilt_at_once(
    filled: Database, client: Elasticsearch, engine_settings: Settings
) -> None:
    other = []

    def second(progress: Progress) -> None:
        if not progress.done:
            other.append(rebuild(filled, client, engine_settings, ["regio"]))

    built = rebuild(filled, client, engine_settings, ["stad"], report=second)
    assert built.listings == {"stad": PEOPLE}
    assert other[0].listings == {"regio": PEOPLE // 3}


def test_only_a_rebuild_beside_searches_is_held_back(
    filled: Database, client: Elasticsearch, engine_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    limits: list[int] = []

    def measured(database: Database, done: int, total: int, limit: int) -> Meter:
        limits.append(limit)
        return Meter(database, done, total, limit)

    monkeypatch.setattr("indexer.rebuild.fill.Meter", measured)
    limited = engine_settings.model_copy(update={"rebuild_rate": 2_000})
    rebuild(filled, client, limited)
    rebuild(filled, client, limited)
    assert limits == [0, 2_000]


def test_an_index_of_another_life_of_the_database_is_no_spare(
    filled: Database, client: Elasticsearch, engine_settings: Settings
) -> None:
    before = rebuild(filled, client, engine_settings, ["stad"])
    with filled.write() as session:
        new_timeline(session)
    [_, stad] = index_status(filled, client, engine_settings).showcases
    assert (stad.needs, stad.reasons) == (REBUILD, ("it was made in another life of the database",))
    after = rebuild(filled, client, engine_settings, ["stad"])
    assert after.pruned == (before.indexes["stad"],)
    assert states(filled) == {after.indexes["stad"]: LIVE}


def test_prune_takes_what_nobody_needs_and_no_more(
    filled: Database, client: Elasticsearch, engine_settings: Settings, small_windows: None
) -> None:
    prefix = engine_settings.index_prefix
    rebuild(filled, client, engine_settings, ["stad"])
    rebuild(filled, client, engine_settings, ["stad"])
    kept = set(states(filled))
    left = index_name(prefix, "stad", "20200101000000000000")
    young = index_name(prefix, "stad", new_build())
    foreign = f"{prefix}-something-else"
    for index in (left, young, foreign):
        create_index(client, index, index_body(), {})

    def stop(progress: Progress) -> None:
        if progress.done:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        rebuild(filled, client, engine_settings, ["stad"], report=stop)
    assert prune(filled, client, engine_settings, asked=True) == [left]
    assert prune(filled, client, engine_settings, asked=True) == []
    assert [(line.action, line.details) for line in trail(filled)] == [("index.prune", {"indexes": [left]})]
    assert set(client.indices.get(index=f"{prefix}-*")) == {
        *kept,
        young,
        foreign,
        newest_rebuild(filled).indexes["stad"],
    }


def test_an_index_that_was_taken_off_and_stayed_goes_with_the_next_sweep(
    filled: Database, client: Elasticsearch, engine_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It gets no stubs any more, so who was erased since must not stay in it for an hour."""

    def die(_: Progress) -> None:
        raise KeyboardInterrupt

    def away(*_: Any) -> None:
        raise ElasticsearchConnectionError("away")

    kept = [rebuild(filled, client, engine_settings, ["stad"]).indexes["stad"] for _ in range(3)][1:]
    with pytest.raises(KeyboardInterrupt):
        rebuild(filled, client, engine_settings, ["stad"], report=die)
    with monkeypatch.context() as patch:
        patch.setattr(run, "delete_indexes", away)
        resume(filled, client, engine_settings, undo=True)
    left = newest_rebuild(filled).indexes["stad"]
    assert client.indices.exists(index=left)
    app = Celery(set_as_current=False)
    database = {"database_url": filled.url.render_as_string(hide_password=False)}
    install(app, engine_settings.model_copy(update=database))
    app.tasks[SWEEP]()
    assert sorted(client.indices.get(index=f"{engine_settings.index_prefix}-*")) == kept


def test_status_tells_counts_and_what_an_index_needs(
    filled: Database, client: Elasticsearch, engine_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = {one.showcase: one for one in index_status(filled, client, engine_settings).showcases}
    assert (before["stad"].index, before["stad"].needs) == (None, REBUILD)
    built = rebuild(filled, client, engine_settings)
    with filled.write() as session:
        session.execute(delete(Change))
        note_changes(session, CANDIDATE, [1])
        session.execute(update(Showcase).where(Showcase.code == "regio").values(parts=["level"]))
    status = index_status(filled, client, engine_settings)
    rows = {one.showcase: one for one in status.showcases}
    assert {one.kind: one.changes for one in status.waiting}["candidate"] == 1
    stad, regio = rows["stad"], rows["regio"]
    assert (stad.index, stad.documents, stad.shown) == (built.indexes["stad"], PEOPLE, PEOPLE)
    assert (stad.needs, stad.current) == (NOTHING, True)
    assert (regio.needs, regio.current) == (UPDATE, False)
    newer = index_body()
    newer["mappings"]["properties"]["erbij"] = {"type": "keyword"}
    monkeypatch.setattr("indexer.status.listing_body", lambda _: newer)
    rows = {one.showcase: one for one in index_status(filled, client, engine_settings).showcases}
    assert (rows["stad"].needs, len(rows["stad"].reasons)) == (REBUILD, 1)
    assert (rows["regio"].needs, len(rows["regio"].reasons)) == (REBUILD, 2)
