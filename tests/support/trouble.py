"""An installation in which everything that operations people watch for has happened."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from indexer.registry import LIVE
from matching.storage.changes import CANDIDATE, note_changes
from matching.storage.index_state import DeadLetter, FanOut, Finding, IndexTarget, Rebuild

LEASE_S = 3600.0
#: Why the engine refused; what it quoted of the listing is not kept.
REASON = "document_parsing_exception: failed to parse field [hours.min] of type [short]"


def bring_trouble(session: Session, showcase: str, other: str) -> None:
    """Changes that wait, a rebuild under way and one that ended, drift open and repaired, dead letters, a fan-out.

    The rebuild is held for an hour: with a lease of LEASE_S.
    """
    now = datetime.now(UTC)
    live = select(IndexTarget.index).where(IndexTarget.showcase == showcase, IndexTarget.state == LIVE)
    index = session.execute(live).scalar_one()
    note_changes(session, CANDIDATE, range(1, 8))
    for key in range(1, 4):
        session.add(
            DeadLetter(
                index=index,
                showcase=showcase,
                candidate_id=key,
                version=40 + key,
                status=400,
                reason=REASON,
                at=now,
            )
        )
    session.add_all(
        [
            Finding(at=now, showcase=showcase, kind="missing", count=2),
            Finding(at=now, showcase=showcase, kind="missing", count=5, repaired_at=now),
            Finding(at=now, showcase=other, kind="outdated", count=11, repaired_at=now),
            FanOut(kind="showcase", key=1, done=1500, total=20_000, started_at=now),
            Rebuild(
                indexes={showcase: f"candidates-{showcase}-v1-20261123120000000000"},
                step="done",
                done=20_000,
                total=20_000,
                started_at=now - timedelta(days=1),
                updated_at=now - timedelta(days=1),
                ended_at=now - timedelta(days=1),
            ),
            Rebuild(
                indexes={
                    showcase: f"candidates-{showcase}-v1-20261124120000000000",
                    other: f"candidates-{other}-v1-20261124120000000000",
                },
                step="fill",
                done=12_500,
                total=40_000,
                lease_until=now + timedelta(seconds=LEASE_S - 1),
                started_at=now - timedelta(seconds=50),
                updated_at=now,
            ),
        ]
    )
