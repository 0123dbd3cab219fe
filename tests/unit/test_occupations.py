"""The bundled occupation list and what the taxonomy makes of it: rings, reasons, and recognising a name."""

from __future__ import annotations

import csv
import re
from collections import Counter
from pathlib import Path

import pytest

from matching.taxonomy.occupations import (
    Occupation,
    OccupationGroup,
    Relation,
    Taxonomy,
    TaxonomyError,
    load_bundled,
)
from matching.taxonomy.tables import read_table, split_list
from matching.taxonomy.text import normalise
from matching.taxonomy.vocabularies import load_vocabularies

CODE = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
#: The 43 sub-major groups of ISCO-08 (International Labour Organization).
SUB_MAJOR_GROUP = re.compile(r"0[1-3]|1[1-4]|2[1-6]|3[1-5]|4[1-4]|5[1-4]|6[1-3]|7[1-5]|8[1-3]|9[1-6]")
ESCO_GROUPS = Path(__file__).resolve().parents[3] / "shared" / "data" / "esco" / "ISCOGroups_nl.csv"


@pytest.fixture(scope="module")
def taxonomy() -> Taxonomy:
    return load_bundled()


def test_list_is_large_enough_and_spread_over_all_fields(taxonomy: Taxonomy) -> None:
    fields = Counter(occupation.field for occupation in taxonomy.occupations.values())
    assert len(taxonomy.occupations) >= 700
    assert set(fields) == set(load_vocabularies()["field"].codes)
    assert min(fields.values()) >= 10


def test_every_group_has_occupations_and_a_field(taxonomy: Taxonomy) -> None:
    fields = load_vocabularies()["field"]
    assert [group.code for group in taxonomy.groups.values() if not taxonomy.members(group.code)] == []
    assert [group.code for group in taxonomy.groups.values() if group.field not in fields] == []


def test_every_occupation_has_every_column(taxonomy: Taxonomy) -> None:
    levels, work_types = load_vocabularies()["level"], load_vocabularies()["work_type"]
    for occupation in taxonomy.occupations.values():
        assert CODE.fullmatch(occupation.code), occupation
        assert len(occupation.code) <= 64, occupation
        assert occupation.label[0].isupper() or occupation.label[0].isdigit(), occupation
        assert re.fullmatch(r"\d{4}", occupation.isco), occupation
        assert occupation.level in levels, occupation
        assert occupation.work_type in work_types, occupation
        assert occupation.field == taxonomy.groups[occupation.group].field, occupation
        assert len(occupation.synonyms) >= 2, occupation


def test_a_name_names_one_occupation(taxonomy: Taxonomy) -> None:
    names = Counter(
        normalise(name)
        for occupation in taxonomy.occupations.values()
        for name in (occupation.label, *occupation.synonyms)
    )
    assert [name for name, count in names.items() if count > 1] == []
    assert "" not in names


def test_a_groups_name_names_no_occupation(taxonomy: Taxonomy) -> None:
    """A name that fits several occupations ('monteur') belongs to groups; several groups may share it."""
    occupations = {
        normalise(name)
        for occupation in taxonomy.occupations.values()
        for name in (occupation.label, *occupation.synonyms)
    }
    groups = {normalise(name) for group in taxonomy.groups.values() for name in (group.label, *group.synonyms)}
    assert groups & occupations == set()
    labels = Counter(normalise(group.label) for group in taxonomy.groups.values())
    assert max(labels.values()) == 1


def test_stated_relations_are_needed_and_exist(taxonomy: Taxonomy) -> None:
    """A relation that the unit group already says would be dead text in the table."""
    stated = 0
    for row in read_table("occupations"):
        for relation in split_list(row["related"]):
            code, _, distance = relation.partition(":")
            assert distance in ("1", "2"), row
            assert taxonomy.occupations[code].isco != row["isco"], (row["code"], code)
            stated += 1
    assert stated > 500


@pytest.mark.requirement("CAND-14")
def test_rings_are_disjoint_and_symmetric(taxonomy: Taxonomy) -> None:
    rings = {code: taxonomy.related(code) for code in taxonomy.occupations}
    for code, ring in rings.items():
        assert ring.exact == (code,)
        assert len(ring.codes) == len(set(ring.codes)), code
        for name in ("unit_group", "related", "group"):
            for other in getattr(ring, name):
                assert code in getattr(rings[other], name), (name, code, other)


@pytest.mark.requirement("CAND-14")
def test_every_occupation_has_neighbours(taxonomy: Taxonomy) -> None:
    assert [code for code in taxonomy.occupations if len(taxonomy.related(code).codes) < 3] == []


@pytest.mark.requirement("CAND-14")
def test_a_lorry_driver_is_near_other_drivers(taxonomy: Taxonomy) -> None:
    rings = taxonomy.related("vrachtwagenchauffeur")
    assert "chauffeur-ce" in rings.unit_group
    assert "bestelautochauffeur" in rings.related
    assert "kapper" not in rings.codes


def test_why_related_names_the_ring_and_what_is_shared(taxonomy: Taxonomy) -> None:
    assert taxonomy.why_related("kok", "kok") == Relation("exact", "Kok")
    assert taxonomy.why_related("chauffeur-ce", "vrachtwagenchauffeur") == Relation("unit_group", "8332")
    assert taxonomy.why_related("heftruckchauffeur", "orderpicker") == Relation("related", "1")
    assert taxonomy.why_related("keukenhulp", "chef-kok") == Relation("group", "Keuken")
    assert taxonomy.why_related("kapper", "chef-kok") is None


def test_why_related_agrees_with_the_rings(taxonomy: Taxonomy) -> None:
    for code in list(taxonomy.occupations)[::25]:
        rings = taxonomy.related(code)
        for name in ("exact", "unit_group", "related", "group"):
            for other in getattr(rings, name):
                relation = taxonomy.why_related(code, other)
                assert relation is not None
                assert relation.ring == name, (code, other)


@pytest.mark.requirement("CAND-12")
@pytest.mark.parametrize(
    ("text", "code", "via"),
    [
        ("Verpleegkundige", "verpleegkundige", "label"),
        ("  pedagogisch   MEDEWERKER ", "pedagogisch-medewerker", "label"),
        ("softwareontwikkelaar", "softwareontwikkelaar", "label"),
        ("Stratenmaker", "stratenmaker", "label"),
        ("caissiere", "kassamedewerker", "synonym"),
        ("Call-Center Agent", "klantenservicemedewerker", "synonym"),
        ("forklift driver", "heftruckchauffeur", "synonym"),
        ("kapster", "kapper", "synonym"),
        ("vrachtwagenchauffeurs", "vrachtwagenchauffeur", "variant"),
        ("vrachtwagen chauffeur", "vrachtwagenchauffeur", "variant"),
        ("software-ontwikkelaars", "softwareontwikkelaar", "variant"),
        ("magazijnmedewerkster", "magazijnmedewerker", "variant"),
        ("medewerksters bediening", "medewerker-bediening", "variant"),
        ("administratieve medewerkster", "administratief-medewerker", "variant"),
        ("verpleegkundigen", "verpleegkundige", "variant"),
        ("advocaten", "advocaat", "variant"),
        ("timmerlieden", "timmerman", "variant"),
        ("koks", "kok", "variant"),
        ("barista's", "barista", "variant"),
        ("lasster", "lasser", "variant"),
        ("jobcoaches", "jobcoach", "variant"),
    ],
)
def test_find_label_recognises_an_occupation(taxonomy: Taxonomy, text: str, code: str, via: str) -> None:
    match = taxonomy.find_label(text)[0]
    assert (match.kind, match.code, match.via) == ("occupation", code, via)


@pytest.mark.requirement("CAND-12")
@pytest.mark.parametrize("text", ["docent", "docenten", "leraressen", "lerares"])
def test_find_label_recognises_a_group(taxonomy: Taxonomy, text: str) -> None:
    assert [(match.kind, match.code) for match in taxonomy.find_label(text)] == [("group", "onderwijs-docenten")]


@pytest.mark.requirement("CAND-12")
def test_find_label_gives_every_group_of_a_shared_name(taxonomy: Taxonomy) -> None:
    matches = taxonomy.find_label("chauffeur")
    assert {match.code for match in matches} == {"vrachtwagen", "bezorging", "taxi", "openbaar-vervoer"}
    assert {match.kind for match in matches} == {"group"}


@pytest.mark.parametrize("text", ["", "  ", "-", "zzz", "huisvrouw", "%*?", "a" * 10_000, "chauffeurs " * 900])
def test_find_label_of_an_unknown_text_gives_nothing(taxonomy: Taxonomy, text: str) -> None:
    assert taxonomy.find_label(text) == []


def test_normalise_folds_what_spelling_habits_vary() -> None:
    assert normalise("Caissière") == normalise("CAISSIERE") == "caissiere"
    assert normalise("call-center / balie") == "call center balie"
    assert normalise("coördinator") == "coordinator"
    assert normalise("C++ developer") != normalise("C# developer")


GROUPS = (OccupationGroup("g", "Groep", "f"), OccupationGroup("h", "Ander", "f"))


def _occupation(code: str, isco: str = "1111", group: str = "g", *synonyms: str) -> Occupation:
    return Occupation(code, code.capitalize(), isco, group, "f", "", "", synonyms)


def test_a_shared_name_lists_the_preferred_label_first() -> None:
    """ESCO lets one name stand for several occupations; the one that is called so comes first."""
    occupations = [_occupation("editor", "2654", "g", "monteur"), _occupation("monteur", "7231", "h")]
    matches = Taxonomy.build(occupations, GROUPS).find_label("monteur")
    assert [(match.code, match.via) for match in matches] == [("monteur", "label"), ("editor", "synonym")]


def test_a_relation_stated_twice_keeps_the_nearer_distance() -> None:
    occupations = [_occupation("a", "1111"), _occupation("b", "2222", "h"), _occupation("c", "3333", "h")]
    built = Taxonomy.build(occupations, GROUPS, [("a", "b", 2), ("b", "a", 1), ("c", "a", 2)])
    assert built.related("a").related == ("b", "c")
    assert built.why_related("a", "b") == Relation("related", "1")
    assert built.why_related("b", "a") == Relation("related", "1")


@pytest.mark.parametrize(
    ("occupations", "relations", "message"),
    [
        ([_occupation("a"), _occupation("a")], [], "used twice"),
        ([_occupation("a", "1111", "nergens")], [], "unknown group"),
        ([_occupation("a")], [("a", "weg", 1)], "unknown occupation"),
        ([_occupation("a"), _occupation("b")], [("a", "b", 3)], "distance 1 or 2"),
        ([_occupation("a")], [("a", "a", 1)], "two occupations"),
    ],
)
def test_contradicting_tables_are_refused(
    occupations: list[Occupation], relations: list[tuple[str, str, int]], message: str
) -> None:
    with pytest.raises(TaxonomyError, match=message):
        Taxonomy.build(occupations, GROUPS, relations)


def test_unknown_codes_raise(taxonomy: Taxonomy) -> None:
    with pytest.raises(KeyError):
        taxonomy.related("bestaat-niet")
    with pytest.raises(KeyError):
        taxonomy.why_related("kok", "bestaat-niet")
    with pytest.raises(KeyError):
        taxonomy.members("bestaat-niet")


def test_every_unit_group_lies_in_a_sub_major_group(taxonomy: Taxonomy) -> None:
    for occupation in taxonomy.occupations.values():
        assert SUB_MAJOR_GROUP.fullmatch(occupation.isco[:2]), occupation


@pytest.mark.skipif(not ESCO_GROUPS.exists(), reason="the official ISCO table is not beside this checkout")
def test_every_unit_group_is_an_official_one(taxonomy: Taxonomy) -> None:
    with ESCO_GROUPS.open(encoding="utf-8-sig", newline="") as file:
        official = {row["code"] for row in csv.DictReader(file)}
    assert {occupation.isco for occupation in taxonomy.occupations.values()} <= official
