"""The outbox: mail that was promised in a transaction and leaves after it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from matching.storage.base import Base, UtcDateTime


class OutboxMail(Base):
    """One mail; `recipient` and `sealed` are erased as soon as it is sent or given up.

    `sealed`: what the mail tells as JSON, link included, sealed by the vault. `reference` makes its Message-ID, the
    same at each try. `tries` counts claims and is the number that a claim must still hold to say how it ended;
    `next_try_at`: until then nobody takes it. `expires_at`: from then on it is no longer worth sending.
    """

    __tablename__ = "outbox"
    __table_args__ = (Index("ix_outbox_waiting", "sent_at", "failed_at", "next_try_at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    reference: Mapped[str] = mapped_column(String(32), unique=True)
    kind: Mapped[str] = mapped_column(String(32))
    language: Mapped[str] = mapped_column(String(2))
    recipient: Mapped[str | None] = mapped_column(String(254))
    sealed: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    next_try_at: Mapped[datetime] = mapped_column(UtcDateTime)
    tries: Mapped[int] = mapped_column(default=0)
    sent_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    failed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    last_error: Mapped[str | None] = mapped_column(String(32))
