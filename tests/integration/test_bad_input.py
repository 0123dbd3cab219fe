"""Bad input and broken parts end in a clear Dutch message with the right status, never in a 500 (issue 4)."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import quote

import pytest
from flask import Flask
from flask.testing import FlaskClient

from matching.settings import Settings
from tests.support.pages import sign_in
from tests.support.site import EMAIL, PASSWORD
from web.app import create_app
from web.services import EXTENSION

HOME = "/kandidaten/rijnmond/"


@pytest.fixture(scope="module")
def client(app: Flask) -> FlaskClient:
    return sign_in(app)


WRONG = [
    ("straal=veel", 400, "“veel” is geen afstand"),
    ("straal=-5", 400, "“-5” is geen afstand"),
    ("straal=1e9", 400, "“1e9” is geen afstand"),
    ("plaats=nergenshuizen", 400, "De plaats “nergenshuizen” kennen we niet"),
    ("waar=Nergenshuizen", 400, "“Nergenshuizen” kennen we niet"),
    ("waar=%25%2A%00", 400, "kennen we niet"),
    ("waar=0000", 400, "kennen we niet"),
    ("beroep=bestaat-niet", 400, "De zoekterm “bestaat-niet” kennen we niet"),
    ("beroepsgroep=bestaat-niet", 400, "kennen we niet"),
    ("niveau=mbo-9", 400, "De zoekterm “mbo-9” kennen we niet"),
    ("werktijd=nooit", 400, "kennen we niet"),
    ("f.certificaat=toveren", 400, "Op “toveren” kun je in deze etalage niet filteren"),
    ("f.kleur=rood", 400, "Het filter “kleur” bestaat niet"),
    ("f.niveau=" + "x" * 5000, 400, "niet filteren"),
    ("pagina=1000000000", 404, "Verder dan 100.000 kandidaten kun je niet bladeren"),
    ("pagina=4000", 404, "Pagina 4.000 bestaat niet"),
    ("pagina=99999999999999999999", 400, "bestaat niet"),
    ("pagina=-1", 400, "Pagina “-1” bestaat niet"),
    ("pagina=x", 400, "Pagina “x” bestaat niet"),
    ("kandidaat=999999999", 404, "Deze kandidaat staat niet (meer) in deze etalage"),
    ("q=%21%3F", 400, "staat geen woord om op te zoeken"),
    ("&".join(f"woord=een+twee+drie+vier+{number}" for number in range(9)), 400, "hoogstens 30 losse woorden"),
    ("q=" + quote("人" * 40), 400, "hoogstens 30 losse woorden"),
    ("q=" + "x" * 300, 400, "Je zoektekst is te lang"),
    ("q=" + "heftruck+" * 1100, 414, "Dat is te veel tekst"),
    ("woord=" + "x" * 10_000, 414, "Dat is te veel tekst"),
]


@pytest.mark.parametrize(("query", "status", "message"), WRONG, ids=[query[:40] for query, _, _ in WRONG])
def test_what_cannot_be_used_is_said(client: FlaskClient, query: str, status: int, message: str) -> None:
    answer = client.get(f"{HOME}?{query}")
    assert answer.status_code == status
    assert message in answer.get_data(as_text=True)


WEIRD = [
    "hef*",
    "hef?ruck",
    "/.*/",
    "[a-z]+",
    '"heftruck',
    "((heftruck",
    "kok AND NOT",
    "naam:*",
    "a~2",
    "^5",
    "\\",
    "💼 kok",
    "DROP TABLE candidates",
    "<script>alert(1)</script>",
    "{{77*77}}",
    "%00",
    "x" * 200,
]


@pytest.mark.requirement("CAND-15")
@pytest.mark.parametrize("text", WEIRD)
def test_signs_of_query_languages_are_only_text(client: FlaskClient, text: str) -> None:
    typed = client.get(f"{HOME}?q={quote(text)}", follow_redirects=True)
    assert typed.status_code in (200, 400)
    page = typed.get_data(as_text=True)
    assert "<script>alert" not in page
    assert "5929" not in page
    word = client.get(f"{HOME}?woord={quote(text)}")
    assert word.status_code == 200
    assert client.get(f"{HOME}suggesties?q={quote(text)}").status_code == 200
    assert client.get(f"/plaatsen/suggesties?q={quote(text)}").status_code == 200


@pytest.mark.requirement("CAND-16")
def test_a_place_name_in_an_address_is_asked_as_if_it_was_typed(client: FlaskClient) -> None:
    page = client.get(f"{HOME}?beroep=kok&plaats=Bergen&straal=50").get_data(as_text=True)
    assert "Bergen (Limburg)" in page
    assert "straal=50" in page
    assert client.get(f"{HOME}?beroep=kok&plaats=Delft").headers["Location"] == f"{HOME}?beroep=kok&plaats=delft"


@pytest.mark.requirement("CAND-16")
def test_an_older_place_does_not_stay_beside_a_new_one(client: FlaskClient) -> None:
    answer = client.get(f"{HOME}?beroep=kok&plaats=rotterdam&waar=Bergen&straal=50")
    assert answer.headers["Location"] == f"{HOME}?beroep=kok&waar=Bergen&straal=50"
    page = client.get(answer.headers["Location"])
    assert page.status_code == 200
    assert "Bergen (Limburg)" in page.get_data(as_text=True)


@pytest.mark.requirement("CAND-16")
def test_a_name_that_places_share_is_chosen_and_nothing_is_lost(client: FlaskClient) -> None:
    answer = client.get(f"{HOME}?beroep=kok&f.niveau=mbo-2&waar=Bergen")
    page = answer.get_data(as_text=True)
    assert answer.status_code == 200
    assert "Bergen (Noord-Holland)" in page
    assert "Bergen (Limburg)" in page
    assert 'value="kok"' in page
    assert "beroep=kok" in page
    assert "f.niveau=mbo-2" in page


def test_an_unknown_place_stays_in_its_field_with_suggestions(client: FlaskClient) -> None:
    page = client.get(f"{HOME}?beroep=kok&waar=Roterdam").get_data(as_text=True)
    assert 'value="Roterdam"' in page
    assert "plaats=rotterdam" in page
    assert 'aria-invalid="true"' in page


@pytest.mark.parametrize(
    "address",
    [
        "/kandidaten/bestaat-niet/",
        f"{HOME}999999999",
        f"{HOME}{2**63 - 1}",
        f"{HOME}{2**63}",
        f"{HOME}{10**40}",
        f"{HOME}1/bestand/999999",
        f"{HOME}1/bestand/{2**63 - 1}",
        f"{HOME}1/bestand/{2**63}",
        f"{HOME}{2**63}/bestand/1",
        "/nergens",
    ],
)
def test_what_is_not_there_is_a_404(client: FlaskClient, address: str) -> None:
    answer = client.get(address)
    page = answer.get_data(as_text=True)
    assert answer.status_code == 404
    assert "Deze pagina is er niet" in page
    assert "deze kandidaat is niet meer zichtbaar" in page
    assert 'class="menu"' in page
    assert 'class="account"' in page


def test_a_404_for_a_guest_has_no_menu(client: FlaskClient) -> None:
    page = client.application.test_client().get("/nergens").get_data(as_text=True)
    assert "Deze pagina is er niet" in page
    assert 'class="menu"' not in page


def test_a_partial_request_gets_its_message_as_a_fragment(client: FlaskClient) -> None:
    answer = client.get(f"{HOME}999999999", headers={"HX-Request": "true"})
    assert answer.status_code == 404
    assert answer.get_data(as_text=True).lstrip().startswith("<div")


@pytest.fixture
def without_engine(demo_settings: Settings) -> FlaskClient:
    return sign_in(create_app(demo_settings.model_copy(update={"elasticsearch_url": "http://127.0.0.1:9"})))


def test_without_an_engine_the_list_says_so(without_engine: FlaskClient) -> None:
    answer = without_engine.get(HOME)
    assert answer.status_code == 503
    assert "Zoeken lukt nu even niet" in answer.get_data(as_text=True)


def test_without_an_engine_profiles_can_still_be_read(client: FlaskClient, without_engine: FlaskClient) -> None:
    page = client.get(HOME).get_data(as_text=True)
    address = page.split('class="row__link"')[1].split('href="')[1].split('"')[0]
    answer = without_engine.get(address)
    assert answer.status_code == 200
    assert "Je ziet het profiel, maar niet waarom" in answer.get_data(as_text=True)


@pytest.fixture
def spare(demo_settings: Settings, tmp_path: Path) -> Flask:
    """The application on a database of its own, that waits only a moment for its turn."""
    with (
        closing(sqlite3.connect(demo_settings.state_dir / "hallowerk.db")) as whole,
        closing(sqlite3.connect(tmp_path / "hallowerk.db")) as copy,
    ):
        whole.backup(copy)
    app = create_app(demo_settings.model_copy(update={"state_dir": tmp_path}))
    app.extensions[EXTENSION].database.busy_timeout_ms = 200
    return app


@contextmanager
def held(folder: Path, begin: str) -> Iterator[None]:
    """Another process is in the middle of writing and doesn't come to an end."""
    with closing(sqlite3.connect(folder / "hallowerk.db", isolation_level=None)) as holder:
        if begin == "BEGIN EXCLUSIVE":
            holder.execute("PRAGMA locking_mode=EXCLUSIVE")
        holder.execute(begin)
        yield


def test_a_locked_database_says_to_try_again(spare: Flask, tmp_path: Path) -> None:
    client = sign_in(spare)
    assert client.get(HOME).status_code == 200
    spare.extensions[EXTENSION].database.close()
    with held(tmp_path, "BEGIN EXCLUSIVE"):
        answer = client.get(HOME)
    assert answer.status_code == 503
    assert "Het is nu even te druk" in answer.get_data(as_text=True)


def test_a_profile_is_not_shown_when_it_cannot_be_written_down(spare: Flask, tmp_path: Path) -> None:
    """Decision 12: no line in the audit trail, no page; the list itself needs no line."""
    client = sign_in(spare)
    page = client.get(HOME).get_data(as_text=True)
    address = page.split('class="row__link"')[1].split('href="')[1].split('"')[0]
    with held(tmp_path, "BEGIN IMMEDIATE"):
        assert client.get(HOME).status_code == 200
        answer = client.get(address)
    assert answer.status_code == 503
    assert "Het is nu even te druk" in answer.get_data(as_text=True)
    assert client.get(address).status_code == 200


def test_signing_in_while_another_writes_says_to_try_again(spare: Flask, tmp_path: Path) -> None:
    spare.config["WTF_CSRF_ENABLED"] = False
    client = spare.test_client()
    client.post("/inloggen", data={"email": EMAIL})
    with held(tmp_path, "BEGIN IMMEDIATE"):
        answer = client.post("/inloggen/wachtwoord", data={"password": PASSWORD})
    assert answer.status_code == 503
    assert "Het is nu even te druk" in answer.get_data(as_text=True)
