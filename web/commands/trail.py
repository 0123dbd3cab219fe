"""What an operator's command changed, as a line of the audit trail."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from matching.accounts.audit import append


def note_command(session: Session, action: str, details: Mapping[str, Any]) -> None:
    """Write the line of a command (`candidates.import`) into the running transaction; `details`: codes and counts.

    There is no user behind it: whoever can run commands on the machine is known to the machine.
    """
    append(session, actor_id=None, action=action, subject=action.partition(".")[0], key="all", details=details)
