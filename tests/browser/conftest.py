"""A real browser, signed in to the site; any page that logs an error or breaks the content policy fails its test."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, sync_playwright

from matching.settings import Settings
from tests.support.signed_in import session_cookie
from tests.support.site import EMAIL

FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
WIDE, SMALL, PHONE = (1440, 900), (1093, 614), (390, 844)

#: A deliberate 404 is logged by the browser itself; an answer that a newer question made needless, by htmx.
NO_ERRORS = ("Failed to load resource", "htmx:sendAbort", "htmx:afterRequest")

OpenPage = Callable[..., Page]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Debian's Chromium."""
    path = shutil.which("chromium")
    assert path, "chromium is not installed: sudo apt-get install chromium"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


def be_signed_in(context: BrowserContext, settings: Settings, address: str, email: str = EMAIL) -> None:
    """Give the browser the session of a demo account at the server with this address."""
    name, value = session_cookie(settings, email)
    context.add_cookies([{"name": name, "value": value, "url": address, "httpOnly": True, "sameSite": "Lax"}])


def watch(page: Page, errors: list[str]) -> None:
    """Note in `errors` what the browser finds wrong with the page."""

    def note(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and not message.text.startswith(NO_ERRORS):
            errors.append(f"{page.url}: {message.text}")

    page.on("pageerror", lambda error: errors.append(f"{page.url}: {error}"))
    page.on("console", note)


@pytest.fixture
def open_page(browser: Browser, site: str, demo_settings: Settings) -> Iterator[OpenPage]:
    """Open a page in a fresh browser context; at the end no page may have logged an error."""
    errors: list[str] = []
    contexts = []

    def open_(
        address: str, size: tuple[int, int] = WIDE, guest: bool = False, errors_expected: bool = False, **options: Any
    ) -> Page:
        context = browser.new_context(
            base_url=site,
            viewport={"width": size[0], "height": size[1]},
            reduced_motion="reduce",
            **options,
        )
        context.set_default_timeout(15_000)
        contexts.append(context)
        if not guest:
            be_signed_in(context, demo_settings, site)
        page = context.new_page()
        if not errors_expected:
            watch(page, errors)
        page.goto(address)
        return page

    yield open_
    for context in contexts:
        context.close()
    assert errors == []
