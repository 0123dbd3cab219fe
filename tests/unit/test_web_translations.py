"""Every string of the interface goes through gettext, and the English catalogue has all of them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.pofile import read_po

from matching.accounts.terms import VERSION

WEB = Path(__file__).parents[2] / "web"
KEYWORDS = {"_": None, "_l": None, "gettext": None, "ngettext": (1, 2), "lazy_gettext": None}
CATALOGUE = WEB / "translations/en/LC_MESSAGES/messages.po"
#: Attributes whose text people read or hear.
SPOKEN = ("title", "placeholder", "aria-label", "alt")


def wanted() -> set[str]:
    """The first form of every message in code, templates and label lists."""
    with (WEB / "translations/babel.cfg").open() as file:
        methods, options = parse_mapping_cfg(file)
    found = extract_from_dir(str(WEB), methods, options, keywords=KEYWORDS)
    return {message if isinstance(message, str) else message[0] for _file, _line, message, *_rest in found}


@pytest.mark.requirement("GEN-03")
def test_the_english_catalogue_is_complete_and_holds_nothing_else() -> None:
    with CATALOGUE.open("rb") as file:
        catalogue = read_po(file, locale="en")
    messages = [message for message in catalogue if message.id]
    ids = {message.id if isinstance(message.id, str) else message.id[0] for message in messages}
    assert wanted() == ids
    for message in messages:
        assert message.string, message.id
        assert all(message.string), message.id
        assert not message.fuzzy, message.id


def test_translations_keep_the_placeholders() -> None:
    with CATALOGUE.open("rb") as file:
        catalogue = read_po(file, locale="en")
    for message in catalogue:
        assert not list(message.check(catalogue)), message.id


#: The terms of use are a text as a whole, in each language.
TERMS = WEB / "templates/accounts/terms"
TEMPLATES = sorted(path for path in WEB.glob("templates/**/*.html") if path.parent != TERMS)


def test_each_version_of_the_terms_is_there_in_each_language() -> None:
    assert (TERMS / f"{VERSION}_nl.html").is_file()
    assert {path.name.partition("_")[2] for path in TERMS.iterdir()} == {"nl.html", "en.html"}
    assert len(list(TERMS.glob("*_nl.html"))) == len(list(TERMS.glob("*_en.html")))


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_templates_hold_no_text_outside_gettext(template: Path) -> None:
    text = re.sub(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}", "", template.read_text(), flags=re.DOTALL)
    spoken = re.findall(rf'(?:{"|".join(SPOKEN)})="([^"]*[A-Za-z]{{3}}[^"]*)"', text)
    outside = re.sub(r"<[^>]*>", "\n", text, flags=re.DOTALL)
    loose = [line.strip() for line in outside.splitlines() if re.search(r"[A-Za-zÀ-ÿ]{3}", line)]
    assert [line for line in spoken + loose if "HalloWerk" not in line] == []
