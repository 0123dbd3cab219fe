"""Who is signed in, or about to be: Flask-Login over the sessions that the record holds."""

from __future__ import annotations

from datetime import UTC, datetime

from flask import Flask, session
from flask_login import AnonymousUserMixin, LoginManager, UserMixin, current_user, login_user, logout_user

from matching.accounts import sessions
from matching.accounts.policy import Actor
from matching.accounts.sessions import SigningIn
from web.services import services


class SignedIn(UserMixin):
    """The signed-in user of a request; roles, open account and showcases are read anew each time."""

    def __init__(self, actor: Actor, token: str) -> None:
        self.actor = actor
        #: Flask-Login keeps this in the signed cookie, and finds the user by it.
        self.id = token


class Arriving(AnonymousUserMixin):
    """Somebody in the midst of signing in: nobody yet, for all that asks who is signed in."""

    def __init__(self, who: SigningIn, token: str) -> None:
        self.who = who
        self.id = token

    def get_id(self) -> str:
        """The token of the session."""
        return self.id


def signing_in() -> SigningIn | None:
    """Who is in the midst of signing in, in this request."""
    return getattr(current_user, "who", None)


def hold(token: str) -> None:
    """Let this browser keep a session's token, and nothing of before: at each sign-in and rise of rights."""
    session.clear()
    login_user(_Holder(token))


def let_go() -> None:
    """Let this browser forget its session."""
    logout_user()
    session.clear()


class _Holder(UserMixin):
    """Stands for a session that the next request reads."""

    def __init__(self, token: str) -> None:
        self.id = token


def install_sessions(app: Flask) -> None:
    """Attach Flask-Login; the guard, not the library, sends people to the sign-in page."""
    manager = LoginManager()
    # Templates get the lazy current_user instead, so that an error page can be drawn without the database.
    manager.init_app(app, add_context_processor=False)
    # The token alone counts: people change networks in the midst of their work.
    manager.session_protection = None

    @manager.user_loader
    def load(token: str) -> SignedIn | Arriving | None:
        now = datetime.now(UTC)
        database = services().database
        with database.read() as reading:
            found = sessions.find(reading, token, now)
        if found is None:
            return None
        if isinstance(found.who, SigningIn):
            return Arriving(found.who, token)
        if now - found.seen_at >= sessions.NOTED_EVERY:
            with database.write() as writing:
                sessions.note_use(writing, found.who.session_id, now)
        return SignedIn(found.who, token)
