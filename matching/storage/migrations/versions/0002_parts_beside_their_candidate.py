"""Keep the parts of a candidate side by side on SQLite: reading them in key order is what indexing does most."""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

TABLES = ("candidate_terms", "candidate_entries", "candidate_showcases")


def upgrade() -> None:
    if op.get_bind().dialect.name != "sqlite":
        return
    for name in TABLES:
        with op.batch_alter_table(name, recreate="always", table_kwargs={"sqlite_with_rowid": False}):
            pass
