"""A dozen hand-made listings and an index to search them in: what each is for stands beside it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from typing import Any

from elasticsearch import Elasticsearch

from indexer.synonyms import listing_body
from indexer.targets import alias_name
from matching.candidates.parts import CATEGORIES, PARTS, ShowcaseView, ShownCategory
from matching.search.criteria import Centre
from matching.settings import Settings

TODAY = date(2026, 11, 24)
ROTTERDAM = Centre("rotterdam", "Rotterdam", 51.9225, 4.4792)
EVERYTHING = ShowcaseView("alles", "Alles", frozenset(PARTS), tuple(ShownCategory(code) for code in CATEGORIES))

_AT_ROTTERDAM = {"place": "rotterdam", "place_name": "Rotterdam", "point": {"lat": 51.9225, "lon": 4.4792}}
_AT_SCHIEDAM = {"place": "schiedam", "place_name": "Schiedam", "point": {"lat": 51.9192, "lon": 4.3886}}
_AT_DORDRECHT = {"place": "dordrecht", "place_name": "Dordrecht", "point": {"lat": 51.8133, "lon": 4.6901}}
_AT_UTRECHT = {"place": "utrecht", "place_name": "Utrecht", "point": {"lat": 52.0907, "lon": 5.1214}}

#: id -> what the listing is there to show.
PEOPLE: dict[int, dict[str, Any]] = {
    1: {  # wants and did the occupation, everything filled in
        "name": "Amina Bakker",
        "updated_at": "2026-11-01T09:00:00+00:00",
        "intro": "Ik rijd graag op de heftruck.",
        **_AT_ROTTERDAM,
        "level": "mbo-2",
        "hours": {"min": 32, "max": 40},
        "functions": ["heftruckchauffeur"],
        "first_function": ["heftruckchauffeur"],
        "function_titles": ["Heftruckchauffeur"],
        "languages": ["nl", "tr"],
        "language_levels": ["nl:goed", "tr:moedertaal"],
        "licences": ["C"],
        "certificates": ["heftruck", "vca-basis"],
        "days": ["maandag", "dinsdag"],
        "day_parts": ["ochtend"],
        "capabilities": ["zitten"],
        "target_groups": ["wsw"],
        "contact": "direct",
        "work_types": ["vervoeren"],
        "term_labels": {"certificates": ["Heftruck", "VCA basis"], "languages": ["Nederlands", "Turks"]},
        "experience": [
            {
                "title": "Heftruckchauffeur",
                "code": "heftruckchauffeur",
                "employer": "Kade 7",
                "text": "Containers laden en lossen.",
                "start": "2018-01",
                "end": "2021-12",
            }
        ],
    },
    2: {  # wants it, did something else
        "name": "Bram de Wit",
        "updated_at": "2026-10-01T09:00:00+00:00",
        **_AT_SCHIEDAM,
        "level": "mbo-1",
        "hours": {"min": 24, "max": 32},
        "functions": ["heftruckchauffeur"],
        "first_function": ["heftruckchauffeur"],
        "function_titles": ["Heftruckchauffeur"],
        "languages": ["nl"],
        "licences": ["B"],
        "days": ["maandag"],
        "day_parts": ["avond"],
    },
    3: {  # did it, wants nothing in particular
        "name": "Cem Yıldız",
        "updated_at": "2026-10-01T09:00:00+00:00",
        **_AT_SCHIEDAM,
        "experience": [
            {"title": "Heftruckchauffeur", "code": "heftruckchauffeur", "start": "2022", "current": True},
        ],
    },
    4: {  # a free title that is a synonym, without a code
        "name": "Daan Smit",
        "updated_at": "2026-10-01T09:00:00+00:00",
        "first_function": ["Vorkheftruck-bestuurder"],
        "function_titles": ["Vorkheftruck-bestuurder"],
    },
    5: {  # same unit group
        "name": "Esra Kaya",
        "updated_at": "2026-10-01T09:00:00+00:00",
        **_AT_DORDRECHT,
        "functions": ["reachtruckchauffeur"],
        "first_function": ["reachtruckchauffeur"],
        "function_titles": ["Reachtruckchauffeur"],
    },
    6: {  # stated relation
        "name": "Fatima El Idrissi",
        "updated_at": "2026-10-01T09:00:00+00:00",
        "functions": ["orderpicker"],
        "first_function": ["orderpicker"],
        "function_titles": ["Orderpicker"],
    },
    7: {  # unrelated: a compound in the index
        "name": "Gerrit Kok",
        "updated_at": "2026-10-01T09:00:00+00:00",
        **_AT_UTRECHT,
        "functions": ["vrachtwagenchauffeur"],
        "first_function": ["vrachtwagenchauffeur"],
        "function_titles": ["Vrachtwagenchauffeur"],
        "licences": ["CE"],
        "hours": {"min": 32, "max": 32},
    },
    8: {  # false friend of a compound
        "name": "Hanna Visser",
        "updated_at": "2026-10-01T09:00:00+00:00",
        "functions": ["taxichauffeur"],
        "first_function": ["taxichauffeur"],
        "function_titles": ["Taxichauffeur"],
        "hours": {"min": 8, "max": 16},
    },
    9: {  # written apart, and a street with a false friend in it
        "name": "Ibrahim Jansen",
        "updated_at": "2026-10-01T09:00:00+00:00",
        "about": "Ik was chauffeur op de vrachtwagen en woon in de Bartstraat.",
        "hours": {"min": 0, "max": 60},
    },
    10: {  # gender and plural
        "name": "Joke Mulder",
        "updated_at": "2025-01-01T09:00:00+00:00",
        "one_liner": "Ervaren verkoopster",
        "education": [{"title": "Detailhandel", "level": "mbo-3", "diploma": True}],
    },
    11: {  # a name that is a job
        "name": "Kees Heftruck",
        "updated_at": "2026-10-01T09:00:00+00:00",
    },
    13: {  # wants it too, but something else most
        "name": "Mo Aydın",
        "updated_at": "2026-11-20T09:00:00+00:00",
        "functions": ["kok", "heftruckchauffeur"],
        "first_function": ["kok"],
        "function_titles": ["Kok", "Heftruckchauffeur"],
    },
    12: {"name": "Lege Profielen", "updated_at": "2026-10-01T09:00:00+00:00"},
}


@contextmanager
def searchable(
    client: Elasticsearch,
    settings: Settings,
    showcase: str = EVERYTHING.code,
    people: Mapping[int, Mapping[str, Any]] = PEOPLE,
) -> Iterator[str]:
    """An index of these listings behind the showcase's alias; yields the alias, removes the index at the end."""
    alias = alias_name(settings.index_prefix, showcase)
    index = f"{alias}-v1-handmade"
    body = listing_body(settings)
    client.indices.create(index=index, settings=body["settings"], mappings=body["mappings"], aliases={alias: {}})
    try:
        client.bulk(operations=list(_operations(index, people)), refresh=True)
        yield alias
    finally:
        client.indices.delete(index=index)


def _operations(index: str, people: Mapping[int, Mapping[str, Any]]) -> Iterable[Mapping[str, Any]]:
    for key, listing in people.items():
        yield {"index": {"_index": index, "_id": str(key)}}
        yield {"id": key, **listing}
