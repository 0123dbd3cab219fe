"""What a page of results costs beyond the engine's answer: `page_overhead_ms_p50`."""

from __future__ import annotations

import http.client
import secrets
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, NamedTuple
from urllib.parse import urlencode, urlsplit

from elasticsearch import Elasticsearch
from flask.testing import FlaskClient
from sqlalchemy import func, insert, select

from benchmarks.surroundings import remove_indexes
from indexer.rebuild.run import rebuild
from matching.accounts import sessions
from matching.accounts.accounts import Rights, make_person, open_account
from matching.accounts.policy import ACCOUNT_MANAGER
from matching.accounts.records import Organisation, ShowcaseAccess
from matching.accounts.sessions import Proof, SigningIn
from matching.candidates.records import CandidateTerm, Showcase
from matching.settings import Settings
from matching.storage.database import Database
from matching.taxonomy.records import PlaceRow
from web.app import create_app

WARM_UP, ROUNDS = 3, 15
_TOWNS = ("Rotterdam", "Delft", "Schiedam", "Den Haag")
_FILTERS = (
    ("f.certificaat", "vca-basis"),
    ("f.rijbewijs", "B"),
    ("f.niveau", "mbo-2"),
    ("f.beschikbaarheid", "32-plus"),
)


class Sent(NamedTuple):
    """A request as it went over the wire."""

    method: str
    target: str
    body: bytes | None
    headers: dict[str, str]


def measure(database: Database, client: Elasticsearch, settings: Settings) -> Iterator[str]:
    """Yield the lines of this benchmark.

    Each page is asked of the application in this process, and right after or before it the bytes that it sent to the
    engine are sent again as they are, over one open connection. Their difference is what our own work takes.
    """
    rebuild(database, client, settings)
    browser = _signed_in(database, settings)
    pages, raws = [], []
    addresses = list(_addresses(database))
    with _recording(client) as sent, _connection(client) as raw:
        for address in addresses:
            for number in range(WARM_UP + ROUNDS):
                sent.clear()
                page, found = _page(browser, address)
                requests = list(sent)
                if not requests or b"kandidaten" not in found:
                    raise RuntimeError(f"no page of results at {address}")
                again = sum(_again(raw, request) for request in requests)
                if number >= WARM_UP:
                    pages.append(page)
                    raws.append(again)
    remove_indexes(client, settings.index_prefix)
    over = [page - again for page, again in zip(pages, raws, strict=True)]
    yield f"# page: {len(addresses)} searches, {ROUNDS} rounds each"
    yield f"page_ms_p50 {statistics.median(pages) * 1000:.1f}"
    yield f"engine_ms_p50 {statistics.median(raws) * 1000:.1f}"
    yield f"page_overhead_ms_p50 {statistics.median(over) * 1000:.1f}"
    yield f"page_overhead_ms_p95 {statistics.quantiles(over, n=20)[-1] * 1000:.1f}"


def _signed_in(database: Database, settings: Settings) -> FlaskClient:
    email = f"{secrets.token_hex(4)}@voorbeeld.nl"
    with database.write() as session:
        organisation = session.execute(
            insert(Organisation).values(code=secrets.token_hex(4), name="Meting").returning(Organisation.id)
        ).scalar_one()
        for showcase in session.execute(select(Showcase.id)).scalars().all():
            session.execute(insert(ShowcaseAccess).values(organisation_id=organisation, showcase_id=showcase))
        now = datetime.now(UTC)
        person = make_person(session, email, "Meting", now)
        open_account(session, person, organisation, Rights(frozenset({ACCOUNT_MANAGER})), now)
        begun = sessions.start(session, person, [Proof.PASSWORD, Proof.SECOND], now)
        found = sessions.find(session, begun, now)
        token = sessions.enter(session, found.who, now) if found and isinstance(found.who, SigningIn) else None
    browser = create_app(settings).test_client()
    with browser.session_transaction() as kept:
        kept["_user_id"] = token
    return browser


def _addresses(database: Database) -> Iterator[str]:
    """Searches for wanted occupations, near towns, with and without filters, in each showcase."""
    term = CandidateTerm
    wanted = select(term.code).where(term.vocabulary == "function", term.code.is_not(None)).group_by(term.code)
    with database.read() as session:
        showcases = session.execute(select(Showcase.code).order_by(Showcase.position)).scalars().all()
        occupations = session.execute(wanted.order_by(func.count().desc(), term.code).limit(6)).scalars().all()
        towns = session.execute(select(PlaceRow.id).where(PlaceRow.name.in_(_TOWNS)).order_by(PlaceRow.id)).scalars()
        places = towns.all()
    for number, occupation in enumerate(occupations):
        asked = [("beroep", occupation), ("plaats", places[number % len(places)])]
        showcase = showcases[number % len(showcases)]
        yield f"/kandidaten/{showcase}/?{urlencode(asked)}"
        yield f"/kandidaten/{showcase}/?{urlencode([*asked, ('straal', '50'), _FILTERS[number % len(_FILTERS)]])}"
    for showcase in showcases:
        yield f"/kandidaten/{showcase}/"


def _page(browser: FlaskClient, address: str) -> tuple[float, bytes]:
    started = time.perf_counter()
    answer = browser.get(address)
    content = answer.get_data()
    took = time.perf_counter() - started
    if answer.status_code != 200:
        raise RuntimeError(f"{address} gave status {answer.status_code}")
    return took, content


def _again(raw: http.client.HTTPConnection, request: Sent) -> float:
    started = time.perf_counter()
    raw.request(request.method, request.target, request.body, request.headers)
    answer = raw.getresponse()
    answer.read()
    took = time.perf_counter() - started
    if answer.status != 200:
        raise RuntimeError(f"{request.target} gave status {answer.status}")
    return took


@contextmanager
def _connection(client: Elasticsearch) -> Iterator[http.client.HTTPConnection]:
    url = urlsplit(next(iter(client.transport.node_pool.all())).base_url)
    connection = http.client.HTTPConnection(url.hostname or "", url.port)
    try:
        yield connection
    finally:
        connection.close()


@contextmanager
def _recording(client: Elasticsearch) -> Iterator[list[Sent]]:
    """Note each request of `client` just before it is sent; the list is the caller's to clear."""
    sent: list[Sent] = []
    [node] = client.transport.node_pool.all()
    usual = node.perform_request

    def note(method: str, target: str, body: bytes | None = None, headers: Any = None, **options: Any) -> Any:
        sent.append(Sent(method, target, body, dict(headers or {})))
        return usual(method, target, body=body, headers=headers, **options)

    vars(node)["perform_request"] = note  # before the method of its class
    try:
        yield sent
    finally:
        del vars(node)["perform_request"]
