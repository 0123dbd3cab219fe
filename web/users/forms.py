"""The forms of users' administration: they take what they name, and nothing else that is posted."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import BooleanField, EmailField, RadioField, SelectMultipleField, StringField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Length, ValidationError
from wtforms.widgets import CheckboxInput

from matching.accounts.accounts import Refusal, Rights
from matching.accounts.policy import (
    ACCOUNT_MANAGER,
    ADMINISTRATOR,
    CONTACT_PERSON,
    OPERATIONS,
    SEARCHERS,
    VACANCY_CONTACT,
)
from matching.accounts.users import ShowcaseName
from web.language import LANGUAGES
from web.texts import gettext as _
from web.users.wording import refusal_text, role_label

EVERY, CHOSEN = "alle", "gekozen"
#: Colleagues have one or more of these; contact persons, who come with their employer, have one of theirs.
COLLEAGUES = (ACCOUNT_MANAGER, ADMINISTRATOR, OPERATIONS)
CONTACTS = (CONTACT_PERSON, VACANCY_CONTACT)
#: The field that a refusal is about.
_ABOUT = {
    Refusal.BAD_NAME: "name",
    Refusal.BAD_ADDRESS: "email",
    Refusal.HAS_ACCOUNT: "email",
    Refusal.HAS_INVITATION: "email",
    Refusal.SENT_TOO_OFTEN: "email",
    Refusal.NO_ROLE: "roles",
    Refusal.ROLES_DO_NOT_MIX: "roles",
    Refusal.UNKNOWN_SHOWCASE: "showcases",
}


class Ticks(SelectMultipleField):  # type: ignore[misc]
    """Some of several, as a group of checkboxes."""

    option_widget = CheckboxInput()


class RightsForm(FlaskForm):  # type: ignore[misc]
    """Roles, and which showcases."""

    roles = Ticks(_l("Rollen"))
    reach = RadioField(_l("Etalages"), default=EVERY, validators=[InputRequired(_l("Kies welke etalages."))])
    showcases = Ticks(_l("Gekozen etalages"))

    def offer(self, roles: Iterable[str], showcases: Sequence[ShowcaseName]) -> None:
        """Set what can be chosen; anything else that is posted is no choice."""
        self.roles.choices = [SelectChoice(role, role_label(role)) for role in roles]
        self.reach.choices = [
            SelectChoice(EVERY, _l("Alle etalages, ook latere")),
            SelectChoice(CHOSEN, _l("Alleen deze etalages")),
        ]
        self.showcases.choices = [SelectChoice(one.code, one.name) for one in showcases]

    def validate_showcases(self, field: Ticks) -> None:
        """Let nobody who searches be left without any showcase by an oversight."""
        searches = SEARCHERS & set(self.roles.data or ())
        if self.reach.data == CHOSEN and searches and field.choices and not field.data:
            raise ValidationError(_("Kies minstens één etalage."))

    def refuse(self, reason: Refusal) -> str | None:
        """Put why this was refused at the field that it is about; the words, where it is about no field."""
        field = self._fields.get(_ABOUT.get(reason, ""))
        if field is None:
            return refusal_text(reason)
        field.errors = [*field.errors, refusal_text(reason)]
        return None

    @property
    def first_wrong(self) -> str | None:
        """The name of the first field with an error, as they stand on the page."""
        order = ("name", "email", "roles", "reach", "showcases", "language")
        return next((name for name in order if name in self.errors), None)

    @property
    def rights(self) -> Rights:
        """The rights that were chosen."""
        chosen = None if self.reach.data == EVERY else frozenset(self.showcases.data or ())
        return Rights(frozenset(self.roles.data or ()), chosen)


class InviteForm(RightsForm):
    """Whom to invite, with which rights, in which language."""

    name = StringField(_l("Naam"), validators=[InputRequired(_l("Vul een naam in.")), Length(max=200)])
    email = EmailField(_l("E-mailadres"), validators=[InputRequired(_l("Vul een e-mailadres in.")), Length(max=254)])
    language = RadioField(
        _l("Taal van de uitnodiging"),
        choices=[SelectChoice(code, name) for code, name in LANGUAGES.items()],
        default="nl",
    )


class SecurityForm(FlaskForm):  # type: ignore[misc]
    """What the organisation allows at the sign-in."""

    remembers_devices = BooleanField(_l("Apparaten mogen 30 dagen worden onthouden"))
    tells_unknown_addresses = BooleanField(_l("Zeg het als een e-mailadres niet bekend is"))
