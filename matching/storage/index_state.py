"""Tables in which the indexer remembers where its indexes stand: none of it is the record, none is about a person."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import JSON, BigInteger, Index, Integer, SmallInteger, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from matching.storage.base import Base, UtcDateTime

#: An engine's version number; SQLite's integers are that long anyway.
Version = BigInteger().with_variant(Integer, "sqlite")


class IndexTarget(Base):
    """An index that writes must reach; `state` is 'filling', 'live' or 'spare' (kept for a rollback).

    Workers read this after each claim, so an index is registered before the first read that fills it.
    """

    __tablename__ = "index_targets"

    index: Mapped[str] = mapped_column("index_name", String(120), primary_key=True)
    showcase: Mapped[str] = mapped_column(String(40), index=True)
    state: Mapped[str] = mapped_column(String(16))
    made_at: Mapped[datetime] = mapped_column(UtcDateTime)


class LedgerEntry(Base):
    """What the index of a showcase must hold of a candidate, and what it has answered for.

    `intended` is the version of the newest read that was, or is about to be, written; `acknowledged` equals it once the
    live and the spare indexes are known to hold that. `gone`: the listing is a stub, or will be once that is so. The
    rules are in indexer.ledger.
    """

    __tablename__ = "index_ledger"
    __table_args__ = (Index("ix_index_ledger_bucket", "showcase", "bucket"), {"sqlite_with_rowid": False})

    showcase: Mapped[str] = mapped_column(String(40), primary_key=True)
    candidate_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    bucket: Mapped[int] = mapped_column(SmallInteger)
    digest: Mapped[str] = mapped_column(String(32))
    intended: Mapped[int] = mapped_column(Version)
    acknowledged: Mapped[int | None] = mapped_column(Version)
    gone: Mapped[bool] = mapped_column(default=False)
    at: Mapped[datetime] = mapped_column(UtcDateTime)


class DeadLetter(Base):
    """A listing that the engine refused for good; `reason` holds no value of the listing."""

    __tablename__ = "dead_letters"
    __table_args__ = (Index("uq_dead_letters_index_name", "index_name", "candidate_id", unique=True),)

    id: Mapped[int] = mapped_column(primary_key=True)
    index: Mapped[str] = mapped_column("index_name", String(120))
    showcase: Mapped[str] = mapped_column(String(40))
    candidate_id: Mapped[int]
    version: Mapped[int] = mapped_column(Version)
    status: Mapped[int]
    reason: Mapped[str] = mapped_column(Text)
    tries: Mapped[int] = mapped_column(default=1)
    at: Mapped[datetime] = mapped_column(UtcDateTime)


class Rebuild(Base):
    """A rebuild of one showcase or several, resumable at every step.

    `indexes` maps showcase codes to the new indexes. Whoever works on it holds the lease until `lease_until`; each
    new holder raises `fence`, and a step is only written by the holder of the present number.
    """

    __tablename__ = "rebuilds"

    id: Mapped[int] = mapped_column(primary_key=True)
    indexes: Mapped[dict[str, str]] = mapped_column(JSON)
    step: Mapped[str] = mapped_column(String(16))
    after_key: Mapped[int] = mapped_column(default=0)
    done: Mapped[int] = mapped_column(default=0)
    total: Mapped[int] = mapped_column(default=0)
    fence: Mapped[int] = mapped_column(default=0)
    lease_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    force_reason: Mapped[str | None] = mapped_column(Text)
    error: Mapped[str | None] = mapped_column(Text)
    started_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class FanOut(Base):
    """The many changes that follow from one to something shared (`kind`: 'showcase', 'occupations'), in batches."""

    __tablename__ = "fan_outs"

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(32))
    key: Mapped[int]
    after_key: Mapped[int] = mapped_column(default=0)
    done: Mapped[int] = mapped_column(default=0)
    total: Mapped[int] = mapped_column(default=0)
    lease_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    started_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class Finding(Base):
    """Drift that a verification found: how many listings of a showcase differ in one way; when it was repaired."""

    __tablename__ = "index_findings"

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    showcase: Mapped[str] = mapped_column(String(40))
    kind: Mapped[str] = mapped_column(String(32))
    count: Mapped[int]
    repaired_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class GoldenQuery(Base):
    """A search whose first results are known to be right: a rebuild that changes their order is not promoted."""

    __tablename__ = "golden_queries"

    id: Mapped[int] = mapped_column(primary_key=True)
    showcase: Mapped[str] = mapped_column(String(40), index=True)
    text: Mapped[str] = mapped_column(String(200))
    expected: Mapped[list[int]] = mapped_column(JSON)
    recorded_at: Mapped[datetime] = mapped_column(UtcDateTime)


class Timeline(Base):
    """One row: which life of the database this is. A restored copy gets another, and its indexes must be rebuilt."""

    __tablename__ = "timeline"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    since: Mapped[datetime] = mapped_column(UtcDateTime)
