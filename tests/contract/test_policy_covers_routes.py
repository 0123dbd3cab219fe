"""Every route names its action in the policy table, and the table decides who gets in."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from flask import Flask

from matching.accounts.policy import POLICY
from matching.settings import load_settings
from web.app import create_app
from web.guard import UndeclaredRoute, action_of, allows, install_guard

#: A value for each argument of a route.
VALUES: dict[str, str | int] = {
    "account": 1,
    "candidate": 1,
    "code": "nl",
    "device": 1,
    "filename": "x",
    "invitation": 1,
    "kind": "sms",
    "media": 1,
    "name": "htmx.js",
    "number": 1,
    "showcase": "rijnmond",
    "token": "x",
}


#: Pages with a form that is posted to the same address; reading one changes nothing in the record.
FORMS = {
    "/aanmelden/app",
    "/aanmelden/herstelcodes",
    "/aanmelden/sms",
    "/aanmelden/sms/code",
    "/aanmelden/wachtwoord",
    "/bevestigen",
    "/inloggen",
    "/inloggen/code",
    "/inloggen/wachtwoord",
    "/instellingen/beveiliging/wachtwoord",
    "/uitnodiging",
    "/wachtwoord-vergeten",
    "/wachtwoord/nieuw",
}


@pytest.fixture
def app(tmp_path: Path) -> Flask:
    """The application on an empty state folder; no request of these tests gets as far as the database."""
    return create_app(load_settings(state_dir=tmp_path, database_url="", elasticsearch_url="http://127.0.0.1:9"))


def test_every_route_has_an_entry(app: Flask) -> None:
    actions = {rule.rule: action_of(app, rule.endpoint) for rule in app.url_map.iter_rules()}
    assert None not in actions.values()
    assert set(actions.values()) <= set(POLICY)


def test_every_entry_has_a_route(app: Flask) -> None:
    used = {action_of(app, rule.endpoint) for rule in app.url_map.iter_rules()}
    assert set(POLICY) == used


def test_an_application_with_an_undeclared_route_does_not_start() -> None:
    app = Flask("undeclared", static_folder=None)
    app.add_url_rule("/los", "loose", lambda: "")
    with pytest.raises(UndeclaredRoute, match="/los"):
        install_guard(app)


def test_an_action_outside_the_table_cannot_be_declared() -> None:
    with pytest.raises(UndeclaredRoute):
        allows("candidates.erase")


@pytest.mark.requirement("ROLE-21", "GEN-01")
def test_no_page_answers_without_signing_in(app: Flask) -> None:
    client = app.test_client()
    with app.test_request_context():
        for rule in app.url_map.iter_rules():
            action = POLICY[action_of(app, rule.endpoint) or ""]
            if action.scope == "public":
                continue
            address = rule.build({argument: VALUES[argument] for argument in rule.arguments})
            assert address is not None
            method = "POST" if "POST" in (rule.methods or ()) else "GET"
            app.config["WTF_CSRF_ENABLED"] = False
            answer = client.open(address[1], method=method)
            assert answer.status_code == 302, rule.rule
            assert answer.headers["Location"].startswith("/inloggen"), rule.rule


def test_every_route_that_changes_something_is_checked_for_forgery(app: Flask) -> None:
    client = app.test_client()
    for rule in app.url_map.iter_rules():
        if "POST" not in (rule.methods or ()):
            continue
        address = rule.build({argument: VALUES[argument] for argument in rule.arguments})
        assert address is not None
        assert client.post(address[1]).status_code == 400, rule.rule


def test_get_routes_declare_no_other_method_but_the_forms(app: Flask) -> None:
    both = {rule.rule for rule in app.url_map.iter_rules() if {"GET", "POST"} <= (rule.methods or set())}
    assert both == FORMS


def test_behind_https_a_form_needs_its_token_and_no_referrer(tmp_path: Path) -> None:
    """Pages that a mailed link opens send no referrer (Referrer-Policy), and have a form all the same."""
    settings = load_settings(
        state_dir=tmp_path, database_url="", https=True, public_url="https://hallowerk.example", demo=False
    )
    client = create_app(settings).test_client()
    address = {"path": "/wachtwoord-vergeten", "base_url": "https://hallowerk.example"}
    page = client.get(**address).get_data(as_text=True)
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)
    assert token
    assert client.post(**address, data={"csrf_token": token[1]}).status_code == 422
    assert client.post(**address, data={"csrf_token": "a" * 90}).status_code == 400
