"""Rollbacks on a real engine: back and forth, and what becomes of one that does not end."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest
from elasticsearch import Elasticsearch
from sqlalchemy import delete, update

from indexer.changes import drain
from indexer.rebuild import run
from indexer.rebuild.context import RebuildFailed
from indexer.rebuild.lease import UNDONE
from indexer.rebuild.progress import Progress
from indexer.rebuild.rollback import roll_back
from indexer.rebuild.run import rebuild, resume
from indexer.reconcile import reconcile
from indexer.registry import LIVE, SPARE
from indexer.targets import TargetError, open_indexes
from indexer.verify import verify
from matching.candidates.records import Candidate
from matching.settings import Settings
from matching.storage.changes import CANDIDATE, note_changes
from matching.storage.database import Database
from matching.storage.index_state import Rebuild
from tests.support.indexing import fill_stad_and_regio, forget_changes, newest_rebuild, searched, states, stored, trail

PEOPLE = 30


@pytest.fixture
def filled(database: Database) -> Database:
    """PEOPLE full profiles in 'stad', every third one in 'regio' too, one in no showcase; no change waits."""
    fill_stad_and_regio(database, PEOPLE, unshown=[9_000])
    return database


def test_a_rollback_brings_the_former_index_back_and_nobody_who_is_gone(
    filled: Database, client: Elasticsearch, engine_settings: Settings
) -> None:
    first = rebuild(filled, client, engine_settings)
    second = rebuild(filled, client, engine_settings)
    with filled.write() as session:
        session.execute(delete(Candidate).where(Candidate.id == 3))
        session.execute(update(Candidate).where(Candidate.id == 4).values(name="Anders"))
        note_changes(session, CANDIDATE, [3, 4])
    drain(filled, client, engine_settings)
    # Behind the indexer's back: as if a write to the spare had been lost.
    client.index(index=first.indexes["stad"], id="9000", document={"bucket": 9000 % 1024, "check": 7})
    back = roll_back(filled, client, engine_settings)
    assert dict(back.indexes) == dict(first.indexes)
    found = stored(client, f"{engine_settings.index_prefix}-stad")
    assert (3 in found, found[4], 9_000 in found) == (False, "Anders", False)
    assert states(filled) == dict.fromkeys(first.indexes.values(), LIVE) | dict.fromkeys(second.indexes.values(), SPARE)
    forth = roll_back(filled, client, engine_settings, ["stad"])
    assert dict(forth.indexes) == {"stad": second.indexes["stad"]}
    assert searched(client, engine_settings, "regio") == first.indexes["regio"]


def refreshed_every(client: Elasticsearch, indexes: Iterable[str]) -> set[str]:
    """How often the engine makes writes to these indexes visible."""
    answer = client.indices.get_settings(index=sorted(indexes), name="index.refresh_interval")
    return {facts["settings"]["index"]["refresh_interval"] for facts in answer.values()}


def test_only_the_index_that_is_searched_shows_writes_within_a_second(
    filled: Database, client: Elasticsearch, engine_settings: Settings
) -> None:
    first = rebuild(filled, client, engine_settings).indexes.values()
    second = rebuild(filled, client, engine_settings).indexes.values()
    assert (refreshed_every(client, first), refreshed_every(client, second)) == ({"30s"}, {"1s"})
    roll_back(filled, client, engine_settings)
    assert (refreshed_every(client, first), refreshed_every(client, second)) == ({"1s"}, {"30s"})


def test_after_a_rollback_the_bad_index_is_the_one_that_goes(
    filled: Database, client: Elasticsearch, engine_settings: Settings
) -> None:
    good = rebuild(filled, client, engine_settings, ["stad"])
    bad = rebuild(filled, client, engine_settings, ["stad"])
    roll_back(filled, client, engine_settings)
    better = rebuild(filled, client, engine_settings, ["stad"])
    assert better.pruned == (bad.indexes["stad"],)
    assert states(filled) == {good.indexes["stad"]: SPARE, better.indexes["stad"]: LIVE}


@contextmanager
def dying(at: str) -> Iterator[None]:
    """Let this process die at a failpoint."""

    def die(name: str) -> None:
        if name == at:
            raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("indexer.rebuild.run.reached", die)
        patch.setattr("indexer.rebuild.switch.reached", die)
        yield


def break_off_rollback(database: Database, client: Elasticsearch, settings: Settings, at: str) -> Rebuild:
    """A rollback whose process dies at this failpoint."""
    with pytest.raises(KeyboardInterrupt), dying(at):
        roll_back(database, client, settings)
    return newest_rebuild(database)


def test_a_broken_off_rollback_to_an_index_that_went_is_no_dead_end(
    filled: Database, client: Elasticsearch, engine_settings: Settings
) -> None:
    spare = rebuild(filled, client, engine_settings, ["stad"]).indexes["stad"]
    now = rebuild(filled, client, engine_settings, ["stad"]).indexes["stad"]
    for end in ("resume", "rebuild"):
        left = break_off_rollback(filled, client, engine_settings, "rebuild.rollback")
        client.indices.delete(index=spare)
        if end == "resume":
            [undone] = resume(filled, client, engine_settings)
            assert undone.undone == f"the engine has no index {spare} any more"
            assert searched(client, engine_settings, "stad") == now
        spare, now = now, rebuild(filled, client, engine_settings, ["stad"]).indexes["stad"]
        with filled.read() as session:
            assert session.get_one(Rebuild, left.id).step == UNDONE
        assert searched(client, engine_settings, "stad") == now
        assert states(filled) == {spare: SPARE, now: LIVE}


def test_a_broken_off_rollback_is_undone_when_asked_until_it_has_switched(
    filled: Database, client: Elasticsearch, engine_settings: Settings
) -> None:
    """The spare stays then; what has switched is carried on."""
    spare = rebuild(filled, client, engine_settings, ["stad"]).indexes["stad"]
    now = rebuild(filled, client, engine_settings, ["stad"]).indexes["stad"]
    left = break_off_rollback(filled, client, engine_settings, "rebuild.rollback")
    [undone] = resume(filled, client, engine_settings, undo=True)
    assert (undone.rebuild, undone.undone) == (left.id, "asked for")
    began, undo = trail(filled)
    assert (began.action, began.details) == ("index.rollback", {"rebuild": left.id, "indexes": {"stad": spare}})
    assert (undo.action, undo.details["rebuild"]) == ("index.undo", left.id)
    assert searched(client, engine_settings, "stad") == now
    assert client.indices.exists(index=spare)
    assert states(filled) == {spare: SPARE, now: LIVE}
    break_off_rollback(filled, client, engine_settings, "rebuild.swapped")
    [ended] = resume(filled, client, engine_settings, undo=True)
    assert ended.built
    assert searched(client, engine_settings, "stad") == spare
    assert states(filled) == {spare: LIVE, now: SPARE}


@pytest.mark.parametrize(
    ("lost", "end"),
    [("stad", "resume"), ("regio", "undo"), ("stad", "rebuild"), ("regio", "rebuild of the other")],
)
def test_one_of_several_that_switched_and_then_lost_an_index_is_no_dead_end(
    filled: Database, client: Elasticsearch, engine_settings: Settings, lost: str, end: str
) -> None:
    """What switched stays so, and the showcase of the lost index goes on with the one it had."""
    [other] = {"stad", "regio"} - {lost}
    spares = rebuild(filled, client, engine_settings).indexes
    now = rebuild(filled, client, engine_settings).indexes
    left = break_off_rollback(filled, client, engine_settings, "rebuild.swapped")
    client.indices.delete(index=spares[lost])
    if end.startswith("rebuild"):
        built = rebuild(filled, client, engine_settings, [other] if end == "rebuild of the other" else ()).indexes
        assert built.keys() == {"stad", "regio"}
        assert {code: searched(client, engine_settings, code) for code in built} == built
    else:
        with pytest.raises(RebuildFailed, match="hallowerk index resume"):
            roll_back(filled, client, engine_settings)
        [done] = resume(filled, client, engine_settings, undo=end == "undo")
        assert done.built
        assert (done.built.indexes, done.lost) == ({other: spares[other]}, {lost: spares[lost]})
        assert states(filled) == {spares[other]: LIVE, now[other]: SPARE, now[lost]: LIVE}
        assert reconcile(filled, client, engine_settings).aliased == (lost,)
        assert searched(client, engine_settings, lost) == now[lost]
    with filled.read() as session:
        assert session.get_one(Rebuild, left.id).ended_at
    forget_changes(filled)
    assert all(one.agrees for one in verify(filled, client, engine_settings))


def test_a_rebuild_of_several_that_switched_and_then_lost_an_index_is_done_again_for_it(
    filled: Database, client: Elasticsearch, engine_settings: Settings
) -> None:
    rebuild(filled, client, engine_settings)
    with pytest.raises(KeyboardInterrupt), dying("rebuild.swapped"):
        rebuild(filled, client, engine_settings)
    left = newest_rebuild(filled)
    client.indices.delete(index=left.indexes["regio"])
    built = rebuild(filled, client, engine_settings)
    assert newest_rebuild(filled).id > left.id
    assert {code: searched(client, engine_settings, code) for code in ("stad", "regio")} == built.indexes
    assert all(one.agrees for one in verify(filled, client, engine_settings))


def test_one_that_goes_wrong_holds_up_no_other(
    filled: Database, client: Elasticsearch, engine_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(_: Progress) -> None:
        raise KeyboardInterrupt

    def never_green(found: Elasticsearch, indexes: Sequence[str], *rest: Any) -> None:
        if indexes == [spare]:
            raise TargetError("not green")
        open_indexes(found, indexes, *rest)

    spare = rebuild(filled, client, engine_settings, ["stad"]).indexes["stad"]
    rebuild(filled, client, engine_settings, ["stad"])
    left = break_off_rollback(filled, client, engine_settings, "rebuild.rollback")
    with pytest.raises(KeyboardInterrupt):
        rebuild(filled, client, engine_settings, ["regio"], report=stop)
    monkeypatch.setattr(run, "open_indexes", never_green)
    with pytest.raises(TargetError, match="not green"):
        resume(filled, client, engine_settings)
    assert searched(client, engine_settings, "regio") == newest_rebuild(filled).indexes["regio"]
    with filled.read() as session:
        assert session.get_one(Rebuild, left.id).error == "not green"


def test_there_must_be_something_to_go_back_to(
    filled: Database, client: Elasticsearch, engine_settings: Settings
) -> None:
    with pytest.raises(RebuildFailed, match="no index to go back to"):
        roll_back(filled, client, engine_settings)
    rebuild(filled, client, engine_settings)
    with pytest.raises(RebuildFailed, match="showcase stad has no index to go back to"):
        roll_back(filled, client, engine_settings, ["stad"])
