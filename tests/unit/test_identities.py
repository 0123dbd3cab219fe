"""Whom an organisation lets in with Microsoft, and whom an invitation may be bound to."""

from __future__ import annotations

from dataclasses import replace

import pytest

from matching.accounts.microsoft.identities import PERSONAL_TENANT, Identity, domain_of, may_bind, may_sign_in

TENANT = "3f2b8c1e-5d0a-4a5e-9d3c-0a1b2c3d4e5f"
OTHER = "8a7b6c5d-4e3f-4a1b-8c9d-1e2f3a4b5c6d"
SOMEBODY = Identity(TENANT, "0b1c2d3e-4f5a-4b6c-8d7e-9f0a1b2c3d4e", "m.devries@gemeente.example", "M. de Vries", None)


@pytest.mark.requirement("AUTH-24")
def test_only_tenants_that_the_organisation_allows() -> None:
    assert may_sign_in(SOMEBODY, {OTHER, TENANT})
    assert may_sign_in(SOMEBODY, [f" {TENANT.upper()} "])
    assert not may_sign_in(SOMEBODY, {OTHER})
    assert not may_sign_in(SOMEBODY, set())


@pytest.mark.requirement("AUTH-25")
def test_nobody_can_allow_personal_accounts() -> None:
    assert not may_sign_in(replace(SOMEBODY, tenant_id=PERSONAL_TENANT), {PERSONAL_TENANT})


def test_an_invitation_is_bound_by_tenant_and_address_together() -> None:
    assert may_bind(SOMEBODY, " M.deVries@Gemeente.example ", {TENANT})
    assert not may_bind(SOMEBODY, "m.devries@gemeente.example", {OTHER})
    assert not may_bind(SOMEBODY, "iemand.anders@gemeente.example", {TENANT})
    without = replace(SOMEBODY, email="")
    assert not may_bind(without, "", {TENANT})
    assert not may_bind(without, "m.devries@gemeente.example", {TENANT})
    assert may_sign_in(without, {TENANT})


@pytest.mark.parametrize(
    ("email", "domain"),
    [
        ("m.devries@Gemeente.example", "gemeente.example"),
        (' "a@b"@gemeente.example ', "gemeente.example"),
        ("gemeente.example", ""),
        ("@gemeente.example", ""),
        ("m.devries@", ""),
        ("", ""),
    ],
)
def test_the_domain_is_what_stands_after_the_last_at(email: str, domain: str) -> None:
    assert domain_of(email) == domain
