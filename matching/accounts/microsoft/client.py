"""Signing in with Microsoft: the authorization code flow with PKCE, state and nonce (AUTH-24, RFC 6749, RFC 7636)."""

from __future__ import annotations

import hmac
import json
import time
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypedDict
from urllib.parse import parse_qs, urlsplit

from msal import ConfidentialClientApplication, TokenCache
from msal.exceptions import MsalError

from matching.accounts.microsoft.id_token import LEEWAY_S, identity_of
from matching.accounts.microsoft.identities import Identity, MicrosoftRefused, Refusal
from matching.settings import Settings

#: Gives the claim `email`; msal asks for `openid` and `profile` by itself.
SCOPES = ["email"]

# The answer comes in the address: as a form it would be a request from another site, without the session's cookie
# (SameSite). The code in that address is of no use without the flow's verifier and the application's secret.
warnings.filterwarnings("ignore", message="response_mode='form_post' is recommended", module="msal")


class Flow(TypedDict):
    """A sign-in under way: kept in the session on the server, taken out before its answer is looked at.

    `auth_uri` is where the browser goes, the only part that may leave the server; `fresh_since` (seconds since 1970) is
    set where a new sign-in was asked for.
    """

    auth_uri: str
    state: str
    nonce: str
    code_verifier: str
    redirect_uri: str
    scope: list[str]
    fresh_since: int | None


def begin(
    settings: Settings, redirect_uri: str, login_hint: str | None = None, fresh: bool = False, another: bool = False
) -> Flow:
    """Start a sign-in that comes back at `redirect_uri`, an address of the application's registration.

    `login_hint` fills in the address there; `fresh` has somebody who is signed in there do so again, for confirming;
    `another` has them choose between accounts, where the one in use was refused. Asks Microsoft where its pages are.
    Raises MicrosoftRefused when that does not answer.
    """
    fresh_since = int(time.time()) if fresh else None
    prompt = "login" if fresh else "select_account" if another else None
    with _answering():
        started = _application(settings).initiate_auth_code_flow(
            SCOPES, redirect_uri=redirect_uri, login_hint=login_hint, prompt=prompt
        )
    return Flow(
        auth_uri=started["auth_uri"],
        state=started["state"],
        nonce=started["nonce"],
        code_verifier=started["code_verifier"],
        redirect_uri=started["redirect_uri"],
        scope=started["scope"],
        fresh_since=fresh_since,
    )


def complete(settings: Settings, flow: Flow, answer: Mapping[str, str]) -> Identity:
    """Return who signed in, from the parameters that came back at the flow's redirect address.

    The caller has taken `flow` out of the session, so that no answer is looked at twice. Raises MicrosoftRefused.
    """
    if not hmac.compare_digest(flow["state"].encode(), answer.get("state", "").encode()):
        raise MicrosoftRefused(Refusal.STATE)
    if "code" not in answer:
        raise MicrosoftRefused(Refusal.CANCELLED if answer.get("error") == "access_denied" else Refusal.DECLINED)
    with _answering():
        application = _application(settings)
        token = _redeem(application, flow, answer["code"])
        # Asked for at each sign-in: a new key is known at once, a withdrawn one holds no longer.
        keys = _read(application, _read(application, _discovery(settings))["jwks_uri"])["keys"]
    # The nonce as it was sent; msal keeps another form of it in the flow.
    nonce = parse_qs(urlsplit(flow["auth_uri"]).query)["nonce"][0]
    identity = identity_of(
        token, keys, authority=settings.microsoft_authority, client_id=settings.microsoft_client_id, nonce=nonce
    )
    if flow["fresh_since"] is not None and not _signed_in_since(identity, flow["fresh_since"]):
        raise MicrosoftRefused(Refusal.NOT_FRESH)
    return identity


class _NoCache(TokenCache):  # type: ignore[misc]
    def add(self, event: object, now: object = None) -> None:
        """Keep nothing: the ID token is all that is wanted. msal's own would also log the code, for who debugs."""


def _application(settings: Settings) -> Any:
    # Made for each call: nothing of a sign-in outlives it.
    return ConfidentialClientApplication(
        settings.microsoft_client_id,
        client_credential=settings.microsoft_client_secret,
        authority=settings.microsoft_authority,
        token_cache=_NoCache(),
        # The authority is ours by the settings: nobody else is asked whether it is known.
        instance_discovery=False,
        exclude_scopes=["offline_access"],
        timeout=settings.microsoft_timeout_s,
    )


def _redeem(application: Any, flow: Flow, code: str) -> str:
    """Exchange the code for the ID token, whose signature nobody looked at yet."""
    try:
        given = application.acquire_token_by_auth_code_flow(dict(flow), {"state": flow["state"], "code": code})
    except RuntimeError as error:  # all that msal compares
        raise MicrosoftRefused(Refusal.NONCE) from error
    except (ValueError, LookupError) as error:
        raise MicrosoftRefused(Refusal.MALFORMED) from error
    if "error" in given:
        raise MicrosoftRefused(Refusal.CODE if given["error"] == "invalid_grant" else Refusal.DECLINED)
    if "id_token" not in given:
        raise MicrosoftRefused(Refusal.MALFORMED)
    return str(given["id_token"])


def _discovery(settings: Settings) -> str:
    """Where msal found the endpoints too; it gives its own copy of that answer."""
    return f"{settings.microsoft_authority}/v2.0/.well-known/openid-configuration"


def _read(application: Any, address: str) -> Any:
    answer = application.http_client.get(address)
    answer.raise_for_status()
    return json.loads(answer.text)


@contextmanager
def _answering() -> Iterator[None]:
    """Microsoft is away: no connection, no answer in time, an error of theirs, or no document where one should be."""
    try:
        yield
    except (OSError, MsalError, ValueError, LookupError) as error:
        raise MicrosoftRefused(Refusal.AWAY) from error


def _signed_in_since(identity: Identity, moment: int) -> bool:
    return identity.signed_in_at is not None and identity.signed_in_at.timestamp() >= moment - LEEWAY_S
