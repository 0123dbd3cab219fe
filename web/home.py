"""Home: who you are here, and where your work begins (AUTH-30, OPEN-27)."""

from __future__ import annotations

from dataclasses import dataclass

from flask import render_template, url_for
from flask.typing import ResponseReturnValue

from matching.accounts.policy import SEARCHERS, Actor, may
from web.guard import allows, signed_in_actor
from web.texts import gettext as _


@dataclass(frozen=True)
class Shortcut:
    """One way on from Home, with a sentence about what is there."""

    label: str
    text: str
    url: str
    icon: str


@allows("home.open")
def home() -> ResponseReturnValue:
    """Show the name, the organisation and the links of the role; who may open no showcase reads what to do."""
    actor = signed_in_actor()
    waits = bool(actor.roles & SEARCHERS) and not actor.showcases
    return render_template("home.html", actor=actor, shortcuts=_shortcuts(actor), waits=waits)


def _shortcuts(actor: Actor) -> list[Shortcut]:
    """Where this actor may go, as the policy table says."""
    found = []
    if actor.showcases and may(actor, "candidates.search"):
        text = _("Zoek op beroep, plaats en filters.")
        found.append(Shortcut(_("Kandidaten verkennen"), text, url_for("candidates.start"), "compass"))
    if may(actor, "operations.read"):
        text = _("Bekijk of alles wat is opgeslagen ook te vinden is.")
        found.append(Shortcut(_("Zoekindex"), text, url_for("operations.overview"), "pulse"))
    if may(actor, "users.manage"):
        text = _("Nodig collega's uit en beheer hun rechten.")
        found.append(Shortcut(_("Gebruikersbeheer"), text, url_for("users.overview"), "people"))
    if may(actor, "settings.open"):
        text = _("Je e-mailadres, je wachtwoord en je extra controle.")
        found.append(Shortcut(_("Instellingen"), text, url_for("settings.overview"), "settings"))
    return found
