"""F7: clocks that are a day off, step while processes run, or change to summer time, under libfaketime.

On PostgreSQL all that processes judge each other by is the database's clock. SQLite has none: there processes share the
machine's, and a moment that lies further ahead than it can counts as long past.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import delete, insert, select, update

from indexer.celery import make_app
from indexer.queues import CHANGES, HOUSEKEEPING, REBUILD, SENT_AT, Broker
from indexer.retention import KEPT
from indexer.targets import build_of
from indexer.tasks import RETAIN, SWEEP
from matching.candidates.records import Candidate, Showcase
from matching.settings import Settings
from matching.storage.changes import Change
from matching.storage.database import Database
from matching.storage.index_state import FanOut
from tests.support.clocks import DAY_S, HOUR_S, FakeClock
from tests.support.house import House, open_house
from tests.support.indexing import entry, live_index, newest_rebuild, stubs
from tests.support.processes import Process, running
from tests.support.proxy import Proxy, hold, proxy_before
from tests.support.redis import running_redis
from tests.support.waiting import wait_until

ZONE = "Europe/Amsterdam"
#: When clocks in the Netherlands go forward, and back.
SPRING, AUTUMN = datetime(2026, 3, 29, 1, tzinfo=UTC), datetime(2026, 10, 25, 1, tzinfo=UTC)
#: Beat with a regular task every moment.
_HASTY_BEAT = "import indexer.beat; indexer.beat.EVERY_S = {'retain': 0.2}\nfrom web.commands import main; main()"


def at(clock: FakeClock) -> datetime:
    """What a clock says."""
    return datetime.fromtimestamp(clock.time(), UTC)


def fake(process: Process) -> bool:
    """Whether it goes by a clock of a test."""
    return "libfaketime" in Path(f"/proc/{process.pid}/maps").read_text()


def through(proxy: Proxy, house: House) -> Settings:
    """The house's settings, with the proxy in the engine's place."""
    return house.settings.model_copy(update={"elasticsearch_url": proxy.url})


def test_processes_are_measured_by_the_databases_clock(
    postgres_database: Database, engine_settings: Settings, tmp_path: Path
) -> None:
    """F7: the relay is a day ahead, a worker a day behind; what they write down for others is the true time."""
    true, ahead, behind = (FakeClock(tmp_path, off) for off in (0, DAY_S, -DAY_S))
    with running_redis(tmp_path) as redis, proxy_before(engine_settings.elasticsearch_url) as proxy:
        house = open_house(postgres_database, engine_settings, redis)
        slow = through(proxy, house)
        proxy.fail(hold, on="_bulk")
        with (
            running(house.settings, tmp_path, "relay", **ahead.variables) as relay,
            running(slow, tmp_path, "worker", "--queue", CHANGES, **behind.variables) as worker,
            running(slow, tmp_path, "worker", "--queue", REBUILD, **behind.variables) as other,
        ):
            house.rename(1, "Anders")
            with house.database.write() as session:
                session.execute(update(Showcase).values(parts=["intro", "level"]))
            wait_until(lambda: proxy.done["held"] == 2, "both workers are at their bulk")
            assert all(fake(process) for process in (relay, worker, other))
            with house.database.read() as session:
                rows = session.execute(select(Change.at, Change.sent_at, Change.claimed_at)).all()
                leases = session.execute(select(FanOut.lease_until)).scalars().all()
            known = entry(house.database, 1)
            assert known
            moments = [known.at, *leases, *(moment for row in rows for moment in row)]
            assert len(leases) == 1
            assert [moment for moment in moments if moment is None or not true.shows(moment.timestamp())] == []
            worker.kill()
            other.kill()
            proxy.heal()
            with running(house.settings, tmp_path, "worker", **ahead.variables):
                house.wait_for(1, "Anders")
                wait_until(lambda: not house.fan_outs(), "the fan-out has ended")
            wait_until(lambda: not house.waiting(), "the log is empty")
            house.agree()


def test_nothing_waits_for_ever_when_the_clock_steps(
    sqlite_database: Database, engine_settings: Settings, tmp_path: Path
) -> None:
    """F7: a worker died with a change and a message was lost, right before the clock of the machine is set."""
    house = open_house(sqlite_database, engine_settings)
    now = datetime.now(UTC)
    clock = FakeClock(tmp_path, zone=ZONE)
    steps = [0.0, DAY_S, 0.0, -DAY_S]
    for change in (SPRING, AUTUMN):
        before = change - timedelta(hours=1)
        assert before.astimezone(ZoneInfo(ZONE)).utcoffset() != change.astimezone(ZoneInfo(ZONE)).utcoffset()
        steps += [(change - now).total_seconds() + seconds for seconds in (-60.0, 0.0)]
    with (
        running(house.settings, tmp_path, "relay", **clock.variables) as relay,
        running(house.settings, tmp_path, "worker", **clock.variables) as worker,
    ):
        for number, ahead_s in enumerate(steps):
            name = f"Stap{number}"
            with house.database.write() as session:
                session.execute(update(Candidate).where(Candidate.id.in_([1, 2])).values(name=name))
                one, two = (update(Change).where(Change.key == key) for key in (1, 2))
                session.execute(one.values(claim="dead", claimed_at=at(clock)))
                session.execute(two.values(sent_at=at(clock)))
            clock.set(ahead_s)
            house.rename(3, name)
            for key in (3, 2, 1):
                house.wait_for(key, name)
            written = entry(house.database, 3)
            assert written
            assert clock.shows(written.at.timestamp())  # the worker did go by that clock
        assert [relay.end(), worker.end()] == [0, 0]
    house.agree()


@pytest.mark.parametrize("off_s", [DAY_S, -DAY_S], ids=["ahead", "behind"])
def test_a_rebuild_in_hand_is_not_taken_over_because_of_a_clock(
    postgres_database: Database, engine_settings: Settings, tmp_path: Path, off_s: float
) -> None:
    """F7: its holder's clock is a day off, so are those of others; the database's counts, and the lease is renewed."""
    house = open_house(postgres_database, engine_settings)
    wrong = FakeClock(tmp_path, off_s)
    others = [{}, wrong.variables, FakeClock(tmp_path, -off_s).variables]
    with proxy_before(engine_settings.elasticsearch_url) as proxy:
        proxy.fail(hold, on="_bulk")
        with running(through(proxy, house), tmp_path, "index", "rebuild", **wrong.variables) as holder:
            wait_until(lambda: proxy.done["held"], "the rebuild is at its bulk")
            assert fake(holder)
            for variables in others:
                folder = tmp_path / f"other-{len(list(tmp_path.iterdir()))}"
                folder.mkdir()
                with running(house.settings, folder, "index", "rebuild", **variables) as other:
                    assert other.wait() == 1
                assert "is running" in other.log.read_text()
            proxy.release()
            assert holder.wait() == 0, holder.log.read_text()
    done = newest_rebuild(house.database)
    assert (done.id, done.step, done.fence) == (2, "done", 1)
    built = build_of(live_index(house.database, "stad"))
    assert wrong.shows(datetime.strptime(built, "%Y%m%d%H%M%S%f").replace(tzinfo=UTC).timestamp())
    house.agree()


def test_a_rebuild_that_is_taken_over_because_of_a_clock_does_no_harm(
    sqlite_database: Database, engine_settings: Settings, tmp_path: Path
) -> None:
    """F7: SQLite has no clock of its own, so this can happen there; who comes late ends without having switched."""
    house = open_house(sqlite_database, engine_settings)
    ahead = FakeClock(tmp_path, DAY_S)
    with proxy_before(engine_settings.elasticsearch_url) as proxy:
        proxy.fail(hold, on="_bulk")
        with running(through(proxy, house), tmp_path, "index", "rebuild", **ahead.variables) as holder:
            wait_until(lambda: proxy.done["held"], "the rebuild is at its bulk")
            folder = tmp_path / "other"
            folder.mkdir()
            with running(house.settings, folder, "index", "rebuild") as other:
                assert other.wait() == 0, other.log.read_text()
            house.rename(1, "Anders")
            with running(house.settings, folder, "index", "update") as update_:
                assert update_.wait() == 0
            live = live_index(house.database, "stad")
            proxy.release()
            assert holder.wait() == 1
        assert "rebuild 2 is in other hands" in holder.log.read_text()
    assert live_index(house.database, "stad") == live
    assert newest_rebuild(house.database).fence == 2
    assert house.name_of(1) == "Anders"
    house.agree()


def test_regular_tasks_go_on_when_the_clock_is_set_back(settings: Settings, tmp_path: Path) -> None:
    """F7: by the time of day the next one would be due in a day."""
    clock = FakeClock(tmp_path)
    with (
        running(settings, tmp_path, "beat", program=_HASTY_BEAT, **clock.variables) as beat,
        make_app(settings).connection_for_read() as connection,
        connection.channel() as channel,
    ):

        def sent() -> bool:
            message = channel.basic_get(HOUSEKEEPING, no_ack=True)
            return message is not None and clock.shows(message.headers[SENT_AT])

        wait_until(sent, "a regular task")
        clock.set(-DAY_S)
        wait_until(sent, "a regular task after the step")
        assert fake(beat)
        assert beat.end() == 0


def test_a_stub_outlives_a_sweep_that_is_a_day_ahead(
    postgres_database: Database, engine_settings: Settings, tmp_path: Path
) -> None:
    """F7: it keeps a late write of somebody who was deleted out; the true time says when it may go."""
    house = open_house(postgres_database, engine_settings)
    ahead = FakeClock(tmp_path, DAY_S + HOUR_S)
    with house.database.write() as session:
        session.execute(delete(Candidate).where(Candidate.id == 2))
        long_ago = datetime.now(UTC) - 2 * KEPT
        session.execute(insert(FanOut).values(kind="showcase", key=1, started_at=long_ago, ended_at=long_ago))
    with running(house.settings, tmp_path, "index", "update") as update_:
        assert update_.wait() == 0
    with Broker(make_app(house.settings)) as broker:
        for task in (SWEEP, RETAIN):
            broker.send(task, HOUSEKEEPING)
    with running(house.settings, tmp_path, "worker", "--queue", HOUSEKEEPING, **ahead.variables) as worker:

        def forgotten() -> bool:
            with house.database.read() as session:
                return session.execute(select(FanOut)).first() is None

        wait_until(forgotten, "the task after the sweep is done")
        assert fake(worker)
    assert stubs(house.client, live_index(house.database, "stad")) == {2}
    house.agree()
