"""Every table of HalloWerk in one place, for migrations and for tests that walk the schema."""

from __future__ import annotations

import matching.accounts.key_records
import matching.accounts.records
import matching.candidates.records
import matching.post.records
import matching.storage.changes
import matching.storage.index_state
import matching.taxonomy.records
from matching.storage.base import Base

metadata = Base.metadata

__all__ = ["matching", "metadata"]
