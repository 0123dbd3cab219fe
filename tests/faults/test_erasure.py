"""Somebody is erased while an index is being rebuilt: gone everywhere, and nothing brings them back (F21)."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import orjson
import pytest
from PIL import Image
from sqlalchemy import delete, inspect, select, text, update

from indexer.celery import make_app
from indexer.queues import CHANGES, Broker
from indexer.rebuild.run import rebuild
from indexer.tasks import INDEX
from matching.accounts.policy import ACCOUNT_MANAGER
from matching.accounts.records import Organisation, ShowcaseAccess
from matching.candidates.records import Candidate, CandidateMedia, Showcase
from matching.settings import Settings
from matching.storage.changes import CANDIDATE, note_changes
from matching.storage.database import Database
from matching.storage.index_state import DeadLetter
from tests.support.house import House, open_house
from tests.support.indexing import forget_changes, live_index, states, stubs
from tests.support.intake import profile
from tests.support.pages import sign_in
from tests.support.processes import running
from tests.support.profiles import spoil
from tests.support.proxy import hold, proxy_before
from tests.support.signed_in import make_account
from tests.support.site import EMAIL
from tests.support.waiting import wait_until
from web.app import create_app

#: Words that stand in nobody else's profile; what is left of a person would have one of them.
NAME, PHONE, MAIL, TEXT = "Zwaantje Vergeetmij", "06 00009999", "zwaantje@voorbeeld.example", "verdwijnzin"
WORDS = ("Zwaantje", "00009999", "zwaantje@", TEXT, "Wegweg")
WITHIN_S = 60
#: Longer than a busy machine takes between two looks at what is held.
LEASE_S = 20.0


@pytest.fixture
def house(sqlite_database: Database, engine_settings: Settings) -> House:
    """With files as its broker, a spare index, and an account manager who may see everybody."""
    house = open_house(sqlite_database, engine_settings)
    house = replace(house, settings=house.settings.model_copy(update={"lease_s": LEASE_S}))
    with house.database.write() as session:
        organisation = Organisation(code="gemeente", name="Gemeente")
        session.add(organisation)
        session.flush()
        [stad] = session.scalars(select(Showcase.id))
        session.add(ShowcaseAccess(organisation_id=organisation.id, showcase_id=stad))
        number = organisation.id
        session.execute(delete(CandidateMedia))  # made up without files, which an export would look for
    make_account(house.database, number, EMAIL, [ACCOUNT_MANAGER])
    forget_changes(house.database)
    rebuild(house.database, house.client, house.settings)
    return house


@pytest.fixture
def person(house: House, tmp_path: Path) -> int:
    """Somebody in every index, with a photo that was brought a moment ago, whose last change the engine refused."""
    noise = random.Random(1).randbytes(90 * 90 * 3)
    Image.frombytes("RGB", (90, 90), noise).save(tmp_path / "photo.png")
    private = {"phone": PHONE, "email": MAIL, "address": "Wegweg 1", "about": TEXT}
    bring(house, tmp_path, profile("K-1", name=NAME, showcases=["stad"], photos=[{"file": "photo.png"}], **private))
    rebuild(house.database, house.client, house.settings)
    with house.database.write() as session:
        key = session.execute(select(Candidate.id).where(Candidate.name == NAME)).scalar_one()
        spoil(session, [key])
    run(house, tmp_path, "index", "update", code=1)
    with house.database.read() as session:
        assert session.execute(select(DeadLetter.candidate_id)).scalars().all()
    return key


def bring(house: House, folder: Path, line: dict[str, object], *more: str) -> None:
    """Import one line."""
    file = folder / "line.jsonl"
    file.write_bytes(orjson.dumps(line))
    run(house, folder, "candidates", "import", str(file), *more)
    file.unlink()


def run(house: House, folder: Path, *arguments: str, code: int = 0) -> None:
    """Run a command to its end."""
    with running(house.settings, folder, *arguments) as process:
        assert process.wait() == code, process.log.read_text()


def media(house: House) -> list[Path]:
    """Photos and documents that are kept, and notes about them."""
    return [path for path in house.settings.media_dir.glob("*/**/*") if path.is_file()]


def found(content: str) -> set[str]:
    """What of the person stands in this."""
    return {word for word in WORDS if word.casefold() in content.casefold()}


def in_indexes(house: House) -> set[str]:
    """What of the person stands in any index, whoever uses it."""
    pattern = f"{house.settings.index_prefix}-*"
    house.client.indices.refresh(index=pattern)
    hits = house.client.search(index=pattern, size=1_000, query={"match_all": {}})["hits"]["hits"]
    return found(orjson.dumps(hits).decode())


def in_tables(house: House) -> set[str]:
    """What of the person stands in any table: record, change log, dead letters, ledger, audit trail and all others."""
    rows: list[object] = []
    with house.database.read() as session:
        for table in inspect(session.connection()).get_table_names():
            rows += session.execute(text(f'SELECT * FROM "{table}"')).all()  # noqa: S608 - names of tables
    return found(repr(rows))


def in_files(*files: Path) -> set[str]:
    """What of the person stands in these files."""
    return {word for file in files for word in found(file.read_text(errors="replace"))}


def in_export(house: House, folder: Path) -> set[str]:
    """What of the person stands in an export made now."""
    target = folder / "export.jsonl"
    run(house, folder, "candidates", "export", str(target), "--media", str(folder / "export.media"))
    try:
        return in_files(target)
    finally:
        target.unlink()


def messages(house: House) -> list[Path]:
    """Messages that wait for a worker."""
    return [file for file in house.settings.broker_dir.iterdir() if not file.name.startswith(".")]


def test_an_erasure_during_a_rebuild(house: House, person: int, tmp_path: Path) -> None:
    """F21: the rebuild has read the person already, and its bulk arrives after the erasure."""
    browser = sign_in(create_app(house.settings))
    page = f"/kandidaten/stad/{person}"
    with house.database.read() as session:
        medium = session.execute(select(CandidateMedia.id)).scalar_one()
    photo = f"{page}/bestand/{medium}"
    assert [browser.get(path).status_code for path in (page, photo)] == [200, 200]
    assert in_indexes(house) == {"Zwaantje", TEXT}
    assert in_export(house, tmp_path) == in_tables(house) == set(WORDS)
    unspoil(house, person)
    with proxy_before(house.settings.elasticsearch_url) as proxy, running(house.settings, tmp_path, "relay"):
        behind = house.settings.model_copy(update={"elasticsearch_url": proxy.url})
        proxy.fail(hold, on="/_bulk")
        with running(behind, tmp_path, "index", "rebuild") as rebuilding:
            wait_until(lambda: proxy.done["held"], "the fill is on its way")
            bring(house, tmp_path, {"external_id": "K-1", "deleted": True}, "--no-index")
            assert [browser.get(path).status_code for path in (page, photo)] == [404, 404]
            assert NAME not in browser.get("/kandidaten/stad/").get_data(as_text=True)
            assert media(house) == []
            wait_until(lambda: messages(house), "the workers are told")
            assert in_files(*messages(house)) == set()
            with running(house.settings, tmp_path, "worker"):
                house.wait_for(person, None)
                wait_until(lambda: not in_indexes(house), "gone from every index", WITHIN_S)
                assert {"filling", "live", "spare"} <= set(states(house.database).values())
                proxy.release()
                assert rebuilding.wait(WITHIN_S) == 0
                assert proxy.done["delivered"]
                assert in_indexes(house) == set()
                for late in (replay, rollback, late_message):
                    late(house, tmp_path, person)
                    wait_until(lambda: not house.waiting() and not house.in_queue(), "all is done")
                    assert house.name_of(person) is None
                    assert in_indexes(house) == set()
    assert in_tables(house) == set()
    assert in_export(house, tmp_path) == set()
    assert in_files(*tmp_path.glob("*.log")) == set()
    assert stubs(house.client, live_index(house.database, "stad")) == {person}
    house.agree()


def test_an_erasure_by_plain_sql(house: House, person: int, tmp_path: Path) -> None:
    """F21: another program deletes the row, and nobody runs a command of ours."""
    assert media(house)
    with running(house.settings, tmp_path, "relay"), running(house.settings, tmp_path, "worker"):
        with house.database.write() as session:
            session.execute(delete(Candidate).where(Candidate.id == person))
        wait_until(lambda: not media(house), "the photo is gone", WITHIN_S)
        wait_until(lambda: not in_indexes(house), "gone from every index", WITHIN_S)
    assert in_tables(house) == set()


def unspoil(house: House, key: int) -> None:
    """Let the engine take this candidate again; the dead letter stays until it is written."""
    with house.database.write() as session:
        session.execute(update(Candidate).where(Candidate.id == key).values(place_id=None))
    forget_changes(house.database)


def replay(house: House, folder: Path, key: int) -> None:
    """A dead letter about the person, of a write that was late, is tried again."""
    with house.database.write() as session:
        letter = {"showcase": "stad", "candidate_id": key, "version": 1, "status": 400, "reason": "x"}
        now = session.execute(select(Candidate.updated_at).limit(1)).scalar_one()
        session.add(DeadLetter(index=live_index(house.database, "stad"), at=now, **letter))
    run(house, folder, "index", "dead-letters", "replay", "--all")


def rollback(house: House, folder: Path, _key: int) -> None:
    """Searches use the index of before the erasure again."""
    before = live_index(house.database, "stad")
    run(house, folder, "index", "rollback")
    assert live_index(house.database, "stad") != before


def late_message(house: House, _folder: Path, key: int) -> None:
    """A message about the person comes once more, and the log says that they changed."""
    with house.database.write() as session:
        note_changes(session, CANDIDATE, [key])
    with Broker(make_app(house.settings)) as broker:
        broker.send(INDEX, CHANGES, [key])
