"""Error pages in plain Dutch: what happened, what still works, with the right status."""

from __future__ import annotations

from typing import NamedTuple

import structlog
from elasticsearch import ApiError, TransportError
from flask import Flask, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import OperationalError
from werkzeug.exceptions import HTTPException

from indexer.engine.errors import EngineError
from indexer.reader import EngineDown, NotOffered, TooDeep

log = structlog.get_logger()


class Page(NamedTuple):
    """What an error page says; `framed` when it keeps the bar and the menu of who is signed in."""

    status: int
    title: str
    text: str
    framed: bool = False


def _pages(status: int) -> Page:
    texts = {
        400: (_("Dit adres klopt niet"), _("Er staat iets in dat we niet begrijpen. Ga terug en probeer het opnieuw.")),
        401: (_("Log eerst in"), _("Je bent uitgelogd. Log in om verder te gaan.")),
        403: (_("Hier mag je niet komen"), _("Je account heeft geen recht op deze pagina.")),
        404: (
            _("Deze pagina is er niet"),
            _("Er staat een fout in het adres, of deze kandidaat is niet meer zichtbaar in deze etalage."),
        ),
        405: (_("Dat kan hier niet"), _("Ga terug naar de vorige pagina en probeer het opnieuw.")),
        413: (_("Dat is te veel tekst"), _("Maak je tekst korter en probeer het opnieuw.")),
        414: (_("Dat is te veel tekst"), _("Maak je zoekvraag korter en probeer het opnieuw.")),
    }
    title, text = texts.get(
        status, (_("Er ging iets mis"), _("Het ligt niet aan jou. Probeer het over een paar minuten opnieuw."))
    )
    return Page(status, title, text)


def show(page: Page) -> ResponseReturnValue:
    """Render an error page; a partial request gets the same text as a fragment."""
    template = "errors/fragment.html" if request.headers.get("HX-Request") else "errors/page.html"
    # A fault of ours may be one of the records that bar and menu are made from: then the page does without.
    framed = page.status < 500 and current_user.is_authenticated
    return render_template(template, page=page._replace(framed=framed)), page.status


def install_error_pages(app: Flask) -> None:
    """Attach a page to every kind of failure that a person can meet."""

    @app.errorhandler(HTTPException)
    def http(error: HTTPException) -> ResponseReturnValue:
        if error.code is None or error.code < 400:
            return error.get_response()
        return show(_pages(error.code))

    @app.errorhandler(CSRFError)
    def csrf(_error: CSRFError) -> ResponseReturnValue:
        log.warning("form_without_token", endpoint=request.endpoint)
        return show(
            Page(400, _("Dit formulier is verlopen"), _("Ga terug, laad de pagina opnieuw en verstuur het nog eens."))
        )

    @app.errorhandler(EngineDown)
    @app.errorhandler(EngineError)
    @app.errorhandler(TransportError)
    @app.errorhandler(ApiError)
    def engine(error: Exception) -> ResponseReturnValue:
        log.warning("engine_unavailable", kind=type(error).__name__)
        return show(
            Page(
                503,
                _("Zoeken lukt nu even niet"),
                _("De zoekmachine geeft geen antwoord. Je gegevens zijn veilig. Probeer het over een minuut opnieuw."),
            )
        )

    @app.errorhandler(NotOffered)
    def not_offered(_error: NotOffered) -> ResponseReturnValue:
        return show(
            Page(
                400,
                _("Zo kun je in deze etalage niet zoeken"),
                _("Een filter of de plaats wordt hier niet aangeboden. Haal dat weg en probeer het opnieuw."),
            )
        )

    @app.errorhandler(TooDeep)
    def too_deep(_error: TooDeep) -> ResponseReturnValue:
        return show(
            Page(404, _("Zo ver kun je niet bladeren"), _("Maak je zoekvraag preciezer: dan staat wie past vooraan."))
        )

    @app.errorhandler(OperationalError)
    def database(error: OperationalError) -> ResponseReturnValue:
        log.warning("database_unavailable", kind=type(error.orig).__name__)
        return show(
            Page(
                503,
                _("Het is nu even te druk"),
                _("De gegevens zijn tijdelijk niet bereikbaar. Probeer het over een minuut opnieuw."),
            )
        )

    @app.errorhandler(Exception)
    def unexpected(error: Exception) -> ResponseReturnValue:
        # The message may hold personal data: the kind and the place say enough to find the fault.
        trace = error.__traceback__
        while trace and trace.tb_next:
            trace = trace.tb_next
        place = f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}" if trace else ""
        log.error("unexpected", kind=type(error).__name__, at=place, endpoint=request.endpoint)
        if app.testing:
            raise error
        return show(_pages(500))
