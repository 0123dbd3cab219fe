"""What gunicorn serves: `gunicorn 'web.wsgi:application()'`."""

from __future__ import annotations

from flask import Flask

from web.app import create_app
from web.logs import configure_logs


def application() -> Flask:
    """The application with the settings of this process' environment."""
    configure_logs()
    return create_app()
