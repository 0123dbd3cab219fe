"""Roles and refusals in words."""

from __future__ import annotations

from collections.abc import Iterable

from matching.accounts.accounts import Refusal
from matching.accounts.policy import (
    ACCOUNT_MANAGER,
    ADMINISTRATOR,
    CONTACT_PERSON,
    OPERATIONS,
    ROLES,
    VACANCY_CONTACT,
)
from web.texts import gettext as _


def role_label(role: str) -> str:
    """What a role is called."""
    return {
        ACCOUNT_MANAGER: _("Accountmanager"),
        ADMINISTRATOR: _("Beheerder"),
        CONTACT_PERSON: _("Contactpersoon"),
        VACANCY_CONTACT: _("Contactpersoon met vacatures"),
        OPERATIONS: _("Technisch beheer"),
    }[role]


def role_helps() -> dict[str, str]:
    """What each role may, in one sentence."""
    return {
        ACCOUNT_MANAGER: _("Zoekt kandidaten en bekijkt hun profielen."),
        ADMINISTRATOR: _("Beheert gebruikers en instellingen van de organisatie, en zoekt kandidaten."),
        CONTACT_PERSON: _("Zoekt kandidaten voor een werkgever."),
        VACANCY_CONTACT: _("Zoekt kandidaten voor een werkgever en beheert daar vacatures."),
        OPERATIONS: _("Bewaakt de zoekindex. Ziet geen kandidaten."),
    }


def role_names(roles: Iterable[str]) -> list[str]:
    """The labels of these roles, in the order of the table; a role that is no more is left out."""
    held = set(roles)
    return [role_label(role) for role in ROLES if role in held]


def refusal_text(reason: Refusal) -> str:
    """Why a change was refused, and what to do."""
    texts = {
        Refusal.NO_ROLE: _("Kies minstens één rol."),
        Refusal.ROLES_DO_NOT_MIX: _("Een contactpersoon heeft geen andere rol. Kies één van beide."),
        Refusal.UNKNOWN_SHOWCASE: _("Kies alleen etalages van je organisatie."),
        Refusal.LAST_ADMINISTRATOR: _(
            "Dit is de laatste beheerder van je organisatie. Maak eerst iemand anders beheerder."
        ),
        Refusal.OWN_ACCOUNT: _("Dit kun je niet bij jezelf doen. Vraag het een andere beheerder."),
        Refusal.HAS_ACCOUNT: _("Met dit e-mailadres is er al een gebruiker in je organisatie."),
        Refusal.BAD_ADDRESS: _("Dit is geen goed e-mailadres. Controleer of je het goed hebt getypt."),
        Refusal.BAD_NAME: _("Vul een naam in van hoogstens 200 tekens."),
        Refusal.HAS_INVITATION: _("Dit adres heeft al een uitnodiging. Stuur die opnieuw, of trek die eerst in."),
        Refusal.NOT_OPEN: _("Deze uitnodiging is al aangenomen of ingetrokken."),
        Refusal.SENT_TOO_OFTEN: _("Dit adres kreeg vandaag al te veel uitnodigingen. Probeer het morgen opnieuw."),
        Refusal.MAY_NOT_INVITE: _("Je kunt niemand uitnodigen voor deze rol."),
        Refusal.ACCOUNT_ELSEWHERE: _(
            "Deze gebruiker heeft ook een account bij een andere organisatie. Vraag wie HalloWerk voor je draait om de "
            "extra controle weg te halen."
        ),
    }
    return texts[reason]
