"""Sends the mails of the outbox, one at a time."""

from __future__ import annotations

from matching.post import rules
from matching.post.mails import from_json
from matching.post.rendering import render
from matching.post.transports import Refused, Transport, Unavailable
from matching.settings import Settings, sender_of
from matching.storage.database import Database


def deliver(database: Database, vault: rules.Seals, transport: Transport, settings: Settings, mail: int) -> None:
    """Send a mail that is due; does nothing when it is not, or when another worker has it.

    No transaction is open while the server answers. A crash before the mail is marked sends it once more, under the
    same Message-ID. Raises what the database and the vault raise; the mail is tried again then.
    """
    with database.write() as session:
        claimed = rules.claim(session, mail)
    if claimed is None:
        return
    told = from_json(claimed.kind, vault.open(claimed.sealed))
    sender = sender_of(settings.mail_from)
    message = render(told, claimed.language, sender, claimed.recipient, claimed.reference, claimed.created_at)
    try:
        transport.send(message)
    except Refused as refused:
        with database.write() as session:
            rules.give_up(session, claimed, refused.error)
    except Unavailable as unavailable:
        with database.write() as session:
            rules.postpone(session, claimed, unavailable.error)
    else:
        with database.write() as session:
            rules.mark_sent(session, claimed)
