"""`hallowerk search`: what the Verkenner finds, from the shell (CAND-04, CAND-08)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

import click
import orjson

from indexer.engine.client import connect
from indexer.engine.errors import EngineError
from indexer.reader import Basis, EngineDown, EngineRefused, Reader
from matching.candidates.listings import read_showcases
from matching.candidates.overview import visible
from matching.candidates.parts import CATEGORIES
from matching.search.criteria import PAGE_SIZE, SearchCriteria
from matching.search.errors import NotOffered, TooDeep
from matching.search.knowledge import knowledge_of, today_in_the_netherlands
from matching.search.ranking import ProfileError, load_profile
from matching.search.results import Hit, ResultPage
from matching.search.understanding import Understander, Understood
from matching.settings import Settings, load_settings
from matching.storage.database import Database
from matching.storage.errors import DatabaseBusy, DatabaseUnavailable
from matching.storage.migrate import is_current
from matching.taxonomy.store import load_gazetteer, load_taxonomy
from matching.taxonomy.vocabularies import load_vocabularies
from web.commands.asking import Asking, Unusable, radius_km, understood_criteria

UNUSABLE, FAILED = 2, 1
#: One SQL statement names all ids of a page.
MAX_LIMIT = 10_000


@click.command()
@click.argument("text", default="")
@click.option("--occupation", "occupations", multiple=True, metavar="CODE", help="Code, label or synonym; repeatable.")
@click.option("--place", default="", metavar="NAME", help="Place (with province where needed), place id or postcode.")
@click.option("--radius", metavar="KM", help="Kilometres around the place, or 'all'.  [default: 25]")
@click.option("--filter", "filters", multiple=True, metavar="CATEGORY=VALUE", help="As in the Verkenner; repeatable.")
@click.option("--showcase", default="", metavar="NAME", help="Code or name of a showcase.  [default: the first]")
@click.option(
    "--limit", type=click.IntRange(1, MAX_LIMIT), default=PAGE_SIZE, show_default=True, help="Results at most."
)
@click.option("--no-related", is_flag=True, help="Only who has the occupation itself.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object: total, understood, results, facets.")
def command(
    text: str,
    occupations: tuple[str, ...],
    place: str,
    radius: str | None,
    filters: tuple[str, ...],
    showcase: str,
    limit: int,
    no_related: bool,
    as_json: bool,
) -> None:
    """Find candidates, best first, as the Verkenner does.

    TEXT that equals the name of an occupation, level, language or licence becomes that; other words must all occur.
    Place and filters exclude: options of one category widen, categories narrow.

    \b
    Exit code: 0 also when nobody is found, 1 no answer from engine or database, 2 something asked can't be used.

    \b
    Examples:
      hallowerk search heftruckchauffeur --place Rotterdam --radius 10
      hallowerk search "administratief medewerker" --filter rijbewijs=B --filter niveau=mbo-3
      hallowerk search --occupation kok --no-related --json
    """
    settings = load_settings()
    with _clear_messages():
        database = Database(settings.database)
        asking = _asking(database)
        view = asking.showcase(showcase)
        base = SearchCriteria(
            showcase=view,
            occupations=tuple(dict.fromkeys(asking.occupation(code) for code in occupations)),
            centre=asking.centre(place),
            radius_km=radius_km(radius),
            filters=asking.filters(filters, view),
            related=not no_related,
            page_size=limit,
        )
        knowledge = asking.knowledge
        understander = Understander.build(knowledge.taxonomy, knowledge.vocabularies)
        asked = understood_criteria(base, text, understander)
        page = _search(settings, asked.criteria, asking)
        with database.read() as session:
            ids = visible(session, view.code, [hit.id for hit in page.hits])
    report = _report(page, asked.understood, ids)
    if as_json:
        click.echo(orjson.dumps(report, option=orjson.OPT_INDENT_2).decode())
    else:
        click.echo("\n".join(_lines(report, page)))


def _asking(database: Database) -> Asking:
    if not is_current(database):
        raise Unusable("The database has no tables of this version yet: run `hallowerk database upgrade`.")
    with database.read() as session:
        taxonomy, gazetteer = load_taxonomy(session), load_gazetteer(session)
        views = [row.view for row in read_showcases(session)]
    return Asking(knowledge_of(taxonomy, load_vocabularies(), today_in_the_netherlands()), gazetteer, views)


def _search(settings: Settings, criteria: SearchCriteria, asking: Asking) -> ResultPage:
    reader = Reader(connect(settings), settings.index_prefix, settings.search_timeout_s)
    known = asking.knowledge
    return reader.search(criteria, Basis(load_profile(settings.ranking_profile), known.taxonomy, known.vocabularies))


def _report(page: ResultPage, understood: tuple[Understood, ...], ids: dict[int, str]) -> dict[str, Any]:
    """What --json prints; hits that the record no longer holds are left out."""
    return {
        "total": page.total,
        "understood": [asdict(item) for item in understood],
        "results": [_result(hit, ids[hit.id]) for hit in page.hits if hit.id in ids],
        "facets": {CATEGORIES[code].slug: dict(counts) for code, counts in page.facets.items()},
    }


def _result(hit: Hit, external_id: str) -> dict[str, Any]:
    return {
        "id": external_id,
        "name": hit.listing["name"],
        "score": hit.score,
        "parts": dict(hit.parts),
        "distance_km": None if hit.distance_km is None else round(hit.distance_km, 1),
    }


def _lines(report: dict[str, Any], page: ResultPage) -> Iterator[str]:
    for item in report["understood"]:
        yield f"{item['typed']!r} read as {item['kind']}: {item['label']}"
    own = "" if page.exact is None else f" ({page.exact} with this occupation, {page.related} related)"
    yield f"{page.total} found{own}"
    for result in report["results"]:
        distance = "" if result["distance_km"] is None else f"  {result['distance_km']} km"
        parts = ", ".join(f"{name} {points:.2f}" for name, points in result["parts"].items())
        yield f"{result['score']:7.3f}  {result['id']}  {result['name']}{distance}  ({parts})"


@contextmanager
def _clear_messages() -> Iterator[None]:
    """Turn what can go wrong into one sentence on standard error and an exit code."""
    try:
        yield
    except (Unusable, NotOffered, TooDeep, ProfileError) as error:
        _end(str(error), UNUSABLE)
    except (EngineError, DatabaseBusy, DatabaseUnavailable) as error:
        _end(str(error), FAILED)
    except EngineDown as error:
        _end(f"The search engine gives no answer: {error}. See `hallowerk doctor`, `hallowerk index status`.", FAILED)
    except EngineRefused as error:
        _end(f"The search engine refused the request: {error}. Ask for less at a time.", FAILED)


def _end(message: str, code: int) -> None:
    click.echo(message, err=True)
    raise SystemExit(code)
