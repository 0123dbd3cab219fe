"""The page of operations people, and the same numbers for programs that watch."""

from __future__ import annotations

from flask import Blueprint, Response, render_template, request
from flask.typing import ResponseReturnValue
from prometheus_client import CONTENT_TYPE_LATEST

from indexer.engine.errors import EngineError
from indexer.overview import Operations, operations
from web.guard import allows
from web.operations import wording
from web.operations.metrics import exposition
from web.services import services

blueprint = Blueprint("operations", __name__)

#: How often the page asks for news.
REFRESH_S = 5


@blueprint.get("/operations")
@allows("operations.read")
def overview() -> ResponseReturnValue:
    """Show how the indexes stand (ROLE-22); htmx gets only what changes. With `stil` the page stays as it is."""
    found = _look()
    template = "operations/_state.html" if request.headers.get("HX-Target") == "stand" else "operations/overview.html"
    return render_template(
        template,
        found=found,
        attention=wording.attention(found),
        names={row.showcase: row.name for row in found.showcases},
        say=wording,
        refresh_s=0 if "stil" in request.args else REFRESH_S,
    )


@blueprint.get("/metrics")
@allows("metrics.read")
def metrics() -> ResponseReturnValue:
    """The same numbers in Prometheus' text format."""
    return Response(exposition(_look()), content_type=CONTENT_TYPE_LATEST)


def _look() -> Operations:
    parts = services()
    try:
        client = parts.client
    except EngineError:
        client = None
    return operations(parts.database, client, parts.settings)
