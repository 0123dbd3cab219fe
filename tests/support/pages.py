"""A signed-in browser without a browser: Flask's test client of an application."""

from __future__ import annotations

from html import unescape

from flask import Flask
from flask.testing import FlaskClient

from tests.support.signed_in import session_token, sign_in_client
from tests.support.site import EMAIL
from web.services import EXTENSION


def sign_in(app: Flask, email: str = EMAIL) -> FlaskClient:
    """A client in which this demo account is signed in; forms need no token any more."""
    app.config["WTF_CSRF_ENABLED"] = False
    client = app.test_client()
    sign_in_client(client, session_token(app.extensions[EXTENSION].database, email))
    return client


def page_of(client: FlaskClient, address: str) -> str:
    """The text of a page that must be there, with characters instead of entities."""
    answer = client.get(address)
    assert answer.status_code == 200, address
    return unescape(answer.get_data(as_text=True))
