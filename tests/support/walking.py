"""A database, an engine's double and a process that may be killed, for walks through what can happen to the index.

Death is what a power failure would be: from the failpoint on nothing that the process still tries reaches database or
engine. A late worker dies too, but its bulk stays on the wire and arrives whenever the walk says so, more than once.
"""

from __future__ import annotations

import sqlite3
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

from elasticsearch import ApiError
from sqlalchemy import delete, insert, select, update
from sqlalchemy.orm import Session

import indexer.rebuild.switch  # noqa: F401 - every module that has failpoints must be there to be patched
from indexer import failpoints
from indexer.bulk import EngineBusy, Patience
from indexer.catalogue import read_catalogue
from indexer.changes import WritesPaused, drain, index_candidates
from indexer.documents import ListingBuilder
from indexer.rebuild.context import RebuildFailed
from indexer.rebuild.lease import RebuildRunning
from indexer.rebuild.rollback import roll_back
from indexer.rebuild.run import rebuild, resume
from indexer.registry import registered
from indexer.stubs import KEPT_FOR, sweep_stubs
from indexer.targets import alias_name, live_target
from matching.candidates.listings import read_window
from matching.candidates.records import Candidate, CandidateShowcase
from matching.candidates.showcases import define, standard
from matching.settings import Settings
from matching.storage.changes import CANDIDATE, Change
from matching.storage.database import Database
from matching.storage.index_state import DeadLetter, Rebuild
from matching.storage.migrate import upgrade
from tests.support.engine_double import EngineDouble

SHOWCASES = ("noord", "zuid")
TEMPLATE, WALKED = "template.db", "walk.db"
AT_ONCE = Patience(0.0, 0.0, 0.001)
_LATEST_KEY = 10_000


class Dead(Exception):
    """The process was killed."""


class World:
    """The record, the engine, and what happened to both."""

    def __init__(self, folder: Path, indexes: Mapping[str, Any] | None = None) -> None:
        """A world as the folder's template says, with these indexes of `begin` in its engine.

        One at a time: the next one takes its connections over.
        """
        self.dead = False
        self.database = _database(folder)
        self.database.world = self
        _restore(folder)
        self.settings = Settings(
            state_dir=folder,
            database_url="",
            elasticsearch_url="http://double:9200",
            secret_key="for tests only, and long enough!",
            index_prefix="walk",
        )
        self.engine = _Wire(self)
        self.engine.indexes = deepcopy(dict(indexes or {}))
        self.client = self.engine.client()
        #: Bulks of dead workers that are still on their way.
        self.late: list[bytes] = []
        self.keep_bulks = False
        with self.database.write() as session:
            rows = read_catalogue(session).showcases
        self.showcases = {row.view.code: row.id for row in rows}

    def save(self, key: int, word: str) -> None:
        """Change a candidate, or make one under this key."""
        with self.database.write() as session:
            changed = update(Candidate).where(Candidate.id == key).values(intro=word).returning(Candidate.id)
            if session.execute(changed).first() is None:
                now = datetime(2026, 11, 1, tzinfo=UTC)
                row = {"id": key, "external_id": f"c{key}", "name": f"Kandidaat {key}", "intro": word}
                session.execute(insert(Candidate).values(**row, updated_at=now, fingerprint=""))

    def show(self, key: int, showcase: str) -> None:
        """Show a candidate in a showcase; nothing if there is none, or already shown."""
        row = {"candidate_id": key, "showcase_id": self.showcases[showcase]}
        with self.database.write() as session:
            if session.get(Candidate, key) and not session.get(CandidateShowcase, tuple(row.values())):
                session.execute(insert(CandidateShowcase).values(**row))

    def hide(self, key: int, showcase: str) -> None:
        """Withdraw a candidate from a showcase."""
        mine = CandidateShowcase.candidate_id == key, CandidateShowcase.showcase_id == self.showcases[showcase]
        with self.database.write() as session:
            session.execute(delete(CandidateShowcase).where(*mine))

    def remove(self, key: int) -> None:
        """Delete a candidate."""
        with self.database.write() as session:
            session.execute(delete(Candidate).where(Candidate.id == key))

    def work(self, keys: list[int] | None = None, dies_at: str = "") -> None:
        """A worker brings changes into the indexes, of all or of these candidates, unless it dies on the way."""
        with self._process(dies_at):
            if keys is None:
                drain(self.database, self.client, self.settings, patience=AT_ONCE)
            else:
                index_candidates(self.database, self.client, self.settings, keys, AT_ONCE)

    def work_late(self) -> None:
        """A worker's bulk stays on its way, and the worker is never heard of again."""
        self.keep_bulks = True
        try:
            self.work()
        finally:
            self.keep_bulks = False

    def deliver(self, number: int) -> None:
        """A late bulk arrives; it may arrive again."""
        if self.late:
            EngineDouble.answer(self.engine, "POST", "/_bulk", self.late[number % len(self.late)])

    def rebuild(self, dies_at: str = "") -> None:
        """Rebuild both showcases."""
        with self._process(dies_at):
            rebuild(self.database, self.client, self.settings, patience=AT_ONCE)

    def resume(self) -> None:
        """Carry on with, or undo, what was left."""
        with self._process():
            resume(self.database, self.client, self.settings, patience=AT_ONCE)

    def roll_back(self, dies_at: str = "") -> None:
        """Go back to the indexes before, where there are any."""
        with self._process(dies_at), suppress(RebuildFailed):
            roll_back(self.database, self.client, self.settings, patience=AT_ONCE)

    def sweep(self) -> None:
        """A day goes by: stubs are swept, and nothing that late is on its way any more."""
        self.late.clear()
        with self._process():
            sweep_stubs(self.database, self.client, datetime.now(UTC) + KEPT_FOR + timedelta(hours=1), AT_ONCE)

    def settle(self) -> None:
        """Let everything be carried on with, once."""
        self.resume()
        self.work()

    def differences(self) -> list[str]:
        """How live and spare indexes differ from what the record says now; empty when all agrees."""
        with self.database.read() as session:
            catalogue = read_catalogue(session)
            profiles = read_window(session, 0, _LATEST_KEY, catalogue.showcases)
            targets = registered(session, SHOWCASES)
            waiting = session.execute(select(Change.id).where(Change.kind == CANDIDATE)).scalars().all()
            letters = session.execute(select(DeadLetter.id)).scalars().all()
            unfinished = session.execute(select(Rebuild.step).where(Rebuild.ended_at.is_(None))).scalars().all()
        builder = ListingBuilder(catalogue.labels, (row.view for row in catalogue.showcases))
        listings = {
            (code, profile.single.id): listing.digest
            for profile in profiles
            for code, listing in builder.listings(profile)
        }
        found = [f"change {one} waits" for one in waiting] + [f"letter {one}" for one in letters]
        found += [f"a rebuild is at {step}" for step in unfinished]
        for code in SHOWCASES:
            live = live_target(targets[code])
            alias = alias_name(self.settings.index_prefix, code)
            behind = [name for name, index in self.engine.indexes.items() if alias in index.aliases]
            if live is None or behind != [live.index]:
                found.append(f"{code}: the alias is on {behind}, the registry says {live}")
            wanted = {key: digest for (showcase, key), digest in listings.items() if showcase == code}
            for target in targets[code]:
                stored = self.engine.documents(target.index)
                held = {int(key): source["digest"] for key, (_, source) in stored.items() if not source.get("gone")}
                if held != wanted:
                    found.append(f"{target.index} (live: {target.live}) holds {held}, the record says {wanted}")
        return found

    @contextmanager
    def _process(self, dies_at: str = "") -> Iterator[None]:
        def reached(name: str) -> None:
            if name == dies_at:
                self.dead = True
            if self.dead:
                raise Dead

        original = failpoints.reached
        _set_reached(reached)
        try:
            yield
        except (WritesPaused, RebuildRunning, EngineBusy):
            pass  # told to wait, or to repair first
        except (Dead, RebuildFailed, ApiError):
            if not self.dead:
                raise
        finally:
            self.dead = False
            _set_reached(original)
            self._leases_end()

    def _leases_end(self) -> None:
        """Time goes by: what a dead process held is free again."""
        with self.database.write() as session:
            session.execute(update(Change).values(claim=None, claimed_at=None))
            session.execute(update(Rebuild).where(Rebuild.ended_at.is_(None)).values(lease_until=None))


@cache
def _with_failpoints() -> list[ModuleType]:
    """The modules that call failpoints."""
    modules = [module for name, module in sys.modules.items() if name.startswith("indexer.")]
    return [module for module in modules if getattr(module, "reached", None) is failpoints.reached]


def _set_reached(reached: Callable[[str], None]) -> None:
    for module in _with_failpoints():
        vars(module)["reached"] = reached


class _Mortal(Database):
    """A database that a dead process can't reach."""

    world: World

    @contextmanager
    def read(self) -> Iterator[Session]:
        if self.world.dead:
            raise Dead
        with super().read() as session:
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        if self.world.dead:
            raise Dead
        with super().write() as session:
            yield session
            if self.world.dead:
                raise Dead


@cache
def _database(folder: Path) -> _Mortal:
    """One for all walks: SQLAlchemy's compiled statements are kept with it."""
    return _Mortal(f"sqlite:///{folder / WALKED}")


def _restore(folder: Path) -> None:
    """Make the database as it was at the start."""
    _copy(folder / TEMPLATE, folder / WALKED)


def _copy(from_: Path, to: Path) -> None:
    with closing(sqlite3.connect(from_)) as source, closing(sqlite3.connect(to)) as target:
        source.backup(target)


class _Wire(EngineDouble):
    """The engine behind a connection that ends with its process, and that keeps the bulks of late ones."""

    def __init__(self, world: World) -> None:
        super().__init__()
        self._world = world

    def answer(self, method: str, target: str, body: Any) -> tuple[int, Any]:
        if self._world.dead:
            raise Dead
        if self._world.keep_bulks and "_bulk" in target:
            self._world.late.append(bytes(body))
            self._world.dead = True
            raise Dead
        return super().answer(method, target, body)


def make_template(folder: Path) -> None:
    """Put a migrated database with both showcases into a folder for walks."""
    database = Database(f"sqlite:///{folder / TEMPLATE}")
    upgrade(database)
    with database.write() as session:
        for position, code in enumerate(SHOWCASES):
            define(session, standard(code, code.title()), position)
    database.close()


def begin(folder: Path, make: Callable[[World], None]) -> Mapping[str, Any]:
    """Have every walk in a folder with a template begin where `make` ends; returns the engine's indexes there."""
    world = World(folder)
    make(world)
    _copy(folder / WALKED, folder / TEMPLATE)
    return world.engine.indexes
