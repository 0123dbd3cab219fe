"""The page that asks whether somebody is sure, before what can't be undone with one click."""

from __future__ import annotations

from flask import render_template


def ask(title: str, text: str, button: str, target: str, back: str) -> str:
    """The page: `button` posts to `target`, and `back` is where who is not sure goes."""
    return render_template("settings/sure.html", title=title, text=text, button=button, target=target, back=back)
