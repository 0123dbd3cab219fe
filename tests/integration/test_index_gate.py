"""The gate of a rebuild: what is not as the record says, or moves a golden query, does not go live."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from elasticsearch import Elasticsearch
from sqlalchemy import delete, select, update

from indexer import documents
from indexer.changes import drain
from indexer.documents import Labels
from indexer.rebuild import fill as filling
from indexer.rebuild import gate, run
from indexer.rebuild.context import GateClosed
from indexer.rebuild.golden import record_golden
from indexer.rebuild.lease import HELD, UNDONE
from indexer.rebuild.progress import Progress
from indexer.rebuild.run import rebuild, resume
from indexer.registry import FILLING, LIVE
from indexer.targets import find_targets, live_target
from matching.accounts.records import AuditEntry
from matching.candidates.listings import Profile
from matching.candidates.records import Candidate
from matching.settings import Settings
from matching.storage.changes import CANDIDATE, Change, note_changes
from matching.storage.database import Database
from matching.storage.index_state import DeadLetter, Rebuild
from tests.support.indexing import (
    count,
    fill_stad_and_regio,
    newest_rebuild,
    states,
    stored,
    waiting,
)
from tests.support.profiles import insert_full, spoil

PEOPLE = 120


@pytest.fixture
def filled(database: Database) -> Database:
    """PEOPLE full profiles in 'stad', every third one in 'regio' too, one in no showcase; no change waits."""
    fill_stad_and_regio(database, PEOPLE, unshown=[9_000])
    return database


@pytest.fixture
def quick_gate(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give a difference little time to turn out to be a change on its way."""
    monkeypatch.setattr(gate, "PAUSES_S", (0.01,))


def live(client: Elasticsearch, settings: Settings, showcase: str) -> str | None:
    """The index that searches of a showcase use."""
    found = live_target(find_targets(client, settings.index_prefix, [showcase])[showcase])
    return found.index if found else None


def test_a_gate_that_closes_leaves_searches_alone_and_waits_for_a_decision(
    filled: Database, client: Elasticsearch, engine_settings: Settings
) -> None:
    before = rebuild(filled, client, engine_settings)
    with filled.write() as session:
        spoil(session, range(1, PEOPLE))
    with pytest.raises(GateClosed, match=f"refused {PEOPLE - 1} of {PEOPLE}"):
        rebuild(filled, client, engine_settings)
    assert live(client, engine_settings, "stad") == before.indexes["stad"]
    assert newest_rebuild(filled).step == HELD
    assert sorted(states(filled).values()) == [FILLING, FILLING, LIVE, LIVE]
    assert resume(filled, client, engine_settings) == []  # as the relay does: it decides nothing
    with pytest.raises(GateClosed):
        resume(filled, client, engine_settings, held_too=True)

    [forced] = resume(filled, client, engine_settings, force="een nieuwe kaart", held_too=True)
    assert forced.built is not None
    assert "refused" in forced.built.passed[0]
    assert live(client, engine_settings, "stad") == forced.built.indexes["stad"]
    assert newest_rebuild(filled).force_reason == "een nieuwe kaart"
    with filled.read() as session:
        [line] = session.execute(select(AuditEntry).where(AuditEntry.action == "index.force")).scalars()
    assert line.details["reason"] == "een nieuwe kaart"
    assert line.details["indexes"] == dict(forced.built.indexes)


def test_what_waits_at_the_gate_can_be_undone_or_replaced(
    filled: Database, client: Elasticsearch, engine_settings: Settings
) -> None:
    with filled.write() as session:
        spoil(session, range(1, PEOPLE))
    with pytest.raises(GateClosed):
        rebuild(filled, client, engine_settings)
    [undone] = resume(filled, client, engine_settings, held_too=True, undo=True)
    assert undone.undone == "asked for"
    with pytest.raises(GateClosed):
        rebuild(filled, client, engine_settings)
    with filled.write() as session:
        session.execute(update(Candidate).values(place_id="geheimdorp"))
    built = rebuild(filled, client, engine_settings, ["stad"])
    assert set(built.indexes) == {"stad", "regio"}  # the showcases of the one that it replaces
    with filled.read() as session:
        assert [one.step for one in session.execute(select(Rebuild)).scalars()] == [UNDONE, UNDONE, "done"]
        assert session.execute(select(DeadLetter)).first() is None
    found = find_targets(client, engine_settings.index_prefix, ["stad", "regio"])
    assert {one.index for targets in found.values() for one in targets} == set(built.indexes.values())


def test_reasons_are_only_kept_when_they_were_needed(
    filled: Database, client: Elasticsearch, engine_settings: Settings
) -> None:
    built = rebuild(filled, client, engine_settings, force="voor de zekerheid")
    assert built.passed == ()
    assert newest_rebuild(filled).force_reason is None


Tamper = Callable[[Elasticsearch, str], Any]


def remove(client: Elasticsearch, index: str) -> None:
    """Take a listing out of an index."""
    client.delete(index=index, id="7")


def bring_back(client: Elasticsearch, index: str) -> None:
    """Put somebody in who is not shown."""
    client.index(index=index, id="9000", document={"bucket": 9000 % 1024, "check": 7, "name": "Niet hier"})


def swap_words(client: Elasticsearch, index: str) -> None:
    """Change every listing without changing its digest."""
    script = {"source": "ctx._source.intro = 'iets anders'"}
    client.update_by_query(index=index, script=script, refresh=True)


@pytest.mark.parametrize(
    ("tamper", "fault"),
    [
        (remove, r"SQL shows 120 candidates, the new index holds 119; 1 differ: candidate 7 \(missing\)"),
        (bring_back, r"the new index holds 121; 1 differ: candidate 9000 \(not shown by SQL\)"),
        (swap_words, r"of a sample of \d+ differ from what SQL says now: .*stad: intro"),
    ],
)
def test_the_gate_sees_what_is_not_as_sql_says(
    filled: Database,
    client: Elasticsearch,
    engine_settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    quick_gate: None,
    tamper: Tamper,
    fault: str,
) -> None:
    def fill_and_tamper(run: Any, work: Any) -> None:
        filling.fill(run, work)
        client.indices.refresh(index=work.indexes["stad"])
        tamper(client, work.indexes["stad"])

    monkeypatch.setattr(run, "fill", fill_and_tamper)
    with pytest.raises(GateClosed, match=fault):
        rebuild(filled, client, engine_settings, ["stad"])
    assert live(client, engine_settings, "stad") is None


@pytest.fixture
def cooks(filled: Database, client: Elasticsearch, engine_settings: Settings) -> Database:
    """Candidates 1, 2 and 3 are found by 'bakkerij', best first; that is live and recorded."""
    with filled.write() as session:
        for key, words in enumerate(("bakkerij bakkerij bakkerij", "bakkerij bakkerij", "in een bakkerij"), start=1):
            changed = update(Candidate).where(Candidate.id == key)
            session.execute(changed.values(intro=words, one_liner="bakkerij" if key == 1 else "zelfzin"))
        session.execute(delete(Change))
    rebuild(filled, client, engine_settings)
    [golden] = record_golden(filled, client, engine_settings, "stad", ["bakkerij"])
    assert sorted(golden.expected) == [1, 2, 3]
    return filled


def forget_words_of(client: Elasticsearch, index: str, key: int) -> None:
    """Take somebody's words out of an index, as another builder might."""
    script = {"source": "ctx._source.intro = ''; ctx._source.one_liner = ''"}
    client.update(index=index, id=str(key), script=script, refresh=True)


def test_a_rebuild_that_moves_a_golden_query_is_not_used(
    cooks: Database,
    client: Elasticsearch,
    engine_settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    quick_gate: None,
) -> None:
    rebuild(cooks, client, engine_settings)  # nothing moved

    def fill_and_tamper(run: Any, work: Any) -> None:
        filling.fill(run, work)
        client.indices.refresh(index=work.indexes["stad"])
        forget_words_of(client, work.indexes["stad"], 1)

    monkeypatch.setattr(run, "fill", fill_and_tamper)
    monkeypatch.setattr(gate, "SAMPLE", 8)  # so that the sample may miss it
    with pytest.raises(GateClosed, match=r"golden query \d+ in stad: candidate 1 is no longer found"):
        rebuild(cooks, client, engine_settings)


def test_who_changed_since_does_not_count_in_a_golden_query(
    cooks: Database, client: Elasticsearch, engine_settings: Settings
) -> None:
    with cooks.write() as session:
        session.execute(update(Candidate).where(Candidate.id == 1).values(intro="kantoor", one_liner="kantoor"))
        session.execute(update(Candidate).where(Candidate.id == 90).values(intro="bakkerij bakkerij bakkerij"))
        session.execute(delete(Candidate).where(Candidate.id == 2))
        note_changes(session, CANDIDATE, [1, 2, 90])
    first = rebuild(cooks, client, engine_settings)  # still in the log
    drain(cooks, client, engine_settings)
    second = rebuild(cooks, client, engine_settings)
    assert (first.passed, second.passed) == ((), ())
    assert live(client, engine_settings, "stad") == second.indexes["stad"]


def test_another_builder_does_not_make_golden_queries_blind(
    cooks: Database, client: Elasticsearch, engine_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Listings that differ because they are built otherwise are no changes of candidates."""
    real = documents._fields

    def without_words(profile: Profile, labels: Labels) -> tuple[dict[str, Any], dict[str, list[str]]]:
        fields, words = real(profile, labels)
        return {name: value for name, value in fields.items() if name not in ("intro", "one_liner")}, words

    monkeypatch.setattr(documents, "_fields", without_words)
    with pytest.raises(GateClosed, match=r"golden query \d+ in stad: candidate 1 is no longer found"):
        rebuild(cooks, client, engine_settings)


def test_changes_that_are_on_their_way_do_not_close_the_gate(
    filled: Database, client: Elasticsearch, engine_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody indexes them here; they are in the log, and that is enough."""

    def change(progress: Progress) -> None:
        if progress.done == progress.total:
            with filled.write() as session:
                session.execute(update(Candidate).where(Candidate.id < 50).values(name="Anders"))
                session.execute(delete(Candidate).where(Candidate.id == 60))
                insert_full(session, 500, ["stad"])
                note_changes(session, CANDIDATE, [*range(1, 50), 60, 500])

    monkeypatch.setattr(gate, "SAMPLE_PLACES", 40)
    built = rebuild(filled, client, engine_settings, report=change)
    assert {1, 49, 60, 500} <= waiting(filled)
    drain(filled, client, engine_settings)
    found = stored(client, built.indexes["stad"])
    assert (found[1], found[49], found[50], found[60], found[500]) == ("Anders", "Anders", "Naam50", None, "Naam500")
    assert count(client, engine_settings, "stad") == PEOPLE


def test_a_candidate_that_goes_during_the_fill_does_not_close_the_gate(
    filled: Database, client: Elasticsearch, engine_settings: Settings
) -> None:
    def leave(progress: Progress) -> None:
        if progress.done == progress.total:
            with filled.write() as session:
                session.execute(delete(Candidate).where(Candidate.id == 3))
                note_changes(session, CANDIDATE, [3])

    rebuild(filled, client, engine_settings, report=leave)
    assert waiting(filled) == {3}
