"""An ID token is checked by us alone: whatever a library before it looked at, and whatever text it is."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from matching.accounts.microsoft.id_token import identity_of, issuer_of
from matching.accounts.microsoft.identities import Identity, MicrosoftRefused, Refusal
from tests.support.openid import CLIENT_ID, Office, object_of, tenant_of

ORIGIN = "https://login.example"
WORKER = "m.devries@gemeente.example"
#: One for all: making keys takes a while.
OFFICE = Office(ORIGIN)
TOKEN = OFFICE.id_token({"username": WORKER, "nonce": "n"})
[KEY] = OFFICE.keys()["keys"]


def check(token: str = TOKEN, keys: list[dict[str, Any]] | None = None, nonce: str = "n") -> Identity:
    return identity_of(
        token,
        [KEY] if keys is None else keys,
        authority=f"{ORIGIN}/organizations",
        client_id=CLIENT_ID,
        nonce=nonce,
    )


def reason(**how: Any) -> Refusal:
    with pytest.raises(MicrosoftRefused) as refusal:
        check(**how)
    return refusal.value.reason


def test_a_right_token_is_somebody() -> None:
    assert check().key == (tenant_of(WORKER), object_of(WORKER))


def test_the_nonce_is_ours_to_check() -> None:
    assert reason(nonce="another") is Refusal.NONCE
    assert reason(nonce="") is Refusal.NONCE


def test_the_issuer_is_on_the_authoritys_host() -> None:
    tenant = tenant_of(WORKER)
    assert issuer_of("https://login.microsoftonline.com/organizations", tenant) == (
        f"https://login.microsoftonline.com/{tenant}/v2.0"
    )
    with pytest.raises(MicrosoftRefused) as refusal:
        identity_of(TOKEN, [KEY], authority="https://elders.example/organizations", client_id=CLIENT_ID, nonce="n")
    assert refusal.value.reason is Refusal.ISSUER


@pytest.mark.parametrize(
    "keys",
    [
        [],
        [{**KEY, "kid": "another"}],
        [{name: value for name, value in KEY.items() if name != "kid"}],
        [KEY, KEY],
        [{**KEY, "kty": "oct", "k": KEY["n"]}],
    ],
    ids=["none", "another", "without a name", "two of one name", "a secret"],
)
def test_only_the_one_key_that_is_named(keys: list[dict[str, Any]]) -> None:
    assert reason(keys=keys) is Refusal.KEY


def test_a_key_that_is_none() -> None:
    assert reason(keys=[{**KEY, "n": ""}]) is Refusal.MALFORMED


def test_every_part_of_a_token_is_signed() -> None:
    head, body, signature = TOKEN.split(".")
    other = OFFICE.id_token({"username": "iemand@gemeente.example", "nonce": "n"}).split(".")
    assert reason(token=f"{head}.{other[1]}.{signature}") is Refusal.SIGNATURE
    assert reason(token=f"{head}.{body}.") is Refusal.SIGNATURE


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=80) | st.text(alphabet="eyJ0.-_=A", max_size=80))
def test_any_text_is_refused_and_nothing_worse(text: str) -> None:
    assert reason(token=text) in {Refusal.MALFORMED, Refusal.ALGORITHM}


@given(
    st.sampled_from(["tid", "oid", "idp", "name", "email", "auth_time", "sub", "xms_edov", "nbf", "iat", "exp", "aud"]),
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.lists(st.integers()),
)
@example("auth_time", 2**70)
@example("exp", 2**70)
def test_a_claim_of_any_kind_is_somebody_or_refused(claim: str, value: Any) -> None:
    OFFICE.faults = {"claims": {claim: value}}
    token = OFFICE.id_token({"username": WORKER, "nonce": "n"})
    OFFICE.faults = {}
    try:
        identity = check(token=token)
    except MicrosoftRefused:
        return
    assert identity.tenant_id == tenant_of(WORKER)
