"""Why a sign-in with Microsoft was refused, in words that say what to do; never whether there is an account."""

from __future__ import annotations

from matching.accounts.microsoft.identities import Refusal
from matching.accounts.microsoft.links import NoLink
from web.texts import gettext as _


def explain(reason: str) -> str:
    """The words for a Refusal or a NoLink."""
    words: dict[str, str] = {
        Refusal.PERSONAL_ACCOUNT: _(
            "Je hebt ingelogd met een persoonlijk Microsoft-account, zoals Hotmail, MSN of Outlook.com. Dat kan niet "
            "bij HalloWerk. Gebruik het Microsoft-account van je organisatie."
        ),
        Refusal.CANCELLED: _("Je bent bij Microsoft gestopt met inloggen."),
        Refusal.AWAY: _("Microsoft antwoordt nu niet. Probeer het over een paar minuten opnieuw."),
        Refusal.DECLINED: _(
            "Microsoft laat HalloWerk nu niet toe. Probeer het later opnieuw. Blijft dit zo? Meld het dan bij de "
            "beheerder van je organisatie."
        ),
        **dict.fromkeys(
            (Refusal.STATE, Refusal.CODE, Refusal.EXPIRED, Refusal.NONCE),
            _("Het inloggen bij Microsoft is verlopen of al gebruikt. Begin opnieuw."),
        ),
        Refusal.NOT_FRESH: _(
            "Microsoft heeft niet opnieuw gevraagd wie je bent. Probeer het nog een keer en vul je gegevens daar in."
        ),
        NoLink.UNKNOWN: _(
            "Met dit Microsoft-account kun je niet inloggen bij HalloWerk. Heb je een uitnodiging gekregen? Open dan "
            "eerst de link in die e-mail. Log je anders in met een wachtwoord? Doe dat dan nu ook."
        ),
        NoLink.NOT_ALLOWED: _(
            "Dit Microsoft-account is niet van jouw organisatie. Gebruik het account waarmee je daar werkt."
        ),
        NoLink.OTHER_ADDRESS: _(
            "Dit Microsoft-account heeft een ander e-mailadres dan je account bij HalloWerk, of Microsoft kan het "
            "adres niet bevestigen. Gebruik het Microsoft-account met hetzelfde adres."
        ),
        NoLink.TAKEN: _("Dit Microsoft-account is al gekoppeld aan een ander account bij HalloWerk."),
        NoLink.HAS_ANOTHER: _("Je account is al gekoppeld aan een Microsoft-account. Ontkoppel dat eerst."),
        NoLink.NOT_LINKED: _("Dit is niet het Microsoft-account dat aan jouw account is gekoppeld. Gebruik dat wel."),
        NoLink.ONLY_WAY: _(
            "Je logt alleen met Microsoft in. Stel eerst een wachtwoord en een extra controle in, dan kun je "
            "ontkoppelen."
        ),
    }
    return words.get(reason) or _(
        "Het antwoord van Microsoft klopt niet, daarom ben je niet ingelogd. Probeer het opnieuw. Gaat het weer mis? "
        "Meld het dan bij de beheerder van je organisatie."
    )
