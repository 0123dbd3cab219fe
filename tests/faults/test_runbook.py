"""The runbook of docs/operations.md, followed: each trouble is made, and the commands that stand there mend it."""

from __future__ import annotations

import re
import shlex
import signal
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson
import pytest
from sqlalchemy import delete, func, select, update

from indexer.changes import drain
from indexer.targets import create_index, index_name, new_build
from matching.accounts.records import AuditEntry
from matching.candidates.records import Candidate
from matching.search.mapping import index_body
from matching.settings import PROJECT_ROOT, Settings
from matching.storage.database import Database
from matching.taxonomy.records import PlaceRow
from tests.support.command import hallowerk
from tests.support.engine import variables_of
from tests.support.house import House, open_house
from tests.support.indexing import live_index, newest_rebuild, states
from tests.support.processes import running
from tests.support.profiles import spoil
from tests.support.waiting import wait_until

pytestmark = pytest.mark.requirement("ROLE-22")

_SECTION = re.compile(r"^\*\*(?P<title>[^*]+?)[.?]?\*\*(?P<text>.*?)(?=^\*\*|^## |\Z)", re.M | re.S)
RUNBOOK = {
    found["title"]: " ".join(found["text"].split())
    for found in _SECTION.finditer((PROJECT_ROOT / "docs/operations.md").read_text())
}
#: Sections without a command to run, or with one that other tests run in the same trouble.
SHOWN_BY = {
    "The engine was away, or its disk was full": ("test_engine_network.py", "test_engine_state.py"),
    "A deploy": ("test_stopping.py", "test_two_releases.py"),
    "Our own disk is full": ("test_full_disk.py",),
    "Synonyms": ("test_synonym_faults.py",),
    "Mail waits, or failed": ("../integration/test_outbox.py", "../integration/test_smtp.py"),
}
FOREGROUND = {"hallowerk relay", "hallowerk worker"}


class Shell:
    """Runs the commands of one section of the runbook on a house; `left` are those that were not run yet."""

    def __init__(self, house: House, folder: Path, title: str) -> None:
        self._house, self._folder = house, folder
        self._commands = set(re.findall(r"`(hallowerk [^`]+)`", RUNBOOK[title]))
        self.left = set(self._commands)

    def run(self, command: str, *more: str, code: int = 0) -> str:
        """Run a command that stands in the section, with more words behind it; what it says."""
        assert command in self._commands, f"the runbook does not say `{command}`"
        self.left.discard(command)
        return self.do(*shlex.split(command)[1:], *more, code=code)

    def do(self, *words: str, code: int = 0, **variables: str) -> str:
        """Run `hallowerk` with these words; what it says."""
        settings = self._house.settings
        done = hallowerk(
            self._folder,
            *words,
            DATABASE_URL=settings.database_url,
            HALLOWERK_LEASE_S=str(settings.lease_s),
            **variables_of(settings),
            **variables,
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout + done.stderr

    def start(self, *commands: str) -> None:
        """Say that these run in the foreground."""
        self.left -= set(commands)


@pytest.fixture
def house(sqlite_database: Database, engine_settings: Settings) -> House:
    """An installation with five candidates in 'stad', indexed."""
    return open_house(sqlite_database, engine_settings)


def waits(house: House, shell: Shell, tmp_path: Path) -> None:
    """Nobody listens to the change log, then to the queue, then there is no broker in use at all."""
    house.rename(1, "Eerst")
    assert "change log, candidate: 1 waiting" in shell.run("hallowerk queues")
    with running(house.settings, tmp_path, "relay"):
        wait_until(house.in_queue, "the change is in the queue")
        assert re.search(r"queue changes: [1-9]\d* waiting", shell.run("hallowerk queues"))
        with running(house.settings, tmp_path, "worker"):
            house.wait_for(1, "Eerst")
    shell.start("hallowerk relay", "hallowerk worker")
    house.rename(2, "Daarna")
    assert "1 writes" in shell.run("hallowerk index update")


def is_due(house: House, shell: Shell, tmp_path: Path) -> None:
    """The live index was made by another builder."""
    index = live_index(house.database, "stad")
    meta = house.client.indices.get_mapping(index=index)[index]["mappings"]["_meta"]
    meta["fingerprint"]["builder"] = "of another release"
    house.client.indices.put_mapping(index=index, meta=meta)
    assert "rebuild due" in shell.do("index", "status")
    shell.run("hallowerk index rebuild", "--showcase", "stad")
    assert "rebuild due" not in shell.do("index", "status")


def stopped(house: House, shell: Shell, tmp_path: Path) -> None:
    """A rebuild is killed in the midst of its fill."""
    shell.do("index", "rebuild", code=-signal.SIGKILL, HALLOWERK_TESTING="1", HALLOWERK_FAILPOINT="rebuild.filling")
    before = live_index(house.database, "stad")
    deadline = time.monotonic() + 60
    while live_index(house.database, "stad") == before:  # its lease has to end first
        assert time.monotonic() < deadline
        shell.run("hallowerk index resume")


def held_at_the_gate(house: House, shell: Shell, tmp_path: Path) -> None:
    """The engine refuses too many; undone, mended, and passed with a reason."""
    before = live_index(house.database, "stad")
    _refuse(house, 1, 2)
    shell.do("index", "rebuild", code=1)
    assert "refused 2 of 5" in shell.run("hallowerk index status")
    assert live_index(house.database, "stad") == before
    shell.run("hallowerk index resume --undo")
    shell.do("index", "rebuild", code=1)
    _accept(house)
    shell.do("index", "dead-letters", "replay", "--all")
    shell.run("hallowerk index resume")
    mended = live_index(house.database, "stad")
    assert mended != before
    _refuse(house, 1, 2)
    shell.do("index", "rebuild", code=1)
    shell.run('hallowerk index resume --force "why"', code=1)  # says that listings are still refused
    assert live_index(house.database, "stad") != mended
    with house.database.read() as session:
        forced = select(AuditEntry.details).where(AuditEntry.action == "index.force")
        assert session.execute(forced).scalar_one()["reason"] == "why"
    _accept(house)
    shell.do("index", "dead-letters", "replay", "--all")


def wrong_people(house: House, shell: Shell, tmp_path: Path) -> None:
    """Back to the index of before, which had the changes and erasures since; forward again; and a way that is left."""
    before = live_index(house.database, "stad")
    shell.do("index", "rebuild")
    after = live_index(house.database, "stad")
    with house.database.write() as session:
        session.execute(delete(Candidate).where(Candidate.id == 2))
    house.rename(1, "Sindsdien")
    shell.do("index", "update")
    shell.run("hallowerk index rollback")
    assert live_index(house.database, "stad") == before
    house.wait_for(1, "Sindsdien")
    house.wait_for(2, None)
    shell.run("hallowerk index rollback")
    assert live_index(house.database, "stad") == after
    shell.do("index", "rollback", code=-signal.SIGKILL, HALLOWERK_TESTING="1", HALLOWERK_FAILPOINT="rebuild.rollback")
    deadline = time.monotonic() + 60
    while newest_rebuild(house.database).ended_at is None:  # its lease has to end first
        assert time.monotonic() < deadline
        shell.run("hallowerk index resume --undo")
    assert live_index(house.database, "stad") == after
    shell.run("hallowerk index reconcile")


def dead_letters(house: House, shell: Shell, tmp_path: Path) -> None:
    """Two listings are refused; one is mended and tried again, of the other the letter goes."""
    _refuse(house, 1, 2)
    shell.do("index", "update", code=1)
    letters = orjson.loads(shell.run("hallowerk index dead-letters list", "--json"))["letters"]
    number = {letter["candidate"]: str(letter["number"]) for letter in letters}
    _accept(house)
    assert "discard" in RUNBOOK["Dead letters"]
    shell.run("hallowerk index dead-letters replay", number[1])
    shell.do("index", "dead-letters", "discard", number[2])
    shell.do("index", "reconcile")


def is_right(house: House, shell: Shell, tmp_path: Path) -> None:
    """Somebody edited a listing, emptied the index, and took the alias off."""
    alias = f"{house.settings.index_prefix}-stad"
    shell.run("hallowerk index verify", "--full")
    house.client.update(index=alias, id="1", doc={"name": "Met de hand"}, refresh=True)
    shell.run("hallowerk index verify", code=1)
    shell.run("hallowerk index reconcile")
    house.wait_for(1, "Naam1")
    index = live_index(house.database, "stad")
    house.client.delete_by_query(index=index, query={"match_all": {}}, refresh=True)
    house.client.indices.delete_alias(index=index, name=alias)
    shell.run("hallowerk index verify", code=1)
    shell.run("hallowerk index reconcile")
    house.client.indices.delete(index=live_index(house.database, "stad"))
    shell.run("hallowerk index verify", code=1)
    shell.run("hallowerk index reconcile")
    shell.run("hallowerk index verify", "--full")


def engine_is_empty(house: House, shell: Shell, tmp_path: Path) -> None:
    """All indexes are gone."""
    house.client.indices.delete(index=",".join(states(house.database)))
    shell.run("hallowerk index rebuild")


def restored(house: House, shell: Shell, tmp_path: Path) -> None:
    """The database is one of before the last changes; the indexes know those."""
    path = Path(house.database.url.database or "")
    backup = path.with_name("backup.db")
    house.database.close()
    backup.write_bytes(path.read_bytes())
    house.rename(1, "Na de back-up")
    shell.do("index", "update")
    house.database.close()
    for beside in path.parent.glob(f"{path.name}-*"):
        beside.unlink()
    path.write_bytes(backup.read_bytes())
    shell.run("hallowerk database restored")
    house.rename(2, "Na het herstel")
    assert "rebuild" in shell.do("index", "update", code=1)
    shell.run("hallowerk index rebuild")
    shell.do("index", "update")
    house.wait_for(1, "Naam1")


def erased(house: House, shell: Shell, tmp_path: Path) -> None:
    """A delete marker; neither a rollback nor a replay brings the listing back."""
    shell.do("index", "rebuild")
    marker = tmp_path / "gone.jsonl"
    marker.write_bytes(orjson.dumps({"external_id": "test-3", "deleted": True}) + b"\n")
    shell.run("hallowerk candidates import", str(marker))
    shell.do("index", "update")
    house.wait_for(3, None)
    shell.do("index", "rollback")
    house.wait_for(3, None)
    with house.database.read() as session:
        assert session.execute(select(func.count()).select_from(Candidate)).scalar_one() == 4


def pile_up(house: House, shell: Shell, tmp_path: Path) -> None:
    """A crash two hours ago left an index that nobody knows."""
    shell.do("index", "rebuild")
    kept = set(states(house.database))
    left = index_name(house.settings.index_prefix, "stad", new_build(datetime.now(UTC) - timedelta(hours=2)))
    create_index(house.client, left, index_body(), {})
    assert left in shell.run("hallowerk index prune")
    assert set(house.client.indices.get(index=f"{house.settings.index_prefix}-*")) == kept


Scenario = Callable[[House, Shell, Path], None]
SCENARIOS: dict[str, Scenario] = {
    "Changes wait for more than a minute": waits,
    "A rebuild is due": is_due,
    "A rebuild stopped": stopped,
    "A rebuild is held at the gate": held_at_the_gate,
    "The new index finds the wrong people": wrong_people,
    "Dead letters": dead_letters,
    "Is the index right": is_right,
    "The engine is empty": engine_is_empty,
    "The database was restored from a backup": restored,
    "Somebody must be erased": erased,
    "Indexes pile up": pile_up,
}


def _refuse(house: House, *keys: int) -> None:
    with house.database.write() as session:
        spoil(session, keys)


def _accept(house: House) -> None:
    with house.database.write() as session:
        session.execute(update(PlaceRow).where(PlaceRow.id == "nergens").values(lat=52.0))


def test_every_section_of_the_runbook_is_followed_by_a_test() -> None:
    assert RUNBOOK.keys() == SCENARIOS.keys() | SHOWN_BY.keys()
    here = Path(__file__).parent
    assert [name for names in SHOWN_BY.values() for name in names if not (here / name).exists()] == []


@pytest.mark.parametrize("title", SCENARIOS)
def test_the_commands_of_the_runbook_mend_it(house: House, tmp_path: Path, title: str) -> None:
    shell = Shell(house, tmp_path, title)
    SCENARIOS[title](house, shell, tmp_path)
    assert shell.left == set(), "the runbook says more than was run"
    drain(house.database, house.client, house.settings)
    house.agree()
