"""Changes that people make to their own keys from the settings: each is told by mail (SET-16, SET-17, SET-19)."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from sqlalchemy.orm import Session

from matching.accounts import known_devices, resets, second_steps
from matching.accounts.notices import tell
from matching.accounts.policy import Actor
from matching.accounts.vault import Vault
from matching.post.mails import SignInMethodChanged


def change_password(session: Session, vault: Vault, actor: Actor, hashed: str, now: datetime) -> None:
    """Keep the hash of another password; every session but this one ends (ASVS 5, 7.4.3)."""
    resets.change(session, vault, actor.person_id, hashed, now, actor=actor)


def remove_check(
    session: Session, vault: Vault, actor: Actor, kind: Literal["authenticator", "sms"], now: datetime
) -> None:
    """Take an extra check out of use. Raises second_steps.LastStep for the last one beside a password (SET-19)."""
    second_steps.remove(session, actor.person_id, kind, actor_id=actor.account_id)
    known_devices.forget_remembered(session, actor.person_id)
    tell(session, vault, actor.person_id, SignInMethodChanged(method=kind, change="removed", at=now))


def make_recovery_codes(session: Session, vault: Vault, actor: Actor, now: datetime) -> list[str]:
    """New recovery codes, to be shown once; those of before stop working."""
    codes = second_steps.new_recovery_codes(session, actor.person_id, actor_id=actor.account_id)
    changed = SignInMethodChanged(method="recovery_codes", change="replaced", at=now)
    tell(session, vault, actor.person_id, changed)
    return codes
