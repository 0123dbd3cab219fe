"""Two organisations with one of everything, everybody who can ask for something, and each request there is.

Nothing is indexed: a page that needs the engine answers 503, which only somebody who was let in gets to see.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from flask import Flask, request
from flask.sessions import SecureCookieSessionInterface
from flask.testing import FlaskClient
from itsdangerous import URLSafeTimedSerializer
from sqlalchemy import insert, select, update
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from matching.accounts import invitations, known_devices, second_steps, sessions, terms
from matching.accounts.accounts import Rights, find_person
from matching.accounts.key_records import MailedLink, SecondStep
from matching.accounts.policy import ACCOUNT_MANAGER, ADMINISTRATOR, ROLES
from matching.accounts.records import Organisation, Person, ShowcaseAccess
from matching.accounts.sessions import Proof, Step
from matching.accounts.tokens import new_token, token_hash
from matching.accounts.vault import open_vault
from matching.candidates.mediastore import FolderMediaStore
from matching.candidates.records import Candidate, CandidateMedia, Showcase
from matching.settings import Settings
from matching.storage.database import Database
from tests.support.intake import Office, profile, write_files
from tests.support.signed_in import make_account, session_token
from web.app import create_app

OWN, OTHER, THIRD = 1, 2, 3
OWN_SHOWCASE, OTHER_SHOWCASE = "noord", "zuid"
METRICS_TOKEN = "a token that programs show to read numbers"
#: What the cookies' tokens against forgery are made of.
FORGERY_SEED = "0123456789abcdef0123456789abcdef01234567"

#: What a session has proved, and what its person has, at each step of a sign-in.
AT_STEP: Mapping[Step, tuple[tuple[Proof, ...], dict[str, object], bool]] = {
    Step.SIGN_IN: ((Proof.INVITED,), {"password_hash": "x"}, True),
    Step.CHOOSE_METHOD: ((Proof.INVITED,), {}, False),
    Step.SET_UP_SECOND_STEP: ((Proof.PASSWORD,), {"password_hash": "x"}, False),
    Step.SECOND_STEP: ((Proof.PASSWORD,), {"password_hash": "x"}, True),
    Step.TERMS: ((Proof.PASSWORD, Proof.SECOND), {"password_hash": "x", "terms": "2020-01"}, True),
    Step.ENTER: ((Proof.PASSWORD, Proof.SECOND), {"password_hash": "x"}, True),
}


@dataclass(frozen=True)
class Who:
    """Somebody, or something, that asks; `token` is of its session."""

    name: str
    roles: frozenset[str] = frozenset()
    step: Step | None = None
    #: A program that shows the token of the settings.
    program: bool = False
    token: str | None = None
    #: What is this person's own: values of arguments of routes.
    objects: Mapping[str, int | str] = field(default_factory=dict)


class Case(NamedTuple):
    """A value for each argument of a route: fixed, or by the name of an object; `whose` object it is."""

    arguments: Mapping[str, int | str]
    whose: str = ""


MINE, ANOTHERS = "own", "another's"


def _users(account: str, whose: str) -> Case:
    return Case({"account": account}, whose)


_ACCOUNTS = (_users("@colleague", MINE), _users("@stranger", ANOTHERS))
_DEVICES = (Case({"device": "@device"}, MINE), Case({"device": "@colleague's device"}, ANOTHERS))
_INVITATIONS = (Case({"invitation": "@invitation"}, MINE), Case({"invitation": "@their invitation"}, ANOTHERS))
_KINDS = (Case({"kind": "sms"}), Case({"kind": "authenticator"}))
_SHOWCASES = (Case({"showcase": OWN_SHOWCASE}, MINE), Case({"showcase": OTHER_SHOWCASE}, ANOTHERS))
_HERE, _THERE = {"showcase": OWN_SHOWCASE}, {"showcase": OTHER_SHOWCASE}

#: Values for the arguments of each route that has any. A secret in an address is the right itself: it is nobody's.
CASES: Mapping[str, tuple[Case, ...]] = {
    "assets.package_file": (Case({"name": "htmx.js"}),),
    "static": (Case({"filename": "css/base.css"}),),
    "language.choose": (Case({"code": "nl"}),),
    "arriving.open_invitation": (Case({"token": "unknown"}),),
    "forgotten.open_link": (Case({"token": "unknown"}),),
    "email.open_link": (Case({"token": "unknown"}),),
    "keys.ask_remove": _KINDS,
    "keys.remove": _KINDS,
    "settings.switch": (_users("@account", MINE), _users("@colleague", ANOTHERS)),
    "browsers.ask_send_away": _DEVICES,
    "browsers.send_away": _DEVICES,
    "users.edit": _ACCOUNTS,
    "users.change": _ACCOUNTS,
    "users.ask_close": _ACCOUNTS,
    "users.close": _ACCOUNTS,
    "users.reopen": _ACCOUNTS,
    "users.ask_reset": _ACCOUNTS,
    "users.reset": _ACCOUNTS,
    "users.email": _ACCOUNTS,
    "users.change_email": _ACCOUNTS,
    "inviting.resend": _INVITATIONS,
    "inviting.ask_revoke": _INVITATIONS,
    "inviting.revoke": _INVITATIONS,
    "candidates.explore": _SHOWCASES,
    "candidates.suggest": _SHOWCASES,
    "candidates.count": _SHOWCASES,
    "candidates.profile": (
        Case({**_HERE, "candidate": "@candidate"}, MINE),
        Case({**_THERE, "candidate": "@their candidate"}, ANOTHERS),
        Case({**_HERE, "candidate": "@their candidate"}, ANOTHERS),
    ),
    "candidates.file": (
        Case({**_HERE, "candidate": "@candidate", "media": "@portrait"}, MINE),
        Case({**_THERE, "candidate": "@their candidate", "media": "@their portrait"}, ANOTHERS),
        Case({**_HERE, "candidate": "@their candidate", "media": "@their portrait"}, ANOTHERS),
        Case({**_HERE, "candidate": "@candidate", "media": "@their portrait"}, ANOTHERS),
    ),
}


class Ask(NamedTuple):
    """One request: a route by one of its methods, somebody, and the values of the route's arguments."""

    rule: Rule
    method: str
    who: Who
    case: Case

    @property
    def name(self) -> str:
        """For people who read a failure."""
        whose = f" {self.case.whose} {dict(self.case.arguments)}" if self.case.arguments else ""
        return f"{self.method} {self.rule.rule}{whose} by {self.who.name}"


class Told(NamedTuple):
    """What became of a request: whether the guard let it through to the route, the answer, and what it changed."""

    let_in: bool
    answer: TestResponse
    changed: frozenset[str]


class Town:
    """The application, with the same people and things for each request."""

    def __init__(self, settings: Settings, office: Office) -> None:
        self.database = office.database
        self.settings = settings.model_copy(
            update={
                "database_url": self.database.url.render_as_string(hide_password=False),
                "elasticsearch_url": "http://127.0.0.1:9",
                "metrics_token": METRICS_TOKEN,
                "microsoft_client_id": "an application",
                "microsoft_client_secret": "a secret of the application",
                "microsoft_authority": "https://127.0.0.1:9/organizations",
                "demo": True,
            }
        )
        self.app = create_app(self.settings)
        self._let_in: list[str | None] = []
        self.app.before_request(lambda: self._let_in.append(request.endpoint))
        self.objects = _fill(self.database, self.settings, office)
        self.everybody = list(_everybody(self.database, self.settings))
        self._live = sqlite3.connect(str(self.database.url.database), check_same_thread=False)
        self._kept = sqlite3.connect(":memory:", check_same_thread=False)
        self._live.backup(self._kept)
        self._rows = _rows(self._live)
        self._version = self._data_version()

    def close(self) -> None:
        """Close what is open."""
        self._live.close()
        self._kept.close()
        services = self.app.extensions["hallowerk"]
        services.database.close()

    def asks(self) -> Iterator[Ask]:
        """Every request there is. Raises KeyError for a route with arguments that CASES has no values for."""
        for rule in self.app.url_map.iter_rules():
            cases = CASES[rule.endpoint] if rule.arguments else (Case({}),)
            for method in sorted(rule.methods or ()):
                for who in self.everybody:
                    for case in cases:
                        ask = Ask(rule, method, who, case)
                        if self._answers(ask):
                            yield ask

    def _answers(self, ask: Ask) -> bool:
        """Whether it is this route that answers: where two share an address, OPTIONS is the first one's."""
        found, _ = self.app.url_map.bind("localhost").match(self.address(ask), method=ask.method, return_rule=True)
        return bool(found is ask.rule)

    def address(self, ask: Ask) -> str:
        """The path of a request."""
        known = {**self.objects, **ask.who.objects}
        values = {
            name: known[value[1:]] if isinstance(value, str) and value.startswith("@") else value
            for name, value in ask.case.arguments.items()
        }
        built = ask.rule.build(values)
        assert built is not None
        return built[1]

    def client(self, who: Who) -> FlaskClient:
        """A browser that holds this session, or a program."""
        client = self.app.test_client()
        kept: dict[str, Any] = {"csrf_token": FORGERY_SEED}
        if who.token:
            kept |= {"_user_id": who.token, "_fresh": True}
        signer = SecureCookieSessionInterface().get_signing_serializer(self.app)
        assert signer is not None
        client.set_cookie(self.app.config["SESSION_COOKIE_NAME"], str(signer.dumps(kept)))
        if who.program:
            client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {METRICS_TOKEN}"
        return client

    def tell(self, ask: Ask, token: str | None) -> Told:
        """Do the request, a POST with this token against forgery, and put back what it changed."""
        self._let_in.clear()
        data = {"csrf_token": token} if ask.method == "POST" and token else None
        answer = self.client(ask.who).open(self.address(ask), method=ask.method, data=data)
        return Told(bool(self._let_in), answer, self._put_back())

    def _put_back(self) -> frozenset[str]:
        """Undo what the last request wrote; the names of the tables in which something is other than before."""
        if self._data_version() == self._version:
            return frozenset()
        now = _rows(self._live)
        changed = frozenset(name for name, rows in now.items() if rows != self._rows[name])
        self._kept.backup(self._live)
        self._version = self._data_version()
        return changed

    def _data_version(self) -> int:
        return int(self._live.execute("PRAGMA data_version").fetchone()[0])


def forgery_token(app: Flask, seed: str) -> str:
    """The token of a form in the session whose cookie holds this seed."""
    return str(URLSafeTimedSerializer(str(app.secret_key), salt="wtf-csrf-token").dumps(seed))


def _rows(connection: sqlite3.Connection) -> dict[str, list[tuple[object, ...]]]:
    """Every row of every table but SQLite's own, the audit trail, and when sessions were last seen."""
    names = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    found = {}
    for name in names:
        if name.startswith("sqlite_") or name == "audit_trail":
            continue
        columns = [row[1] for row in connection.execute(f"PRAGMA table_info({name})") if row[1] != "seen_at"]
        rows = connection.execute(f"SELECT {', '.join(columns)} FROM {name}")  # noqa: S608 - names of our own tables
        found[name] = rows.fetchall()
    return found


def _fill(database: Database, settings: Settings, office: Office) -> dict[str, int | str]:
    """Make both organisations with one of everything; the numbers of what they have."""
    now, vault = datetime.now(UTC), open_vault(settings)
    write_files(office.folder)
    files = Office(database, FolderMediaStore(settings.media_dir), office.folder)
    people = [("own", OWN_SHOWCASE), ("their", OTHER_SHOWCASE)]
    lines = [profile(name, showcases=[code], portrait="files/portrait.png") for name, code in people]
    files.load(lines)
    with database.write() as session:
        for number in (OWN, OTHER, THIRD):
            session.execute(insert(Organisation).values(id=number, code=f"org-{number}", name=f"Gemeente {number}"))
        for organisation, code in ((OWN, OWN_SHOWCASE), (OTHER, OTHER_SHOWCASE)):
            showcase = session.execute(select(Showcase.id).where(Showcase.code == code)).scalar_one()
            session.execute(insert(ShowcaseAccess).values(organisation_id=organisation, showcase_id=showcase))
    found: dict[str, int | str] = {
        "colleague": make_account(database, OWN, "colleague@own.example", [ADMINISTRATOR, ACCOUNT_MANAGER]),
        "stranger": make_account(database, OTHER, "stranger@other.example", [ADMINISTRATOR, ACCOUNT_MANAGER]),
    }
    found |= {"account": found["colleague"], "link": "unknown", "their link": new_token()}
    with database.write() as session:
        for name, _ in people:
            candidate = session.execute(select(Candidate.id).where(Candidate.external_id == name)).scalar_one()
            media = select(CandidateMedia.id).where(CandidateMedia.candidate_id == candidate)
            prefix = "" if name == "own" else "their "
            found[f"{prefix}candidate"] = candidate
            found[f"{prefix}portrait"] = session.execute(media).scalar_one()
        colleague = find_person(session, "colleague@own.example") or 0
        met = known_devices.meet(session, colleague, [], ("Firefox", "Windows"), now)
        found["colleague's device"] = found["device"] = met.device_id
        for prefix, organisation in (("", OWN), ("their ", OTHER)):
            found[f"{prefix}invitation"] = invitations.invite(
                session,
                vault,
                "https://hallowerk.example",
                organisation_id=organisation,
                email=f"guest@{organisation}.example",
                name="Gast Heer",
                rights=Rights(frozenset({ACCOUNT_MANAGER})),
                language="nl",
                actor_id=None,
                now=now,
            )
        stranger = find_person(session, "stranger@other.example") or 0
        _add_link(session, stranger, str(found["their link"]), now)
    return found


def _everybody(database: Database, settings: Settings) -> Iterator[Who]:
    """Each role alone, two roles that go together, nobody, a program, and somebody at each step of a sign-in."""
    vault, now = open_vault(settings), datetime.now(UTC)
    for roles in [*((role,) for role in ROLES), (ADMINISTRATOR, ACCOUNT_MANAGER)]:
        name = "+".join(roles)
        email = f"{name}@own.example"
        make_account(database, OWN, email, roles)
        objects: dict[str, int | str] = {"account": make_account(database, THIRD, email, roles), "link": new_token()}
        with database.write() as session:
            person = find_person(session, email) or 0
            session.execute(update(Person).where(Person.id == person).values(password_hash="x", terms=terms.VERSION))
            _add_second_step(session, person, vault.seal("A" * 32), now)
            objects["device"] = known_devices.meet(session, person, [], ("Firefox", "Windows"), now).device_id
            _add_link(session, person, str(objects["link"]), now)
        token = session_token(database, email, f"org-{OWN}")
        yield Who(name, frozenset(roles), token=token, objects=objects)
    yield Who("nobody")
    yield Who("a program", program=True)
    for step, (proofs, values, has_second) in AT_STEP.items():
        email = f"{step}@own.example"
        make_account(database, OWN, email, [ADMINISTRATOR, ACCOUNT_MANAGER])
        with database.write() as session:
            person = find_person(session, email) or 0
            session.execute(update(Person).where(Person.id == person).values({"terms": terms.VERSION, **values}))
            if has_second:
                _add_second_step(session, person, vault.seal("A" * 32), now)
            token = sessions.start(session, person, proofs, now)
        with database.read() as session:
            reached = sessions.find(session, token, now)
        assert reached is not None
        assert isinstance(reached.who, sessions.SigningIn)
        assert reached.who.next_step(terms.VERSION) is step
        yield Who(f"somebody at {step}", step=step, token=token)


def _add_second_step(session: Any, person: int, sealed: str, now: datetime) -> None:
    values = {"kind": second_steps.AUTHENTICATOR, "sealed": sealed, "confirmed": True, "created_at": now}
    session.execute(insert(SecondStep).values(person_id=person, **values))


def _add_link(session: Any, person: int, token: str, now: datetime) -> None:
    values = {"purpose": "email", "email": f"new-{person}@own.example", "created_at": now}
    expires = now + timedelta(hours=1)
    session.execute(
        insert(MailedLink).values(token_hash=token_hash(token), person_id=person, expires_at=expires, **values)
    )
