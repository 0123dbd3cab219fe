"""The Verkenner: list and profile, suggestions, the count for sheets, and the files of a profile."""

from __future__ import annotations

from flask import Blueprint, abort, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from indexer.reader import EngineRefused
from matching.accounts.rules import note_download, note_view
from matching.candidates import overview
from web.candidates import exploring, finding, walking
from web.candidates.addresses import explore_url, typed_place_url
from web.candidates.files import send_stored
from web.candidates.results import show_text
from web.candidates.suggesting import place_groups, term_groups
from web.errors import Page, show
from web.guard import allows, signed_in_actor
from web.services import services
from web.texts import gettext as _

blueprint = Blueprint("candidates", __name__)

#: Longer addresses than the page itself can make are refused before anything is read from them.
MAX_QUERY_BYTES = 8_000
#: A key in an address; larger numbers than a database can hold are no key of anything.
KEY = f"int(max={2**63 - 1})"


@blueprint.before_request
def _refuse_long_addresses() -> None:
    if len(request.query_string) > MAX_QUERY_BYTES:
        abort(414)


@blueprint.errorhandler(EngineRefused)
def _refused(_error: EngineRefused) -> ResponseReturnValue:
    return show(
        Page(400, _("Deze zoekvraag is te groot"), _("Haal een paar zoektermen of filters weg en probeer het opnieuw."))
    )


@blueprint.get("/kandidaten/")
@allows("candidates.search")
def start() -> ResponseReturnValue:
    """Open the Verkenner of the first showcase (CAND-01)."""
    showcases = signed_in_actor().showcases
    if not showcases:
        return redirect(url_for("home"))  # which says what to do
    return redirect(url_for("candidates.explore", showcase=showcases[0]))


@blueprint.get("/kandidaten/<showcase>/")
@allows("candidates.search")
def explore(showcase: str) -> ResponseReturnValue:
    """List the candidates of a search, with the chosen one's profile beside it (CAND-02)."""
    asked = exploring.read(showcase, request.args)
    if asked.settled:
        return redirect(explore_url(showcase, asked.query))
    if asked.where and request.args.get("plaats") and request.args.get("waar") and exploring.only_the_place(asked):
        return redirect(typed_place_url(showcase, asked.query, asked.where))
    page = exploring.explore(asked)
    address = explore_url(showcase, asked.query.opened(str(page.profile.id) if page.profile else ""))
    kept = asked.keep is not None and page.results is not None
    if kept and not _partial() and not page.notices:
        return redirect(address)
    if page.profile:
        _note_view(showcase, page.profile.id)
    answer = make_response(render_template("candidates/explore.html", page=page, partial=_partial()), page.status)
    if _partial() and (page.profile or kept):
        answer.headers["HX-Push-Url"] = address
    return answer


@blueprint.get(f"/kandidaten/<showcase>/<{KEY}:candidate>")
@allows("candidates.view")
def profile(showcase: str, candidate: int) -> ResponseReturnValue:
    """Show one profile: as a page of its own, or as the pane beside the list when htmx asks for that."""
    asked = exploring.read(showcase, request.args)
    page = walking.profile_page(asked, candidate)
    if page is None:
        abort(404)
    _note_view(showcase, candidate)
    if request.headers.get("HX-Target") == "profiel":
        answer = make_response(render_template("candidates/_pane.html", page=page))
        answer.headers["HX-Push-Url"] = explore_url(showcase, asked.query.opened(str(candidate)))
        return answer
    return render_template("candidates/profile.html", page=page, partial=_partial())


@blueprint.get("/kandidaten/<showcase>/suggesties")
@allows("candidates.search")
def suggest(showcase: str) -> ResponseReturnValue:
    """The listbox of recognised terms for what is typed (CAND-11, CAND-12)."""
    asked = exploring.read(showcase, request.args, typed=False)
    groups = term_groups(asked, request.args.get("q", ""))
    return render_template("candidates/_suggestions.html", groups=groups)


@blueprint.get("/plaatsen/suggesties")
@allows("places.suggest")
def suggest_places() -> ResponseReturnValue:
    """The listbox of places and postcodes for what is typed (CAND-16)."""
    groups = place_groups(request.args.get("q", ""), services().gazetteer)
    return render_template("candidates/_suggestions.html", groups=groups)


@blueprint.get("/kandidaten/<showcase>/aantal")
@allows("candidates.search")
def count(showcase: str) -> ResponseReturnValue:
    """The text of the button of a sheet: how many candidates the choices made so far would show."""
    asked = exploring.read(showcase, request.args)
    return show_text(finding.count(asked.criteria) if asked.place_problem is None else 0)


@blueprint.get(f"/kandidaten/<showcase>/<{KEY}:candidate>/bestand/<{KEY}:media>")
@allows("candidates.files")
def file(showcase: str, candidate: int, media: int) -> ResponseReturnValue:
    """Send a photo or document, under the same right as the profile."""
    view = exploring.showcase_view(showcase)
    with services().database.read() as session:
        stored = overview.media_file(session, view, candidate, media)
    if stored is None:
        abort(404)
    if stored.kind == "document":
        with services().database.write() as session:
            note_download(session, signed_in_actor().account_id, showcase, candidate, media)
    return send_stored(stored)


def _note_view(showcase: str, candidate: int) -> None:
    """Write down who saw whom before it is shown: without the line there is no page (decision 12)."""
    with services().database.write() as session:
        note_view(session, signed_in_actor().account_id, showcase, candidate)


def _partial() -> bool:
    """Whether htmx asks for the changed part only; a step back in history needs the whole page."""
    return "HX-Request" in request.headers and "HX-History-Restore-Request" not in request.headers
