"""Sign-ins at Microsoft that are under way."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from matching.storage.base import UtcDateTime

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "microsoft_flows",
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("sealed", sa.Text(), nullable=False),
        sa.Column("expires_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_microsoft_flows")),
    )
    op.create_index(op.f("ix_microsoft_flows_expires_at"), "microsoft_flows", ["expires_at"], unique=False)
