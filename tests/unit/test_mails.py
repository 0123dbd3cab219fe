"""What mails say: complete in both languages, one button where there is a link, and nothing that a name could break."""

from __future__ import annotations

import dataclasses
import re
import string
from datetime import UTC, datetime, timedelta
from email.headerregistry import Address
from email.message import EmailMessage

import pytest

from matching.accounts import addresses, invitations, resets
from matching.post.mails import (
    KINDS,
    AccessEnded,
    AddressChange,
    AddressConfirmation,
    Invitation,
    Mail,
    NewDevice,
    PasswordChanged,
    PasswordReset,
    RecoveryCodeUsed,
    SecondStepReset,
    SignInMethodChanged,
    UsesMicrosoft,
    from_json,
    to_json,
)
from matching.post.rendering import render
from matching.post.wording import FRAMES, LANGUAGES, WORDS, Language, write, write_code

AT = datetime(2026, 11, 24, 8, 5, tzinfo=UTC)
LINK = "https://hallowerk.example/uitnodiging/a-token_of-letters?x=1&y=2"
SENDER = Address("HalloWerk", addr_spec="post@hallowerk.example")
MAILS = (
    Invitation(inviter="Marieke de Vries", organisation="Gemeente Demo", link=LINK),
    PasswordReset(link=LINK),
    UsesMicrosoft(),
    PasswordChanged(at=AT),
    NewDevice(browser="Firefox", system="Windows", at=AT),
    SecondStepReset(administrator="Marieke de Vries", at=AT),
    SignInMethodChanged(method="authenticator", change="set_up", at=AT),
    SignInMethodChanged(method="sms", change="replaced", at=AT),
    SignInMethodChanged(method="recovery_codes", change="replaced", at=AT),
    SignInMethodChanged(method="microsoft", change="removed", at=AT),
    RecoveryCodeUsed(left=1, at=AT),
    AddressConfirmation(link=LINK),
    AddressChange(at=AT),
    AccessEnded(organisation="Gemeente Demo"),
)

every_mail = pytest.mark.parametrize("mail", MAILS, ids=lambda mail: mail.kind)
every_language = pytest.mark.parametrize("language", LANGUAGES)


def rendered(mail: Mail, language: Language = "nl") -> EmailMessage:
    """The message as it is sent to somebody."""
    return render(mail, language, SENDER, "iemand@ergens.example", "1f2e", AT)


def parts(message: EmailMessage) -> tuple[str, str]:
    """Its text and its HTML."""
    text, html = message.get_body(("plain",)), message.get_body(("html",))
    assert text
    assert html
    return text.get_content().replace("\r\n", "\n"), html.get_content()


def test_every_kind_has_words_in_every_language() -> None:
    assert set(WORDS) == set(KINDS) == {mail.kind for mail in MAILS}
    for kind, of_kind in KINDS.items():
        assert tuple(WORDS[kind]) == LANGUAGES
        told = {field.name for field in dataclasses.fields(of_kind)}
        for words in WORDS[kind].values():
            assert (words.button is None) is ("link" not in told) is (of_kind.valid is None)
            said = " ".join((words.subject, *words.paragraphs, *words.after))
            named = {name for _, name, _, _ in string.Formatter().parse(said) if name}
            assert named == told - {"link"} | ({"valid"} if of_kind.valid else set())
    assert tuple(FRAMES) == LANGUAGES


def test_no_mail_has_a_place_for_a_candidate() -> None:
    fields = {field.name for kind in KINDS.values() for field in dataclasses.fields(kind)}
    assert fields == {
        "inviter",
        "organisation",
        "link",
        "at",
        "browser",
        "system",
        "administrator",
        "method",
        "change",
        "left",
    }


@pytest.mark.requirement("NOTIF-01", "NOTIF-03", "AUTH-02", "AUTH-39")
@pytest.mark.parametrize(
    ("mail", "button", "valid"),
    [
        (MAILS[0], "Meld je aan", "30 dagen"),
        (MAILS[1], "Wijzig wachtwoord", "1 uur"),
        (AddressConfirmation(link=LINK), "Bevestig dit adres", "24 uur"),
    ],
)
def test_the_button_opens_the_link_and_says_for_how_long(mail: Mail, button: str, valid: str) -> None:
    text, html = parts(rendered(mail))
    assert f"{button}:\n{LINK}\n" in text
    assert valid in text
    escaped = LINK.replace("&", "&amp;")
    assert re.search(rf'<a href="{re.escape(escaped)}"[^>]*>{button}</a>', html)
    assert f">{escaped}</a>" in html


@pytest.mark.requirement("NOTIF-01")
def test_an_invitation_says_who_invites_and_for_which_organisation() -> None:
    text, html = parts(rendered(MAILS[0]))
    for part in (text, html):
        assert "Marieke de Vries van Gemeente Demo nodigt je uit om HalloWerk te gebruiken." in part


@every_language
@every_mail
def test_text_and_html_say_the_same(mail: Mail, language: Language) -> None:
    message = rendered(mail, language)
    written = write(mail, language)
    text, html = parts(message)
    assert message.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]
    assert message["Subject"] == written.subject
    assert f'<html lang="{language}"' in html
    for said in (*written.paragraphs, *written.after, written.closing):
        assert said in text
        assert said.replace("'", "&#39;") in html
    assert ("{" in text, "{" in html) == (False, False)
    assert "\n\n\n" not in text
    assert "None" not in text + html


@every_mail
def test_the_html_fetches_nothing_and_runs_nothing(mail: Mail) -> None:
    _, html = parts(rendered(mail))
    assert not re.search(r"<(script|img|link|style|form|iframe|svg)\b|@import|url\(|\son\w+=", html)
    assert set(re.findall(r'href="([^"]*)"', html)) <= {LINK.replace("&", "&amp;")}


def test_the_message_says_that_no_person_wrote_it_and_is_the_same_each_time() -> None:
    message, again = rendered(MAILS[0]), rendered(MAILS[0])
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Content-Language"] == "nl"
    assert (message["From"], message["To"]) == ("HalloWerk <post@hallowerk.example>", "iemand@ergens.example")
    assert message["Message-ID"] == again["Message-ID"] == "<1f2e@hallowerk.example>"
    assert message["Date"] == again["Date"] == "Tue, 24 Nov 2026 08:05:00 +0000"
    assert message.as_bytes().isascii()
    assert max(map(len, message.as_bytes().split(b"\r\n"))) <= 998  # RFC 5322, 2.1.1


@pytest.mark.parametrize(
    "name",
    ["Piet\r\nBcc: ander@elders.example", "Piet\nX-Spam: no", "Piet\x00\x85Bcc: a@b.example", "Piet\u2028\u202e"],
)
def test_a_name_begins_no_header_and_no_line(name: str) -> None:
    message = rendered(Invitation(inviter=name, organisation=name, link=LINK))
    raw = message.as_bytes()
    headers = raw.partition(b"\r\n\r\n")[0]
    assert b"\nBcc" not in headers
    assert b"\nX-Spam" not in headers
    assert message["Bcc"] is None
    assert str(message["Subject"]).startswith("Piet")
    text, _ = parts(message)
    assert all(line.isprintable() for line in text.split("\n"))


@pytest.mark.parametrize("recipient", ["a@b.example\r\nBcc: c@d.example", "a@b.example, c@d.example", "a", "", "<a@b>"])
def test_a_recipient_is_one_address(recipient: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the library's
        render(MAILS[0], "nl", SENDER, recipient, "1f2e", AT)


def test_a_name_is_text_in_html_and_is_cut() -> None:
    text, html = parts(rendered(AccessEnded(organisation='<a href="https://kwaad.example">{link}</a>')))
    assert "<a " not in html
    assert "&lt;a href=" in html
    assert '<a href="https://kwaad.example">{link}</a>' in text
    text, _ = parts(rendered(AccessEnded(organisation="lang " * 200)))
    assert len(text) < 800


@every_mail
def test_what_a_mail_tells_survives_the_outbox(mail: Mail) -> None:
    assert from_json(mail.kind, to_json(mail)) == mail


def test_moments_are_dutch_ones() -> None:
    assert "op 24 november 2026 om 9:05." in parts(rendered(PasswordChanged(at=AT)))[0]
    assert "on 24 November 2026 at 9:05." in parts(rendered(PasswordChanged(at=AT), "en"))[0]
    summer = PasswordChanged(at=datetime(2026, 7, 1, 23, 30, tzinfo=UTC))
    assert "op 2 juli 2026 om 1:30." in parts(rendered(summer))[0]


@pytest.mark.requirement("NOTIF-04")
@every_language
def test_a_code_fits_one_text_message(language: Language) -> None:
    text = write_code("012345", 10, language)
    assert text.startswith("012345 ")
    assert " 10 minut" in text
    assert text.isascii()
    assert len(text) <= 160


@pytest.mark.requirement("OPEN-01")
def test_links_work_as_long_as_is_said() -> None:
    assert Invitation.valid == invitations.VALID_FOR == timedelta(days=30)
    assert PasswordReset.valid == resets.VALID_FOR == timedelta(hours=1)
    assert AddressConfirmation.valid == addresses.VALID_FOR == timedelta(hours=24)
