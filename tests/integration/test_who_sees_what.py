"""Who may see what is asked for each time, and who saw what is written down."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from matching.accounts.records import AuditEntry
from matching.candidates.records import CandidateMedia
from matching.settings import Settings
from tests.support.pages import page_of, sign_in
from tests.support.site import EMAIL, OTHER_EMAIL, PASSWORD
from web.app import create_app
from web.headers import CONTENT_SECURITY_POLICY
from web.services import EXTENSION

HOME = "/kandidaten/rijnmond/"
PROFILE = re.compile(r'class="row__link" id="open-\d+" href="([^"]+)"')


@pytest.fixture(scope="module")
def client(app: Flask) -> FlaskClient:
    return sign_in(app)


def lines(app: Flask) -> list[tuple[str, str, object]]:
    """Action, key and details of every line of the audit trail."""
    with app.extensions[EXTENSION].database.read() as session:
        entries = session.scalars(select(AuditEntry).order_by(AuditEntry.id))
        return [(entry.action, entry.subject_key, entry.details) for entry in entries]


def test_who_saw_which_profile_and_took_which_document_is_written_down(app: Flask, client: FlaskClient) -> None:
    """Ids only (security.md, Logs); lists, pictures and what isn't shown leave no line."""
    before = len(lines(app))
    addresses = [one for number in (1, 2) for one in PROFILE.findall(page_of(client, f"{HOME}?pagina={number}"))]
    client.get(f"{HOME}999999999")
    assert len(lines(app)) == before
    keys = [urlsplit(address).path.rpartition("/")[2] for address in addresses]
    page_of(client, addresses[0])
    page_of(client, f"{HOME}?kandidaat={keys[1]}")
    seen = [("candidates.view", key, {"showcase": "rijnmond"}) for key in keys[:2]]
    assert lines(app)[before:] == seen
    with app.extensions[EXTENSION].database.read() as session:
        shown = select(CandidateMedia).where(CandidateMedia.candidate_id.in_([int(key) for key in keys]))
        media = {medium.kind: medium for medium in session.scalars(shown)}
    document, portrait = media["document"], media["portrait"]
    for medium in (portrait, document):
        assert client.get(f"{HOME}{medium.candidate_id}/bestand/{medium.id}").status_code == 200
    taken = ("candidates.files", str(document.candidate_id), {"showcase": "rijnmond", "media": document.id})
    assert lines(app)[before:] == [*seen, taken]


def test_a_file_is_kept_by_the_browser_but_asked_for_each_time(app: Flask, client: FlaskClient) -> None:
    """Who lost the right to see a candidate doesn't see the picture from a cache either."""
    page = page_of(client, HOME)
    [address, *_] = re.findall(r'src="([^"]+/bestand/\d+)"', page)
    first = client.get(address)
    assert first.headers["Cache-Control"] == "private, no-cache"
    again = {"If-None-Match": first.headers["ETag"]}
    same = client.get(address, headers=again)
    assert (same.status_code, same.data) == (304, b"")
    other = sign_in(app, OTHER_EMAIL).get(address, headers=again)
    assert other.status_code == 404
    assert app.test_client().get(address, headers=again).status_code == 302


def test_the_language_cookie_is_as_secure_as_the_sessions(demo_settings: Settings) -> None:
    for https in (False, True):
        app = create_app(demo_settings.model_copy(update={"https": https}))
        app.config["WTF_CSRF_ENABLED"] = False
        cookie = app.test_client().post("/taal/en", data={"next": "/"}).headers["Set-Cookie"]
        assert ("Secure" in cookie) is https


def test_pages_are_kept_nowhere_and_run_nothing_from_elsewhere(client: FlaskClient) -> None:
    headers = client.get(HOME).headers
    assert headers["Cache-Control"] == "no-store"
    assert headers["Content-Security-Policy"] == CONTENT_SECURITY_POLICY
    assert "unsafe" not in CONTENT_SECURITY_POLICY
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert "Strict-Transport-Security" not in headers


def test_the_session_cookie_is_for_this_host_and_for_no_script(demo_settings: Settings) -> None:
    app = create_app(demo_settings.model_copy(update={"https": True}))
    app.config["WTF_CSRF_ENABLED"] = False
    answer = app.test_client().post("/inloggen", data={"email": EMAIL, "password": PASSWORD})
    [cookie] = [one for one in answer.headers.getlist("Set-Cookie") if "session=" in one]
    assert cookie.startswith("__Host-session=")
    assert {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"} <= set(cookie.split("; "))
    assert "includeSubDomains" in answer.headers["Strict-Transport-Security"]
