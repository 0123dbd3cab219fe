"""What the address of the users' list asks for, and the addresses of its tabs, columns and pages."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import Any

from flask import request, url_for

from matching.accounts.policy import ROLES
from matching.accounts.users import PAGE_ROWS, Asked, Sort

ACTIVE, INVITED, CLOSED = "actief", "uitgenodigd", "gesloten"
VIEWS = (ACTIVE, INVITED, CLOSED)
LONGEST_TEXT = 100
#: Nobody has more users.
MOST_PAGES = 10_000


@dataclass(frozen=True)
class Listing:
    """Which of the three lists, and what of it."""

    view: str
    asked: Asked

    def address(self, **changes: Any) -> str:
        """The address of the list with these changes; the first page unless `pagina` is named."""
        asked = self.asked
        values = {
            "lijst": self.view,
            "zoek": asked.text,
            "rol": asked.role,
            "sorteer": asked.sort.value,
            "omgekeerd": "ja" if asked.descending else None,
            **changes,
        }
        plain = {"lijst": ACTIVE, "sorteer": Sort.NAME.value, "pagina": 1}
        return url_for("users.overview", **{k: v for k, v in values.items() if v and v != plain.get(k)})

    def sort_address(self, sort: str) -> str:
        """The address that sorts by this, the other way round when it is sorted so already (UI-20)."""
        turn = self.asked.sort == sort and not self.asked.descending
        return self.address(sorteer=sort, omgekeerd="ja" if turn else None)


def read_listing() -> Listing:
    """What this request asks for; what is not understood is left out."""
    view = request.args.get("lijst", ACTIVE)
    role, sort = request.args.get("rol"), request.args.get("sorteer", "")
    page = request.args.get("pagina", 1, type=int)
    asked = Asked(
        text=request.args.get("zoek", "").strip()[:LONGEST_TEXT],
        role=role if role in ROLES else None,
        active=view != CLOSED,
        sort=Sort(sort) if sort in set(Sort) else Sort.NAME,
        descending=request.args.get("omgekeerd") == "ja",
        page=min(max(page, 1), MOST_PAGES),
    )
    return Listing(view if view in VIEWS else ACTIVE, asked)


@dataclass(frozen=True)
class Pages:
    """Where a page stands in a list: its first and last row, and the pages beside it."""

    page: int
    total: int

    @classmethod
    def of(cls, total: int, asked: int) -> Pages:
        """The page that was asked for of a list with this many rows; beyond the last one that is the last."""
        return cls(min(asked, max(1, ceil(total / PAGE_ROWS))), total)

    @property
    def first(self) -> int:
        """Number of its first row."""
        return (self.page - 1) * PAGE_ROWS + 1

    @property
    def last(self) -> int:
        """Number of its last row."""
        return min(self.page * PAGE_ROWS, self.total)

    @property
    def previous(self) -> int | None:
        """The page before it."""
        return self.page - 1 if self.page > 1 else None

    @property
    def next(self) -> int | None:
        """The page after it."""
        return self.page + 1 if self.last < self.total else None
