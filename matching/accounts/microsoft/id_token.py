"""Checking an ID token: signed by its issuer, for this application, for this sign-in, now (OpenID Connect 3.1.3.7)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import jwt

from matching.accounts.microsoft.identities import PERSONAL_TENANT, Identity, MicrosoftRefused, Refusal

ALGORITHM = "RS256"
#: How far the two clocks may differ.
LEEWAY_S = 60
#: Before their parents: the first that fits counts.
_REASONS: Sequence[tuple[type[jwt.PyJWTError], Refusal]] = (
    (jwt.InvalidAlgorithmError, Refusal.ALGORITHM),
    (jwt.InvalidSignatureError, Refusal.SIGNATURE),
    (jwt.InvalidAudienceError, Refusal.AUDIENCE),
    (jwt.ExpiredSignatureError, Refusal.EXPIRED),
    (jwt.ImmatureSignatureError, Refusal.EXPIRED),
    (jwt.PyJWTError, Refusal.MALFORMED),
)


def identity_of(
    token: str, keys: Sequence[Mapping[str, Any]], *, authority: str, client_id: str, nonce: str
) -> Identity:
    """Return whose ID token this is; `keys` are those that the authority publishes (RFC 7517), `nonce` the one sent.

    Raises MicrosoftRefused.
    """
    try:
        key = _key_of(token, keys)
        claims = jwt.decode(
            token,
            jwt.PyJWK.from_dict(dict(key), ALGORITHM),
            algorithms=[ALGORITHM],
            audience=client_id,
            leeway=LEEWAY_S,
            options={"require": ["aud", "exp", "iat", "iss", "nbf", "sub"], "strict_aud": True},
        )
    except jwt.PyJWTError as error:
        raise MicrosoftRefused(next(reason for kind, reason in _REASONS if isinstance(error, kind))) from error
    tenant_id = _guid(claims.get("tid"), Refusal.TENANT)
    issuer = issuer_of(authority, tenant_id)
    if claims["iss"] != issuer:
        raise MicrosoftRefused(Refusal.ISSUER)
    # Some keys of Microsoft sign for one tenant only, and say so.
    if key.get("issuer", issuer).replace("{tenantid}", tenant_id) != issuer:
        raise MicrosoftRefused(Refusal.KEY)
    if claims.get("nonce") != nonce:
        raise MicrosoftRefused(Refusal.NONCE)
    # A personal account can be somebody's guest: the tenant is then the host's, and `idp` tells.
    if tenant_id == PERSONAL_TENANT or claims.get("idp") == "live.com" or PERSONAL_TENANT in str(claims.get("idp")):
        raise MicrosoftRefused(Refusal.PERSONAL_ACCOUNT)
    return Identity(
        tenant_id=tenant_id,
        object_id=_guid(claims.get("oid"), Refusal.OBJECT),
        email=_owned_address(claims),
        name=str(claims.get("name", "")),
        signed_in_at=_moment(claims.get("auth_time")),
    )


def issuer_of(authority: str, tenant_id: str) -> str:
    """The only issuer whose tokens for this tenant hold: Microsoft's v2.0 endpoint on the authority's host."""
    return f"https://{urlsplit(authority).netloc}/{tenant_id}/v2.0"


def _key_of(token: str, keys: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    header = jwt.get_unverified_header(token)
    if header.get("alg") != ALGORITHM:
        raise MicrosoftRefused(Refusal.ALGORITHM)
    named = [key for key in keys if key.get("kid") == header.get("kid") and key.get("kty") == "RSA"]
    if len(named) != 1 or "kid" not in header:
        raise MicrosoftRefused(Refusal.KEY)
    return named[0]


def _guid(value: object, otherwise: Refusal) -> str:
    try:
        return str(UUID(str(value)))
    except ValueError as error:
        raise MicrosoftRefused(otherwise) from error


def _owned_address(claims: Mapping[str, Any]) -> str:
    """The address, where the tenant showed that it owns the domain; `preferred_username` shows nothing of the kind.

    Microsoft writes the claim as a boolean; a number or text has been seen too.
    """
    owned = str(claims.get("xms_edov", "")).lower() in {"true", "1"}
    return str(claims.get("email", "")).strip().lower() if owned else ""


def _moment(value: object) -> datetime | None:
    try:
        return datetime.fromtimestamp(value, UTC) if isinstance(value, int) else None
    except (OverflowError, ValueError, OSError) as error:
        raise MicrosoftRefused(Refusal.MALFORMED) from error
