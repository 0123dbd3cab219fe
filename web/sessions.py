"""Who is signed in: Flask-Login over the actor that the record gives at each request."""

from __future__ import annotations

from flask import Flask
from flask_login import LoginManager, UserMixin

from matching.accounts.policy import Actor
from matching.accounts.rules import load_actor
from web.services import services


class SignedIn(UserMixin):
    """The signed-in user of a request; role, active flag and showcases are read anew each time."""

    def __init__(self, actor: Actor) -> None:
        self.actor = actor
        self.id = actor.user_id


def install_sessions(app: Flask) -> None:
    """Attach Flask-Login; the guard, not the library, sends people to the sign-in page."""
    manager = LoginManager()
    # Templates get the lazy current_user instead, so that an error page can be drawn without the database.
    manager.init_app(app, add_context_processor=False)
    manager.session_protection = "strong"

    @manager.user_loader
    def load(user_id: str) -> SignedIn | None:
        with services().database.read() as session:
            actor = load_actor(session, int(user_id))
        return SignedIn(actor) if actor else None
