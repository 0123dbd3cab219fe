"""Mails to a person about the own keys and accounts, queued with the change that they tell of."""

from __future__ import annotations

from typing import cast

from sqlalchemy import select
from sqlalchemy.orm import Session

from matching.accounts.records import Person
from matching.accounts.vault import Vault
from matching.post.mails import Mail
from matching.post.rules import queue
from matching.post.wording import Language


def tell(session: Session, vault: Vault, person_id: int, mail: Mail) -> None:
    """Queue a mail to the person's address, in the person's language."""
    row = session.execute(select(Person.email, Person.language).where(Person.id == person_id)).one()
    queue(session, vault, row.email, cast(Language, row.language), mail)
