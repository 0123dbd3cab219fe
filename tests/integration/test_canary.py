"""A whole life through real processes, with values that occur nowhere else: no log and no line of the trail has one."""

from __future__ import annotations

import base64
import html
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import parse_qs, quote, quote_plus, unquote, unquote_plus, urlsplit

import httpx
import pyotp
import pytest
from flask.sessions import SecureCookieSessionInterface
from sqlalchemy import insert, select

from matching.accounts.policy import ADMINISTRATOR
from matching.accounts.records import AuditEntry, Organisation, OrganisationTenant, ShowcaseAccess
from matching.candidates.records import Showcase
from matching.post.mailbox import Mailbox
from matching.settings import PROJECT_ROOT, Settings
from matching.storage.database import Database
from tests.support.openid import CLIENT_ID, CLIENT_SECRET, Provider, tenant_of
from tests.support.ports import free_port
from tests.support.processes import running
from tests.support.profiles import PRIVATE, SECRET_WORDS
from tests.support.signed_in import make_account, session_cookie
from tests.support.waiting import wait_until
from web.app import create_app

ADMIN = "kanariebaas@kanariehof.example"
NAME = "Kanarietta Zonnevogel"
EMAIL = "kanarietta@kanariehof.example"
NEXT_EMAIL = "zonnevogel@kanariehof.example"
STRANGER = "vreemdekanarie@elders.example"
PHONE = "0657483921"
PASSWORD, NEXT_PASSWORD, WRONG = "Vogels fluiten om Zeven!", "Veren vallen in Maart!", "Onjuiste Eieren, helaas!"
WORDS, PLACE = "goudhaankanarie", "Kanariedorp"
GARBLED = "gebrokenkanarie"

TOKEN = re.compile(r'name="csrf_token"[^>]*value="([^"]+)"')
#: The moments that lines begin with hold six digits too, as codes do.
MOMENT = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d[.,\d]*")


class Browser:
    """A browser that keeps cookies, follows where it is sent, and posts forms with the token of the page."""

    def __init__(self, address: str) -> None:
        self.client = httpx.Client(base_url=address, follow_redirects=True, trust_env=False, timeout=60)
        self.page = ""

    def get(self, path: str, status: int = 200, **query: str) -> str:
        """The page at this path, with characters instead of entities."""
        return self._keep(self.client.get(path, params=query or None), status)

    def post(self, path: str, status: int = 200, **data: str) -> str:
        """The page that comes of posting this."""
        found = TOKEN.search(self.page)
        assert found, self.page
        return self._keep(self.client.post(path, data={"csrf_token": html.unescape(found[1]), **data}), status)

    def _keep(self, answer: httpx.Response, status: int) -> str:
        assert answer.status_code == status, f"{answer.url}: {answer.status_code}"
        if TOKEN.search(answer.text):
            self.page = answer.text
        return html.unescape(answer.text)


class Canaries:
    """The values that must be nowhere."""

    def __init__(self) -> None:
        self.values: dict[str, str] = {}

    def add(self, what: str, value: str) -> str:
        """Look for this value too; returns it."""
        self.values[f"{what} {len(self.values)}"] = value
        return value

    def found_in(self, text: str) -> list[str]:
        """What of them is in a text, however it was written there: only what it is, never the value."""
        text = MOMENT.sub("", text)
        text = "\n".join((text, unquote(text), unquote_plus(text))).lower()
        return [what for what, value in self.values.items() if any(form in text for form in _forms(value))]


def _forms(value: str) -> Iterator[str]:
    if re.fullmatch(r"\d{6}", value):
        # Six digits within a longer number are not the code.
        yield f'"{value}"'
        yield f" {value}"
        yield f"={value}"
        return
    yield value.lower()
    yield base64.b64encode(value.encode()).decode().rstrip("=").lower()


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_nothing_of_a_whole_life_is_logged(
    built: Database, engine_settings: Settings, provider: Provider, tmp_path: Path, say: Callable[[str], None]
) -> None:
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    settings = engine_settings.model_copy(
        update={
            "database_url": built.url.render_as_string(hide_password=False),
            "public_url": address,
            "microsoft_client_id": CLIENT_ID,
            "microsoft_client_secret": CLIENT_SECRET,
            "microsoft_authority": provider.authority,
        }
    )
    variables = {
        "PORT": str(port),
        "HALLOWERK_WEB_WORKERS": "1",
        "HALLOWERK_PUBLIC_URL": address,
        "HALLOWERK_MICROSOFT_CLIENT_ID": CLIENT_ID,
        "HALLOWERK_MICROSOFT_CLIENT_SECRET": CLIENT_SECRET,
        "HALLOWERK_MICROSOFT_AUTHORITY": provider.authority,
    }
    _found_organisation(built)
    canaries = Canaries()
    with ExitStack() as stack:
        for command in ("relay", "worker", "serve"):
            stack.enter_context(running(settings, tmp_path, command, program="", tree=PROJECT_ROOT, **variables))
        wait_until(lambda: _answers(address), "the web server answers", 60)
        Life(address, settings, provider, canaries).live()
    logs = {name: (tmp_path / f"{name}.log").read_text() for name in ("relay", "worker", "serve")}
    assert "request_not_served" in logs["serve"], "what can't be read leaves a line, so the log is the right one"
    assert {name: canaries.found_in(text) for name, text in logs.items() if canaries.found_in(text)} == {}
    with built.read() as session:
        entries = session.scalars(select(AuditEntry)).all()
    trail = "\n".join(f"{one.action} {one.subject} {one.subject_key} {one.details}" for one in entries)
    assert canaries.found_in(trail) == []
    assert {
        *("invitations.send", "invitations.accept", "password.set", "second_step.set_up", "session.start"),
        *("session.refused", "second_step.refuse", "password.ask", "password.change", "email.change"),
        *("session.end", "session.confirm", "candidates.view", "recovery_codes.make"),
    } <= {one.action for one in entries}
    say(f"canaries {len(canaries.values)} in {sum(map(len, logs.values()))} characters of log and {len(entries)} lines")


def test_a_canary_is_found_however_it_is_written() -> None:
    canaries = Canaries()
    for value in (EMAIL, WORDS, PASSWORD, "123456"):
        canaries.add("value", value)
    for line in (
        f'{{"event": "x", "who": "{EMAIL.upper()}"}}',
        f"GET /kandidaten/stad/?q={WORDS}",
        f"password={quote_plus(PASSWORD)}",
        f"password={quote(PASSWORD)}",
        'code "123456"',
    ):
        assert len(canaries.found_in(line)) == 1, line
    assert canaries.found_in("2026-11-24T10:00:00.123456Z 20123456 fine") == []


def _answers(address: str) -> bool:
    try:
        return httpx.get(f"{address}/health/live", trust_env=False).is_success
    except httpx.TransportError:
        return False


def _found_organisation(database: Database) -> None:
    with database.write() as session:
        session.execute(insert(Organisation).values(id=1, code="hof", name="Gemeente Vogelhof"))
        session.execute(insert(OrganisationTenant).values(organisation_id=1, tenant_id=tenant_of(EMAIL)))
        stad = session.execute(select(Showcase.id).where(Showcase.code == "stad")).scalar_one()
        session.execute(insert(ShowcaseAccess).values(organisation_id=1, showcase_id=stad))
    make_account(database, 1, ADMIN, [ADMINISTRATOR], "Kanariebaas")


class Life:
    """What somebody does here from an invitation on, and what goes wrong on the way."""

    def __init__(self, address: str, settings: Settings, provider: Provider, canaries: Canaries) -> None:
        self._address = address
        self._settings = settings
        self._provider = provider
        self._seen = canaries
        self._mailbox = Mailbox(settings.mailbox_dir)
        self._read: set[str] = set()
        for what, value in (
            *(("name", NAME), ("address", EMAIL), ("address", NEXT_EMAIL), ("address", ADMIN), ("address", STRANGER)),
            *(("telephone", PHONE), ("telephone", PHONE[1:])),
            *(("password", one) for one in (PASSWORD, NEXT_PASSWORD, WRONG)),
            *(("words", WORDS), ("words", PLACE), ("garbled", GARBLED), ("application", CLIENT_SECRET)),
            *(("candidate", str(value)) for value in (*PRIVATE.values(), *SECRET_WORDS.values())),
        ):
            canaries.add(what, value)

    def live(self) -> None:
        """All of it."""
        self._invite()
        browser = Browser(self._address)
        self._sign_up(browser)
        self._search(browser)
        secret = self._set_up_authenticator(browser)
        self._change_address(browser)
        browser.get("/instellingen/")
        browser.post("/uitloggen")
        self._sign_in(browser, secret)
        self._forget(Browser(self._address), secret)
        self._come_from_microsoft(Browser(self._address))
        self._trouble()

    def _invite(self) -> None:
        administrator = Browser(self._address)
        cookie = session_cookie(self._settings, ADMIN)
        administrator.client.cookies.set(cookie.name, cookie.value, domain="127.0.0.1")
        administrator.get("/instellingen/uitnodigingen/nieuw")
        rights = {"roles": "accountmanager", "reach": "alle", "language": "nl"}
        assert NAME in administrator.post("/instellingen/uitnodigingen/nieuw", 200, name=NAME, email=EMAIL, **rights)
        assert NAME in administrator.get("/instellingen/gebruikers", lijst="uitgenodigd", zoek=NAME)

    def _sign_up(self, browser: Browser) -> None:
        browser.get(self._link(EMAIL))
        browser.post("/uitnodiging", accepted="y")
        browser.get("/aanmelden/wachtwoord")
        browser.post("/aanmelden/wachtwoord/sterkte", password=PASSWORD)
        browser.post("/aanmelden/wachtwoord", 422, password="kort!")
        browser.post("/aanmelden/wachtwoord", password=PASSWORD)
        browser.get("/aanmelden/sms")
        browser.post("/aanmelden/sms", 422, number=f"+99{PHONE}")
        browser.post("/aanmelden/sms", number=PHONE)
        browser.post("/aanmelden/sms/code", 422, code="000000")
        shown = browser.post("/aanmelden/sms/code", code=self._texted())
        for code in re.findall(r"<code>([0-9a-z-]{29})</code>", shown):
            self._seen.add("recovery code", code)
        assert NAME in browser.post("/aanmelden/herstelcodes", kept="y")
        self._keep_tokens(browser)

    def _search(self, browser: Browser) -> None:
        browser.get("/kandidaten/stad/", q=WORDS)
        browser.get("/kandidaten/stad/", 400, q=WORDS, waar=PLACE)
        browser.get("/kandidaten/stad/suggesties", q=WORDS)
        browser.get("/plaatsen/suggesties", q=PLACE)
        assert "Naam1" in browser.get("/kandidaten/stad/1")

    def _set_up_authenticator(self, browser: Browser) -> pyotp.TOTP:
        browser.get("/aanmelden/controle")
        found = re.search(r'data-copy="([A-Z2-7]{32})"', browser.post("/aanmelden/controle"))
        assert found
        secret = pyotp.TOTP(self._seen.add("secret", found[1]))
        browser.post("/aanmelden/app", code=self._seen.add("code", secret.now()))
        return secret

    def _change_address(self, browser: Browser) -> None:
        browser.get("/instellingen/e-mailadres")
        browser.post("/instellingen/e-mailadres", email=NEXT_EMAIL)
        link = self._link(NEXT_EMAIL)
        browser.get(link)
        assert NEXT_EMAIL in browser.post("/instellingen/e-mailadres/bevestigen")
        browser.get("/bevestigen")
        browser.post("/bevestigen", 422, password=WRONG)
        browser.post("/bevestigen", password=PASSWORD)
        self._keep_tokens(browser)

    def _sign_in(self, browser: Browser, secret: pyotp.TOTP) -> None:
        browser.get("/inloggen")
        browser.post("/inloggen", email=NEXT_EMAIL)
        browser.post("/inloggen/wachtwoord", 422, password=WRONG)
        browser.post("/inloggen/wachtwoord", password=PASSWORD)
        self._keep_tokens(browser)
        browser.post("/inloggen/code", 422, code=self._seen.add("code", "407218"))
        browser.get("/inloggen/code", met="sms")
        browser.post("/inloggen/code/sms")
        assert NAME in browser.post("/inloggen/code?met=sms", code=self._texted())
        self._keep_tokens(browser)

    def _forget(self, browser: Browser, secret: pyotp.TOTP) -> None:
        browser.get("/wachtwoord-vergeten")
        browser.post("/wachtwoord-vergeten", email=STRANGER)
        browser.get("/wachtwoord-vergeten")
        browser.post("/wachtwoord-vergeten", email=NEXT_EMAIL)
        browser.get(self._link(NEXT_EMAIL))
        browser.post("/wachtwoord/nieuw", password=NEXT_PASSWORD)
        # The code of this moment was used at the set-up: the next one is taken already.
        code = self._seen.add("code", secret.at(datetime.now(UTC), counter_offset=1))
        assert NAME in browser.post("/inloggen/code", code=code)
        self._keep_tokens(browser)

    def _come_from_microsoft(self, browser: Browser) -> None:
        browser.get("/inloggen")
        browser.post("/inloggen", email=STRANGER)
        browser.get("/inloggen")
        left = browser.client.post("/microsoft/start", data={"csrf_token": _token(browser.page)})
        way = left.headers["Refresh"].partition("; url=")[2]
        for name in ("state", "nonce", "code_challenge"):
            self._seen.add(name, parse_qs(urlsplit(way).query)[name][0])
        answer = self._provider.sign_in(way, STRANGER)
        self._seen.add("code of Microsoft", answer["code"])
        browser.get("/microsoft/terug", 403, **answer)
        browser.get("/microsoft/terug", 403, **answer)

    def _trouble(self) -> None:
        """What is not found, not understood, or can't even be read."""
        browser = Browser(self._address)
        browser.get(f"/uitnodiging/{GARBLED}", 410)
        browser.get(f"/{GARBLED}", 404)
        browser.get("/kandidaten/stad/", q=GARBLED)
        browser.client.post("/inloggen", data={"email": GARBLED})
        assert browser.client.get(f"/{GARBLED}?{'q' * 9000}").status_code == 414

    def _link(self, to: str) -> str:
        """The path of the link in the next mail to this address; its secret is looked for too."""
        site = self._settings.site_url
        wait_until(lambda: self._unread(to), "a mail with a link")
        link = self._unread(to)[0]
        self._read.add(link)
        self._seen.add("token", link.rpartition("/")[2])
        return link.removeprefix(site)

    def _unread(self, to: str) -> list[str]:
        pattern = re.compile(rf"{re.escape(self._settings.site_url)}/\S+/[\w-]{{43}}")
        mails = [message.text for message in self._mailbox.newest(50) if message.is_mail and message.to == to]
        return [link for text in mails for link in pattern.findall(text) if link not in self._read]

    def _texted(self) -> str:
        """The code of the newest text message."""
        message = next(message for message in self._mailbox.newest(50) if not message.is_mail)
        found = re.search(r"\d{6}", message.text)
        assert found
        return self._seen.add("code", found[0])

    def _keep_tokens(self, browser: Browser) -> None:
        """Look for the secrets of this browser's cookies too, as they are sent and as they are."""
        signer = SecureCookieSessionInterface().get_signing_serializer(create_app(self._settings))
        assert signer is not None
        for name, value in browser.client.cookies.items():
            if name != "taal":
                self._seen.add(f"cookie {name}", value)
        self._seen.add("session", str(signer.loads(browser.client.cookies["session"])["_user_id"]))


def _token(page: str) -> str:
    found = TOKEN.search(page)
    assert found
    return html.unescape(found[1])
