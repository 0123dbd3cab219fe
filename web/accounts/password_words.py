"""Says in words what is wrong with a password that is chosen (AUTH-13, AUTH-14)."""

from __future__ import annotations

from collections.abc import Iterable

from flask_babel import gettext as _

from matching.accounts.proofs.password_rules import LONGEST, SHORTEST, Problem


def say(problems: Iterable[Problem]) -> list[str]:
    """A sentence for each problem: what to do."""
    sentences = {
        Problem.too_short: _("Gebruik minimaal %(num)s tekens.", num=SHORTEST),
        Problem.no_upper: _("Gebruik ook een hoofdletter."),
        Problem.no_lower: _("Gebruik ook een kleine letter."),
        Problem.no_special: _("Gebruik ook een speciaal teken, zoals ! of ? of een spatie."),
        Problem.too_common: _("Dit wachtwoord wordt veel gebruikt en is makkelijk te raden. Kies een ander."),
        Problem.names_you: _("Gebruik niet je naam, je e-mailadres of je organisatie."),
        Problem.too_long: _("Gebruik hoogstens %(num)s tekens.", num=LONGEST),
    }
    return [sentences[problem] for problem in problems]
