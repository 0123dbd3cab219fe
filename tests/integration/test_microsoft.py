"""Signing in with Microsoft against a real OpenID provider, which tells the truth or lies in each way there is."""

from __future__ import annotations

import json
import logging
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from matching.accounts.microsoft.client import Flow, begin, complete
from matching.accounts.microsoft.identities import (
    PERSONAL_TENANT,
    Identity,
    MicrosoftRefused,
    Refusal,
    may_bind,
    may_sign_in,
)
from matching.settings import Settings, load_settings
from tests.support.openid import CLIENT_ID, CLIENT_SECRET, Provider, object_of, tenant_of

pytestmark = pytest.mark.filterwarnings("ignore:response_mode='form_post' is recommended")

BACK = "http://127.0.0.1:8000/microsoft/terug"
WORKER = "m.devries@gemeente.example"
TENANT = tenant_of(WORKER)
OTHER_TENANT = tenant_of("x@elders.example")


@pytest.fixture
def settings(provider: Provider) -> Settings:
    return load_settings(
        microsoft_client_id=CLIENT_ID, microsoft_client_secret=CLIENT_SECRET, microsoft_authority=provider.authority
    )


def sign_in(provider: Provider, settings: Settings, username: str = WORKER, **how: Any) -> Identity:
    flow = begin(settings, BACK, **how)
    return complete(settings, flow, provider.sign_in(flow["auth_uri"], username))


def refused(provider: Provider, settings: Settings, username: str = WORKER, **how: Any) -> Refusal:
    with pytest.raises(MicrosoftRefused) as refusal:
        sign_in(provider, settings, username, **how)
    return refusal.value.reason


def in_the_session(flow: Flow) -> Flow:
    """The flow as a session gives it back."""
    kept: Flow = json.loads(json.dumps(flow))
    return kept


@pytest.mark.requirement("AUTH-24")
def test_who_signed_in_is_tenant_and_object(provider: Provider, settings: Settings) -> None:
    flow = begin(settings, BACK, login_hint=WORKER)
    answer = provider.sign_in(flow["auth_uri"], WORKER)
    identity = complete(settings, in_the_session(flow), answer)
    assert identity.key == (TENANT, object_of(WORKER))
    assert identity.email == WORKER
    assert identity.name == "m.devries"
    assert identity.signed_in_at is not None
    assert abs((identity.signed_in_at - datetime.now(UTC)).total_seconds()) < 60
    assert provider.seen["authorize"]["login_hint"] == WORKER
    assert "prompt" not in provider.seen["authorize"]


def test_who_was_refused_may_choose_another_account(provider: Provider, settings: Settings) -> None:
    sign_in(provider, settings, another=True)
    assert provider.seen["authorize"]["prompt"] == "select_account"


def test_nothing_is_asked_for_that_is_not_needed(provider: Provider, settings: Settings) -> None:
    sign_in(provider, settings)
    assert set(provider.seen["authorize"]["scope"].split()) == {"openid", "profile", "email"}


def test_pkce_is_sent_and_the_provider_checks_it(provider: Provider, settings: Settings) -> None:
    flow = begin(settings, BACK)
    answer = provider.sign_in(flow["auth_uri"], WORKER)
    asked = provider.seen["authorize"]
    assert asked["code_challenge_method"] == "S256"
    assert flow["code_verifier"] not in flow["auth_uri"]
    other = begin(settings, BACK)
    stolen: Flow = {**flow, "code_verifier": other["code_verifier"]}
    with pytest.raises(MicrosoftRefused) as refusal:
        complete(settings, stolen, answer)
    assert refusal.value.reason is Refusal.CODE
    assert provider.seen["token"]["code_verifier"] == other["code_verifier"]


def test_each_flow_has_its_own_secrets(settings: Settings) -> None:
    one, other = begin(settings, BACK), begin(settings, BACK)
    for name in ("state", "nonce", "code_verifier"):
        assert one[name] != other[name]  # type: ignore[literal-required]
        assert len(one[name]) >= 22  # type: ignore[literal-required] # 128 bits in base64
    sent = {name: values[0] for name, values in parse_qs(urlsplit(one["auth_uri"]).query).items()}
    assert sent["state"] == one["state"]
    assert sent["redirect_uri"] == BACK


@pytest.mark.parametrize("state", ["", "another", None])
def test_an_answer_of_another_session_is_refused(provider: Provider, settings: Settings, state: str | None) -> None:
    flow = begin(settings, BACK)
    answer = provider.sign_in(flow["auth_uri"], WORKER)
    del answer["state"]
    with pytest.raises(MicrosoftRefused) as refusal:
        complete(settings, flow, answer if state is None else {**answer, "state": state})
    assert refusal.value.reason is Refusal.STATE
    # Nothing was redeemed: the right answer still holds.
    assert complete(settings, flow, {**answer, "state": flow["state"]}).object_id == object_of(WORKER)


def test_a_code_and_a_flow_hold_once(provider: Provider, settings: Settings) -> None:
    flow = begin(settings, BACK)
    answer = provider.sign_in(flow["auth_uri"], WORKER)
    complete(settings, flow, answer)
    with pytest.raises(MicrosoftRefused) as refusal:
        complete(settings, flow, answer)
    assert refusal.value.reason is Refusal.CODE


def test_a_code_of_another_flow_is_refused(provider: Provider, settings: Settings) -> None:
    stolen = begin(settings, BACK)
    code = provider.sign_in(stolen["auth_uri"], "slachtoffer@gemeente.example")["code"]
    own = begin(settings, BACK)
    with pytest.raises(MicrosoftRefused) as refusal:
        complete(settings, own, {"state": own["state"], "code": code})
    assert refusal.value.reason is Refusal.CODE


def test_who_stops_at_the_page_comes_back(provider: Provider, settings: Settings) -> None:
    flow = begin(settings, BACK)
    with pytest.raises(MicrosoftRefused) as refusal:
        complete(settings, flow, provider.cancel(flow["auth_uri"]))
    assert refusal.value.reason is Refusal.CANCELLED


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        ("access_denied", Refusal.CANCELLED),
        ("server_error", Refusal.DECLINED),
        ("unauthorized_client", Refusal.DECLINED),
    ],
)
def test_errors_of_the_provider(provider: Provider, settings: Settings, error: str, reason: Refusal) -> None:
    provider.lie(error=error)
    assert refused(provider, settings) is reason


def test_a_wrong_secret_of_the_application(provider: Provider, settings: Settings) -> None:
    wrong = settings.model_copy(update={"microsoft_client_secret": "another"})
    assert refused(provider, wrong) is Refusal.DECLINED


@pytest.mark.requirement("AUTH-25")
@pytest.mark.parametrize("username", ["iemand@hotmail.com", "iemand@msn.com"])
def test_personal_accounts_are_refused(provider: Provider, settings: Settings, username: str) -> None:
    assert refused(provider, settings, username) is Refusal.PERSONAL_ACCOUNT


@pytest.mark.requirement("AUTH-25")
@pytest.mark.parametrize("idp", ["live.com", f"https://sts.windows.net/{PERSONAL_TENANT}/"])
def test_personal_accounts_are_refused_as_guests_too(provider: Provider, settings: Settings, idp: str) -> None:
    provider.lie(claims={"idp": idp})
    assert refused(provider, settings) is Refusal.PERSONAL_ACCOUNT


@pytest.mark.parametrize(
    ("claims", "reason"),
    [
        ({"aud": "11111111-2222-3333-4444-555555555555"}, Refusal.AUDIENCE),
        ({"aud": [CLIENT_ID, "11111111-2222-3333-4444-555555555555"]}, Refusal.AUDIENCE),
        ({"aud": None}, Refusal.MALFORMED),
        ({"iss": f"https://login.microsoftonline.com/{TENANT}/v2.0"}, Refusal.ISSUER),
        ({"iss": None}, Refusal.MALFORMED),
        ({"tid": OTHER_TENANT}, Refusal.ISSUER),
        ({"tid": None}, Refusal.TENANT),
        ({"tid": "../x"}, Refusal.TENANT),
        ({"oid": None}, Refusal.OBJECT),
        ({"oid": ""}, Refusal.OBJECT),
        ({"nonce": "another"}, Refusal.NONCE),
        ({"nonce": None}, Refusal.NONCE),
        ({"exp": None}, Refusal.MALFORMED),
        ({"sub": None}, Refusal.MALFORMED),
    ],
    ids=lambda value: json.dumps(value) if isinstance(value, dict) else str(value),
)
def test_claims_that_are_wrong(
    provider: Provider, settings: Settings, claims: dict[str, object], reason: Refusal
) -> None:
    provider.lie(claims=claims)
    assert refused(provider, settings) is reason


@pytest.mark.parametrize(
    ("name", "offset", "holds"), [("exp", -120, False), ("exp", -30, True), ("nbf", 120, False), ("nbf", 30, True)]
)
def test_clocks_may_differ_by_a_minute(
    provider: Provider, settings: Settings, name: str, offset: int, holds: bool
) -> None:
    provider.lie(claims={name: int(time.time()) + offset})
    if holds:
        assert sign_in(provider, settings).object_id == object_of(WORKER)
    else:
        assert refused(provider, settings) is Refusal.EXPIRED


@pytest.mark.parametrize(
    ("signing", "reason"),
    [
        ("none", Refusal.ALGORITHM),
        ("hs256", Refusal.ALGORITHM),
        ("stranger", Refusal.SIGNATURE),
        ("unknown", Refusal.KEY),
    ],
)
def test_signatures_that_are_wrong(provider: Provider, settings: Settings, signing: str, reason: Refusal) -> None:
    provider.lie(signing=signing)
    assert refused(provider, settings) is reason


def test_a_key_of_another_tenant_is_refused(provider: Provider, settings: Settings) -> None:
    origin = provider.authority.removesuffix("/organizations")
    provider.lie(key_issuer=f"{origin}/{OTHER_TENANT}/v2.0")
    assert refused(provider, settings) is Refusal.KEY
    provider.lie(key_issuer=f"{origin}/{TENANT}/v2.0")
    assert sign_in(provider, settings).tenant_id == TENANT


def test_a_new_key_is_known_at_once(provider: Provider, settings: Settings) -> None:
    sign_in(provider, settings)
    provider.change_keys()
    assert sign_in(provider, settings).object_id == object_of(WORKER)


def test_a_token_of_an_earlier_sign_in_is_refused(provider: Provider, settings: Settings) -> None:
    sign_in(provider, settings)
    provider.lie(replay=True)
    assert refused(provider, settings) is Refusal.NONCE


@pytest.mark.parametrize("trouble", ["hang", "fail"])
@pytest.mark.parametrize("where", ["openid-configuration", "token", "keys"])
def test_a_provider_that_does_not_answer(provider: Provider, settings: Settings, trouble: str, where: str) -> None:
    impatient = settings.model_copy(update={"microsoft_timeout_s": 0.5})
    flow = begin(settings, BACK)
    answer = provider.sign_in(flow["auth_uri"], WORKER)
    provider.lie(**{trouble: where})
    with pytest.raises(MicrosoftRefused) as refusal:
        complete(impatient, flow, answer)
    assert refusal.value.reason is Refusal.AWAY


def test_a_provider_that_is_not_trusted(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("REQUESTS_CA_BUNDLE")
    with pytest.raises(MicrosoftRefused) as refusal:
        begin(settings, BACK)
    assert refusal.value.reason is Refusal.AWAY


def test_a_new_sign_in_is_asked_for_and_has_to_show(provider: Provider, settings: Settings) -> None:
    assert sign_in(provider, settings, fresh=True).object_id == object_of(WORKER)
    assert provider.seen["authorize"]["prompt"] == "login"
    provider.lie(claims={"auth_time": int(time.time()) - 600})
    assert refused(provider, settings, fresh=True) is Refusal.NOT_FRESH
    provider.lie(claims={"auth_time": None})
    assert refused(provider, settings, fresh=True) is Refusal.NOT_FRESH
    assert sign_in(provider, settings).signed_in_at is None


def test_another_address_is_the_same_account(provider: Provider, settings: Settings) -> None:
    before = sign_in(provider, settings)
    provider.lie(claims={"email": "nieuw@gemeente.example", "preferred_username": "nieuw@gemeente.example"})
    after = sign_in(provider, settings)
    assert after.key == before.key
    assert after.email == "nieuw@gemeente.example"


def test_the_address_of_somebody_else_is_another_account(provider: Provider, settings: Settings) -> None:
    owner = sign_in(provider, settings)
    provider.lie(claims={"email": WORKER, "preferred_username": WORKER})
    attacker = sign_in(provider, settings, "aanvaller@elders.example")
    assert attacker.email == owner.email
    assert attacker.key != owner.key
    assert not may_sign_in(attacker, {TENANT})
    assert not may_bind(attacker, WORKER, {TENANT})


@pytest.mark.parametrize(
    ("owned", "email"),
    [(True, WORKER), ("1", WORKER), (1, WORKER), ("true", WORKER), (False, ""), ("0", ""), (None, "")],
)
def test_an_address_counts_where_the_tenant_owns_its_domain(
    provider: Provider, settings: Settings, owned: object, email: str
) -> None:
    provider.lie(claims={"xms_edov": owned, "email": WORKER.upper()})
    identity = sign_in(provider, settings)
    assert identity.email == email
    assert may_bind(identity, WORKER, {TENANT}) is bool(email)


def test_nothing_of_the_person_is_in_a_refusal(provider: Provider, settings: Settings) -> None:
    provider.lie(claims={"aud": "another"})
    with pytest.raises(MicrosoftRefused) as refusal:
        sign_in(provider, settings)
    assert str(refusal.value) == "audience"


def test_nothing_of_a_sign_in_is_logged(
    provider: Provider, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    flow = begin(settings, BACK, login_hint=WORKER)
    answer = provider.sign_in(flow["auth_uri"], WORKER)
    caplog.clear()
    complete(settings, flow, answer)
    assert caplog.records
    secret = [WORKER, "m.devries", CLIENT_SECRET, answer["code"], flow["state"], flow["nonce"], flow["code_verifier"]]
    assert [word for word in secret if word in caplog.text] == []
