"""The 20,000 people of the demo, without their files, taken in and indexed the ordinary way, ready to be searched."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from elasticsearch import Elasticsearch
from sqlalchemy import select

from indexer.engine.client import connect
from indexer.reader import Basis, Reader
from indexer.rebuild.run import rebuild
from indexer.targets import alias_name
from matching.candidates.intake import Intake
from matching.candidates.mediastore import FolderMediaStore
from matching.candidates.parts import ShowcaseView
from matching.candidates.records import Candidate
from matching.candidates.rejects import Rejects
from matching.candidates.showcases import define, load_showcases
from matching.candidates.taxonomy_lists import seed
from matching.demo.people import generate
from matching.demo.showcases import SHOWCASES
from matching.relevance.judgments import Query
from matching.search.criteria import Centre, SearchCriteria
from matching.search.ranking import RankingProfile
from matching.search.understanding import Understander
from matching.settings import Settings
from matching.storage.database import Database
from matching.storage.migrate import upgrade
from matching.taxonomy.occupations import Taxonomy
from matching.taxonomy.places import Gazetteer, Resolved
from matching.taxonomy.store import load_gazetteer, load_taxonomy
from matching.taxonomy.vocabularies import load_vocabularies

PEOPLE = 20_000
FILE_PARTS = {"portrait", "photos", "videos", "links", "documents"}
#: Deep enough that ten judged candidates are among them nearly always.
DEPTH = 20


@dataclass(frozen=True)
class Corpus:
    """What queries are put to; `external_ids` leads from listings to the ids that judgments name."""

    client: Elasticsearch
    prefix: str
    showcases: Mapping[str, ShowcaseView]
    taxonomy: Taxonomy
    gazetteer: Gazetteer
    understander: Understander
    external_ids: Mapping[int, str]

    def ours(self, query: Query, profile: RankingProfile) -> list[str]:
        """The first candidates as the page shows them for what was typed."""
        page = Reader(self.client, self.prefix).search(
            self._criteria(query), Basis(profile, self.taxonomy, load_vocabularies())
        )
        return [self.external_ids[hit.id] for hit in page.hits]

    def baseline(self, query: Query, boosts: Mapping[str, float], tie_breaker: float) -> list[str]:
        """The first candidates of a `multi_match` over the same fields with the same analyzers."""
        fields = [f"{field}^{boost}" for field, boost in boosts.items()]
        match = {"query": query.text, "type": "best_fields", "fields": fields, "tie_breaker": tie_breaker}
        body: dict[str, Any] = {"must": [{"multi_match": match}]}
        if centre := self._centre(query):
            point = {"lat": centre.lat, "lon": centre.lon}
            body["filter"] = [{"geo_distance": {"distance": f"{query.radius_km}km", "point": point}}]
        answer = self.client.search(
            index=alias_name(self.prefix, query.showcase), query={"bool": body}, size=DEPTH, source=False
        )
        return [self.external_ids[int(hit["_id"])] for hit in answer["hits"]["hits"]]

    def _criteria(self, query: Query) -> SearchCriteria:
        view = self.showcases[query.showcase]
        read = self.understander.read(query.text, view)

        def codes(kind: str) -> tuple[str, ...]:
            return tuple(item.code for item in read if item.kind == kind)

        return SearchCriteria(
            showcase=view,
            occupations=codes("occupation"),
            groups=codes("group"),
            words=codes("word"),
            centre=self._centre(query),
            radius_km=query.radius_km,
            page_size=DEPTH,
        )

    def _centre(self, query: Query) -> Centre | None:
        if not query.place:
            return None
        resolved = self.gazetteer.resolve(query.place)
        assert isinstance(resolved, Resolved), query.place
        point = resolved.point
        return Centre(resolved.ref, point.label, point.lat, point.lon)


def load_corpus(settings: Settings, folder: Path) -> Corpus:
    """Generate, take in and index everybody; about a minute."""
    database = Database(settings.database)
    upgrade(database)
    with database.write() as session:
        seed(session)
        for position, view in enumerate(SHOWCASES):
            define(session, view, position)
    lines = "".join(
        person.model_dump_json(exclude=FILE_PARTS, exclude_defaults=True) + "\n" for person in generate(PEOPLE)
    )
    with Rejects(folder / "rejects.jsonl") as rejects:
        intake = Intake(database, FolderMediaStore(folder / "media"), folder, rejects, datetime.now(UTC))
        summary = intake.run(io.BytesIO(lines.encode()))
    assert (summary.new, summary.rejected) == (PEOPLE, 0)
    client = connect(settings)
    rebuild(database, client, settings)
    with database.read() as session:
        taxonomy = load_taxonomy(session)
        return Corpus(
            client=client,
            prefix=settings.index_prefix,
            showcases=load_showcases(session),
            taxonomy=taxonomy,
            gazetteer=load_gazetteer(session),
            understander=Understander.build(taxonomy, load_vocabularies()),
            external_ids={
                row.id: row.external_id for row in session.execute(select(Candidate.id, Candidate.external_id))
            },
        )
