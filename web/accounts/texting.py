"""Sends the code of a second step by SMS, as often as is sensible (AUTH-21, NOTIF-04)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import cast

from matching.accounts import second_steps
from matching.accounts.proofs.short_codes import LIFETIME_S
from matching.post.sms import GatewayAway, NumberRefused
from matching.post.wording import Language, write_code
from matching.turns import TooBusy, Turns
from web.accounts import limits
from web.language import chosen_language
from web.services import services

#: One request of a process may wait for the gateway, and another for its turn.
turns = Turns(waiting=1, patience_s=2.0)


class TextsAway(Exception):
    """The message could not be sent now, or not to this number."""


def send_code(person_id: int, *, pending: bool = False) -> float:
    """Send a new code to the person's telephone, or to the one being set up; the former code stops working.

    Returns 0.0, or for how many seconds no more are sent. Raises TextsAway. The message is sent after the code is kept,
    so that it can't arrive without working.
    """
    wait_s = limits.wait_for_mail("sms", str(person_id))
    if wait_s:
        return wait_s
    try:
        with turns.turn():
            _send(person_id, pending)
    except (GatewayAway, NumberRefused, TooBusy) as error:
        raise TextsAway from error
    return 0.0


def _send(person_id: int, pending: bool) -> None:
    parts = services()
    with parts.database.write() as writing:
        text = second_steps.make_code(writing, parts.vault, person_id, datetime.now(UTC), pending=pending)
    if text is None:
        raise TextsAway
    parts.gateway.send(text.number, write_code(text.code, LIFETIME_S // 60, cast(Language, chosen_language())))
