"""The policy table: who may do what, and where."""

from __future__ import annotations

import pytest

from matching.accounts.policy import ADMINISTRATOR, OPERATIONS, POLICY, ROLES, SEARCHERS, Actor, may


def actor(role: str, *showcases: str) -> Actor:
    return Actor(
        session_id=1,
        person_id=1,
        account_id=1,
        name="Iemand",
        roles=frozenset({role}),
        organisation_id=1,
        organisation="Gemeente Demo",
        showcases=showcases,
    )


@pytest.mark.requirement("ROLE-21")
def test_nobody_signed_in_may_do_only_what_is_public() -> None:
    allowed = {action for action in POLICY if may(None, action)}
    assert allowed == {action for action, rule in POLICY.items() if rule.scope == "public"}
    assert "candidates.search" not in allowed


@pytest.mark.parametrize("role", ROLES)
def test_searching_is_for_searchers_in_their_own_showcases(role: str) -> None:
    someone = actor(role, "rijnmond")
    assert may(someone, "candidates.search", "rijnmond") is (role in SEARCHERS)
    assert may(someone, "candidates.search", "haaglanden") is False


@pytest.mark.requirement("ROLE-22")
@pytest.mark.parametrize("role", ROLES)
def test_the_state_of_the_index_is_for_operations_people(role: str) -> None:
    someone = actor(role, "rijnmond")
    for action in ("operations.read", "metrics.read"):
        assert may(someone, action) is (role == OPERATIONS)
        assert may(None, action) is False


@pytest.mark.requirement("ROLE-22")
def test_operations_people_see_nobody() -> None:
    someone = actor(OPERATIONS, "rijnmond")
    assert not any(may(someone, action, "rijnmond") for action in POLICY if action.startswith("candidates."))


def test_an_action_that_the_table_does_not_have_is_an_error() -> None:
    with pytest.raises(KeyError):
        may(actor(ADMINISTRATOR), "candidates.erase")
