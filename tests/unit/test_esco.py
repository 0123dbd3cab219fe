"""ESCO's tables become a taxonomy: codes, groups, fields, names that clash, and clear messages about wrong files."""

from __future__ import annotations

from pathlib import Path

import pytest

from matching.taxonomy.esco import EscoError, is_esco, isco_field, read_esco
from matching.taxonomy.occupations import load_bundled
from matching.taxonomy.tables import read_table
from matching.taxonomy.vocabularies import load_vocabularies
from tests.support.esco import GROUPS, OCCUPATIONS, write_tables


def test_occupations_have_the_last_part_of_their_address_as_code(tmp_path: Path) -> None:
    taxonomy = read_esco(write_tables(tmp_path))
    assert set(taxonomy.occupations) == {"aaaa-1", "aaaa-2", "aaaa-3", "aaaa-4"}
    cook = taxonomy.occupations["aaaa-1"]
    assert (cook.label, cook.isco, cook.group, cook.field) == ("kok", "5120", "isco-512", "horeca")
    assert (cook.work_type, cook.level) == ("maken", "mbo-2")
    assert is_esco(taxonomy)
    assert not is_esco(load_bundled())


def test_synonyms_are_alternative_and_hidden_labels_once(tmp_path: Path) -> None:
    taxonomy = read_esco(write_tables(tmp_path))
    assert taxonomy.occupations["aaaa-1"].synonyms == ("kokkin", "chef", 'kok, "zelfstandig werkend"', "hulpchef")
    assert taxonomy.occupations["aaaa-2"].synonyms == ("chef",)


def test_preferred_label_beats_alternative_and_shared_alternative_is_ambiguous(tmp_path: Path) -> None:
    taxonomy = read_esco(write_tables(tmp_path))
    cook = [match for match in taxonomy.find_label("kok") if match.kind == "occupation"]
    assert [(match.code, match.via) for match in cook] == [("aaaa-1", "label")]
    assert {match.code for match in taxonomy.find_label("chef")} == {"aaaa-1", "aaaa-2"}


def test_group_is_the_minor_group_unless_the_unit_group_lies_in_another_field(tmp_path: Path) -> None:
    taxonomy = read_esco(write_tables(tmp_path))
    assert {code: group.field for code, group in taxonomy.groups.items()} == {
        "isco-512": "horeca",
        "isco-1321": "productie",
        "isco-1323": "bouw",
    }
    assert taxonomy.groups["isco-512"].label == "Koks"
    assert taxonomy.related("aaaa-1").unit_group == ("aaaa-2",)


def test_byte_order_mark_is_no_part_of_the_heading(tmp_path: Path) -> None:
    taxonomy = read_esco(write_tables(tmp_path, occupations="\ufeff" + OCCUPATIONS))
    assert len(taxonomy.occupations) == 4


@pytest.mark.parametrize("name", ["occupations_nl.csv", "ISCOGroups_nl.csv"])
def test_missing_file_is_named(tmp_path: Path, name: str) -> None:
    (write_tables(tmp_path) / name).unlink()
    with pytest.raises(EscoError, match=name):
        read_esco(tmp_path)


@pytest.mark.parametrize(
    ("occupations", "groups", "message"),
    [
        (OCCUPATIONS.replace("altLabels", "alt", 1), GROUPS, r"occupations_nl\.csv: column missing: altLabels"),
        (OCCUPATIONS, GROUPS.replace("preferredLabel", "label", 1), r"ISCOGroups_nl\.csv: column missing"),
        ("", GROUPS, "column missing"),
        (OCCUPATIONS.splitlines()[0], GROUPS, "no released occupation"),
        (OCCUPATIONS.replace("aaaa-3", "aaaa-1"), GROUPS, "line 10: conceptUri is empty or used twice"),
        (OCCUPATIONS.replace("1323,bouwmanager", "9999,bouwmanager"), GROUPS, "line 10: iscoGroup '9999'"),
        (OCCUPATIONS.replace("bouwmanager,", ","), GROUPS, "line 10: preferredLabel"),
        (OCCUPATIONS.replace("bouwmanager", "b" * 201), GROUPS, "line 10: preferredLabel must have 1 to 200"),
        (OCCUPATIONS + "Occupation,half\n", GROUPS, "fewer cells"),
        (OCCUPATIONS + 'Occupation,"open', GROUPS, "no CSV as ESCO writes it"),
        (OCCUPATIONS, GROUPS.replace(",5120,Koks", ",51x0,Koks"), "needs an ISCO code"),
    ],
)
def test_wrong_tables_are_refused_with_file_and_reason(
    tmp_path: Path, occupations: str, groups: str, message: str
) -> None:
    with pytest.raises(EscoError, match=message):
        read_esco(write_tables(tmp_path, occupations, groups))


def test_other_encoding_is_refused(tmp_path: Path) -> None:
    write_tables(tmp_path)
    (tmp_path / "occupations_nl.csv").write_bytes(OCCUPATIONS.replace("kokkin", "caissière").encode("latin-1"))
    with pytest.raises(EscoError, match="is not UTF-8"):
        read_esco(tmp_path)


def test_table_of_isco_speaks_the_codes_of_the_vocabularies() -> None:
    known = load_vocabularies()
    for row in read_table("isco_fields"):
        assert row["field"] in known["field"], row
        assert row["work_type"] in known["work_type"], row
        assert row["level"] in known["level"], row


def test_table_of_isco_covers_the_groups_of_every_bundled_occupation() -> None:
    for occupation in load_bundled().occupations.values():
        assert isco_field(occupation.isco).field, occupation


def test_longest_prefix_of_an_isco_group_counts() -> None:
    assert isco_field("1323").field == "bouw"
    assert isco_field("1329").field == "personeel-beleid"
    with pytest.raises(KeyError):
        isco_field("x")
