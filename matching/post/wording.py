"""What mails and text messages say, in every language; Dutch is informal and plain (B1)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Any, Literal
from zoneinfo import ZoneInfo

from matching.post.mails import Mail

Language = Literal["nl", "en"]
LANGUAGES: tuple[Language, ...] = ("nl", "en")

#: Where the readers are.
_ZONE = ZoneInfo("Europe/Amsterdam")
#: Longest name that a mail quotes: what is longer is no name, but somebody's message to a stranger.
_LONGEST_NAME = 100


@dataclass(frozen=True)
class Words:
    """A mail in one language: paragraphs, a button where the mail has a link, and what comes after that.

    {FIELD} stands for what the mail tells, {valid} for how long its link works.
    """

    subject: str
    paragraphs: tuple[str, ...]
    button: str | None = None
    after: tuple[str, ...] = ()


@dataclass(frozen=True)
class Frame:
    """What stands around every mail of one language."""

    greeting: str
    address: str
    closing: str


FRAMES: Mapping[Language, Frame] = {
    "nl": Frame(
        "Hallo,",
        "Werkt de knop niet? Kopieer dan dit adres en plak het in de adresbalk van je browser:",
        "HalloWerk stuurt deze mail automatisch. Je kunt er niet op antwoorden.",
    ),
    "en": Frame(
        "Hello,",
        "Does the button not work? Copy this address and paste it into the address bar of your browser:",
        "HalloWerk sends this mail automatically. You can't reply to it.",
    ),
}

_NOT_YOU_NL = (
    "Was jij dit niet? Kies dan meteen een nieuw wachtwoord: ga naar de inlogpagina van HalloWerk en klik op "
    "'Wachtwoord vergeten'. Meld het ook bij de beheerder van je organisatie.",
)
_NOT_YOU_EN = (
    "Was this not you? Choose a new password at once: go to the login page of HalloWerk and click 'Forgot password'. "
    "Report it to the administrator of your organisation too.",
)
#: To who may have no password here, but signs in with Microsoft.
_REPORT_NL = (
    "Was jij dit niet? Meld het meteen bij de beheerder van je organisatie. Log je in met een wachtwoord? Kies dan ook "
    "een nieuw wachtwoord: ga naar de inlogpagina van HalloWerk en klik op 'Wachtwoord vergeten'.",
)
_REPORT_EN = (
    "Was this not you? Report it to the administrator of your organisation at once. Do you log in with a password? "
    "Choose a new one too: go to the login page of HalloWerk and click 'Forgot password'.",
)

WORDS: Mapping[str, Mapping[Language, Words]] = {
    "invitation": {
        "nl": Words(
            "{inviter} nodigt je uit voor HalloWerk",
            (
                "{inviter} van {organisation} nodigt je uit om HalloWerk te gebruiken.",
                "Met HalloWerk vind je de werkzoekenden die passen bij de vacatures van werkgevers.",
            ),
            "Meld je aan",
            (
                "De uitnodiging is {valid} geldig en werkt één keer.",
                "Ken je {inviter} niet, of verwacht je geen uitnodiging? Dan hoef je niets te doen.",
            ),
        ),
        "en": Words(
            "{inviter} invites you to HalloWerk",
            (
                "{inviter} of {organisation} invites you to use HalloWerk.",
                "With HalloWerk you find the job seekers who fit the vacancies of employers.",
            ),
            "Sign up",
            (
                "The invitation is valid for {valid} and works once.",
                "Don't you know {inviter}, or do you expect no invitation? Then you need not do anything.",
            ),
        ),
    },
    "password_reset": {
        "nl": Words(
            "Kies een nieuw wachtwoord voor HalloWerk",
            ("Je hebt laten weten dat je je wachtwoord bent vergeten. Met de knop hieronder kies je een nieuw.",),
            "Wijzig wachtwoord",
            (
                "De knop is {valid} geldig en werkt één keer.",
                "Heb je hier niet om gevraagd? Dan hoef je niets te doen. Je oude wachtwoord blijft werken.",
            ),
        ),
        "en": Words(
            "Choose a new password for HalloWerk",
            ("You told us that you forgot your password. With the button below you choose a new one.",),
            "Change password",
            (
                "The button is valid for {valid} and works once.",
                "Did you not ask for this? Then you need not do anything. Your old password still works.",
            ),
        ),
    },
    "uses_microsoft": {
        "nl": Words(
            "Je logt in bij HalloWerk met Microsoft",
            (
                "Je hebt laten weten dat je je wachtwoord bent vergeten. Je account heeft geen wachtwoord bij "
                "HalloWerk: je logt in met je Microsoft-account.",
                "Ga naar de inlogpagina van HalloWerk en klik op 'Inloggen met Microsoft'. Ben je je wachtwoord van "
                "Microsoft vergeten? Vraag dan hulp bij de helpdesk van je organisatie.",
            ),
            after=("Heb je hier niet om gevraagd? Dan hoef je niets te doen.",),
        ),
        "en": Words(
            "You log in to HalloWerk with Microsoft",
            (
                "You told us that you forgot your password. Your account has no password at HalloWerk: you log in with "
                "your Microsoft account.",
                "Go to the login page of HalloWerk and click 'Log in with Microsoft'. Did you forget your password of "
                "Microsoft? Ask the help desk of your organisation.",
            ),
            after=("Did you not ask for this? Then you need not do anything.",),
        ),
    },
    "password_changed": {
        "nl": Words(
            "Je wachtwoord van HalloWerk is gewijzigd",
            (
                "Het wachtwoord van je account is gewijzigd op {at}.",
                "Op andere apparaten ben je uitgelogd. Daar log je opnieuw in met je nieuwe wachtwoord.",
            ),
            after=_NOT_YOU_NL,
        ),
        "en": Words(
            "Your password of HalloWerk was changed",
            (
                "The password of your account was changed on {at}.",
                "You were logged out on other devices. Log in there again with your new password.",
            ),
            after=_NOT_YOU_EN,
        ),
    },
    "new_device": {
        "nl": Words(
            "Nieuw apparaat ingelogd bij HalloWerk",
            ("Op {at} is met jouw account ingelogd op een apparaat dat we nog niet kennen: {browser} op {system}.",),
            after=("Was jij dit? Dan hoef je niets te doen.", *_REPORT_NL),
        ),
        "en": Words(
            "New device logged in to HalloWerk",
            ("On {at} your account was used to log in on a device that we don't know yet: {browser} on {system}.",),
            after=("Was this you? Then you need not do anything.", *_REPORT_EN),
        ),
    },
    "second_step_reset": {
        "nl": Words(
            "Je extra controle bij HalloWerk is verwijderd",
            (
                "{administrator} heeft op {at} de extra controle van je account verwijderd.",
                "Als je weer inlogt, vraagt HalloWerk je om een nieuwe extra controle in te stellen.",
            ),
            after=("Heb je hier niet om gevraagd? Neem dan meteen contact op met de beheerder van je organisatie.",),
        ),
        "en": Words(
            "Your extra check at HalloWerk was removed",
            (
                "{administrator} removed the extra check of your account on {at}.",
                "When you log in again, HalloWerk asks you to set up a new extra check.",
            ),
            after=("Did you not ask for this? Contact the administrator of your organisation at once.",),
        ),
    },
    "sign_in_method_changed": {
        "nl": Words(
            "De manier waarop je inlogt bij HalloWerk is gewijzigd",
            ("De manier waarop je inlogt is gewijzigd op {at}.", "{change}: {method}."),
            after=("Was jij dit? Dan hoef je niets te doen.", *_REPORT_NL),
        ),
        "en": Words(
            "The way you log in to HalloWerk was changed",
            ("The way you log in was changed on {at}.", "{change}: {method}."),
            after=("Was this you? Then you need not do anything.", *_REPORT_EN),
        ),
    },
    "recovery_code_used": {
        "nl": Words(
            "Met een herstelcode ingelogd bij HalloWerk",
            (
                "Op {at} is met een herstelcode ingelogd op jouw account. Die code werkt nu niet meer.",
                "Herstelcodes die je nog kunt gebruiken: {left}.",
            ),
            after=(
                "Was jij dit? Dan hoef je niets te doen. Bij Beveiliging in je instellingen kun je nieuwe herstelcodes "
                "maken, en een extra controle instellen op een nieuwe telefoon.",
                *_NOT_YOU_NL,
            ),
        ),
        "en": Words(
            "A recovery code was used to log in to HalloWerk",
            (
                "On {at} a recovery code was used to log in to your account. That code no longer works.",
                "Recovery codes that you can still use: {left}.",
            ),
            after=(
                "Was this you? Then you need not do anything. Under Security in your settings you can make new "
                "recovery codes, and set up an extra check on a new phone.",
                *_NOT_YOU_EN,
            ),
        ),
    },
    "address_confirmation": {
        "nl": Words(
            "Bevestig je nieuwe e-mailadres voor HalloWerk",
            (
                "Er is gevraagd om voortaan met dit e-mailadres in te loggen bij HalloWerk. Bevestig dat het van jou "
                "is.",
            ),
            "Bevestig dit adres",
            (
                "De knop is {valid} geldig en werkt één keer. Tot die tijd log je in met je oude adres.",
                "Weet je hier niets van? Dan hoef je niets te doen. Er verandert dan niets.",
            ),
        ),
        "en": Words(
            "Confirm your new e-mail address for HalloWerk",
            ("Somebody asked to log in to HalloWerk with this e-mail address from now on. Confirm that it is yours.",),
            "Confirm this address",
            (
                "The button is valid for {valid} and works once. Until then you log in with your old address.",
                "Do you know nothing of this? Then you need not do anything. Nothing will change.",
            ),
        ),
    },
    "address_change": {
        "nl": Words(
            "Er is een ander e-mailadres gevraagd voor je account bij HalloWerk",
            (
                "Op {at} is gevraagd om voortaan met een ander e-mailadres in te loggen op jouw account.",
                "We hebben een mail naar dat adres gestuurd. Als het daar is bevestigd, werkt dit adres niet meer.",
            ),
            after=("Was jij dit? Dan hoef je niets te doen.", *_REPORT_NL),
        ),
        "en": Words(
            "Another e-mail address was asked for your account at HalloWerk",
            (
                "On {at} somebody asked to log in to your account with another e-mail address from now on.",
                "We sent a mail to that address. Once it is confirmed there, this address no longer works.",
            ),
            after=("Was this you? Then you need not do anything.", *_REPORT_EN),
        ),
    },
    "access_ended": {
        "nl": Words(
            "Je toegang tot HalloWerk is gestopt",
            ("Je kunt niet meer inloggen bij HalloWerk voor {organisation}.",),
            after=("Klopt dit niet? Neem dan contact op met de beheerder van {organisation}.",),
        ),
        "en": Words(
            "Your access to HalloWerk has ended",
            ("You can no longer log in to HalloWerk for {organisation}.",),
            after=("Is this not right? Contact the administrator of {organisation}.",),
        ),
    },
}

_METHODS: Mapping[Language, Mapping[str, str]] = {
    "nl": {
        "authenticator": "de authenticator-app",
        "sms": "de code per sms",
        "recovery_codes": "de herstelcodes",
        "microsoft": "inloggen met Microsoft",
    },
    "en": {
        "authenticator": "the authenticator app",
        "sms": "the code by text message",
        "recovery_codes": "the recovery codes",
        "microsoft": "logging in with Microsoft",
    },
}

_CHANGES: Mapping[Language, Mapping[str, str]] = {
    "nl": {"set_up": "Ingesteld", "replaced": "Vervangen", "removed": "Verwijderd"},
    "en": {"set_up": "Set up", "replaced": "Replaced", "removed": "Removed"},
}

_MONTHS: Mapping[Language, tuple[str, ...]] = {
    "nl": (
        *("januari", "februari", "maart", "april", "mei", "juni", "juli", "augustus", "september"),
        *("oktober", "november", "december"),
    ),
    "en": (
        *("January", "February", "March", "April", "May", "June", "July", "August", "September"),
        *("October", "November", "December"),
    ),
}
_AT: Mapping[Language, str] = {"nl": "om", "en": "at"}
#: One hour, more hours, days.
_UNITS: Mapping[Language, tuple[str, str, str]] = {"nl": ("uur", "uur", "dagen"), "en": ("hour", "hours", "days")}

#: Fits one text message of 160 characters.
_CODE: Mapping[Language, str] = {
    "nl": "{code} is je code voor HalloWerk. De code werkt {minutes} minuten. Geef hem aan niemand door.",
    "en": "{code} is your code for HalloWerk. It works for {minutes} minutes. Do not share it with anyone.",
}


@dataclass(frozen=True)
class Written:
    """A mail as its reader sees it, ready to be laid out; `link` is what the button opens."""

    language: Language
    subject: str
    greeting: str
    paragraphs: tuple[str, ...]
    button: str | None
    link: str | None
    address: str
    after: tuple[str, ...]
    closing: str


def write(mail: Mail, language: Language) -> Written:
    """Put the mail into words."""
    words, frame = WORDS[mail.kind][language], FRAMES[language]
    told = {field.name: _told(field.name, getattr(mail, field.name), language) for field in fields(mail)}
    if mail.valid:
        told["valid"] = _duration(mail.valid, language)
    return Written(
        language=language,
        subject=words.subject.format_map(told),
        greeting=frame.greeting,
        paragraphs=tuple(text.format_map(told) for text in words.paragraphs),
        button=words.button,
        link=getattr(mail, "link", None),
        address=frame.address,
        after=tuple(text.format_map(told) for text in words.after),
        closing=frame.closing,
    )


def write_code(code: str, minutes: int, language: Language) -> str:
    """The text message with a code for the second step (NOTIF-04)."""
    return _CODE[language].format(code=code, minutes=minutes)


def _told(name: str, value: Any, language: Language) -> str:
    if isinstance(value, datetime):
        return _moment(value, language)
    words = {"method": _METHODS, "change": _CHANGES}.get(name)
    return words[language][value] if words else _one_line(str(value))


def _one_line(text: str) -> str:
    """A name on one line without control characters, cut where it is too long for a name."""
    line = " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
    return line if len(line) <= _LONGEST_NAME else f"{line[:_LONGEST_NAME]}…"


def _moment(moment: datetime, language: Language) -> str:
    """'24 november 2026 om 9:05', in the Netherlands."""
    local = moment.astimezone(_ZONE)
    day = f"{local.day} {_MONTHS[language][local.month - 1]} {local.year}"
    return f"{day} {_AT[language]} {local.hour}:{local.minute:02}"


def _duration(length: timedelta, language: Language) -> str:
    """'1 uur', '30 dagen': whole days, or hours below two of them."""
    hours = round(length.total_seconds() / 3600)
    one, more, days = _UNITS[language]
    if hours < 48:
        return f"{hours} {one if hours == 1 else more}"
    return f"{hours // 24} {days}"
