"""Choosing a password, for the first time, anew or another one: one form, by the same rules (AUTH-12..14, SET-16)."""

from __future__ import annotations

from flask import render_template
from flask.typing import ResponseReturnValue

from matching.accounts.accounts import About
from matching.accounts.proofs.password_rules import problems, strength
from matching.accounts.proofs.passwords import TooBusy, hash_password
from matching.turns import Turns
from web.accounts.forms import NewPasswordForm
from web.accounts.password_words import say
from web.accounts.words import too_busy

#: Measuring costs processor time at each pause in typing: one at a time, and who finds it taken is told nothing.
turns = Turns(waiting=1, patience_s=0.5)


def take_password(page: str, about: About, **shown: object) -> tuple[str | None, ResponseReturnValue]:
    """The hash of the password that was chosen; None until it is a good one, and the page that asks for it."""
    form = NewPasswordForm()

    def ask(status: int, refused: str | None = None) -> tuple[None, ResponseReturnValue]:
        return None, (render_template(page, form=form, email=about.email, refused=refused, **shown), status)

    if not form.validate_on_submit():
        return ask(422 if form.is_submitted() else 200)
    wrong = problems(form.password.data, about.words)
    if wrong:
        form.password.errors = say(wrong)
        return ask(422)
    try:
        return hash_password(form.password.data), ""
    except TooBusy:
        return ask(503, too_busy())


def tell_strength(typed: str, about: About) -> str:
    """How strong a password is, and what it lacks, as a part of the page. Raises matching.turns.TooBusy."""
    with turns.turn():
        level, wrong = strength(typed, about.words), say(problems(typed, about.words))
    return render_template("accounts/_strength.html", level=level, wrong=wrong)
