"""Lays a mail out as text and as HTML, and makes the message that is sent."""

from __future__ import annotations

from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP, EmailPolicy
from email.utils import format_datetime
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from matching.post.mails import Mail, recipient_of
from matching.post.wording import Language, write

#: Lines of a mail end in CRLF (RFC 5322), and its text is encoded so that every server passes it on.
_POLICY: EmailPolicy[EmailMessage] = SMTP.clone(cte_type="7bit")


def render(
    mail: Mail, language: Language, sender: Address, recipient: str, reference: str, written_at: datetime
) -> EmailMessage:
    """The message, with the same Message-ID and date each time it is made with the same `reference` and `written_at`.

    It has the text first and the HTML as its alternative (RFC 2046), and says that no person wrote it (RFC 3834).
    Raises ValueError when the recipient is not one address.
    """
    written = write(mail, language)
    message = EmailMessage(_POLICY)
    message["Subject"] = written.subject
    message["From"] = sender
    message["To"] = recipient_of(recipient)
    message["Date"] = format_datetime(written_at)
    message["Message-ID"] = f"<{reference}@{sender.domain}>"
    message["Auto-Submitted"] = "auto-generated"
    # Exchange answers with absence notes to whatever does not forbid it.
    message["X-Auto-Response-Suppress"] = "All"
    message.set_content(_environment().get_template("mail.txt").render(mail=written))
    message.add_alternative(_environment().get_template("mail.html").render(mail=written), subtype="html")
    message["Content-Language"] = language  # last: setting the content takes headers of that name away
    return message


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("matching.post"),
        autoescape=select_autoescape(("html",)),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
