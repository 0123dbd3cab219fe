"""The one policy table: which role may do which action, and over what; routes, menus and tests all read it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

Scope = Literal["public", "person", "own", "showcase", "token"]

ACCOUNT_MANAGER = "accountmanager"
ADMINISTRATOR = "administrator"
#: Of an employer: searches and sees the own employer's vacancies; with vacancy rights manages those too (CP+).
CONTACT_PERSON = "contactperson"
VACANCY_CONTACT = "contactperson_vacancies"
OPERATIONS = "operations"
ROLES = (ACCOUNT_MANAGER, ADMINISTRATOR, CONTACT_PERSON, VACANCY_CONTACT, OPERATIONS)

SEARCHERS = frozenset({ACCOUNT_MANAGER, ADMINISTRATOR, CONTACT_PERSON, VACANCY_CONTACT})
ADMINISTRATORS = frozenset({ADMINISTRATOR})
EVERYONE = frozenset(ROLES)
NOBODY: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Rule:
    """`roles` may do `action`; scope 'public': also without signing in; 'person': also whoever is in the midst of

    signing in; 'own': the own account, person or organisation; 'showcase': only in the showcases that the account opens
    (GEN-06); 'token': a program that shows the token of the settings too.
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
        Rule("session.end", EVERYONE, "person"),
        Rule("session.confirm", EVERYONE, "own"),
        Rule("second_step.check", NOBODY, "person"),
        Rule("second_step.send", NOBODY, "person"),
        Rule("microsoft.return", NOBODY, "public"),
        Rule("password.ask", NOBODY, "public"),
        Rule("password.reset", NOBODY, "public"),
        Rule("invitations.open", NOBODY, "public"),
        Rule("invitations.accept", NOBODY, "public"),
        Rule("terms.read", NOBODY, "public"),
        Rule("terms.accept", EVERYONE, "person"),
        Rule("sign_up.continue", EVERYONE, "person"),
        Rule("passwords.measure", NOBODY, "public"),  # the route tells only who is to choose one
        Rule("second_step.set_up", EVERYONE, "person"),
        Rule("recovery_codes.show", EVERYONE, "person"),
        Rule("language.choose", NOBODY, "public"),
        Rule("home.open", EVERYONE, "own"),
        Rule("account.switch", EVERYONE, "own"),  # ROLE-17
        Rule("settings.open", EVERYONE, "own"),  # ROLE-17
        Rule("keys.change", EVERYONE, "own"),  # ROLE-17
        Rule("devices.end", EVERYONE, "own"),  # ROLE-17
        Rule("email.change", EVERYONE, "own"),  # ROLE-17
        Rule("email.open", NOBODY, "public"),  # a mailed link; what it does is email.change
        Rule("users.manage", ADMINISTRATORS, "own"),  # ROLE-19
        Rule("organisation.secure", ADMINISTRATORS, "own"),  # ROLE-19
        Rule("places.suggest", SEARCHERS, "own"),
        Rule("candidates.search", SEARCHERS, "showcase"),  # ROLE-02
        Rule("candidates.view", SEARCHERS, "showcase"),  # ROLE-02
        Rule("candidates.files", SEARCHERS, "showcase"),  # ROLE-02
        Rule("operations.read", frozenset({OPERATIONS}), "own"),  # ROLE-22
        Rule("mailbox.read", NOBODY, "public"),  # in demo mode only; else there is no such page
        Rule("metrics.read", frozenset({OPERATIONS}), "token"),  # ROLE-22
    )
}


@dataclass(frozen=True)
class Actor:
    """Who acts: a person who is signed in, with the account that was chosen and what it may do."""

    session_id: int
    person_id: int
    account_id: int
    name: str
    roles: frozenset[str]
    organisation_id: int
    organisation: str
    #: Codes of the showcases that may be opened, in their order; none for who does not search.
    showcases: tuple[str, ...] = ()
    postcode: str | None = None
    #: Whether the person has another account to switch to (SET-02).
    has_more_accounts: bool = False
    #: When the person last showed who it is in this session: before keys are changed, that must be fresh.
    confirmed_at: datetime | None = None


def may(actor: Actor | None, action: str, showcase: str | None = None, *, signing_in: bool = False) -> bool:
    """Whether `actor` may do `action`, in `showcase` where the action is about one (ROLE-21).

    None is somebody who is not signed in: with `signing_in` a session knows who it is, but not all is proved yet.
    Raises KeyError for an action that the table does not have.
    """
    rule = POLICY[action]
    if rule.scope == "public":
        return True
    if actor is None:
        return signing_in and rule.scope == "person"
    if not actor.roles & rule.roles:
        return False
    return rule.scope != "showcase" or showcase is None or showcase in actor.showcases
