"""The local mailbox: closed to other users, whole, emptied in time, and a page in demo mode only."""

from __future__ import annotations

import stat
from datetime import UTC, datetime, timedelta
from email.headerregistry import Address
from email.message import EmailMessage

import pytest
from flask.testing import FlaskClient

from matching.post.mailbox import Mailbox
from matching.post.mails import AccessEnded, Invitation, Mail
from matching.post.rendering import render
from matching.post.sms import LocalTexts
from matching.settings import Settings
from web.app import create_app

AT = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
LINK = "http://127.0.0.1:8000/uitnodiging/abc"


def mail(told: Mail, reference: str = "1f2e", at: datetime = AT) -> EmailMessage:
    """A mail to somebody."""
    return render(told, "nl", Address(addr_spec="post@hallowerk.example"), "iemand@ergens.example", reference, at)


@pytest.fixture
def mailbox(settings: Settings) -> Mailbox:
    """An empty mailbox; its folder is not there yet."""
    return Mailbox(settings.mailbox_dir)


def visitor(settings: Settings, demo: bool = True) -> FlaskClient:
    """Somebody who has not signed in."""
    return create_app(settings.model_copy(update={"demo": demo, "host": "127.0.0.1", "port": 8000})).test_client()


def test_only_this_user_can_read_it_and_every_file_is_whole(mailbox: Mailbox, settings: Settings) -> None:
    mailbox.send(mail(AccessEnded(organisation="Gemeente Demo")))
    LocalTexts(mailbox).send("+31612345678", "012345 is je code")
    folder = settings.mailbox_dir
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()} == {0o600}
    assert sorted(file.name.partition(".")[2] for file in folder.iterdir()) == ["eml", "sms.txt"]
    (folder / ".half-20261124T090000000000-x.eml").write_bytes(b"Subject: hal")
    assert len(mailbox.newest(10)) == 2


def test_the_newest_comes_first_and_a_repeat_is_no_second_mail(mailbox: Mailbox) -> None:
    old, new = AT, AT + timedelta(minutes=1)
    mailbox.send(mail(AccessEnded(organisation="Eerste"), "1", old))
    for _ in range(2):
        mailbox.send(mail(AccessEnded(organisation="Tweede"), "2", new))
    assert ["Eerste" in one.text for one in mailbox.newest(10)] == [False, True]
    assert len(mailbox.newest(1)) == 1


def test_what_is_old_is_removed(mailbox: Mailbox) -> None:
    mailbox.forget(AT)
    for reference, at in (("1", AT - timedelta(seconds=1)), ("2", AT)):
        mailbox.send(mail(AccessEnded(organisation="Gemeente Demo"), reference, at))
    mailbox.forget(AT)
    assert [one.at for one in mailbox.newest(10)] == [AT]


def test_outside_demo_mode_there_is_no_page(mailbox: Mailbox, settings: Settings) -> None:
    mailbox.send(mail(AccessEnded(organisation="Gemeente Demo")))
    answer = visitor(settings, demo=False).get("/postvak")
    assert answer.status_code == 404
    assert "Gemeente Demo" not in answer.get_data(as_text=True)


def test_the_page_shows_mail_with_its_link_and_text_messages(mailbox: Mailbox, settings: Settings) -> None:
    assert "Nog geen post" in visitor(settings).get("/postvak").get_data(as_text=True)
    mailbox.send(mail(Invitation(inviter="Marieke", organisation="<b>Demo</b>", link=LINK)))
    mailbox.keep_text("+31612345678", "012345 is je code")
    answer = visitor(settings).get("/postvak")
    page = answer.get_data(as_text=True)
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    assert f'<a href="{LINK}">{LINK}</a>' in page
    assert "&lt;b&gt;Demo&lt;/b&gt;" in page
    assert page.index("012345 is je code") < page.index("Marieke nodigt je uit")


def test_an_address_of_another_site_is_no_link(mailbox: Mailbox, settings: Settings) -> None:
    for link in (
        "https://kwaad.example/uitnodiging/abc",
        "http://127.0.0.1:8000.kwaad.example/x",
        "javascript:alert(1)",
    ):
        mailbox.send(mail(Invitation(inviter="Marieke", organisation="Demo", link=link), link))
    page = visitor(settings).get("/postvak").get_data(as_text=True)
    assert page.count("nodigt je uit voor HalloWerk") >= 3
    assert 'href="https://kwaad' not in page
    assert 'kwaad.example/x">' not in page
    assert 'href="javascript' not in page
