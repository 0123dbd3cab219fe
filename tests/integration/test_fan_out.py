"""A change of something shared reaches every listing in batches that survive crashes, and then the index says so."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from click.testing import CliRunner
from elasticsearch import Elasticsearch
from sqlalchemy import delete, func, select, update

from indexer import fan_out
from indexer.changes import drain
from indexer.fan_out import Progress, advance, due, running, shared_changes, start_fan_outs
from indexer.rebuild.run import rebuild
from indexer.targets import read_meta, write_meta
from matching.candidates.records import Candidate, CandidateShowcase, Showcase
from matching.settings import Settings
from matching.storage.changes import CANDIDATE, OCCUPATIONS, SHOWCASE, Change, claim_changes, note_changes, unsent
from matching.storage.database import Database
from matching.storage.index_state import FanOut
from matching.taxonomy.records import OccupationRow
from tests.support.indexing import fill, forget_changes
from web.commands.index import command

LEASE_S = 600.0


@pytest.fixture
def built(database: Database, client: Elasticsearch, engine_settings: Settings) -> Database:
    """Candidates 1 to 5 in 'stad', 6 and 7 in 'regio', indexed."""
    fill(database, {"stad": range(1, 6), "regio": [6, 7]})
    rebuild(database, client, engine_settings)
    forget_changes(database)
    return database


@pytest.fixture(autouse=True)
def _small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fan_out, "BATCH", 2)


def start(database: Database) -> None:
    """Do what the relay does with changes of shared things."""
    with database.write() as session:
        start_fan_outs(session, shared_changes(session))


def hide(database: Database, code: str, *parts: str) -> int:
    """Have a showcase show these parts only; its id. The change becomes a fan-out."""
    with database.write() as session:
        session.execute(update(Showcase).where(Showcase.code == code).values(parts=list(parts)))
        key = session.execute(select(Showcase.id).where(Showcase.code == code)).scalar_one()
    start(database)
    return key


def left(database: Database) -> list[Progress]:
    """The fan-outs that have not ended."""
    with database.read() as session:
        return list(running(session))


def with_hobbies(client: Elasticsearch, settings: Settings, code: str) -> int:
    """How many listings of a showcase show hobbies."""
    alias = f"{settings.index_prefix}-{code}"
    client.indices.refresh(index=alias)
    return int(client.count(index=alias, query={"exists": {"field": "hobbies"}})["count"])


def content_noted(client: Elasticsearch, settings: Settings, code: str) -> str:
    """Of which configuration the index of a showcase says it is."""
    [index] = client.indices.get_alias(name=f"{settings.index_prefix}-{code}")
    return str(read_meta(client, index)["fingerprint"]["content"])


def finish(database: Database, client: Elasticsearch, settings: Settings) -> int:
    """Advance every fan-out until all have ended; how many steps that took."""
    steps = 0
    while rows := left(database):
        for row in rows:
            advance(database, client, settings, row.id)
            steps += 1
    return steps


def test_it_goes_in_batches_with_a_checkpoint(
    built: Database, client: Elasticsearch, engine_settings: Settings
) -> None:
    before = content_noted(client, engine_settings, "stad"), content_noted(client, engine_settings, "regio")
    key = hide(built, "stad", "intro")
    assert left(built) == [Progress(1, SHOWCASE, key, 0, 0)]
    hobbies = []
    for done in (2, 4, 5):
        advance(built, client, engine_settings, 1)
        assert left(built) == [Progress(1, SHOWCASE, key, done, 5)]
        hobbies.append(with_hobbies(client, engine_settings, "stad"))
    assert hobbies == [3, 1, 0]
    advance(built, client, engine_settings, 1)
    assert left(built) == []
    assert with_hobbies(client, engine_settings, "regio") == 2
    assert content_noted(client, engine_settings, "stad") != before[0]
    assert content_noted(client, engine_settings, "regio") == before[1]
    with built.read() as session:
        assert session.execute(select(func.count()).select_from(Change)).scalar_one() == 0


def test_labels_reach_every_showcase(built: Database, client: Elasticsearch, engine_settings: Settings) -> None:
    with built.write() as session:
        session.execute(update(OccupationRow).values(label="Kraanmachinist"))
    start(built)
    assert [(row.kind, row.key) for row in left(built)] == [(OCCUPATIONS, 0)]
    finish(built, client, engine_settings)
    names = [f"{engine_settings.index_prefix}-{code}" for code in ("stad", "regio")]
    client.indices.refresh(index=names)
    assert client.count(index=names, query={"match": {"function_titles": "Kraanmachinist"}})["count"] == 7


def test_without_a_relay_the_command_does_it(
    built: Database, client: Elasticsearch, engine_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("web.commands.index.load_settings", lambda: engine_settings)
    monkeypatch.setattr("web.commands.index.open_database", lambda _: built)
    with built.write() as session:
        session.execute(update(Showcase).values(parts=["intro"]))
    answer = CliRunner().invoke(command, ["update"])
    assert answer.exit_code == 0, answer.output
    assert [with_hobbies(client, engine_settings, code) for code in ("stad", "regio")] == [0, 0]
    assert left(built) == []


def test_one_that_is_in_hand_is_left_alone_until_its_lease_ends(
    built: Database, client: Elasticsearch, engine_settings: Settings
) -> None:
    hide(built, "stad", "intro")
    held = datetime.now(UTC) + timedelta(seconds=LEASE_S / 2)
    with built.write() as session:
        session.execute(update(FanOut).values(lease_until=held))
    settings = engine_settings.model_copy(update={"lease_s": LEASE_S})
    advance(built, client, settings, 1)
    with built.read() as session:
        assert due(session, LEASE_S) == []
    assert left(built)[0].done == 0
    with built.write() as session:
        session.execute(update(FanOut).values(lease_until=datetime.now(UTC) - timedelta(seconds=1)))
    with built.read() as session:
        assert due(session, LEASE_S) == [(1, 0)]
    finish(built, client, settings)
    assert with_hobbies(client, settings, "stad") == 0


def test_a_lease_from_before_the_clock_was_set_back_does_not_hold(
    built: Database, client: Elasticsearch, engine_settings: Settings
) -> None:
    hide(built, "stad", "intro")
    with built.write() as session:
        session.execute(update(FanOut).values(lease_until=datetime.now(UTC) + timedelta(days=1)))
    finish(built, client, engine_settings)
    assert with_hobbies(client, engine_settings, "stad") == 0


def test_a_batch_that_fails_is_kept_in_the_log_and_done_again(
    built: Database, client: Elasticsearch, engine_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    hide(built, "stad", "intro")

    def fail(*_: object) -> None:
        raise ConnectionError

    with monkeypatch.context() as broken:
        broken.setattr(fan_out, "index_candidates", fail)
        with pytest.raises(ConnectionError):
            advance(built, client, engine_settings, 1)
    with built.read() as session:
        assert session.execute(select(Change.key).order_by(Change.key)).scalars().all() == [1, 2]
        assert unsent(session, 10, LEASE_S, datetime.now(UTC)) == []
        assert due(session, LEASE_S) == []
    with built.write() as session:
        session.execute(update(FanOut).values(lease_until=datetime.now(UTC) - timedelta(seconds=1)))
    finish(built, client, engine_settings)
    drain(built, client, engine_settings)
    assert with_hobbies(client, engine_settings, "stad") == 0


def test_a_candidate_that_a_worker_read_before_the_change_is_read_again(
    built: Database, client: Elasticsearch, engine_settings: Settings
) -> None:
    """Its row is still in the log, in the hands of that worker, which knows nothing of the change."""
    with built.write() as session:
        note_changes(session, CANDIDATE, [1])
        [(row, _)] = claim_changes(session, CANDIDATE, [1], "an earlier worker", LEASE_S)
    hide(built, "stad", "intro")
    finish(built, client, engine_settings.model_copy(update={"lease_s": LEASE_S}))
    assert with_hobbies(client, engine_settings, "stad") == 0
    with built.read() as session:
        assert session.execute(select(Change.id)).scalars().all() == [row]


def test_a_change_during_a_fan_out_gets_one_of_its_own(
    built: Database, client: Elasticsearch, engine_settings: Settings
) -> None:
    hide(built, "stad", "intro")
    advance(built, client, engine_settings, 1)
    for parts in (("intro", "hobbies"), ("hobbies",)):
        hide(built, "stad", *parts)
    assert [row.id for row in left(built)] == [1, 2]
    before = content_noted(client, engine_settings, "stad")
    for _ in range(3):
        advance(built, client, engine_settings, 1)
    assert [row.id for row in left(built)] == [2]
    assert content_noted(client, engine_settings, "stad") == before
    finish(built, client, engine_settings)
    assert with_hobbies(client, engine_settings, "stad") == 5
    assert content_noted(client, engine_settings, "stad") != before


def test_an_index_of_another_builder_stays_due_for_a_rebuild(
    built: Database, client: Elasticsearch, engine_settings: Settings
) -> None:
    [index] = client.indices.get_alias(name=f"{engine_settings.index_prefix}-stad")
    meta = read_meta(client, index)
    other = {**meta, "fingerprint": {**meta["fingerprint"], "builder": "another"}}
    write_meta(client, index, other)
    hide(built, "stad", "intro")
    finish(built, client, engine_settings)
    assert read_meta(client, index) == other


def test_a_showcase_that_is_gone_or_empty_ends_at_once(
    built: Database, client: Elasticsearch, engine_settings: Settings
) -> None:
    with built.write() as session:
        session.execute(delete(CandidateShowcase))
        session.execute(delete(Candidate))
        note_changes(session, SHOWCASE, [404])
    start(built)
    assert finish(built, client, engine_settings) == 1
