"""The main menu: the items that exist and that the policy lets this user open (UI-07)."""

from __future__ import annotations

from dataclasses import dataclass

from flask import request, url_for

from matching.accounts.policy import may
from web.guard import current_actor
from web.texts import gettext as _


@dataclass(frozen=True)
class Item:
    """One line of the menu; `here` when the page shown belongs to it."""

    label: str
    url: str
    icon: str
    here: bool
    #: Only where there is no room for the menu of the avatar's own (UI-04).
    narrow: bool = False
    children: tuple[Item, ...] = ()


def menu_items() -> list[Item]:
    """The menu of the signed-in user, in the manual's order (p. 11, fig. 26)."""
    actor = current_actor()
    items: list[Item] = []
    if actor and may(actor, "home.open"):
        items.append(Item(_("Home"), url_for("home"), "home", request.endpoint == "home"))
    if actor and actor.showcases and may(actor, "candidates.search"):
        url = url_for("candidates.start")
        here = request.blueprint == "candidates"
        explore = Item(_("Verkennen"), url, "compass", here)
        items.append(Item(_("Kandidaten"), url, "people", here, children=(explore,)))
    if actor and may(actor, "operations.read"):
        url = url_for("operations.overview")
        items.append(Item(_("Zoekindex"), url, "pulse", request.blueprint == "operations"))
    if actor and may(actor, "settings.open"):
        url = url_for("settings.overview")
        items.append(Item(_("Instellingen"), url, "settings", request.path.startswith(url), narrow=True))
    return items
