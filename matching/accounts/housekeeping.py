"""Removes keys that open nothing any more."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete
from sqlalchemy.orm import Session

from matching.accounts.key_records import Device, MailedLink, MicrosoftFlow, ShortCode
from matching.accounts.known_devices import KNOWN_FOR


def forget_ended_keys(session: Session, now: datetime) -> None:
    """Delete codes, links and sign-ins at Microsoft whose time is over, and browsers whose cookie is gone by now."""
    session.execute(delete(ShortCode).where(ShortCode.expires_at < now))
    session.execute(delete(MicrosoftFlow).where(MicrosoftFlow.expires_at < now))
    session.execute(delete(MailedLink).where(MailedLink.expires_at < now))
    session.execute(delete(Device).where(Device.used_at < now - KNOWN_FOR))
