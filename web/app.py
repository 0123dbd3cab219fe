"""Builds the Flask application: settings in, blueprints registered, every route held against the policy."""

from __future__ import annotations

from datetime import timedelta
from importlib import import_module

from flask import Flask
from flask_wtf import CSRFProtect
from werkzeug.middleware.proxy_fix import ProxyFix

from matching.settings import Settings, load_settings, session_key
from web.errors import install_error_pages
from web.guard import install_guard
from web.headers import install_headers
from web.home import home
from web.language import install_language
from web.services import EXTENSION, Services
from web.sessions import install_sessions
from web.templating import install_templating

#: One blueprint per subject; each module has `blueprint`.
SUBJECTS = (
    "web.assets",
    "web.health",
    "web.language",
    "web.accounts.routes",
    "web.accounts.forgotten",
    "web.accounts.arriving",
    "web.accounts.extra_check",
    "web.microsoft",
    "web.candidates.routes",
    "web.operations.routes",
    "web.post.routes",
    "web.settings.routes",
    "web.settings.keys",
    "web.settings.browsers",
    "web.settings.email",
    "web.users.routes",
    "web.users.invitations",
    "web.users.organisation",
)

MAX_FORM_BYTES = 64 * 1024


def create_app(settings: Settings | None = None) -> Flask:
    """Return the application; nothing is connected yet. Raises UndeclaredRoute for a route without a policy entry."""
    settings = settings or load_settings()
    app = Flask("web", static_folder="static", template_folder="templates")
    app.config.update(
        SECRET_KEY=session_key(settings),
        MAX_CONTENT_LENGTH=MAX_FORM_BYTES,
        MAX_FORM_MEMORY_SIZE=MAX_FORM_BYTES,
        SESSION_COOKIE_NAME="__Host-session" if settings.https else "session",
        SESSION_COOKIE_SECURE=settings.https,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        PERMANENT_SESSION_LIFETIME=timedelta(hours=12),
        SEND_FILE_MAX_AGE_DEFAULT=timedelta(days=1),
        WTF_CSRF_TIME_LIMIT=None,
        # Pages whose address holds a secret send no referrer, so their forms have none to check behind HTTPS. The token
        # is enough: no other host can set a __Host- cookie (OWASP, Cross-Site Request Forgery Prevention).
        WTF_CSRF_SSL_STRICT=False,
    )
    if settings.proxies:
        # Never the host: links are made of the settings.
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=settings.proxies, x_proto=0, x_host=0)  # type: ignore[method-assign]
    app.jinja_options["autoescape"] = True
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True
    app.extensions[EXTENSION] = Services(settings)
    CSRFProtect(app)
    install_sessions(app)
    install_language(app)
    install_templating(app)
    install_error_pages(app)
    install_headers(app, settings.https)
    for name in SUBJECTS:
        app.register_blueprint(import_module(name).blueprint)
    app.add_url_rule("/", "home", home)
    install_guard(app)
    return app
