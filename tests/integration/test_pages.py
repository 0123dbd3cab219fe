"""The Verkenner's pages as they are sent: what stands on them, what they cost, and who gets them."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from flask import Flask
from flask.testing import FlaskClient

from matching.candidates.overview import STATEMENTS_PER_PROFILE
from matching.candidates.parts import CATEGORIES
from matching.candidates.showcases import define, load_showcases
from matching.demo.showcases import SHOWCASES
from tests.support.pages import page_of, sign_in
from tests.support.site import OTHER_EMAIL
from tests.support.statements import counted_statements
from web.services import EXTENSION

HOME = "/kandidaten/rijnmond/"
#: Actor (2), showcases (1), and which of the hits are still shown (1).
LIST_STATEMENTS = 3


@pytest.fixture(scope="module")
def client(app: Flask) -> FlaskClient:
    return sign_in(app)


def profile_addresses(page: str) -> list[str]:
    return re.findall(r'class="row__link" id="open-\d+" href="([^"]+)"', page)


def selects(sent: list[str]) -> list[str]:
    """The statements that ask something: a transaction's begin does not count."""
    return [statement for statement in sent if statement.startswith("SELECT")]


@pytest.mark.requirement("CAND-01", "UI-21")
def test_the_menu_opens_the_first_showcase_with_everyone_in_pages_of_twenty(client: FlaskClient) -> None:
    assert 'class="linkrow" href="/kandidaten/"' in page_of(client, "/")
    assert client.get("/kandidaten/").headers["Location"] == HOME
    page = page_of(client, HOME)
    total = int(re.search(r'id="aantal"[^>]*>(\d+) kandidaten', page)[1])  # type: ignore[index]
    assert total > 200
    assert len(profile_addresses(page)) == 20
    assert f"1–20 van {total}" in page
    assert 'id="volgende-pagina"' in page
    assert 'id="vorige-pagina"' not in page
    last = page_of(client, f"{HOME}?pagina={-(-total // 20)}")
    assert 'id="volgende-pagina"' not in last
    assert 'id="vorige-pagina"' in last


def test_a_list_costs_the_same_statements_however_many_rows(app: Flask, client: FlaskClient) -> None:
    client.get(HOME)  # vocabularies are read once per process
    for address in (HOME, f"{HOME}?beroep=heftruckchauffeur&plaats=rotterdam&f.rijbewijs=B", f"{HOME}?pagina=2"):
        with counted_statements(app.extensions[EXTENSION].database) as sent:
            page_of(client, address)
        assert len(selects(sent)) == LIST_STATEMENTS, sent


def test_a_profile_costs_a_fixed_number_of_statements(app: Flask, client: FlaskClient) -> None:
    for address in profile_addresses(page_of(client, HOME))[:5]:
        with counted_statements(app.extensions[EXTENSION].database) as sent:
            page_of(client, address)
        last_line_of_the_trail = 1
        assert len(selects(sent)) == LIST_STATEMENTS - 1 + STATEMENTS_PER_PROFILE + last_line_of_the_trail, sent


@pytest.mark.requirement("CAND-03", "UI-05")
def test_each_showcase_that_may_be_opened_has_a_tab(app: Flask, client: FlaskClient) -> None:
    page = page_of(client, HOME)
    tabs = re.findall(r'class="tab" href="([^"]+)"', page)
    assert tabs == [f"/kandidaten/{view.code}/" for view in SHOWCASES]
    other = sign_in(app, OTHER_EMAIL)
    assert re.findall(r'class="tab" href="([^"]+)"', page_of(other, "/kandidaten/haaglanden/")) == [
        "/kandidaten/haaglanden/"
    ]


@pytest.mark.requirement("CAND-03", "CAND-37")
def test_a_search_goes_along_to_another_showcase_which_says_what_it_does_not_have(client: FlaskClient) -> None:
    search = "beroep=kok&taal=pl&plaats=rotterdam&straal=50&f.rijbewijs=B"
    page = page_of(client, f"{HOME}?{search}&f.vervoer=fiets")
    tabs = dict(re.findall(r'class="tab" href="([^"]+)"[^>]*>([^<]+)', page))
    addresses = {label: address for address, label in tabs.items()}
    assert addresses["Regio Haaglanden"] == (
        "/kandidaten/haaglanden/?beroep=kok&taal=pl&plaats=rotterdam&straal=50&f.rijbewijs=B&f.vervoer=fiets"
    )
    there = page_of(client, addresses["Leerwerkbanen"])
    assert "Deze etalage heeft dit niet, dus het viel weg: Fiets." in there
    assert "notice--told" in there
    assert [label for label in ("Kok", "Pools") if f"<b>{label}</b>" in there] == ["Kok", "Pools"]
    assert f'href="/kandidaten/leerwerkbanen/?{search}"' in there


def test_another_organisations_showcase_does_not_exist(app: Flask, client: FlaskClient) -> None:
    other = sign_in(app, OTHER_EMAIL)
    addresses = [HOME, f"{HOME}suggesties?q=kok", f"{HOME}aantal", *profile_addresses(page_of(client, HOME))[:3]]
    assert [other.get(address).status_code for address in addresses] == [404] * len(addresses)


@pytest.mark.requirement("CAND-19", "CAND-37")
@pytest.mark.parametrize("view", SHOWCASES, ids=lambda view: view.code)
def test_a_showcase_offers_its_own_categories_and_options(client: FlaskClient, view: object) -> None:
    assert isinstance(view, type(SHOWCASES[0]))
    page = page_of(client, f"/kandidaten/{view.code}/")
    assert re.findall(r'data-category="([^"]+)"', page) == [CATEGORIES[c.code].slug for c in view.categories]
    for shown in view.categories:
        options = re.findall(rf'name="f\.{CATEGORIES[shown.code].slug}" value="([^"]+)"', page)
        assert options.count("niet-ingevuld") == 1
        assert options[-1] == "niet-ingevuld"
        if shown.options is not None:
            assert set(options) == {*shown.options, "niet-ingevuld"}


@pytest.mark.requirement("CAND-20", "CAND-21", "CAND-22")
def test_ticked_filters_are_marked_counted_and_cleared_at_once(client: FlaskClient) -> None:
    page = page_of(client, f"{HOME}?beroep=kok&f.rijbewijs=B&f.rijbewijs=C&f.niveau=mbo-2&categorie=rijbewijs")
    assert re.search(r'value="B" checked', page)
    assert re.search(r'id="cat-rijbewijs"[^>]*aria-expanded="true"', page)
    assert page.count('class="cat__dot"') == 2
    assert "<span>3 filters</span>" in page
    assert re.search(r'class="clear" href="([^"]+)"', page)[1] == f"{HOME}?beroep=kok&categorie=rijbewijs"  # type: ignore[index]


@pytest.mark.requirement("CAND-13", "CAND-22")
def test_a_link_that_clears_keeps_the_open_profile_while_that_candidate_is_found(client: FlaskClient) -> None:
    search = f"{HOME}?beroep=kok&f.niveau=mbo-2"
    found = re.search(r'id="rij-(\d+)"', page_of(client, search))
    assert found
    page = page_of(client, f"{search}&kandidaat={found[1]}")
    links = re.findall(r'href="([^"]+)"[^>]* data-keep', page)
    assert links == [f"{HOME}?f.niveau=mbo-2&open={found[1]}", f"{HOME}?beroep=kok&open={found[1]}"]
    for link in links:
        assert client.get(link).headers["Location"] == link.replace("open=", "kandidaat=")
    partial = client.get(links[0], headers={"HX-Request": "true"})
    assert partial.headers["HX-Push-Url"] == links[0].replace("open=", "kandidaat=")
    nobody = f"{HOME}?woord=xqzw"
    assert client.get(f"{nobody}&open={found[1]}").headers["Location"] == nobody
    choice = client.get(f"{HOME}?waar=Bergen&open={found[1]}", headers={"HX-Request": "true"})
    assert "HX-Push-Url" not in choice.headers


@pytest.mark.requirement("CAND-13", "CAND-15")
def test_typed_text_becomes_a_chip_and_says_so(client: FlaskClient) -> None:
    answer = client.get(f"{HOME}?q=heftruckchauffeurs&f.rijbewijs=B&straal=25&plaats=&waar=")
    assert answer.status_code == 302
    page = page_of(client, answer.headers["Location"])
    assert "“heftruckchauffeurs” begrepen als" in page
    assert "<b>Heftruckchauffeur</b>" in page
    word = re.search(r'<a href="([^"]+)"[^>]*>zoek als woord', page)
    assert word
    assert "woord=heftruckchauffeurs" in word[1]
    assert "f.rijbewijs=B" in word[1]


@pytest.mark.requirement("CAND-12")
def test_a_target_group_chip_ticks_that_filter(client: FlaskClient) -> None:
    location = client.get(f"{HOME}?q=Garantiebaan").headers["Location"]
    assert location == f"{HOME}?f.doelgroep=banenafspraak"
    page = page_of(client, location)
    assert 'class="chip"' in page
    assert re.search(r'name="f.doelgroep" value="banenafspraak" checked', page)


@pytest.mark.requirement("CAND-11", "CAND-12")
def test_suggestions_are_grouped_and_counted(client: FlaskClient) -> None:
    page = page_of(client, f"{HOME}suggesties?q=heftruck&f.rijbewijs=B")
    assert "Beroep</div>" in page
    option = re.search(r'data-url="([^"]+)" data-label="Heftruckchauffeur"', page)
    assert option
    assert option[1] == f"{HOME}?beroep=heftruckchauffeur&f.rijbewijs=B"
    assert re.search(r'listbox__count">\d+', page)


@pytest.mark.requirement("CAND-06")
def test_an_empty_result_says_why_and_what_to_leave_out(client: FlaskClient) -> None:
    page = page_of(client, f"{HOME}?beroep=heftruckchauffeur&plaats=rotterdam&straal=5&f.certificaat=drone")
    if "0 kandidaten" in page:
        assert "Niemand past bij alles wat je vraagt" in page
    assert "Ruimer zoeken" in page
    assert "Zonder certificaat Dronebewijs" in page
    assert "Op elke afstand" in page
    assert "Zonder heftruckchauffeur" in page


@pytest.mark.requirement("CAND-06")
def test_an_unknown_word_is_said_to_be_one_and_a_distance_only_beside_a_place(client: FlaskClient) -> None:
    page = page_of(client, f"{HOME}?woord=xqzw")
    assert "Niemand heeft “xqzw” in het profiel" in page
    assert "Controleer de spelling." in page
    assert "Laat iets weg van wat je vraagt." in page_of(client, f"{HOME}?woord=xqzw&beroep=kok")
    assert "grotere straal" in page_of(client, f"{HOME}?woord=xqzw&beroep=kok&plaats=rotterdam")


@pytest.mark.requirement("CAND-06", "CAND-15")
def test_words_that_nobody_has_are_offered_as_what_they_name(client: FlaskClient) -> None:
    page = page_of(client, f"{HOME}?woord=xqzw&woord=Pools&woord=Den&woord=Haag&f.rijbewijs=B")
    assert "Pools (taal)" in page
    assert "Den Haag als plaats" in page
    assert f'href="{HOME}?woord=xqzw&woord=Den&woord=Haag&taal=pl&f.rijbewijs=B"' in page
    assert f'href="{HOME}?woord=xqzw&woord=Pools&plaats=den-haag&f.rijbewijs=B"' in page


@pytest.mark.requirement("UI-20")
def test_the_title_says_the_search_and_the_page_who_stands_on_top(client: FlaskClient) -> None:
    page = page_of(client, f"{HOME}?beroep=kok&plaats=rotterdam")
    total = re.search(r'id="aantal"[^>]*>([\d.]+) kandidaten', page)
    assert total
    assert f"<title>Kok, Rotterdam: {total[1]} · HalloWerk</title>" in page
    assert "De best passende staat bovenaan." in page
    assert "Laatst bijgewerkt bovenaan." in page_of(client, f"{HOME}?f.rijbewijs=B")
    assert "bovenaan." not in page_of(client, f"{HOME}?sorteer=naam")


@pytest.mark.requirement("CAND-14", "OPEN-07")
def test_the_header_tells_those_with_the_occupation_from_the_related(client: FlaskClient) -> None:
    page = page_of(client, f"{HOME}?beroep=heftruckchauffeur")
    counts = re.search(r"(\d+) met dit beroep, (\d+) verwant", page)
    assert counts
    only = page_of(client, f"{HOME}?beroep=heftruckchauffeur&verwant=nee")
    assert f"{counts[1]} kandidaten" in only
    assert 'aria-checked="false"' in only


@pytest.mark.requirement("PROF-03")
def test_a_candidate_in_several_showcases_can_be_seen_in_each(client: FlaskClient) -> None:
    pages = [page_of(client, address) for address in profile_addresses(page_of(client, "/kandidaten/leerwerkbanen/"))]
    several = next(page for page in pages if 'class="pick-showcase"' in page)
    addresses = re.findall(r'class="popup__item" href="(/kandidaten/[^"]+)"', several)
    assert len(addresses) > 1
    for address in addresses:
        page_of(client, address)


@pytest.mark.requirement("PROF-03")
def test_the_showcases_of_a_profile_keep_the_search(client: FlaskClient) -> None:
    search = "taal=nl&f.niveau=mbo-1&f.niveau=mbo-2"
    pages = [
        page_of(client, address)
        for address in profile_addresses(page_of(client, f"/kandidaten/leerwerkbanen/?{search}&f.niveau=mbo-3"))
    ]
    several = next(page for page in pages if 'class="pick-showcase"' in page)
    addresses = re.findall(r'class="popup__item" href="(/kandidaten/[^"]+)"', several)
    assert all(address.endswith(f"?{search}&f.niveau=mbo-3") for address in addresses)
    assert "Waarom deze kandidaat" in page_of(client, addresses[0])


@pytest.mark.requirement("PROF-10")
def test_documents_are_downloads_and_photos_are_images(client: FlaskClient) -> None:
    pages = [
        page_of(client, address)
        for number in (1, 2)
        for address in profile_addresses(page_of(client, f"{HOME}?pagina={number}"))
    ]
    documents = [address for page in pages for address in re.findall(r'<a href="([^"]+/bestand/\d+)" download', page)]
    portraits = [address for page in pages for address in re.findall(r'avatar--large" src="([^"]+)"', page)]
    document = client.get(documents[0])
    assert document.headers["Content-Disposition"].startswith("attachment")
    assert document.headers["X-Content-Type-Options"] == "nosniff"
    assert document.mimetype == "application/octet-stream"
    portrait = client.get(portraits[0])
    assert portrait.mimetype in ("image/jpeg", "image/png", "image/webp")
    assert portrait.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.requirement("GEN-03")
def test_pages_are_dutch_and_english_by_choice(app: Flask) -> None:
    client = sign_in(app)
    assert '<html lang="nl">' in page_of(client, HOME)
    assert client.post("/taal/en", data={"next": HOME}).headers["Location"] == HOME
    page = page_of(client, HOME)
    assert '<html lang="en">' in page
    assert "candidates</h2>" in page


@pytest.mark.requirement("CAND-01")
def test_the_way_through_the_results_crosses_pages(client: FlaskClient) -> None:
    first = profile_addresses(page_of(client, HOME))
    page = page_of(client, first[-1])
    following = re.search(r'href="([^"]+)" id="volgende"', page)
    assert following
    assert following[1] == f"{HOME}?pagina=2&kandidaat=eerste"
    second = page_of(client, following[1])
    assert re.search(r'class="row row--picked" id="rij-(\d+)"', second)
    back = re.search(r'href="([^"]+)" id="vorige"', second)
    assert back
    assert back[1] == f"{HOME}?kandidaat=laatste"


@pytest.mark.requirement("CAND-37", "PROF-03")
def test_what_a_showcase_hides_can_neither_be_asked_nor_seen(app: Flask, client: FlaskClient) -> None:
    database = app.extensions[EXTENSION].database
    with database.read() as session:
        before = load_showcases(session)["haaglanden"]
    assert before is not None
    hidden = {"home", "level", "target_groups"}
    categories = tuple(shown for shown in before.categories if CATEGORIES[shown.code].part not in hidden)
    try:
        with database.write() as session:
            define(session, replace(before, parts=before.parts - hidden, categories=categories), 1)
        address = "/kandidaten/haaglanden/?plaats=denhaag&niveau=mbo-2&f.doelgroep=bbl"
        answer = client.get(address)
        page = answer.get_data(as_text=True)
        assert answer.status_code == 400
        assert "niet zoeken op “MBO 2”" in page
        assert "“BBL” kun je in deze etalage niet filteren" in page
        assert 'name="waar"' not in page
        profile = page_of(client, profile_addresses(page)[0])
        assert "Werk- en denkniveau" not in profile
        assert "Woonplaats" not in profile
    finally:
        with database.write() as session:
            define(session, before, 1)


@pytest.mark.requirement("GEN-07")
def test_a_profile_is_read_and_never_changed_here(app: Flask, client: FlaskClient) -> None:
    profile = page_of(client, profile_addresses(page_of(client, HOME))[0])
    actions = set(re.findall(r'<form method="post"[^>]*action="([^"]+)"', profile))
    assert actions == {"/uitloggen"}
    changing = [rule.rule for rule in app.url_map.iter_rules() if (rule.methods or set()) - {"GET", "HEAD", "OPTIONS"}]
    assert not [rule for rule in changing if rule.startswith("/kandidaten")]


@pytest.mark.requirement("OPEN-30", "CAND-16")
def test_the_distances_to_choose_from(client: FlaskClient) -> None:
    page = page_of(client, HOME)
    options = re.findall(r'<option value="(\w+)"( selected)?>([^<]+)</option>', page)
    assert [(value, label) for value, _selected, label in options] == [
        ("5", "5 km"),
        ("10", "10 km"),
        ("25", "25 km"),
        ("50", "50 km"),
        ("100", "100 km"),
        ("alle", "alle afstanden"),
    ]
    assert [value for value, selected, _label in options if selected] == ["25"]
