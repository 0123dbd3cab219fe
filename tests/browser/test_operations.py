"""The operations page in a real browser: it renews itself, can be held still, and is readable at every size."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import delete

from matching.settings import Settings
from matching.storage.changes import CANDIDATE, Change, note_changes
from matching.storage.database import Database
from tests.browser.conftest import PHONE, SMALL, WIDE, be_signed_in, watch
from tests.browser.test_accessibility import OUTPUT, violations
from tests.support.ports import free_port
from tests.support.site import OPERATIONS_EMAIL, serving
from tests.support.trouble import LEASE_S, REASON, bring_trouble

SIZES = pytest.mark.parametrize("size", [WIDE, SMALL, PHONE], ids=["1440", "1093", "390"])

OpenOperations = Callable[..., Page]


class Installation(NamedTuple):
    """A running installation: its address, its database, and with what settings it runs."""

    address: str
    database: Database
    settings: Settings


@contextmanager
def own_database(demo: Settings, folder: Path) -> Iterator[tuple[Settings, Database]]:
    """The demo's indexes with a database of its own, in which nothing waits."""
    shutil.copytree(demo.state_dir, folder)
    settings = demo.model_copy(update={"state_dir": folder})
    database = Database(settings.database)
    with database.write() as session:
        session.execute(delete(Change))
    yield settings, database
    database.close()


@pytest.fixture(scope="module")
def calm(demo_settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """An installation where all is well."""
    folder = tmp_path_factory.mktemp("calm") / "state"
    with own_database(demo_settings, folder) as (settings, database), serving(settings) as address:
        yield Installation(address, database, settings)


@pytest.fixture(scope="module")
def bad(demo_settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """An installation in trouble, without a broker."""
    folder = tmp_path_factory.mktemp("bad") / "state"
    with own_database(demo_settings, folder) as (settings, database), pytest.MonkeyPatch.context() as patch:
        with database.write() as session:
            bring_trouble(session, "rijnmond", "haaglanden")
        patch.setenv("HALLOWERK_LEASE_S", str(LEASE_S))
        patch.setenv("REDIS_URL", f"redis://127.0.0.1:{free_port()}/0")
        with serving(settings) as address:
            yield Installation(address, database, settings)


@pytest.fixture
def open_operations(browser: Browser) -> Iterator[OpenOperations]:
    """Sign in as an operations person in a fresh context; at the end no page may have logged an error."""
    errors: list[str] = []
    contexts = []

    def open_(at: Installation, size: tuple[int, int] = WIDE, **options: Any) -> Page:
        viewport = {"width": size[0], "height": size[1]}
        context = browser.new_context(base_url=at.address, viewport=viewport, reduced_motion="reduce", **options)
        context.set_default_timeout(15_000)
        contexts.append(context)
        be_signed_in(context, at.settings, at.address, OPERATIONS_EMAIL)
        page = context.new_page()
        watch(page, errors)
        page.goto("/operations")
        return page

    yield open_
    for context in contexts:
        context.close()
    assert errors == []


def picture(page: Page, name: str) -> None:
    """Photograph the whole page, though it scrolls inside its frame."""
    OUTPUT.mkdir(exist_ok=True)
    size = page.viewport_size
    assert size
    tall = page.evaluate("document.querySelector('main').scrollHeight + 64")
    page.set_viewport_size({"width": size["width"], "height": max(tall, size["height"])})
    page.screenshot(path=OUTPUT / f"{name}-{size['width']}.png", full_page=True)
    page.set_viewport_size(size)


def waiting(page: Page) -> Any:
    return page.locator(".tiles > div").filter(has_text="Wijzigingen die wachten").locator("dd")


@SIZES
@pytest.mark.requirement("ROLE-22")
def test_a_calm_day(open_operations: OpenOperations, calm: Installation, size: tuple[int, int]) -> None:
    page = open_operations(calm, size)
    expect(page.get_by_text("Alles loopt, er is niets te doen.")).to_be_visible()
    picture(page, "operations")
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


@SIZES
def test_a_bad_day(open_operations: OpenOperations, bad: Installation, size: tuple[int, int]) -> None:
    page = open_operations(bad, size)
    expect(page.get_by_role("heading", name="De wachtrijen geven geen antwoord")).to_be_visible()
    expect(page.get_by_text(REASON)).to_be_visible()
    picture(page, "operations-trouble")
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_it_renews_itself_and_leaves_the_focus_where_it_is(open_operations: OpenOperations, calm: Installation) -> None:
    page = open_operations(calm)
    still = page.get_by_role("link", name="Stilzetten")
    still.focus()
    expect(waiting(page)).to_have_text("0")
    with calm.database.write() as session:
        note_changes(session, CANDIDATE, [1, 2, 3])
    expect(waiting(page)).to_have_text("3", timeout=20_000)
    expect(still).to_be_focused()
    with calm.database.write() as session:
        session.execute(delete(Change))
    expect(waiting(page)).to_have_text("0", timeout=20_000)


def test_it_can_be_held_still_from_the_keyboard(open_operations: OpenOperations, calm: Installation) -> None:
    page = open_operations(calm)
    page.locator("#inhoud").focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_text("Deze pagina staat stil.")).to_be_visible()
    assert page.locator("[hx-trigger]").count() == 0
    page.locator("#inhoud").focus()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("[hx-trigger]")).to_have_count(1)


def test_the_phone_tells_each_cells_column(open_operations: OpenOperations, calm: Installation) -> None:
    page = open_operations(calm, PHONE)
    cell = page.get_by_role("cell", name="Regio Rijnmond")
    assert cell.evaluate("cell => getComputedStyle(cell, '::before').content") == '"Etalage"'
    expect(page.get_by_role("table", name="Index per etalage")).to_have_count(1)


def test_without_javascript_it_shows_the_same(open_operations: OpenOperations, calm: Installation) -> None:
    page = open_operations(calm, java_script_enabled=False)
    expect(page.get_by_text("Alles loopt, er is niets te doen.")).to_be_visible()
    before = page.locator(".refresh__at").inner_text()
    assert re.search(r"\d+:\d\d:\d\d", before)
    expect(page.get_by_role("link", name="Nu vernieuwen")).to_have_attribute("href", "/operations")
