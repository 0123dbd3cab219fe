"""The users of an organisation as its administrators see them: a page of the list, and one of them (SET-21, SET-22)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Select, exists, func, or_, select
from sqlalchemy.orm import Session

from matching.accounts.records import Account, AccountRole, AccountShowcase, Person, ShowcaseAccess
from matching.candidates.records import Showcase

#: Rows of a page (UI-21).
PAGE_ROWS = 20


class Sort(StrEnum):
    """What the list can be sorted by."""

    NAME = "naam"
    EMAIL = "e-mail"
    LAST_LOGIN = "laatst"


_SORTED_BY: dict[Sort, ColumnElement[Any]] = {
    Sort.NAME: func.lower(Person.name),
    Sort.EMAIL: Person.email.expression,
    Sort.LAST_LOGIN: Account.last_login_at.expression,
}


@dataclass(frozen=True)
class Asked:
    """Which users are asked for: of `active` accounts or closed ones, with this text in name or address, and role."""

    text: str = ""
    role: str | None = None
    active: bool = True
    sort: Sort = Sort.NAME
    descending: bool = False
    page: int = 1


@dataclass(frozen=True)
class User:
    """Somebody's account at the organisation; `showcases` is None when it opens every one."""

    id: int
    person_id: int
    name: str
    email: str
    active: bool
    last_login_at: datetime | None
    roles: frozenset[str]
    showcases: frozenset[str] | None = None


@dataclass(frozen=True)
class ShowcaseName:
    """A showcase that the organisation opens."""

    code: str
    name: str


def page(session: Session, organisation_id: int, asked: Asked) -> list[User]:
    """One page of the list, in two statements however many rows it has; showcases are left out."""
    by = _SORTED_BY[asked.sort]
    rows = session.execute(
        _of(organisation_id)
        .where(*_conditions(asked))
        # Either way round who never signed in comes last.
        .order_by(by.is_(None), by.desc() if asked.descending else by, Account.id)
        .limit(PAGE_ROWS)
        .offset((asked.page - 1) * PAGE_ROWS)
    ).all()
    roles: dict[int, set[str]] = {row.id: set() for row in rows}
    held = select(AccountRole.account_id, AccountRole.role).where(AccountRole.account_id.in_(roles))
    for account_id, role in session.execute(held):
        roles[account_id].add(role)
    return [_user(row, frozenset(roles[row.id])) for row in rows]


def count(session: Session, organisation_id: int, asked: Asked) -> int:
    """How many users `page` has on all its pages."""
    found = (
        select(func.count())
        .select_from(Account)
        .join(Person, Person.id == Account.person_id)
        .where(Account.organisation_id == organisation_id, *_conditions(asked))
    )
    return session.scalar(found) or 0


def find(session: Session, organisation_id: int, account_id: int) -> User | None:
    """One user of this organisation with the showcases; None for a number that is another organisation's, or no one's.

    The account of somebody else's organisation looks like one that does not exist.
    """
    row = session.execute(
        _of(organisation_id).add_columns(Account.every_showcase).where(Account.id == account_id)
    ).one_or_none()
    if row is None:
        return None
    roles = frozenset(session.scalars(select(AccountRole.role).where(AccountRole.account_id == account_id)))
    own = select(Showcase.code).join(AccountShowcase, AccountShowcase.showcase_id == Showcase.id)
    codes = None if row.every_showcase else session.scalars(own.where(AccountShowcase.account_id == account_id))
    return _user(row, roles, None if codes is None else frozenset(codes))


def showcase_names(session: Session, organisation_id: int) -> list[ShowcaseName]:
    """The showcases that the organisation opens, in the order of their tabs."""
    rows = session.execute(
        select(Showcase.code, Showcase.name)
        .join(ShowcaseAccess, ShowcaseAccess.showcase_id == Showcase.id)
        .where(ShowcaseAccess.organisation_id == organisation_id)
        .order_by(Showcase.position, Showcase.code)
    )
    return [ShowcaseName(row.code, row.name) for row in rows]


def _of(organisation_id: int) -> Select[int, int, bool, datetime | None, str, str]:
    return (
        select(Account.id, Account.person_id, Account.active, Account.last_login_at, Person.name, Person.email)
        .join(Person, Person.id == Account.person_id)
        .where(Account.organisation_id == organisation_id)
    )


def _conditions(asked: Asked) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = [Account.active.is_(asked.active)]
    for word in asked.text.lower().split():
        found.append(
            or_(
                func.lower(Person.name).contains(word, autoescape=True),
                Person.email.contains(word, autoescape=True),
            )
        )
    if asked.role:
        found.append(exists().where(AccountRole.account_id == Account.id, AccountRole.role == asked.role))
    return found


def _user(row: Any, roles: frozenset[str], showcases: frozenset[str] | None = None) -> User:
    return User(row.id, row.person_id, row.name, row.email, row.active, row.last_login_at, roles, showcases)
