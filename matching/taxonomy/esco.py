"""Reads the European Commission's ESCO tables, as downloaded, into occupations and groups of the taxonomy."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from matching.taxonomy.occupations import Occupation, OccupationGroup, Taxonomy
from matching.taxonomy.tables import read_table
from matching.taxonomy.text import normalise

#: To be shown wherever the service uses the tables (Commission Decision 2011/833/EU, ESCO's terms of use).
ATTRIBUTION = "This service uses the ESCO classification of the European Commission."
OCCUPATIONS_FILE = "occupations_nl.csv"
GROUPS_FILE = "ISCOGroups_nl.csv"
OCCUPATION_COLUMNS = frozenset(
    {"conceptType", "conceptUri", "iscoGroup", "preferredLabel", "altLabels", "hiddenLabels", "status"}
)
GROUP_COLUMNS = frozenset({"conceptType", "code", "preferredLabel"})
#: Before the code of every group that comes from ESCO; also tells which list a system holds.
GROUP_PREFIX = "isco-"
#: What the database's columns hold.
LONGEST_LABEL = 200
_CSV_FIELD_LIMIT = 1_000_000


class EscoError(ValueError):
    """The folder doesn't hold ESCO's tables as downloaded; the message names file, line and what is wrong."""


@dataclass(frozen=True)
class IscoField:
    """What follows from an ISCO-08 group: codes of field of work, work type and usual level."""

    field: str
    work_type: str
    level: str


def read_esco(folder: Path) -> Taxonomy:
    """The Dutch ESCO tables in `folder` as a taxonomy without stated relations.

    An occupation's code is the last part of its address (a UUID). Its group is its ISCO minor group (three digits),
    or its unit group where that lies in another field of work. Field, work type and level follow from
    data/isco_fields.tsv. Raises EscoError on a missing file or column, another encoding, or a wrong row.
    """
    groups = _group_labels(folder / GROUPS_FILE)
    occupations = list(_occupations(folder / OCCUPATIONS_FILE, groups))
    if not occupations:
        raise EscoError(f"{OCCUPATIONS_FILE}: holds no released occupation")
    used = sorted({occupation.group for occupation in occupations})
    return Taxonomy.build(_preferred_first(occupations), [_group(code, groups) for code in used])


def is_esco(taxonomy: Taxonomy) -> bool:
    """Whether the taxonomy came from ESCO, so that ATTRIBUTION must be shown."""
    return any(code.startswith(GROUP_PREFIX) for code in taxonomy.groups)


def isco_field(group: str) -> IscoField:
    """Field, work type and level for an ISCO-08 group of one to four digits: the longest prefix in the table counts.

    Raises KeyError for what is no ISCO group.
    """
    table = _isco_fields()
    for length in range(len(group), 0, -1):
        if group[:length] in table:
            return table[group[:length]]
    raise KeyError(group)


@cache
def _isco_fields() -> Mapping[str, IscoField]:
    return {row["isco"]: IscoField(row["field"], row["work_type"], row["level"]) for row in read_table("isco_fields")}


def _occupations(path: Path, groups: Mapping[str, str]) -> Iterator[Occupation]:
    seen: set[str] = set()
    for line, row in _rows(path, OCCUPATION_COLUMNS):
        if row["conceptType"] != "Occupation" or row["status"] != "released":
            continue
        code, label, isco = row["conceptUri"].rpartition("/")[2], row["preferredLabel"].strip(), row["iscoGroup"]
        if not code or code in seen:
            raise EscoError(f"{path.name} line {line}: conceptUri is empty or used twice")
        seen.add(code)
        if not label or len(label) > LONGEST_LABEL:
            raise EscoError(f"{path.name} line {line}: preferredLabel must have 1 to {LONGEST_LABEL} characters")
        if isco not in groups or isco[:3] not in groups or len(isco) != 4:
            raise EscoError(f"{path.name} line {line}: iscoGroup {isco!r} is no unit group of {GROUPS_FILE}")
        follows = isco_field(isco)
        minor = isco_field(isco[:3])
        yield Occupation(
            code=code,
            label=label,
            isco=isco,
            group=GROUP_PREFIX + (isco[:3] if minor.field == follows.field else isco),
            field=follows.field,
            work_type=follows.work_type,
            level=follows.level,
            synonyms=_synonyms(label, row["altLabels"], row["hiddenLabels"]),
        )


def _synonyms(label: str, *cells: str) -> tuple[str, ...]:
    """The labels in the cells, one a line, without those that read like an earlier one or like `label`."""
    seen = {normalise(label)}
    found = []
    for line in (line.strip(" ;\t") for cell in cells for line in cell.splitlines()):
        key = normalise(line)
        if key and key not in seen:
            seen.add(key)
            found.append(line)
    return tuple(found)


def _preferred_first(occupations: Iterable[Occupation]) -> Iterator[Occupation]:
    """The occupations without synonyms that are another one's preferred label.

    So 'kok' means the cook and not also whoever has it as an alternative. A synonym that several occupations have
    stays with each: a text that equals it is shown as ambiguous.
    """
    listed = list(occupations)
    preferred = {normalise(occupation.label) for occupation in listed}
    for occupation in listed:
        own = tuple(synonym for synonym in occupation.synonyms if normalise(synonym) not in preferred)
        yield Occupation(
            occupation.code,
            occupation.label,
            occupation.isco,
            occupation.group,
            occupation.field,
            occupation.work_type,
            occupation.level,
            own,
        )


def _group(code: str, labels: Mapping[str, str]) -> OccupationGroup:
    isco = code.removeprefix(GROUP_PREFIX)
    return OccupationGroup(code, labels[isco], isco_field(isco).field)


def _group_labels(path: Path) -> dict[str, str]:
    """ISCO group of one to four digits -> its Dutch label."""
    labels = {}
    for line, row in _rows(path, GROUP_COLUMNS):
        code, label = row["code"].strip(), row["preferredLabel"].strip()
        if not code.isdecimal() or not label or len(label) > LONGEST_LABEL:
            raise EscoError(
                f"{path.name} line {line}: needs an ISCO code and a label of 1 to {LONGEST_LABEL} characters"
            )
        labels[code] = label
    return labels


def _rows(path: Path, columns: frozenset[str]) -> Iterator[tuple[int, dict[str, str]]]:
    """Rows with the number of their last line; quoted cells may hold line breaks."""
    csv.field_size_limit(_CSV_FIELD_LIMIT)
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, strict=True)
            missing = columns - set(reader.fieldnames or ())
            if missing:
                raise EscoError(f"{path.name}: column missing: {', '.join(sorted(missing))}")
            for row in reader:
                if any(row[column] is None for column in columns):
                    raise EscoError(f"{path.name} line {reader.line_num}: fewer cells than the heading has")
                yield reader.line_num, row
    except FileNotFoundError as error:
        raise EscoError(f"{path}: no such file; the folder needs {OCCUPATIONS_FILE} and {GROUPS_FILE}") from error
    except UnicodeDecodeError as error:
        raise EscoError(f"{path.name}: is not UTF-8 (byte {error.start}); use the file as downloaded") from error
    except csv.Error as error:
        raise EscoError(f"{path.name}: is no CSV as ESCO writes it: {error}") from error
