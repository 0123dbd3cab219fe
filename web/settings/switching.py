"""Switching between the accounts of one person (SET-02, SET-03)."""

from __future__ import annotations

from matching.accounts.overview import OtherAccount
from matching.accounts.overview import other_accounts as _other_accounts
from web.guard import current_actor
from web.services import services


def other_accounts() -> list[OtherAccount]:
    """The accounts that the menu offers to switch to; the database is asked only for who has more than one."""
    actor = current_actor()
    if actor is None or not actor.has_more_accounts:
        return []
    with services().database.read() as reading:
        return _other_accounts(reading, actor)
