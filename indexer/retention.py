"""Forgets what ended: rebuilds, fan-outs, repaired findings, mails, sessions, and what let people in once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import delete

from matching.accounts import housekeeping, invitations, sessions
from matching.post.mailbox import KEPT as MAILBOX_KEPT
from matching.post.mailbox import Mailbox
from matching.post.rules import forget
from matching.settings import Settings
from matching.storage.database import Database
from matching.storage.index_state import FanOut, Finding, Rebuild

#: How long ended rebuilds and fan-outs, repaired findings, and mails without their content can be looked back at.
KEPT = timedelta(days=90)


def forget_ended(database: Database, settings: Settings) -> None:
    """Remove what ended or was repaired more than KEPT ago; what has not ended stays, however old.

    The local mailbox holds what lets people in, so it is emptied sooner.
    """
    now = datetime.now(UTC)
    before = now - KEPT
    with database.write() as session:
        for ended in (Rebuild.ended_at, FanOut.ended_at, Finding.repaired_at):
            session.execute(delete(ended.class_).where(ended < before))
        forget(session, before)
        invitations.forget_old(session, before)
        sessions.forget_old(session, now)
        housekeeping.forget_ended_keys(session, now)
    Mailbox(settings.mailbox_dir).forget(now - MAILBOX_KEPT)
