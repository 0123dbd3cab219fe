"""Forgets what ended long ago: rebuilds, fan-outs and repaired findings."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import delete

from matching.storage.database import Database
from matching.storage.index_state import FanOut, Finding, Rebuild

#: How long ended rebuilds and fan-outs, and repaired findings, can be looked back at.
KEPT = timedelta(days=90)


def forget_ended(database: Database) -> None:
    """Remove what ended or was repaired more than KEPT ago; what has not ended stays, however old."""
    before = datetime.now(UTC) - KEPT
    with database.write() as session:
        for ended in (Rebuild.ended_at, FanOut.ended_at, Finding.repaired_at):
            session.execute(delete(ended.class_).where(ended < before))
