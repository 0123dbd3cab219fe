"""The audit trail: append-only, each line chained to the one before by its hash; holds ids, never names or words."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import insert, select, text
from sqlalchemy.orm import Session

from matching.accounts.records import AuditEntry

FIRST_HASH = "0" * 64
#: Any constant will do: it serialises appends on PostgreSQL; SQLite writers already take turns.
APPEND_LOCK = 0x48414C4C


def append(
    session: Session, *, actor_id: int | None, action: str, subject: str, key: str, details: Mapping[str, Any]
) -> None:
    """Add a line to the trail in the running write transaction; `details` holds codes and counts only."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": APPEND_LOCK})
    previous = session.scalar(select(AuditEntry.hash).order_by(AuditEntry.id.desc()).limit(1)) or FIRST_HASH
    line: dict[str, Any] = {
        "at": datetime.now(UTC),
        "actor_id": actor_id,
        "action": action,
        "subject": subject,
        "subject_key": key,
        "details": dict(details),
    }
    session.execute(insert(AuditEntry).values(previous_hash=previous, hash=chain_hash(previous, line), **line))


def chain_hash(previous: str, line: Mapping[str, Any]) -> str:
    """The hash of a line given the hash of the line before it."""
    content = json.dumps({**line, "at": line["at"].isoformat()}, sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(f"{previous}{content}".encode()).hexdigest()


def broken_lines(session: Session) -> Iterator[int]:
    """Yield the id of every line whose hash does not follow from its content and the line before it."""
    previous = FIRST_HASH
    columns = ("at", "actor_id", "action", "subject", "subject_key", "details")
    for entry in session.scalars(select(AuditEntry).order_by(AuditEntry.id)).yield_per(1000):
        line = {column: getattr(entry, column) for column in columns}
        if entry.previous_hash != previous or entry.hash != chain_hash(previous, line):
            yield entry.id
        previous = entry.hash
