"""Drift of every kind, made by hand in a real engine, is found and named; what is on its way is not drift."""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pytest
from elasticsearch import Elasticsearch
from sqlalchemy import delete, insert, select, update

from indexer import examine
from indexer.catalogue import UnknownShowcase
from indexer.changes import drain
from indexer.documents import stub
from indexer.rebuild.run import rebuild
from indexer.registry import SPARE, register
from indexer.sums import held
from indexer.targets import LISTINGS, read_meta, write_meta
from indexer.verify import Verified, verify
from matching.candidates.listings import read_keys
from matching.candidates.records import Candidate, CandidateShowcase, Showcase
from matching.settings import Settings
from matching.storage.changes import CANDIDATE, OCCUPATIONS, SHOWCASE, Change, new_timeline, note_changes, raise_version
from matching.storage.database import Database
from matching.storage.index_state import DeadLetter, FanOut, IndexTarget, LedgerEntry, Rebuild
from tests.support.indexing import fill, forget_changes, live_index, silently
from tests.support.profiles import show

PEOPLE = 30


@pytest.fixture
def built(database: Database, client: Elasticsearch, engine_settings: Settings) -> Database:
    """PEOPLE candidates in 'stad', indexed; candidate 99 is shown nowhere."""
    fill(database, {"stad": range(1, PEOPLE + 1)}, unshown=[99])
    rebuild(database, client, engine_settings)
    forget_changes(database)
    return database


@pytest.fixture
def stad(built: Database) -> str:
    """The live index of 'stad'."""
    return live_index(built, "stad")


Look = Callable[..., Verified]


@pytest.fixture
def look(built: Database, client: Elasticsearch, engine_settings: Settings) -> Look:
    """Verifies 'stad' and returns what was found."""

    def look(**options: Any) -> Verified:
        [found] = verify(built, client, engine_settings, ["stad"], **options)
        return found

    return look


def told(found: Verified) -> dict[str, list[str]]:
    """Kind -> ids, sorted."""
    return {one.kind: sorted(one.ids) for one in found.differences}


def version_of(client: Elasticsearch, index: str, key: int) -> int:
    """The version that the engine has of a document."""
    version: int = client.get(index=index, id=str(key))["_version"]
    return version


def test_an_index_as_it_was_built_agrees(look: Look) -> None:
    for found in (look(), look(full=True)):
        assert (found.asked, found.held, found.recomputed) == (PEOPLE, PEOPLE, True)
        assert found.agrees
        assert found.differences == ()


def test_a_document_removed_by_hand_is_missing(look: Look, client: Elasticsearch, stad: str) -> None:
    client.delete(index=stad, id="3")
    found = look()
    assert told(found) == {"missing": ["3"]}
    assert not found.agrees


def test_a_stub_in_the_place_of_a_shown_candidate_is_missing(look: Look, client: Elasticsearch, stad: str) -> None:
    version = version_of(client, stad, 3) + 1
    client.index(index=stad, id="3", document=json.loads(stub(3, version)), version=version, version_type="external")
    assert told(look()) == {"missing": ["3"]}


def test_a_document_of_somebody_who_is_not_shown_is_surplus(
    built: Database, look: Look, client: Elasticsearch, stad: str
) -> None:
    """Candidate 3 was deleted and came back by a restore of the engine; 99 was put there by hand."""
    document = client.get(index=stad, id="3")["_source"]
    silently(built, delete(Candidate).where(Candidate.id == 3))
    gone = update(LedgerEntry).where(LedgerEntry.showcase == "stad", LedgerEntry.candidate_id == 3)
    silently(built, gone.values(gone=True))
    assert told(look()) == {"surplus": ["3"]}
    client.index(index=stad, id="99", document={**document, "id": 99, "bucket": 99})
    assert told(look()) == {"surplus": ["3", "99"]}


def test_documents_under_ids_that_were_never_given_are_surplus(look: Look, client: Elasticsearch, stad: str) -> None:
    strange = ["abc", "007", "99999999999", "-1"]
    for one in strange:
        client.index(index=stad, id=one, document={"name": "Niemand"})
    assert told(look()) == {"surplus": sorted(strange)}


def test_a_listing_that_missed_a_change_is_outdated(built: Database, look: Look, stad: str) -> None:
    """The ledger can't know of a change that never reached the log: only building anew shows it."""
    silently(built, update(Candidate).where(Candidate.id == 3).values(name="Anders"))
    assert look().agrees
    assert look(buckets={4}).agrees
    found = look(buckets={3})
    assert told(found) == {"outdated": ["3"]}
    assert found.differences[0].fields == {"name": 1}
    assert told(look(full=True)) == {"outdated": ["3"]}


def write(client: Elasticsearch, index: str, key: int, **changes: Any) -> int:
    """Write a document as the indexer would, but with some fields changed and a version one higher."""
    stored = client.get(index=index, id=str(key))
    version: int = stored["_version"] + 1
    document = {**stored["_source"], "written": version, **changes}
    client.index(index=index, id=str(key), document=document, version=version, version_type="external")
    return version


def test_a_listing_with_another_digest_than_the_ledger_is_outdated(
    built: Database, look: Look, client: Elasticsearch, stad: str
) -> None:
    """As after a restore of the engine from an old snapshot."""
    with built.write() as session:
        raise_version(session, version_of(client, stad, 3) + 5)
    write(client, stad, 3, name="Vroeger", digest="0" * 32, check=0)
    found = look()
    assert told(found) == {"outdated": ["3"]}
    assert found.differences[0].fields == {"name": 1}


def test_a_document_changed_by_hand_is_found_by_its_version(look: Look, client: Elasticsearch, stad: str) -> None:
    client.update(index=stad, id="3", doc={"name": "Met de hand", "intro": "ook"})
    found = look()
    assert told(found) == {"edited": ["3"]}
    assert found.differences[0].fields == {"name": 1, "intro": 1}


def test_a_version_above_the_counter_is_an_edit_of_a_stub_too(look: Look, client: Elasticsearch, stad: str) -> None:
    """Such a stub would keep out a candidate that is shown again."""
    document = client.get(index=stad, id="3")["_source"]
    client.index(index=stad, id="3", document=document, version=1_000_000, version_type="external")
    document = json.loads(stub(99, 1))
    client.index(index=stad, id="99", document=document, version=1_000_000, version_type="external")
    assert told(look()) == {"edited": ["3", "99"]}


def test_an_index_of_another_life_of_the_database_is_told_as_such(
    built: Database, look: Look, client: Elasticsearch, stad: str
) -> None:
    """A backup was put back: listings are written with numbers that this life never drew; or it was told so (F23)."""
    write(client, stad, 3, written=1_000_000)
    assert told(look()) == {"timeline": []}
    client.delete(index=stad, id="3")
    assert told(look()) == {"missing": ["3"]}
    with built.write() as session:
        new_timeline(session)
    assert told(look()) == {"timeline": []}


def test_an_edit_with_a_version_and_digest_as_they_should_be_is_found_by_the_full_look(
    built: Database, look: Look, client: Elasticsearch, stad: str
) -> None:
    with built.write() as session:
        raise_version(session, version_of(client, stad, 3) + 5)
    write(client, stad, 3, level="wo")
    assert look().agrees
    found = look(full=True)
    assert told(found) == {"edited": ["3"]}
    assert found.differences[0].fields == {"level": 1}


def test_a_ledger_that_is_wrong_about_a_right_listing_is_told_apart(built: Database, look: Look) -> None:
    mine = LedgerEntry.showcase == "stad"
    silently(built, update(LedgerEntry).where(mine, LedgerEntry.candidate_id == 3).values(digest="f" * 32))
    silently(built, delete(LedgerEntry).where(mine, LedgerEntry.candidate_id == 4))
    assert told(look()) == {"ledger": ["3", "4"]}


def test_what_the_ledger_can_not_vouch_for_is_looked_at_itself(
    built: Database, look: Look, client: Elasticsearch, stad: str
) -> None:
    """After a rebuild or a conflict an entry may stay without an answer for a while: that alone is no drift."""
    unsure = update(LedgerEntry).where(LedgerEntry.showcase == "stad", LedgerEntry.candidate_id.in_([3, 4]))
    silently(built, unsure.values(acknowledged=None, digest="0" * 32))
    assert look().agrees
    assert look().asked == PEOPLE
    silently(built, update(Candidate).where(Candidate.id == 4).values(name="Anders"))
    assert told(look()) == {"outdated": ["4"]}


@pytest.fixture
def spare(built: Database, client: Elasticsearch, engine_settings: Settings, stad: str) -> str:
    """An index beside the live one, of which it is a copy."""
    spare = f"{engine_settings.index_prefix}-stad-v1-20200101000000000000"
    mapping = client.indices.get_mapping(index=stad)[stad]["mappings"]
    analysis = client.indices.get_settings(index=stad)[stad]["settings"]["index"]["analysis"]
    client.indices.create(index=spare, mappings=mapping, settings={"analysis": analysis})
    client.reindex(source={"index": stad}, dest={"index": spare}, refresh=True)
    with built.write() as session:
        register(session, "stad", spare, SPARE)
    return spare


def look_at_both(built: Database, client: Elasticsearch, settings: Settings) -> list[dict[str, list[str]]]:
    """What is found in the live index of 'stad' and in its spare."""
    live, spare = verify(built, client, settings, ["stad"])
    assert (live.live, spare.live) == (True, False)
    return [told(live), told(spare)]


def test_of_a_spare_index_only_who_is_in_it_is_compared(
    built: Database, client: Elasticsearch, engine_settings: Settings, stad: str, spare: str
) -> None:
    """A deleted candidate must be gone from the index that a rollback would bring back, too."""
    client.update(index=spare, id="5", doc={"name": "Van een vorige keer"})
    assert look_at_both(built, client, engine_settings) == [{}, {}]
    client.delete(index=spare, id="4")
    client.delete(index=stad, id="3")
    silently(built, delete(Candidate).where(Candidate.id == 3))
    assert look_at_both(built, client, engine_settings) == [{}, {"surplus": ["3"], "missing": ["4"]}]


def test_an_alias_that_is_missing_elsewhere_double_or_without_its_filter(
    look: Look, client: Elasticsearch, stad: str, engine_settings: Settings
) -> None:
    alias = f"{engine_settings.index_prefix}-stad"
    other = f"{alias}-v1-elsewhere"
    client.indices.create(index=other)
    add = {"add": {"index": stad, "alias": alias, "filter": LISTINGS}}
    spoiled: list[list[dict[str, Any]]] = [
        [{"remove": {"index": stad, "alias": alias}}],
        [{"remove": {"index": stad, "alias": alias}}, {"add": {"index": other, "alias": alias, "filter": LISTINGS}}],
        [{"add": {"index": other, "alias": alias, "filter": LISTINGS}}],
        [{"add": {"index": stad, "alias": alias}}],
    ]
    for actions in spoiled:
        client.indices.update_aliases(actions=actions)
        assert told(look()) == {"alias": []}
        client.indices.update_aliases(actions=[{"remove": {"index": "*", "alias": alias}}, add])
        assert look().agrees


def test_an_index_under_the_name_of_the_alias(
    look: Look, client: Elasticsearch, stad: str, engine_settings: Settings
) -> None:
    alias = f"{engine_settings.index_prefix}-stad"
    client.indices.delete_alias(index=stad, name=alias)
    client.indices.create(index=alias)
    assert told(look()) == {"alias": []}


def test_the_alias_may_be_ahead_of_sql_while_a_rebuild_switches(
    built: Database, look: Look, client: Elasticsearch, stad: str, engine_settings: Settings
) -> None:
    alias = f"{engine_settings.index_prefix}-stad"
    coming = f"{alias}-v1-coming"
    client.indices.create(index=coming)
    client.indices.update_aliases(
        actions=[
            {"remove": {"index": stad, "alias": alias}},
            {"add": {"index": coming, "alias": alias, "filter": LISTINGS}},
        ]
    )
    assert told(look()) == {"alias": []}
    now = datetime.now(UTC)
    with built.write() as session:
        session.execute(insert(Rebuild).values(indexes={"stad": coming}, step="swap", started_at=now, updated_at=now))
    assert look().agrees


def test_an_index_that_is_gone_emptied_or_was_never_made(
    built: Database, look: Look, client: Elasticsearch, stad: str
) -> None:
    client.delete_by_query(index=stad, query={"match_all": {}}, refresh=True)
    found = look()
    assert [(one.kind, one.count) for one in found.differences] == [("index_emptied", PEOPLE)]
    client.indices.delete(index=stad)
    found = look()
    assert [(one.kind, one.count) for one in found.differences] == [("index_gone", 1)]
    silently(built, delete(IndexTarget).where(IndexTarget.showcase == "stad"))
    found = look()
    assert (found.index, found.agrees, found.differences) == (None, False, ())


def test_what_waits_in_the_log_is_not_drift(built: Database, look: Look, client: Elasticsearch, stad: str) -> None:
    client.delete(index=stad, id="3")
    client.update(index=stad, id="4", doc={"name": "Met de hand"})
    with built.write() as session:
        session.execute(delete(CandidateShowcase).where(CandidateShowcase.candidate_id == 5))
        session.execute(delete(Change))
        note_changes(session, CANDIDATE, [3, 4, 5])
    for full in (False, True):
        found = look(full=full)
        assert found.agrees
        assert (found.waiting, found.asked) == (3, PEOPLE - 3)
    with built.write() as session:
        session.execute(delete(Change))
    assert told(look()) == {"missing": ["3"], "surplus": ["5"], "edited": ["4"]}


def test_any_number_of_candidates_can_be_left_out(client: Elasticsearch, stad: str) -> None:
    """After a large import as many changes wait as there are candidates; the engine takes ids by the 10,000."""
    left = held(client, stad, range(2, 150_000), ())
    assert (left.count, list(left.sums)) == (1, [1])


def test_what_the_engine_refused_for_good_is_told_but_is_not_drift(
    built: Database, look: Look, client: Elasticsearch, stad: str
) -> None:
    client.delete(index=stad, id="3")
    keep_letter(built, stad, 3)
    found = look(full=True)
    assert found.agrees
    assert found.refused == 1


def keep_letter(built: Database, index: str, key: int) -> None:
    """An index refused this candidate for good."""
    letter = {"index": index, "showcase": "stad", "candidate_id": key, "version": 9, "status": 400, "reason": "no"}
    with built.write() as session:
        session.execute(insert(DeadLetter).values(**letter, at=datetime.now(UTC)))


def test_what_one_index_refused_is_compared_in_the_others(
    built: Database, client: Elasticsearch, engine_settings: Settings, stad: str, spare: str
) -> None:
    for key in (3, 4):
        for index in (stad, spare):
            client.delete(index=index, id=str(key))
    keep_letter(built, stad, 3)
    keep_letter(built, spare, 4)
    client.update(index=stad, id="5", doc={"name": "Met de hand"})
    keep_letter(built, spare, 5)
    assert look_at_both(built, client, engine_settings) == [{"missing": ["4"], "edited": ["5"]}, {"missing": ["3"]}]
    live, other = verify(built, client, engine_settings, ["stad"])
    assert [(one.asked, one.held, one.refused) for one in (live, other)] == [
        (PEOPLE - 1, PEOPLE - 2, 1),
        (PEOPLE - 2, PEOPLE - 3, 2),
    ]


def test_a_change_to_the_whole_showcase_on_its_way_compares_with_the_ledger_only(
    built: Database, look: Look, client: Elasticsearch, stad: str
) -> None:
    with built.read() as session:
        [stad_id] = session.execute(select(Showcase.id).where(Showcase.code == "stad")).scalars()
    client.update(index=stad, id="4", doc={"name": "Met de hand"})
    silently(built, update(Candidate).where(Candidate.id == 3).values(name="Anders"))
    waiting = [
        insert(Change).values(kind=SHOWCASE, key=stad_id, at=datetime.now(UTC)),
        insert(Change).values(kind=OCCUPATIONS, key=0, at=datetime.now(UTC)),
        insert(FanOut).values(kind=SHOWCASE, key=stad_id, started_at=datetime.now(UTC)),
    ]
    for statement in waiting:
        with built.write() as session:
            session.execute(statement)
        found = look(full=True)
        assert (told(found), found.recomputed) == ({"edited": ["4"]}, False)
        with built.write() as session:
            session.execute(delete(Change))
            session.execute(delete(FanOut))
    assert told(look(full=True)) == {"edited": ["4"], "outdated": ["3"]}


def test_an_index_that_is_due_for_a_rebuild_is_compared_with_the_ledger_only(
    built: Database, look: Look, client: Elasticsearch, stad: str
) -> None:
    meta = read_meta(client, stad)
    write_meta(client, stad, {**meta, "fingerprint": {**meta["fingerprint"], "mapping": "another"}})
    found = look(full=True)
    assert (found.agrees, found.recomputed) == (True, True)
    write_meta(client, stad, {**meta, "fingerprint": {**meta["fingerprint"], "builder": "another"}})
    silently(built, update(Candidate).where(Candidate.id == 3).values(name="Anders"))
    found = look(full=True)
    assert (found.agrees, found.recomputed) == (True, False)


def test_a_change_that_arrives_during_the_look_is_not_drift(
    built: Database, look: Look, client: Elasticsearch, stad: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is written, acknowledged and off the log between the two reads: only the ledger shows that it moved."""

    def read_then_change(*arguments: Any) -> Any:
        found = read_keys(*arguments)
        version = write(client, stad, 3, name="Anders", digest="1" * 32, check=int("1" * 8, 16))
        with built.write() as session:
            raise_version(session, version)
            mine = update(LedgerEntry).where(LedgerEntry.showcase == "stad", LedgerEntry.candidate_id == 3)
            session.execute(mine.values(digest="1" * 32, intended=version, acknowledged=version))
        return found

    monkeypatch.setattr(examine, "read_keys", read_then_change)
    assert look(buckets={3}).agrees


def test_changes_that_keep_coming_are_no_drift(
    built: Database, look: Look, client: Elasticsearch, engine_settings: Settings
) -> None:
    """Each verification looks at every listing while others are changed, hidden, shown again and indexed."""

    def change_and_index() -> None:
        for number in range(25):
            key = number % PEOPLE + 1
            with built.write() as session:
                session.execute(update(Candidate).where(Candidate.id == key).values(name=f"Nieuw{number}"))
                hidden = delete(CandidateShowcase).where(CandidateShowcase.candidate_id == key + 1)
                if not session.execute(hidden).rowcount:
                    show(session, key + 1, ["stad"] if key < PEOPLE else [])
            drain(built, client, engine_settings)

    with ThreadPoolExecutor(1) as others:
        busy = others.submit(change_and_index)
        looks = [look(full=True)]
        while not busy.done():
            looks.append(look(full=True))
        busy.result()
    assert [told(found) for found in looks if not found.agrees] == []
    assert look(full=True).waiting == 0


def test_an_unknown_showcase(built: Database, client: Elasticsearch, engine_settings: Settings) -> None:
    with pytest.raises(UnknownShowcase, match="stad"):
        verify(built, client, engine_settings, ["atlantis"])
