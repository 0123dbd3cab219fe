"""The operations page and its metrics: who reads them, what they say on calm and on bad days, and of nobody."""

from __future__ import annotations

import re
import shutil
from html import unescape
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import delete, select

from indexer.catalogue import read_catalogue
from indexer.documents import fingerprint
from indexer.engine.client import connect
from indexer.overview import (
    CURRENT,
    DUE,
    NO_INDEX,
    PAUSED,
    UNKNOWN,
    UPDATING,
    Operations,
    ShowcaseIndex,
    operations,
)
from indexer.registry import make_live, register
from indexer.synonyms import listing_body
from indexer.targets import Target, create_index, index_name, new_build, open_indexes, swap_aliases
from matching.candidates.records import Candidate
from matching.settings import Settings
from matching.storage.changes import Change, new_timeline, timeline
from matching.storage.database import Database
from tests.support.intake import Office
from tests.support.pages import sign_in
from tests.support.ports import free_port
from tests.support.site import EMAIL, OPERATIONS_EMAIL
from tests.support.trouble import LEASE_S, REASON, bring_trouble
from web.app import create_app
from web.operations import wording

TOKEN = "a token that a program shows, long enough"


@pytest.fixture
def calm(demo_settings: Settings, tmp_path: Path) -> Settings:
    """The demo with nothing that waits, in a database of its own."""
    folder = tmp_path / "calm"
    shutil.copytree(demo_settings.state_dir, folder)
    settings = demo_settings.model_copy(update={"state_dir": folder, "metrics_token": TOKEN})
    with opened(settings) as database, database.write() as session:
        session.execute(delete(Change))
    return settings


@pytest.fixture
def bad(calm: Settings) -> Settings:
    """The same with everything that can be wrong in SQL."""
    with opened(calm) as database, database.write() as session:
        bring_trouble(session, "rijnmond", "haaglanden")
    return calm.model_copy(update={"lease_s": LEASE_S})


class opened:  # noqa: N801 - used as a function
    """A database that is closed at the end."""

    def __init__(self, settings: Settings) -> None:
        self._database = Database(settings.database)

    def __enter__(self) -> Database:
        return self._database

    def __exit__(self, *_: object) -> None:
        self._database.close()


def look(settings: Settings) -> Operations:
    with opened(settings) as database:
        return operations(database, connect(settings), settings)


def page_of(settings: Settings, email: str = OPERATIONS_EMAIL) -> str:
    answer = sign_in(create_app(settings), email).get("/operations")
    assert answer.status_code == 200
    return unescape(answer.get_data(as_text=True))


def values(client: FlaskClient, **headers: str) -> dict[tuple[str, ...], float]:
    """The metrics: name and the values of its labels, in the order of their names -> value."""
    answer = client.get("/metrics", headers=headers)
    assert answer.status_code == 200
    assert answer.content_type.startswith("text/plain")
    families = text_string_to_metric_families(answer.get_data(as_text=True))
    return {
        (sample.name.removeprefix("hallowerk_"), *(sample.labels[name] for name in sorted(sample.labels))): sample.value
        for family in families
        for sample in family.samples
    }


@pytest.mark.requirement("ROLE-22")
def test_operations_people_have_this_page_and_no_candidates_in_their_menu(calm: Settings) -> None:
    client = sign_in(create_app(calm), OPERATIONS_EMAIL)
    assert 'class="linkrow" href="/operations"' in client.get("/").get_data(as_text=True)
    page = client.get("/operations").get_data(as_text=True)
    menu = re.search(r'<nav id="menu".*?</nav>', page, re.DOTALL)
    assert menu
    assert re.findall(r'class="menu__item[^>]*href="([^"]+)"', menu[0]) == ["/", "/operations", "/instellingen/"]
    for address in ("/kandidaten/", "/kandidaten/rijnmond/", "/kandidaten/rijnmond/1", "/plaatsen/suggesties?q=R"):
        assert client.get(address).status_code == 403, address


@pytest.mark.requirement("ROLE-22", "ROLE-21")
def test_nobody_else_reads_it(calm: Settings) -> None:
    app = create_app(calm)
    searcher = sign_in(app, EMAIL)
    assert searcher.get("/operations").status_code == 403
    assert searcher.get("/metrics").status_code == 403
    assert "/operations" not in searcher.get("/kandidaten/rijnmond/").get_data(as_text=True)
    assert app.test_client().get("/operations").headers["Location"].startswith("/inloggen")


@pytest.mark.requirement("ROLE-22")
def test_nothing_on_it_is_about_a_person(bad: Settings) -> None:
    with opened(bad) as database, database.read() as session:
        names = session.scalars(select(Candidate.name)).all()
    client = sign_in(create_app(bad), OPERATIONS_EMAIL)
    text = unescape(client.get("/operations").get_data(as_text=True)) + client.get("/metrics").get_data(as_text=True)
    assert REASON in text
    assert len(names) > 500
    assert [name for name in names if name in text] == []
    assert "candidate_id" not in text


def test_a_calm_day(calm: Settings) -> None:
    found = look(calm)
    assert [row.state for row in found.showcases] == [CURRENT] * 3
    assert all(row.listings == row.shown > 100 for row in found.showcases)
    assert all(row.mapping == "v1" and row.size_bytes and row.made_at and row.newest for row in found.showcases)
    assert wording.attention(found) == []
    page = page_of(calm)
    for text in ("Alles loopt", "Er loopt geen herbouw.", "Geen afwijkingen gevonden.", "Niets geweigerd."):
        assert text in page
    for row in found.showcases:
        assert row.index
        assert row.index in page


def test_a_bad_day(bad: Settings) -> None:
    found = look(bad)
    assert found.changes_waiting == 7
    assert sum(one.waiting for one in found.drift) == 2
    assert sum(one.repaired for one in found.drift) == 16
    assert [(one.count, one.reason) for one in found.refused] == [(3, REASON)]
    running, ended = found.rebuilds
    assert running.per_second == 250
    assert running.left_s == 110
    assert ended.ended_at
    page = page_of(bad)
    for text in ("7", "12.500 van 40.000", "250 per seconde", "nog 2 min", "3 profielen zijn geweigerd"):
        assert text in page


def test_htmx_gets_only_what_changes(calm: Settings) -> None:
    client = sign_in(create_app(calm), OPERATIONS_EMAIL)
    part = client.get("/operations", headers={"HX-Request": "true", "HX-Target": "stand"}).get_data(as_text=True)
    assert "Alles loopt" in part
    assert "<nav" not in part
    assert 'hx-trigger="every 5s"' in client.get("/operations").get_data(as_text=True)
    assert "hx-trigger" not in client.get("/operations?stil=").get_data(as_text=True)


def test_an_engine_that_is_away_is_a_state(bad: Settings) -> None:
    away = bad.model_copy(update={"elasticsearch_url": f"http://127.0.0.1:{free_port()}"})
    none = bad.model_copy(update={"elasticsearch_url": ""})
    for settings in (away, none):
        page = page_of(settings)
        assert "De zoekmachine geeft geen antwoord" in page
        assert "12.500 van 40.000" in page
        metrics = values(sign_in(create_app(settings), OPERATIONS_EMAIL))
        assert metrics["engine_up",] == 0
        assert metrics["index_state", "rijnmond", UNKNOWN] == 1
        assert metrics["dead_letters", "rijnmond"] == 3
        assert not any(name == "index_listings" for name, *_ in metrics)


def test_a_broker_that_is_away_is_a_state(calm: Settings) -> None:
    settings = calm.model_copy(update={"redis_url": f"redis://127.0.0.1:{free_port()}/0"})
    page = page_of(settings)
    assert "De wachtrijen geven geen antwoord" in page
    assert "Alles loopt" not in page
    metrics = values(sign_in(create_app(settings), OPERATIONS_EMAIL))
    assert metrics["broker_up",] == 0
    assert metrics["changes_waiting", "candidate"] == 0
    assert not any(name == "queue_waiting" for name, *_ in metrics)


def test_metrics_tell_the_same(bad: Settings) -> None:
    found = look(bad)
    metrics = values(sign_in(create_app(bad), OPERATIONS_EMAIL))
    assert metrics["engine_up",] == metrics["broker_up",] == 1
    assert found.cluster
    assert metrics["engine_disk_bytes", found.cluster.nodes[0].name] == found.cluster.nodes[0].disk_bytes
    assert metrics["changes_waiting", "candidate"] == 7
    assert metrics["queue_waiting", "changes"] == 0
    assert metrics["fan_out_left",] == 18_500
    assert (metrics["rebuilds_running",], metrics["rebuild_done",], metrics["rebuild_total",]) == (1, 12_500, 40_000)
    assert metrics["drift_listings", "missing", "rijnmond", "waiting"] == 2
    assert metrics["drift_listings", "missing", "rijnmond", "repaired"] == 5
    assert (metrics["dead_letters", "rijnmond"], metrics["dead_letters", "haaglanden"]) == (3, 0)
    for row in found.showcases:
        assert metrics["index_listings", row.showcase] == metrics["index_shown", row.showcase] == row.shown
        assert metrics["index_state", row.showcase, CURRENT] == 1
        assert metrics["index_info", str(row.index), "v1", row.showcase] == 1


def test_metrics_are_for_who_shows_the_token(calm: Settings) -> None:
    app = create_app(calm)
    guest = app.test_client()
    assert values(guest, Authorization=f"Bearer {TOKEN}")["engine_up",] == 1
    for wrong in (f"Bearer {TOKEN}x", "Bearer x", "Bearer", f"Basic {TOKEN}"):
        answer = guest.get("/metrics", headers={"Authorization": wrong})
        assert answer.status_code == 401, wrong
        assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert guest.get("/metrics").status_code == 302
    # The token opens nothing else.
    assert guest.get("/operations", headers={"Authorization": f"Bearer {TOKEN}"}).status_code == 302


def test_without_a_token_in_the_settings_none_is_right(calm: Settings) -> None:
    guest = create_app(calm.model_copy(update={"metrics_token": ""})).test_client()
    for shown in ("Bearer", "Bearer ", "Bearer None"):
        assert guest.get("/metrics", headers={"Authorization": shown}).status_code == 401, shown


def test_in_english(calm: Settings) -> None:
    client = sign_in(create_app(calm), OPERATIONS_EMAIL)
    client.set_cookie("taal", "en")
    page = client.get("/operations").get_data(as_text=True)
    assert "All is well, there is nothing to do." in page
    assert "Zoekindex" not in page


MADE_OTHERWISE = {
    CURRENT: {},
    UPDATING: {"content": "another"},
    DUE: {"mapping": "another"},
}


class Corner:
    """Two showcases, 'noord' and 'zuid', and an engine to make their indexes in."""

    def __init__(self, office: Office, settings: Settings) -> None:
        self.database = office.database
        self.settings = settings
        self.client = connect(settings)

    def make(self, **otherwise: str) -> str:
        """Give 'noord' a live index, made with other hashes where told; its name."""
        with self.database.write() as session:
            catalogue = read_catalogue(session)
            row = catalogue.choose(["noord"])[0]
            body = listing_body(self.settings)
            hashes = fingerprint(row.view, catalogue.labels, body) | otherwise
            index = index_name(self.settings.index_prefix, "noord", new_build())
            meta = {"fingerprint": hashes, "timeline": timeline(session)}
            create_index(self.client, index, body, meta)
            register(session, "noord", index)
            make_live(session, "noord", index)
        open_indexes(self.client, [index], 30)
        swap_aliases(self.client, self.settings.index_prefix, [Target(index[-20:], "noord", index, False)], [])
        return index

    @property
    def noord(self) -> ShowcaseIndex:
        """How the index of 'noord' stands."""
        found = operations(self.database, self.client, self.settings)
        return next(row for row in found.showcases if row.showcase == "noord")


@pytest.fixture
def corner(office: Office, engine_settings: Settings) -> Corner:
    return Corner(office, engine_settings)


@pytest.mark.parametrize("state", MADE_OTHERWISE)
def test_an_index_tells_what_it_was_made_with(corner: Corner, state: str) -> None:
    index = corner.make(**MADE_OTHERWISE[state])
    assert (corner.noord.state, corner.noord.index, corner.noord.listings) == (state, index, 0)


def test_a_showcase_without_an_index(corner: Corner) -> None:
    assert (corner.noord.state, corner.noord.index, corner.noord.listings) == (NO_INDEX, None, None)


def test_an_index_of_another_life_of_the_database(corner: Corner) -> None:
    corner.make()
    with corner.database.write() as session:
        new_timeline(session)
    assert corner.noord.state == PAUSED


def test_an_index_that_is_ahead_of_the_database(corner: Corner) -> None:
    index = corner.make()
    corner.client.index(index=index, id="1", document={"written": 10**6}, refresh=True)
    assert (corner.noord.state, corner.noord.newest) == (PAUSED, 10**6)


def test_an_index_that_takes_no_writes(corner: Corner) -> None:
    index = corner.make()
    assert not corner.noord.blocked
    corner.client.indices.put_settings(index=index, settings={"index.blocks.read_only_allow_delete": True})
    assert corner.noord.blocked
