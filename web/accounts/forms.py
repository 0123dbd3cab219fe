"""The forms of signing in."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import BooleanField, EmailField, PasswordField, StringField
from wtforms.validators import InputRequired, Length

#: Longer than any password that can be chosen, short enough to hash.
LONGEST_PASSWORD = 1024


class EmailForm(FlaskForm):  # type: ignore[misc]
    """An e-mail address."""

    email = EmailField(
        _l("E-mailadres"),
        validators=[InputRequired(_l("Vul je e-mailadres in.")), Length(max=254, message=_l("Dit adres is te lang."))],
    )


class PasswordForm(FlaskForm):  # type: ignore[misc]
    """The present password."""

    password = PasswordField(
        _l("Wachtwoord"),
        validators=[InputRequired(_l("Vul je wachtwoord in.")), Length(max=LONGEST_PASSWORD)],
    )


class CodeForm(FlaskForm):  # type: ignore[misc]
    """A code of an extra check."""

    code = StringField(_l("Code"), validators=[InputRequired(_l("Vul de code in.")), Length(max=64)])


class SecondStepForm(CodeForm):
    """A code of the second step, and whether this browser is to be remembered."""

    remember = BooleanField(_l("Onthoud dit apparaat 30 dagen"))


class NewPasswordForm(FlaskForm):  # type: ignore[misc]
    """A password that is chosen; the rules of matching.accounts.password_rules say whether it is good."""

    password = PasswordField(
        _l("Nieuw wachtwoord"),
        validators=[InputRequired(_l("Kies een wachtwoord.")), Length(max=LONGEST_PASSWORD)],
    )
