"""Drift made by hand in a real engine is repaired through the ordinary write path, counted, and seen to be repaired."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from elasticsearch import Elasticsearch
from sqlalchemy import delete, select, update

from indexer import dead_letters
from indexer import reconcile as reconciling
from indexer.celery import make_app
from indexer.changes import drain
from indexer.documents import stub
from indexer.memory import count_dead_letters, read_refused
from indexer.rebuild.run import rebuild
from indexer.reconcile import Reconciled, reconcile
from indexer.targets import read_meta, write_meta
from indexer.tasks import RECONCILE
from indexer.timeline import WritesPaused
from indexer.verify import verify
from matching.candidates.records import Candidate
from matching.settings import Settings
from matching.storage.changes import CANDIDATE, Counter, new_timeline, note_changes
from matching.storage.database import Database
from matching.storage.index_state import Finding
from tests.support.indexing import fill, forget_changes, live_index, silently
from tests.support.profiles import insert_full, spoil

PEOPLE = 20


@pytest.fixture
def built(database: Database, client: Elasticsearch, engine_settings: Settings) -> Database:
    """PEOPLE candidates in 'stad' with an index, and nothing that waits."""
    fill(database, {"stad": range(1, PEOPLE + 1)})
    rebuild(database, client, engine_settings)
    forget_changes(database)
    return database


Pass = Callable[[], Reconciled]


@pytest.fixture
def run_pass(built: Database, client: Elasticsearch, engine_settings: Settings) -> Pass:
    """Makes one pass."""
    return lambda: reconcile(built, client, engine_settings)


@pytest.fixture
def work(built: Database, client: Elasticsearch, engine_settings: Settings) -> Callable[[], None]:
    """Brings in what waits, as a worker does."""

    def work() -> None:
        drain(built, client, engine_settings)

    return work


def findings(database: Database) -> list[tuple[str, int, bool]]:
    """Kind, count, and whether it was seen repaired; in the order found."""
    with database.read() as session:
        rows = session.execute(select(Finding).order_by(Finding.id)).scalars()
        return [(row.kind, row.count, row.repaired_at is not None) for row in rows]


def written(client: Elasticsearch, database: Database) -> int:
    """How many writes the live index of 'stad' has taken."""
    stats = client.indices.stats(index=live_index(database, "stad"), metric="indexing")
    count: int = stats["_all"]["total"]["indexing"]["index_total"]
    return count


def agrees(database: Database, client: Elasticsearch, settings: Settings) -> bool:
    """Whether everything is as it must be, field by field."""
    return all(one.agrees for one in verify(database, client, settings, full=True))


def test_a_pass_without_drift_notes_nothing_and_looks_elsewhere_next_time(
    built: Database, run_pass: Pass, client: Elasticsearch, engine_settings: Settings
) -> None:
    before = client.indices.stats(index=live_index(built, "stad"), metric="indexing")["_all"]["total"]["indexing"][
        "index_total"
    ]
    first = run_pass()
    assert (first.announced, first.removed, first.aliased, first.rebuilt, first.still_open) == (0, 0, (), (), 0)
    silently(built, update(Candidate).where(Candidate.id == 3).values(name="Anders"))
    assert run_pass().announced == 0
    assert findings(built) == []
    after = client.indices.stats(index=live_index(built, "stad"), metric="indexing")["_all"]["total"]["indexing"][
        "index_total"
    ]
    assert after == before


def test_drift_of_every_kind_is_repaired_through_the_log(
    built: Database,
    run_pass: Pass,
    work: Callable[[], None],
    client: Elasticsearch,
    stad: str,
    engine_settings: Settings,
) -> None:
    document = client.get(index=stad, id="1")["_source"]
    client.delete(index=stad, id="1")
    client.index(index=stad, id="77", document=document)
    client.index(index=stad, id="abc", document=document)
    client.update(index=stad, id="2", doc={"name": "Met de hand"})
    client.index(index=stad, id="3", document=json.loads(stub(3, 1)), version=1_000_000, version_type="external")
    silently(built, update(Candidate).where(Candidate.id == 4).values(name="Anders"))
    silently(built, delete(Candidate).where(Candidate.id == 5))

    done = run_pass()
    assert (done.announced, done.removed, done.still_open) == (6, 1, 4)
    assert sorted(findings(built)) == [
        ("edited", 1, False),
        ("missing", 2, False),
        ("outdated", 1, False),
        ("surplus", 3, False),
    ]
    assert run_pass().announced == 0
    assert not any(repaired for _, _, repaired in findings(built)), "what waits in the log is not repaired yet"

    work()
    assert run_pass().still_open == 0
    assert all(repaired for _, _, repaired in findings(built))
    assert agrees(built, client, engine_settings)
    assert client.get(index=stad, id="5")["_source"]["gone"] is True
    assert client.get(index=stad, id="77")["_source"]["gone"] is True
    assert not client.exists(index=stad, id="abc")
    assert client.get(index=stad, id="4")["_source"]["name"] == "Anders"


def test_a_document_edited_by_hand_is_rewritten_though_its_digest_is_right(
    built: Database, run_pass: Pass, work: Callable[[], None], client: Elasticsearch, stad: str
) -> None:
    """F24: the version in the engine may be above ours."""
    client.update(index=stad, id="2", doc={"name": "Met de hand"})
    document = client.get(index=stad, id="3")["_source"] | {"name": "Met de hand"}
    client.index(index=stad, id="3", document=document, version=1_000_000, version_type="external")
    assert run_pass().announced == 2
    work()
    run_pass()
    assert [client.get(index=stad, id=key)["_source"]["name"] for key in ("2", "3")] == ["Naam2", "Naam3"]
    assert client.get(index=stad, id="3")["_version"] > 1_000_000
    assert all(repaired for _, _, repaired in findings(built))


def test_the_turn_stays_until_what_was_found_is_seen_repaired(
    built: Database,
    run_pass: Pass,
    work: Callable[[], None],
    client: Elasticsearch,
    engine_settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A missed change shows in a bucket whose turn it is, and nowhere else."""
    monkeypatch.setattr(reconciling, "TURN", 4)
    silently(built, update(Candidate).where(Candidate.id == 6).values(name="Anders"))
    assert run_pass().announced == 0
    assert run_pass().announced == 1
    work()
    assert findings(built) == [("outdated", 1, False)]
    run_pass()
    assert findings(built) == [("outdated", 1, True)]
    assert agrees(built, client, engine_settings)


def test_the_turn_passes_on_while_an_index_waits_for_its_rebuild(
    database: Database, client: Elasticsearch, engine_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One showcase of another life does not keep a missed change of another from being found."""
    fill(database, {"stad": range(1, PEOPLE + 1), "regio": []}, {"regio": {"intro"}})
    rebuild(database, client, engine_settings)
    forget_changes(database)
    regio = live_index(database, "regio")
    write_meta(client, regio, read_meta(client, regio) | {"timeline": "another"})
    monkeypatch.setattr(reconciling, "TURN", 4)
    silently(database, update(Candidate).where(Candidate.id == 6).values(name="Anders"))
    passes = [reconcile(database, client, engine_settings) for _ in range(2)]
    assert [done.announced for done in passes] == [0, 1]
    assert sorted(findings(database)) == [("outdated", 1, False), ("timeline", 1, False)]


def test_what_the_engine_refuses_is_not_called_repaired_and_stays_put_away(
    built: Database, run_pass: Pass, work: Callable[[], None], client: Elasticsearch, stad: str
) -> None:
    """Until the profile is written again; and it does not keep the turn."""
    client.delete(index=stad, id="3")
    with built.write() as session:
        spoil(session, [3])
    forget_changes(built)
    assert run_pass().announced == 1
    work()
    with built.write() as session:
        [letter] = dead_letters.letters(session)
    for _ in range(2):
        assert (run_pass().still_open, findings(built)) == (1, [("missing", 1, False)])
        with built.write() as session:
            dead_letters.discard(session, [letter.id])
    assert run_pass().announced == 0
    with built.write() as session:
        assert (dead_letters.letters(session), count_dead_letters(session), read_refused(session)) == ([], {}, ())
        assert session.execute(select(Counter.value).where(Counter.name == "reconcile_turns")).scalar_one() == 3
        note_changes(session, CANDIDATE, [3])
    work()
    with built.write() as session:
        assert [(letter.candidate_id, letter.tries) for letter in dead_letters.letters(session)] == [(3, 1)]
        session.execute(update(Candidate).where(Candidate.id == 3).values(place_id="geheimdorp"))
        note_changes(session, CANDIDATE, [3])
    work()
    assert run_pass().still_open == 0
    assert findings(built) == [("missing", 1, True)]


@pytest.mark.parametrize("impostor", [False, True])
def test_an_alias_deleted_by_hand_is_put_back(
    built: Database,
    run_pass: Pass,
    work: Callable[[], None],
    client: Elasticsearch,
    stad: str,
    engine_settings: Settings,
    impostor: bool,
) -> None:
    """F14: changes wait meanwhile, even when an index was made under the name of the alias."""
    alias = f"{engine_settings.index_prefix}-stad"
    client.indices.delete_alias(index=stad, name=alias)
    if impostor:
        client.indices.create(index=alias)
    with built.write() as session:
        session.execute(update(Candidate).where(Candidate.id == 3).values(name="Anders"))
    with pytest.raises(WritesPaused):
        work()
    assert run_pass().aliased == ("stad",)
    assert list(client.indices.get_alias(name=alias)) == [stad]
    work()
    run_pass()
    assert findings(built) == [("alias", 1, True)]
    assert agrees(built, client, engine_settings)
    assert client.get(index=alias, id="3")["_source"]["name"] == "Anders"


def test_an_alias_that_points_elsewhere_too_is_put_right(
    built: Database, run_pass: Pass, client: Elasticsearch, stad: str, engine_settings: Settings
) -> None:
    alias = f"{engine_settings.index_prefix}-stad"
    other = f"{alias}-v1-elsewhere"
    client.indices.create(index=other, aliases={alias: {}})
    run_pass()
    assert list(client.indices.get_alias(name=alias)) == [stad]
    assert agrees(built, client, engine_settings)


def test_an_emptied_index_is_filled_again(
    built: Database,
    run_pass: Pass,
    work: Callable[[], None],
    client: Elasticsearch,
    stad: str,
    engine_settings: Settings,
) -> None:
    """F15."""
    client.delete_by_query(index=stad, query={"match_all": {}}, refresh=True)
    assert run_pass().announced == PEOPLE
    work()
    run_pass()
    assert findings(built) == [("index_emptied", PEOPLE, True)]
    assert agrees(built, client, engine_settings)


def test_an_index_put_back_from_an_old_snapshot_is_brought_up_to_date(
    built: Database,
    run_pass: Pass,
    work: Callable[[], None],
    client: Elasticsearch,
    stad: str,
    engine_settings: Settings,
) -> None:
    """F15: later changes are gone from it, and who was deleted since is back."""
    client.indices.refresh(index=stad)
    old = client.search(index=stad, size=100, version=True)["hits"]["hits"]
    with built.write() as session:
        session.execute(update(Candidate).where(Candidate.id == 2).values(name="Later"))
        session.execute(delete(Candidate).where(Candidate.id == 3))
        insert_full(session, 50, ["stad"])
    work()
    put_back(client, stad, old)
    assert run_pass().announced == 3
    assert sorted(findings(built)) == [("missing", 1, False), ("outdated", 1, False), ("surplus", 1, False)]
    work()
    run_pass()
    assert all(repaired for _, _, repaired in findings(built))
    assert agrees(built, client, engine_settings)


def put_back(client: Elasticsearch, index: str, hits: list[Any]) -> None:
    """Make an index of that name with these documents and no others, as a restore does."""
    facts = client.indices.get(index=index)[index]
    settings = {name: facts["settings"]["index"][name] for name in ("analysis", "max_result_window")}
    client.indices.delete(index=index)
    client.indices.create(index=index, mappings=facts["mappings"], aliases=facts["aliases"], settings=settings)
    for hit in hits:
        client.index(
            index=index, id=hit["_id"], document=hit["_source"], version=hit["_version"], version_type="external"
        )


def test_an_index_that_the_engine_lost_is_built_anew(
    built: Database, run_pass: Pass, client: Elasticsearch, stad: str, engine_settings: Settings
) -> None:
    """F15: an engine with nothing in it."""
    client.indices.delete(index=stad)
    assert run_pass().rebuilt == ("stad",)
    assert live_index(built, "stad") != stad
    run_pass()
    assert findings(built) == [("index_gone", 1, True)]
    assert agrees(built, client, engine_settings)


def test_an_index_of_another_life_is_only_noted(
    built: Database, run_pass: Pass, client: Elasticsearch, stad: str
) -> None:
    """F23: a database put back from a backup must not overwrite what the index knows better, unasked."""
    client.delete(index=stad, id="3")
    with built.write() as session:
        new_timeline(session)
    done = run_pass()
    assert (done.announced, done.rebuilt, done.still_open) == (0, (), 1)
    assert findings(built) == [("timeline", 1, False)]


def test_workers_make_passes_too(
    built: Database, work: Callable[[], None], client: Elasticsearch, stad: str, engine_settings: Settings
) -> None:
    client.delete(index=stad, id="3")
    url = built.url.render_as_string(hide_password=False)
    tasks = make_app(engine_settings.model_copy(update={"database_url": url})).tasks
    tasks[RECONCILE]()
    work()
    tasks[RECONCILE]()
    assert findings(built) == [("missing", 1, True)]
    assert agrees(built, client, engine_settings)
