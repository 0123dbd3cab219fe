"""What time it is for everything that processes judge each other by: leases, claims, what was sent, what is old."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from matching.storage.base import UtcDateTime


def database_now(session: Session) -> datetime:
    """The database's own clock, so that processes on several machines are measured by one (F7).

    SQLite has none of its own: there it is this process's, which its neighbours on the machine share.
    """
    if session.get_bind().dialect.name == "sqlite":
        return datetime.now(UTC)
    return session.execute(select(func.clock_timestamp(type_=UtcDateTime))).scalar_one()
