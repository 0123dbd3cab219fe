"""Draw the versions of reads from a sequence on PostgreSQL: a drawn number is never given twice, and nobody waits."""

from __future__ import annotations

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.execute("INSERT INTO counters (name, value) VALUES ('index_version', 0) ON CONFLICT DO NOTHING")
        return
    # CACHE 1: with more, a number drawn later by another connection could be the lower one.
    op.execute("CREATE SEQUENCE index_versions AS bigint CACHE 1")
    op.execute("SELECT setval('index_versions', value) FROM counters WHERE name = 'index_version'")
    op.execute("DELETE FROM counters WHERE name = 'index_version'")
