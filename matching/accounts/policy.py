"""The one policy table: which role may do which action, and over what; routes, menus and tests all read it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Scope = Literal["public", "own", "showcase", "token"]

ACCOUNT_MANAGER = "accountmanager"
ADMINISTRATOR = "administrator"
CONTACT_PERSON = "contactperson"
OPERATIONS = "operations"
ROLES = (ACCOUNT_MANAGER, ADMINISTRATOR, CONTACT_PERSON, OPERATIONS)

SEARCHERS = frozenset({ACCOUNT_MANAGER, ADMINISTRATOR, CONTACT_PERSON})
EVERYONE = frozenset(ROLES)
NOBODY: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Rule:
    """`roles` may do `action`; scope 'public': also without signing in; 'own': the own account and session;

    'showcase': only in the showcases that the user's organisation may open (GEN-06); 'token': a program that shows the
    token of the settings too.
    """

    action: str
    roles: frozenset[str]
    scope: Scope


#: Later subjects add their rows here (requirements ROLE-01..22).
POLICY: dict[str, Rule] = {
    rule.action: rule
    for rule in (
        Rule("assets.read", NOBODY, "public"),
        Rule("health.read", NOBODY, "public"),
        Rule("session.start", NOBODY, "public"),
        Rule("session.end", EVERYONE, "own"),
        Rule("language.choose", NOBODY, "public"),
        Rule("home.open", EVERYONE, "own"),
        Rule("places.suggest", SEARCHERS, "own"),
        Rule("candidates.search", SEARCHERS, "showcase"),  # ROLE-02
        Rule("candidates.view", SEARCHERS, "showcase"),  # ROLE-02
        Rule("candidates.files", SEARCHERS, "showcase"),  # ROLE-02
        Rule("operations.read", frozenset({OPERATIONS}), "own"),  # ROLE-22
        Rule("metrics.read", frozenset({OPERATIONS}), "token"),  # ROLE-22
    )
}


@dataclass(frozen=True)
class Actor:
    """Who acts: a signed-in user with role, organisation and the codes of the showcases that may be opened."""

    user_id: int
    name: str
    role: str
    organisation: str
    showcases: tuple[str, ...]
    postcode: str | None = None


def may(actor: Actor | None, action: str, showcase: str | None = None) -> bool:
    """Whether `actor` (None: not signed in) may do `action`, in `showcase` where the action is about one (ROLE-21).

    Raises KeyError for an action that the table does not have.
    """
    rule = POLICY[action]
    if rule.scope == "public":
        return True
    if actor is None or actor.role not in rule.roles:
        return False
    return rule.scope != "showcase" or showcase is None or showcase in actor.showcases
