"""Listings: built from profile rows, without what is empty, without what a showcase hides."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import orjson
import pytest
import time_machine

from indexer.documents import Labels, Listing, ListingBuilder, fingerprint, shown_fields, stub
from matching.candidates.listings import Entry, Medium, Profile, Single, Term
from matching.candidates.parts import PARTS, SENSITIVE_PARTS, ShowcaseView

LABELS = Labels(
    terms={
        "language": {"nl": "Nederlands", "de": "Duits"},
        "level": {"mbo-3": "MBO 3"},
        "target_group": {"banenafspraak": "Banenafspraak"},
        "capability": {"zitten": "Zitten"},
    },
    occupations={"magazijn": "Magazijnmedewerker"},
)
ALL = ShowcaseView("alles", "Alles", frozenset(PARTS), ())
EMPTY = Single(
    id=7,
    name="Naam",
    updated_at=datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC),
    **dict.fromkeys(Single._fields[3:]),
)


def built(view: ShowcaseView = ALL, **changes: Any) -> Listing:
    """The listing in `view` of a candidate of whom nothing else is known."""
    single = EMPTY._replace(**{key: value for key, value in changes.items() if key in Single._fields})
    rest = {key: value for key, value in changes.items() if key not in Single._fields}
    empty: dict[str, Any] = {"terms": {}, "entries": {}, "media": [], "showcases": frozenset({view.code})}
    [(code, found)] = ListingBuilder(LABELS, [view]).listings(Profile(single, **(empty | rest)))
    assert code == view.code
    return found


def listing(view: ShowcaseView = ALL, **changes: Any) -> dict[str, Any]:
    """What that listing shows."""
    content: dict[str, Any] = orjson.loads(built(view, **changes).content)
    return content


@pytest.mark.requirement("PROF-04")
def test_an_empty_profile_holds_only_id_name_and_date() -> None:
    assert listing() == {"id": 7, "name": "Naam", "updated_at": "2026-03-04T05:06:07+00:00"}


@pytest.mark.parametrize(
    ("least", "most", "expected"),
    [
        (16, 32, {"min": 16, "max": 32}),
        (16, None, {"min": 16, "max": 60}),
        (None, 32, {"min": 0, "max": 32}),
        (0, 0, {"min": 0, "max": 0}),
    ],
)
@pytest.mark.requirement("PROF-14", "CAND-32")
def test_an_open_end_of_hours_is_filled(least: int | None, most: int | None, expected: dict[str, int]) -> None:
    assert listing(hours_min=least, hours_max=most)["hours"] == expected


@pytest.mark.requirement("PROF-20")
def test_functions_keep_the_order_and_the_own_words() -> None:
    terms = {
        "function": [Term("onbekend", None, None), Term("magazijn", None, "Orderpicken"), Term(None, None, "Hovenier")]
    }
    found = listing(terms=terms)
    assert found["functions"] == ["onbekend", "magazijn"]
    assert found["function_titles"] == ["Magazijnmedewerker", "Orderpicken", "Hovenier"]


@pytest.mark.requirement("PROF-21", "CAND-31")
def test_languages_hold_their_level_and_labels_become_words() -> None:
    terms = {"language": [Term("nl", "moedertaal", None), Term("de", None, None)]}
    found = listing(terms=terms, level="mbo-3")
    assert found["languages"] == ["nl", "de"]
    assert found["language_levels"] == ["nl:moedertaal"]
    assert found["term_labels"] == {"languages": ["Nederlands", "Duits"], "level": ["MBO 3"]}


def test_labels_of_hidden_parts_are_no_words() -> None:
    view = replace(ALL, parts=ALL.parts - {"languages"})
    terms = {"language": [Term("nl", "moedertaal", None)]}
    assert listing(view, terms=terms, level="mbo-3")["term_labels"] == {"level": ["MBO 3"]}
    assert "languages" not in listing(view, terms=terms)


@pytest.mark.requirement("CAND-29", "CAND-30")
def test_what_can_discriminate_is_kept_as_a_code_but_never_as_a_word() -> None:
    """Words rank; sensitive parts only filter."""
    terms = {"target_group": [Term("banenafspraak", None, None)], "capability": [Term("zitten", None, None)]}
    found = listing(terms=terms)
    assert found["target_groups"] == ["banenafspraak"]
    assert found["capabilities"] == ["zitten"]
    assert "term_labels" not in found
    assert {"target_groups", "capabilities"} == SENSITIVE_PARTS


@pytest.mark.requirement("PROF-34", "PROF-35")
def test_marks_that_are_off_are_left_out_but_a_missed_diploma_is_known() -> None:
    item = Entry("Kok", None, "Eetcafé", None, "2019-04", None, False, False, None, False, None)
    found = listing(entries={"work": [item], "education": [item]})
    assert found["experience"] == [{"title": "Kok", "employer": "Eetcafé", "start": "2019-04"}]
    assert found["education"] == [{"title": "Kok", "institution": "Eetcafé", "start": "2019-04", "diploma": False}]


@pytest.mark.requirement("PROF-07", "PROF-09", "PROF-10")
def test_media_are_counted_and_the_portrait_is_named() -> None:
    kinds = ("portrait", "photo", "photo", "video", "link", "document")
    found = listing(media=[Medium(number, kind) for number, kind in enumerate(kinds, start=40)])
    assert found["portrait"] == 40
    assert found["media_counts"] == {"photos": 2, "videos": 1, "links": 1}
    assert found["documents_count"] == 1


@pytest.mark.parametrize("part", sorted(PARTS))
@pytest.mark.requirement("PROF-03")
def test_hiding_a_part_hides_its_fields(part: str) -> None:
    hidden = set(shown_fields(ALL)) - set(shown_fields(replace(ALL, parts=ALL.parts - {part})))
    assert hidden
    assert not hidden & set(shown_fields(replace(ALL, parts=frozenset())))


def test_a_showcase_that_does_not_show_the_candidate_gets_no_listing() -> None:
    profile = Profile(EMPTY, {}, {}, [], frozenset({"andere"}))
    assert list(ListingBuilder(LABELS, [ALL]).listings(profile)) == []


def test_the_digest_follows_all_that_is_shown_and_nothing_else() -> None:
    found = built(hours_min=16, place="delft")
    assert found.digest == built(place="delft", hours_min=16).digest
    assert found.digest != built(hours_min=17, place="delft").digest
    homeless = replace(ALL, parts=ALL.parts - {"home"})
    assert built(homeless, place="delft").digest == built(homeless, place="gouda").digest


def test_the_engine_stores_what_is_shown_and_what_verification_compares() -> None:
    found = built(hours_min=16, place="delft")
    facts = {"digest": found.digest, "check": int(found.digest[:8], 16), "bucket": 2000 % 1024, "written": 9}
    assert orjson.loads(found.body(2000, 9)) == {**facts, **orjson.loads(found.content)}


def test_a_stub_holds_nothing_personal() -> None:
    assert orjson.loads(stub(2000, 9)) == {"gone": True, "bucket": 2000 % 1024, "written": 9}


def test_a_listing_does_not_depend_on_today() -> None:
    item = Entry("Kok", None, None, None, "2019-04", None, True, False, None, None, None)
    with time_machine.travel(datetime(2026, 1, 1, tzinfo=UTC)):
        early = orjson.dumps(listing(entries={"work": [item]}))
    with time_machine.travel(datetime(2031, 1, 1, tzinfo=timezone(timedelta(hours=2)))):
        assert orjson.dumps(listing(entries={"work": [item]})) == early


def test_the_fingerprint_tells_what_asks_for_a_rebuild_from_what_live_updates_carry() -> None:
    body: dict[str, Any] = {"mappings": {"properties": {}}}
    same = fingerprint(ALL, LABELS, body)

    def differing(view: ShowcaseView = ALL, labels: Labels = LABELS, body: dict[str, Any] = body) -> list[str]:
        other = fingerprint(view, labels, body)
        return [name for name, value in same.items() if value != other[name]]

    assert differing(view=replace(ALL, name="Anders")) == []
    assert differing(view=replace(ALL, parts=ALL.parts - {"hobbies"})) == ["content"]
    assert differing(labels=replace(LABELS, occupations={})) == ["content"]
    assert differing(labels=replace(LABELS, terms={})) == ["builder"]
    assert differing(body={"mappings": {"properties": {"x": {}}}}) == ["mapping"]
