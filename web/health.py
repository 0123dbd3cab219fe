"""Health addresses for supervisors: alive, and ready with the reason when not."""

from __future__ import annotations

from flask import Blueprint, jsonify
from flask.typing import ResponseReturnValue

from indexer.readiness import missing_parts
from web.guard import allows
from web.services import services

blueprint = Blueprint("health", __name__, url_prefix="/health")


@blueprint.get("/live")
@allows("health.read")
def live() -> ResponseReturnValue:
    """The process answers."""
    return jsonify(status="ok")


@blueprint.get("/ready")
@allows("health.read")
def ready() -> ResponseReturnValue:
    """Database, engine and every showcase's index are there; 503 with what is missing otherwise."""
    parts = services()
    missing = missing_parts(parts.database, parts.client, parts.settings.index_prefix)
    if missing:
        return jsonify(status="not ready", missing=missing), 503
    return jsonify(status="ok")
