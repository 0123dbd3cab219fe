"""What a deploy ends, or a machine stops for a while, in the midst of its work (F11, F18)."""

from __future__ import annotations

import os
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path

import orjson
import pytest
from elasticsearch import ApiError, Elasticsearch
from sqlalchemy import delete, func, select, update

from indexer.queues import CHANGES
from matching.accounts.audit import broken_lines
from matching.accounts.records import AuditEntry
from matching.candidates.records import Candidate, CandidateShowcase, Showcase
from matching.settings import Settings
from matching.storage.changes import Change
from matching.storage.database import Database
from tests.support.house import House, open_house
from tests.support.indexing import live_index, newest_rebuild, stubs
from tests.support.intake import profile
from tests.support.processes import running, stopping_after
from tests.support.proxy import Exchange, Proxy, hold, proxy_before
from tests.support.site import web_server
from tests.support.visitor import Page, Visitor
from tests.support.waiting import wait_until
from web.commands import TERMINATED


@pytest.fixture
def house(sqlite_database: Database, engine_settings: Settings) -> House:
    """With files as its broker."""
    return open_house(sqlite_database, engine_settings)


@pytest.fixture
def proxy(engine_settings: Settings) -> Iterator[Proxy]:
    """A proxy before the engine; nothing is in its way yet."""
    with proxy_before(engine_settings.elasticsearch_url) as proxy:
        yield proxy


def behind(proxy: Proxy, settings: Settings) -> Settings:
    """These settings, for a process whose engine is behind the proxy."""
    return settings.model_copy(update={"elasticsearch_url": proxy.url})


def claims(house: House) -> int:
    """Rows of the change log that somebody has claimed."""
    with house.database.read() as session:
        return session.execute(select(func.count()).select_from(Change).where(Change.claim.is_not(None))).scalar_one()


def test_a_worker_that_must_end_in_mid_bulk_finishes_it(house: House, proxy: Proxy, tmp_path: Path) -> None:
    """F18: nobody else runs afterwards, so it was this one that finished."""
    with running(house.settings, tmp_path, "relay"):
        proxy.fail(hold, on="/_bulk")
        with running(behind(proxy, house.settings), tmp_path, "worker") as worker:
            house.rename(1, "Anders")
            wait_until(lambda: proxy.done["held"], "the bulk is on its way")
            worker.ask_to_end()
            assert house.name_of(1) == "Naam1"
            proxy.release()
            assert worker.wait() == 0
        house.wait_for(1, "Anders")
        house.agree()


def test_a_worker_that_must_end_does_not_wait_for_a_silent_engine(house: House, proxy: Proxy, tmp_path: Path) -> None:
    """F18: its claim is free at once; and its bulk does no harm when it arrives after all."""
    with running(house.settings, tmp_path, "relay"):
        proxy.fail(hold, on="/_bulk")
        with running(behind(proxy, house.settings), tmp_path, "worker") as worker:
            house.rename(1, "Anders")
            wait_until(lambda: proxy.done["held"], "the bulk is on its way")
            assert claims(house)
            assert worker.end() == 0
        assert (house.waiting(), claims(house)) == (1, 0)
        house.rename(1, "Weer anders")
        with running(house.settings, tmp_path, "worker"):
            house.wait_for(1, "Weer anders")
        proxy.release()
        wait_until(lambda: proxy.done["delivered"], "the late bulk has arrived")
        house.client.indices.refresh(index=live_index(house.database, "stad"))
        assert house.name_of(1) == "Weer anders"
        house.agree()


def test_a_relay_ends_while_its_broker_is_silent(house: House, tmp_path: Path) -> None:
    """F18: what it could not tell the workers waits for the next one."""
    house.rename(1, "Anders")
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        deaf = house.settings.model_copy(update={"redis_url": f"redis://127.0.0.1:{silent.getsockname()[1]}/0"})
        with running(deaf, tmp_path, "relay") as relay, silent.accept()[0]:
            assert relay.end() == 0
    with running(house.settings, tmp_path, "relay"), running(house.settings, tmp_path, "worker"):
        house.wait_for(1, "Anders")
    house.agree()


@pytest.mark.parametrize("command", [("index", "update"), ("candidates", "import")])
def test_a_command_that_must_end_in_mid_bulk_gives_back_what_it_claimed(
    house: House, proxy: Proxy, tmp_path: Path, command: tuple[str, ...]
) -> None:
    """F18: the engine is silent, and the next one to come need not wait for a lease to end."""
    lines = tmp_path / "profiles.jsonl"
    lines.write_bytes(orjson.dumps(profile("K-1", showcases=["stad"], intro="nieuw")))
    house.rename(1, "Anders")
    proxy.fail(hold, on="/_bulk")
    more = [str(lines)] if command[0] == "candidates" else []
    with running(behind(proxy, house.settings), tmp_path, *command, *more) as process:
        wait_until(lambda: proxy.done["held"], "the bulk is on its way")
        assert claims(house)
        assert process.end() == TERMINATED
        said = process.log.read_text()
    assert "Broken off by SIGTERM" in said
    assert "Traceback" not in said
    assert (bool(house.waiting()), claims(house)) == (True, 0)
    with running(house.settings, tmp_path, "index", "update") as process:
        assert process.wait() == 0
    house.wait_for(1, "Anders")
    house.agree()


def test_a_rebuild_that_must_end_in_mid_bulk_is_carried_on_with_at_once(
    house: House, proxy: Proxy, tmp_path: Path
) -> None:
    """F18: searches keep their index, and the row in SQL is in nobody's hands."""
    before = live_index(house.database, "stad")
    patient = behind(proxy, house.settings).model_copy(update={"lease_s": 60.0})
    proxy.fail(hold, on="/_bulk")
    with running(patient, tmp_path, "index", "rebuild") as process:
        wait_until(lambda: proxy.done["held"], "the fill is on its way")
        assert process.end() == TERMINATED
        assert "Traceback" not in process.log.read_text()
    left = newest_rebuild(house.database)
    assert (left.ended_at, left.lease_until, left.step) == (None, None, "fill")
    assert live_index(house.database, "stad") == before
    with running(house.settings, tmp_path, "index", "resume") as process:
        assert process.wait() == 0
    proxy.release()
    wait_until(lambda: proxy.done["delivered"], "the late bulk has arrived")
    assert live_index(house.database, "stad") == left.indexes["stad"]
    house.agree()


def test_an_import_that_must_end_between_two_batches_is_carried_on_by_running_it_again(
    house: House, tmp_path: Path
) -> None:
    """F18: another writer holds it up after its first batches; what landed is whole, and noted in the trail."""
    file = tmp_path / "profiles.jsonl"
    people = [profile(f"K-{number}", showcases=["stad"]) for number in range(3_000)]
    file.write_bytes(b"\n".join(map(orjson.dumps, people)))
    command = ("candidates", "import", str(file), "--no-index")
    with running(house.settings, tmp_path, *command) as process:
        wait_until(lambda: imported(house) > 0, "a batch has landed", 60)
        with house.database.write():
            process.ask_to_end()
        assert process.wait() == TERMINATED
    landed = imported(house)
    assert landed in range(500, 3_000, 500)
    with house.database.read() as session:
        [line] = session.scalars(select(AuditEntry).where(AuditEntry.action == "candidates.import"))
    assert line.details["new"] == landed
    with running(house.settings, tmp_path, *command) as process:
        assert process.wait() == 0
    assert imported(house) == 3_000
    assert f"{3_000 - landed} new, 0 changed, {landed} unchanged" in process.log.read_text()
    with running(house.settings, tmp_path, "index", "update") as process:
        assert process.wait() == 0
    house.agree()


def imported(house: House) -> int:
    """Candidates that an import brought."""
    with house.database.read() as session:
        return session.execute(
            select(func.count()).select_from(Candidate).where(Candidate.external_id.like("K-%"))
        ).scalar_one()


def let_pass(exchange: Exchange) -> None:
    """Pass a request on, and count it."""
    answer = exchange.forward()
    exchange.count("passed")
    exchange.reply(answer)


def forgets_deletes(client: Elasticsearch, index: str) -> bool:
    """Whether the engine takes a write with a version below that of a delete by now; nothing is left of the try."""
    stub = {"gone": True, "written": 15, "bucket": 0}

    def write(version: int) -> None:
        client.index(index=index, id="delete-me", document=stub, version=version, version_type="external")

    def remove(version: int) -> None:
        client.delete(index=index, id="delete-me", version=version, version_type="external")

    client.indices.refresh(index=index)
    try:
        write(15)
    except ApiError:
        return False
    remove(20)
    return True


@pytest.mark.parametrize(
    ("program", "bulks"),
    [
        (stopping_after("indexer.changes", "read_keys"), 0),
        (stopping_after("indexer.bulk", "__enter__", "BulkWriter"), 1),
    ],
    ids=["after its read", "right before its bulk"],
)
def test_a_worker_that_was_stopped_past_its_lease_brings_nothing_back(
    house: House, proxy: Proxy, tmp_path: Path, program: str, bulks: int
) -> None:
    """F11: meanwhile one candidate was changed and one deleted, and the engine has forgotten what deletes it had."""
    index = live_index(house.database, "stad")
    proxy.fail(let_pass, on="/_bulk")
    with running(house.settings, tmp_path, "relay"):
        with running(behind(proxy, house.settings), tmp_path, "worker", program=program) as late:
            with house.database.write() as session:
                session.execute(update(Candidate).where(Candidate.id.in_([1, 2])).values(name="Oud"))
            wait_until(lambda: late.stopped, "the stop", 60)
            with house.database.write() as session:
                session.execute(delete(Candidate).where(Candidate.id == 2))
            house.rename(1, "Anders")
            with running(house.settings, tmp_path, "worker", "--queue", CHANGES):
                house.wait_for(1, "Anders")
                house.wait_for(2, None)
            house.client.indices.put_settings(index=index, settings={"index.gc_deletes": "50ms"})
            forgets_deletes(house.client, index)  # leaves a delete behind
            wait_until(lambda: forgets_deletes(house.client, index), "the engine forgets deletes")
            assert proxy.done["passed"] == 0
            late.go_on()
            assert late.end() == 0
        assert proxy.done["passed"] == bulks
        house.client.indices.refresh(index=index)
        assert (house.name_of(1), house.name_of(2)) == ("Anders", None)
        assert stubs(house.client, index) == {2}
        house.agree()


@pytest.fixture
def somebody(demo_settings: Settings) -> int:
    """A candidate whom the showcase Rijnmond shows."""
    database = Database(demo_settings.database)
    with database.read() as session:
        shown = (
            CandidateShowcase.showcase_id == select(Showcase.id).where(Showcase.code == "rijnmond").scalar_subquery()
        )
        found = session.execute(select(func.min(CandidateShowcase.candidate_id)).where(shown)).scalar_one()
    database.close()
    return int(found)


@contextmanager
def asking(visitor: Visitor, path: str) -> Iterator[list[Page]]:
    """Ask for a page while the block runs; its answer is in the list after that, unless the connection broke off."""
    pages: list[Page] = []

    def ask() -> None:
        with suppress(OSError):
            pages.append(visitor.get(path))

    thread = threading.Thread(target=ask)
    thread.start()
    yield pages
    thread.join()


def views(database: Database, candidate: int) -> int:
    """How often the trail says that this candidate was looked at; its lines must follow from each other."""
    with database.read() as session:
        assert list(broken_lines(session)) == []
        viewed = AuditEntry.action == "candidates.view", AuditEntry.subject_key == str(candidate)
        return session.execute(select(func.count()).select_from(AuditEntry).where(*viewed)).scalar_one()


def test_a_page_whose_engine_is_silent_ends_in_an_error_page(demo_settings: Settings, somebody: int) -> None:
    """F18: the others are served meanwhile, and the trail has no line about what nobody saw."""
    database = Database(demo_settings.database)
    with (
        proxy_before(demo_settings.elasticsearch_url) as proxy,
        web_server(behind(proxy, demo_settings), HALLOWERK_SEARCH_TIMEOUT_S="1") as (address, _),
    ):
        visitor = Visitor(address)
        visitor.sign_in(demo_settings)
        path = f"/kandidaten/rijnmond/?kandidaat={somebody}"
        before = views(database, somebody)
        proxy.fail(hold, on="_msearch")
        with asking(visitor, path) as pages:
            wait_until(lambda: proxy.done["held"], "the search is on its way")
            assert visitor.get("/health/live").status == 200
        [page] = pages
        assert page.status == 503
        assert "Zoeken lukt nu even niet" in page.text
        assert views(database, somebody) == before
        proxy.release()
        assert visitor.get(path).status == 200
        assert views(database, somebody) == before + 1
    database.close()


@pytest.mark.parametrize("held", ["search", "trail"])
def test_a_web_worker_that_hangs_in_mid_page_is_replaced(demo_settings: Settings, somebody: int, held: str) -> None:
    """F18: it waits for the engine, or for its turn to write into the trail, when the machine stops it for good."""
    database = Database(demo_settings.database)
    with (
        proxy_before(demo_settings.elasticsearch_url) as proxy,
        web_server(behind(proxy, demo_settings), "--timeout", "2", HALLOWERK_SEARCH_TIMEOUT_S="30") as (
            address,
            master,
        ),
    ):
        visitor = Visitor(address)
        visitor.sign_in(demo_settings)
        path = f"/kandidaten/rijnmond/?kandidaat={somebody}"
        before = views(database, somebody)
        [worker] = children(master)
        proxy.fail(hold if held == "search" else let_pass, on="_msearch")
        with asking(visitor, path) as pages, database.write() if held == "trail" else nullcontext():
            wait_until(lambda: proxy.done["held"] or proxy.done["passed"], "the search is on its way")
            os.kill(worker, signal.SIGSTOP)
            wait_until(lambda: children(master) not in ([worker], []), "the worker is replaced", 60)
        assert pages == []
        proxy.release()
        assert views(database, somebody) == before
        assert visitor.get(path).status == 200
        assert views(database, somebody) == before + 1
    database.close()


def children(process: int) -> list[int]:
    """The processes that this one started and that live."""
    found = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    return [int(one) for one in found]
