"""Keeps occupations and places in SQL: writes the tables and reads them back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from typing import Any

from sqlalchemy import RowMapping, bindparam, delete, insert, select, update
from sqlalchemy.orm import Session

from matching.storage.base import Base, table_of
from matching.taxonomy.occupations import Occupation, OccupationGroup, Taxonomy
from matching.taxonomy.places import Gazetteer, Place, Postcode
from matching.taxonomy.records import OccupationGroupRow, OccupationRelation, OccupationRow, PlaceRow, PostcodeRow

Row = dict[str, Any]
Key = tuple[Any, ...]


def write_taxonomy(session: Session, taxonomy: Taxonomy) -> None:
    """Make the tables of occupations, groups and relations hold exactly `taxonomy`."""
    groups = [
        {"code": one.code, "label": one.label, "field": one.field, "synonyms": list(one.synonyms)}
        for one in taxonomy.groups.values()
    ]
    occupations = [
        {
            "code": one.code,
            "label": one.label,
            "isco": one.isco,
            "group_code": one.group,
            "work_type": one.work_type,
            "level": one.level,
            "synonyms": list(one.synonyms),
        }
        for one in taxonomy.occupations.values()
    ]
    relations = [
        {"code": code, "related_code": other, "distance": distance} for code, other, distance in taxonomy.relations
    ]
    gone_groups = _write(session, OccupationGroupRow, groups)
    gone_occupations = _write(session, OccupationRow, occupations)
    gone_relations = _write(session, OccupationRelation, relations)
    _remove(session, OccupationRelation, gone_relations)
    _remove(session, OccupationRow, gone_occupations)
    _remove(session, OccupationGroupRow, gone_groups)


def write_gazetteer(session: Session, gazetteer: Gazetteer, keep: Set[str] = frozenset()) -> None:
    """Make the tables of places and postcodes hold `gazetteer`, and of older places those with an id in `keep`."""
    places = [
        {
            "id": one.id,
            "name": one.name,
            "kind": one.kind,
            "municipality": one.municipality,
            "province": one.province,
            "lat": one.lat,
            "lon": one.lon,
            "population": one.population,
            "aliases": list(one.aliases),
        }
        for one in gazetteer.places.values()
    ]
    postcodes = [
        {"code": one.code, "place_id": one.place_id, "lat": one.lat, "lon": one.lon}
        for one in gazetteer.postcodes.values()
    ]
    gone_places = _write(session, PlaceRow, places)
    _remove(session, PostcodeRow, _write(session, PostcodeRow, postcodes))
    _remove(session, PlaceRow, [key for key in gone_places if key[0] not in keep])


def load_taxonomy(session: Session) -> Taxonomy:
    """The occupations, groups and relations that the database holds."""
    groups = [
        OccupationGroup(row.code, row.label, row.field, tuple(row.synonyms))
        for row in session.execute(select(OccupationGroupRow.__table__).order_by(OccupationGroupRow.code))
    ]
    field_of = {group.code: group.field for group in groups}
    occupations = [
        Occupation(
            code=row.code,
            label=row.label,
            isco=row.isco,
            group=row.group_code,
            field=field_of[row.group_code],
            work_type=row.work_type,
            level=row.level,
            synonyms=tuple(row.synonyms),
        )
        for row in session.execute(select(OccupationRow.__table__).order_by(OccupationRow.code))
    ]
    columns = (OccupationRelation.code, OccupationRelation.related_code, OccupationRelation.distance)
    relations = [(row.code, row.related_code, row.distance) for row in session.execute(select(*columns))]
    return Taxonomy.build(occupations, groups, relations)


def load_occupation_labels(session: Session) -> dict[str, str]:
    """Only the labels, by code: all that listings need of the occupations."""
    return {row.code: row.label for row in session.execute(select(OccupationRow.code, OccupationRow.label))}


def load_gazetteer(session: Session) -> Gazetteer:
    """The places and postcodes that the database holds."""
    places = [
        Place(
            id=row.id,
            name=row.name,
            province=row.province,
            lat=row.lat,
            lon=row.lon,
            population=row.population,
            municipality=row.municipality,
            kind=row.kind,
            aliases=tuple(row.aliases),
        )
        for row in session.execute(select(PlaceRow.__table__).order_by(PlaceRow.id))
    ]
    postcodes = [
        Postcode(row.code, row.place_id, row.lat, row.lon)
        for row in session.execute(select(PostcodeRow.__table__).order_by(PostcodeRow.code))
    ]
    return Gazetteer.build(places, postcodes)


def _write(session: Session, record: type[Base], rows: Iterable[Row]) -> list[Key]:
    """Insert new rows, update those that differ; the keys of rows that are in the table but not in `rows`."""
    table = table_of(record)
    names = [column.name for column in table.primary_key]
    present = {_key(names, row): dict(row) for row in session.execute(select(table)).mappings()}
    wanted = {_key(names, row): row for row in rows}
    new = [row for key, row in wanted.items() if key not in present]
    changed = [row for key, row in wanted.items() if key in present and row != present[key]]
    if new:
        session.execute(insert(table), new)
    others = [column for column in table.columns if not column.primary_key]
    if changed and others:
        statement = update(table).where(*(table.c[name] == bindparam(f"key_{name}") for name in names))
        statement = statement.values({column.name: bindparam(f"new_{column.name}") for column in others})
        session.connection().execute(
            statement,
            [
                {f"key_{name}": row[name] for name in names} | {f"new_{one.name}": row[one.name] for one in others}
                for row in changed
            ],
        )
    return [key for key in present if key not in wanted]


def _remove(session: Session, record: type[Base], keys: Iterable[Key]) -> None:
    table = table_of(record)
    names = [column.name for column in table.primary_key]
    statement = delete(table).where(*(table.c[name] == bindparam(f"key_{name}") for name in names))
    rows = [{f"key_{name}": value for name, value in zip(names, key, strict=True)} for key in keys]
    if rows:
        session.connection().execute(statement, rows)


def _key(names: Iterable[str], row: Mapping[str, Any] | RowMapping) -> Key:
    return tuple(row[name] for name in names)
