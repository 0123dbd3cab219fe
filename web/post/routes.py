"""The local mailbox as a page, in demo mode only: signing in needs mails and codes that go nowhere else."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from flask import Blueprint, abort, render_template
from flask.typing import ResponseReturnValue

from matching.post.mailbox import Mailbox
from web.guard import allows
from web.services import services

blueprint = Blueprint("post", __name__)

#: How many of the newest messages are shown.
SHOWN = 50


@blueprint.get("/postvak")
@allows("mailbox.read")
def mailbox() -> ResponseReturnValue:
    """Show mails and text messages, newest first; outside demo mode there is no such page."""
    settings = services().settings
    if not settings.demo:
        abort(404)
    messages = Mailbox(settings.mailbox_dir).newest(SHOWN)
    return render_template(
        "post/mailbox.html",
        messages=[(message, list(_paragraphs(message.text, settings.site_url))) for message in messages],
    )


def _paragraphs(text: str, site: str) -> Iterator[Sequence[tuple[str, bool]]]:
    """The lines of each paragraph, and whether a line is an address of our own site."""
    for paragraph in text.split("\n\n"):
        yield [(line, line.startswith(f"{site}/")) for line in paragraph.splitlines()]
