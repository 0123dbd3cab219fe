"""A profile with every part, drawn as the manual describes it; and one with none."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import PHONE, SMALL, WIDE, OpenPage
from tests.support.site import FULL_PERSON, THIN_PERSON

HOME = "/kandidaten/rijnmond/"
FULL_ADDRESS = f"{HOME}?woord=drakenstein&kandidaat=eerste"
OUTPUT = Path(__file__).parents[1] / "output"


def part(page: Page, label: str) -> str:
    """What stands under a label."""
    return page.locator("dt", has_text=re.compile(rf"^{re.escape(label)}")).locator("xpath=../dd").inner_text()


@pytest.mark.requirement(
    "PROF-01", "PROF-05", "PROF-06", "PROF-08", "PROF-11", "PROF-12", "PROF-13", "PROF-14", "PROF-18"
)
@pytest.mark.requirement("PROF-19", "PROF-20", "PROF-21", "PROF-22", "PROF-23", "PROF-24", "PROF-25", "PROF-26")
def test_the_block_algemeen(open_page: OpenPage) -> None:
    page = open_page(FULL_ADDRESS)
    OUTPUT.mkdir(exist_ok=True)
    page.screenshot(path=OUTPUT / "full-profile-1440.png")
    expect(page.locator("#naam")).to_have_text(str(FULL_PERSON["name"]))
    expect(page.locator(".quote")).to_have_text("“Nooit te beroerd om aan te pakken”")
    expect(page.locator(".profile__intro")).to_have_text("Ik werk graag met mijn handen.")
    expect(page.locator(".tag").nth(0)).to_have_text("Werksoort: Aanpakken, Vervoeren")
    expect(page.locator(".tag").nth(1)).to_have_text("Doelgroep: BBL")
    assert part(page, "Woonplaats") == "Rotterdam"
    assert part(page, "Werk- en denkniveau") == "MBO 2"
    assert part(page, "Inzetbaarheid") == "24 - 32 uur per week"
    assert part(page, "Favoriete werksoorten") == "Aanpakken, Vervoeren"
    assert part(page, "Favoriete vakgebieden (1)") == "Transport en logistiek"
    assert part(page, "Favoriete functies (8)").startswith("Functie 1, Functie 2, Functie 3, Functie 4, Functie 5")
    assert part(page, "Talen") == "Nederlands (goed), Engels"
    assert part(page, "Rijbewijzen") == "B: personenauto, C: vrachtwagen"
    assert part(page, "Vervoersmiddelen") == "Fiets"
    assert part(page, "Certificaten (7)").startswith("Heftruck, Reachtruck, VCA basis, BHV, EHBO")
    assert part(page, "Beschikbaarheid") == "24 - 32 uur per week, maandag t/m vrijdag, ochtend en middag"
    assert part(page, "Belastbaarheid (2)") == "Tillen, Concentreren"
    expect(page.get_by_role("heading", name="Hobby's en interesses")).to_be_visible()
    expect(page.get_by_text("Tuinieren")).to_be_visible()


@pytest.mark.requirement("PROF-15", "PROF-27")
def test_long_texts_and_lists_unfold(open_page: OpenPage) -> None:
    page = open_page(FULL_ADDRESS)
    expect(page.get_by_text("Slotzin van het verhaal.")).to_be_hidden()
    page.get_by_text("Lees meer").click()
    expect(page.get_by_text("Slotzin van het verhaal.")).to_be_visible()
    functions = page.locator(".part", has_text="Favoriete functies (8)").locator("details")
    expect(functions).not_to_have_attribute("open", "")
    assert "Functie 6" not in functions.inner_text()
    functions.locator(".rest__n", has_text="+3").click()
    assert re.findall(r"Functie \d", functions.inner_text()) == [f"Functie {number}" for number in range(1, 9)]
    expect(page.get_by_text("Eerdere baan 4")).to_be_hidden()
    page.locator("summary.textbutton", has_text="+2 meer").click()
    expect(page.get_by_text("Eerdere baan 4")).to_be_visible()


@pytest.mark.requirement("PROF-09", "PROF-10", "PROF-28", "PROF-29", "PROF-30", "PROF-31")
def test_the_block_media_and_the_documents(open_page: OpenPage, site: str) -> None:
    page = open_page(HOME)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(FULL_ADDRESS)
    page.get_by_role("link", name="Foto's & video's").click()
    expect(page.get_by_role("heading", name="Media", exact=True)).to_be_in_viewport()
    expect(page.get_by_role("heading", name="Video's (1)")).to_be_visible()
    for link in (
        page.get_by_role("link", name=re.compile("Bekijk op video.example")),
        page.get_by_role("link", name="noor.example"),
    ):
        expect(link).to_have_attribute("rel", "noopener noreferrer")
        expect(link).to_have_attribute("target", "_blank")
        expect(link).to_contain_text("opent in een nieuw venster")
    assert page.locator("iframe, video, embed, object").count() == 0
    assert [url for url in asked if not url.startswith(site)] == []

    page.get_by_role("link", name=re.compile("^Tuin")).click()
    expect(page.get_by_role("dialog", name="Tuin")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog", name="Tuin")).to_be_hidden()
    expect(page.get_by_role("link", name=re.compile("^Tuin"))).to_be_focused()

    page.get_by_role("link", name="Documenten (1)").click()
    with page.expect_download() as download:
        page.get_by_role("link", name=re.compile("^CV")).click()
    assert download.value.suggested_filename == "Mijn CV.pdf"


@pytest.mark.requirement("PROF-32", "PROF-33", "PROF-34", "PROF-35", "PROF-36")
def test_the_block_ervaring(open_page: OpenPage) -> None:
    page = open_page(FULL_ADDRESS)
    for heading in ("Werkervaring (7)", "Opleidingen (1)", "Cursussen & Trainingen (1)"):
        expect(page.get_by_role("heading", name=heading)).to_be_visible()
    entries = page.locator(".entry")
    expect(entries.nth(0)).to_contain_text("3-2015 – nu")
    expect(entries.nth(0)).to_contain_text("Magazijnmedewerker · Pakhuis Zuid, Rotterdam")
    expect(entries.nth(0)).to_contain_text("Orders verzamelen.")
    expect(entries.nth(1)).to_contain_text("2012 – 5-2014")
    expect(entries.nth(1)).to_contain_text("Vrijwilligerswerk")
    study = page.locator(".entry", has_text="Logistiek medewerker")
    expect(study).to_contain_text("2010 – 2012")
    expect(study).to_contain_text("MBO 2")
    expect(study).to_contain_text("Diploma behaald")
    course = page.locator(".entry", has_text="Rijschool, Schiedam")
    expect(course).to_contain_text("Certificaat behaald")
    page.locator("summary", has=page.get_by_role("heading", name="Ervaring")).click()
    expect(study).to_be_hidden()


@pytest.mark.requirement("PROF-04", "PROF-37", "UI-24")
def test_parts_that_are_empty_are_not_drawn(open_page: OpenPage) -> None:
    page = open_page(f"{HOME}?woord=leegdrager&kandidaat=eerste")
    expect(page.locator("#naam")).to_have_text(THIN_PERSON["name"])
    expect(page.locator(".avatar--large")).to_have_text("DL")
    expect(page.locator(".row__facts")).to_have_text("Woonplaats, niveau en uren niet ingevuld")
    assert page.locator(".profile h3").all_inner_texts() == ["Waarom deze kandidaat"]
    assert page.locator(".profile dt").count() == 0


def test_an_old_profile_warns_in_row_and_profile(open_page: OpenPage) -> None:
    page = open_page(FULL_ADDRESS)
    expect(page.locator(".row__date--stale")).to_contain_text("3-2-2024")
    expect(page.locator(".updated--stale")).to_have_text("Bijgewerkt op 3-2-2024 · meer dan zes maanden geleden")


@pytest.mark.requirement("PROF-03")
def test_the_dropdown_switches_the_showcase(open_page: OpenPage) -> None:
    page = open_page(FULL_ADDRESS)
    page.locator(".pick-showcase > summary").click()
    page.get_by_role("link", name="Regio Haaglanden").last.click()
    expect(page).to_have_url(re.compile(r"/kandidaten/haaglanden/\d+"))
    expect(page.locator("#naam")).to_have_text(str(FULL_PERSON["name"]))


@pytest.mark.parametrize("size", [WIDE, SMALL, PHONE, (320, 640)], ids=str)
def test_a_long_name_breaks_nothing(open_page: OpenPage, size: tuple[int, int]) -> None:
    page = open_page(f"{HOME}?woord=drakenstein", size)
    assert page.locator(".row").first.bounding_box()["height"] <= 84 or size[0] < 360  # type: ignore[index]
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]
    page.goto(page.locator("a[data-profile]").first.get_attribute("href") or "")
    page.screenshot(path=OUTPUT / f"long-name-{size[0]}.png", full_page=True)
    assert page.evaluate("document.documentElement.scrollWidth") <= size[0]


@pytest.mark.requirement("UI-03", "UI-04", "UI-06", "UI-10", "UI-11", "UI-12", "UI-13", "CAND-02")
def test_everything_has_the_place_and_look_of_the_manual(open_page: OpenPage) -> None:
    page = open_page(FULL_ADDRESS)

    def box(selector: str) -> dict[str, float]:
        found = page.locator(selector).bounding_box()
        assert found, selector
        return {**found, "right": found["x"] + found["width"], "bottom": found["y"] + found["height"]}

    def style(selector: str, name: str) -> str:
        value: str = page.locator(selector).first.evaluate("(e, name) => getComputedStyle(e)[name]", name)
        return value

    search, avatar, filters = box(".search"), box(".account"), box(".cats")
    results, pane, menu = box("#resultaten"), box("#profiel"), box("#menu")
    assert search["y"] < 20
    assert search["x"] > menu["right"] - 1
    assert avatar["right"] > 1440 - 24
    assert search["bottom"] < filters["y"] < results["y"]
    assert menu["right"] <= results["x"]
    assert results["right"] <= pane["x"]
    assert style(".bar", "backgroundColor") == "rgb(184, 67, 10)"
    for button in (".search__go", "#vorige, .walk .button", ".pick-showcase summary"):
        assert style(button, "textTransform") == "uppercase"
    assert style(".walk .button", "backgroundColor") == "rgba(0, 0, 0, 0)"
    assert style(".profile__links a", "color") == "rgb(29, 78, 216)"
    before = style(".row", "backgroundColor")
    other = open_page(HOME)
    row = other.locator(".row").nth(2)
    still = row.evaluate("e => getComputedStyle(e).backgroundColor")
    row.hover()
    other.wait_for_function(
        "old => getComputedStyle(document.querySelectorAll('.row')[2]).backgroundColor !== old", arg=still
    )
    assert before != still


@pytest.mark.requirement("UI-11")
def test_the_main_button_is_bright_green(open_page: OpenPage) -> None:
    page = open_page("/inloggen", guest=True)
    button = page.get_by_role("button", name="Volgende")
    expect(button).to_have_css("background-color", "rgb(21, 128, 61)")
    expect(button).to_have_css("color", "rgb(255, 255, 255)")
