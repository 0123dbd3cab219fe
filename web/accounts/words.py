"""What is said to who has to wait, or typed a code that is not right."""

from __future__ import annotations

from math import ceil

from flask_babel import gettext as _
from flask_babel import ngettext

from matching.accounts.second_steps import RECOVERY, SMS


def too_often(wait_s: float) -> str:
    """To who has to wait so many seconds before the next try."""
    seconds = ceil(wait_s)
    if seconds < 60:
        time = ngettext("%(num)s seconde", "%(num)s seconden", seconds)
    elif seconds < 3600:
        time = ngettext("%(num)s minuut", "%(num)s minuten", ceil(seconds / 60))
    else:
        time = _("%(num)s uur", num=ceil(seconds / 3600))
    return _("Je hebt dit te vaak geprobeerd. Probeer het over %(time)s opnieuw.", time=time)


def too_busy() -> str:
    """To who comes while many sign in at once."""
    return _("Het is nu even te druk om in te loggen. Probeer het over een paar seconden opnieuw.")


def wrong_code(kind: str) -> str:
    """To who typed a code of this kind that is not right: what to do now."""
    if kind == SMS:
        return _("Deze code klopt niet, of is ouder dan 10 minuten. Controleer de code of vraag een nieuwe aan.")
    if kind == RECOVERY:
        return _("Deze herstelcode klopt niet, of is al gebruikt. Controleer de code of gebruik een andere.")
    return _("Deze code klopt niet, of is al gebruikt. Wacht op een nieuwe code en probeer het opnieuw.")
