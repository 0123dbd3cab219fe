"""Tables of occupations, their groups and stated relations, and of places and postcodes with coordinates."""

from __future__ import annotations

from sqlalchemy import JSON, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from matching.storage.base import Base


class OccupationGroupRow(Base):
    """An occupation group (beroepsgroep) within a field of work (vakgebied)."""

    __tablename__ = "occupation_groups"

    code: Mapped[str] = mapped_column(String(64), primary_key=True)
    label: Mapped[str] = mapped_column(String(200))
    field: Mapped[str] = mapped_column(String(64))
    synonyms: Mapped[list[str]] = mapped_column(JSON)


class OccupationRow(Base):
    """An occupation with its place in the hierarchy and its everyday names."""

    __tablename__ = "occupations"

    code: Mapped[str] = mapped_column(String(64), primary_key=True)
    label: Mapped[str] = mapped_column(String(200))
    isco: Mapped[str] = mapped_column(String(4), index=True)
    group_code: Mapped[str] = mapped_column(ForeignKey("occupation_groups.code"), index=True)
    work_type: Mapped[str] = mapped_column(String(32))
    level: Mapped[str] = mapped_column(String(32))
    synonyms: Mapped[list[str]] = mapped_column(JSON)


class OccupationRelation(Base):
    """A stated relation between two occupations; distance 1 is close, 2 is further."""

    __tablename__ = "occupation_relations"

    code: Mapped[str] = mapped_column(ForeignKey("occupations.code"), primary_key=True)
    related_code: Mapped[str] = mapped_column(ForeignKey("occupations.code"), primary_key=True)
    distance: Mapped[int]


class PlaceRow(Base):
    """A town or municipality with its point (WGS 84, degrees)."""

    __tablename__ = "places"

    id: Mapped[str] = mapped_column(String(80), primary_key=True)
    name: Mapped[str] = mapped_column(String(120), index=True)
    kind: Mapped[str] = mapped_column(String(16))
    municipality: Mapped[str] = mapped_column(String(120))
    province: Mapped[str] = mapped_column(String(40))
    lat: Mapped[float]
    lon: Mapped[float]
    population: Mapped[int]
    aliases: Mapped[list[str]] = mapped_column(JSON)


class PostcodeRow(Base):
    """A four-digit postcode with its point (WGS 84, degrees)."""

    __tablename__ = "postcodes"

    code: Mapped[str] = mapped_column(String(4), primary_key=True)
    place_id: Mapped[str] = mapped_column(ForeignKey("places.id"), index=True)
    lat: Mapped[float]
    lon: Mapped[float]
