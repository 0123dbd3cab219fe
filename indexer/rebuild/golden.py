"""Golden queries: searches whose first results are known to be right, so that a rebuild that moves them is noticed.

What is compared is the order among candidates that did not change since the query was recorded: those with a change in
the log, a later entry in the ledger or no listing any more are left out. Frequencies of words differ a little between
two indexes of the same listings (a rewritten document counts twice until the engine merges it away), so candidates
whose scores are next to equal may change places.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime

from elasticsearch import Elasticsearch
from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from indexer.catalogue import UnknownShowcase
from indexer.reader import Basis, Reader
from indexer.rebuild.context import Run
from matching.candidates.listings import read_showcases
from matching.search.criteria import MAX_TEXT, SearchCriteria
from matching.search.ranking import load_profile
from matching.search.results import Hit
from matching.search.understanding import Understander, with_understood
from matching.settings import Settings
from matching.storage.changes import CANDIDATE, Change
from matching.storage.database import Database
from matching.storage.index_state import GoldenQuery, LedgerEntry
from matching.taxonomy.store import load_taxonomy
from matching.taxonomy.vocabularies import load_vocabularies

#: First results that are recorded.
RECORDED = 10
#: Results that are asked for in a comparison: some of those before may have changed.
_ASKED = 60
#: Scores nearer to each other than this share of the lower one are next to equal.
NEAR = 0.02


class GoldenRefused(ValueError):
    """A query can't be recorded; the message says why."""


@dataclass(frozen=True)
class Golden:
    """A recorded query: ids of its first candidates, best first, at the moment of recording."""

    id: int
    showcase: str
    text: str
    expected: tuple[int, ...]
    recorded_at: datetime


class _Searcher:
    """Asks what somebody would find who types a text in a showcase, in the aliases or in given indexes."""

    def __init__(
        self,
        session: Session,
        client: Elasticsearch,
        settings: Settings,
        indexes: Mapping[str, str] | None = None,
    ) -> None:
        self._views = {row.view.code: row.view for row in read_showcases(session)}
        profile = load_profile(settings.ranking_profile)
        self._basis = Basis(profile, load_taxonomy(session), load_vocabularies())
        self._understander = Understander.build(self._basis.taxonomy, self._basis.vocabularies)
        self._reader = Reader(client, settings.index_prefix, settings.search_timeout_s, indexes)

    def first(self, showcase: str, text: str, count: int, today: date | None = None) -> Sequence[Hit]:
        """The first `count` hits. Raises UnknownShowcase, GoldenRefused where there is no word, or what Reader does."""
        if showcase not in self._views:
            raise UnknownShowcase(f"unknown showcase {showcase}; there are: {', '.join(self._views)}")
        understood = self._understander.read(text, self._views[showcase])
        if not understood:
            raise GoldenRefused(f"there is no word to look for in {text!r}")
        base = SearchCriteria(showcase=self._views[showcase], page_size=count)
        criteria = with_understood(base, understood)
        return self._reader.search(criteria, replace(self._basis, today=today)).hits


def golden_queries(session: Session, showcases: Collection[str] | None = None) -> Sequence[Golden]:
    """The recorded queries of these showcases (None: of all), by showcase and text."""
    statement = select(GoldenQuery).order_by(GoldenQuery.showcase, GoldenQuery.text)
    if showcases is not None:
        statement = statement.where(GoldenQuery.showcase.in_(list(showcases)))
    rows = session.execute(statement).scalars()
    return [Golden(row.id, row.showcase, row.text, tuple(row.expected), row.recorded_at) for row in rows]


def record_golden(
    database: Database, client: Elasticsearch, settings: Settings, showcase: str, texts: Sequence[str]
) -> Sequence[Golden]:
    """Record what the live index finds first for these texts, in the place of what was recorded for them before.

    Without texts the queries of the showcase that were recorded before are recorded anew. Raises UnknownShowcase,
    GoldenRefused when a text finds nobody or is too long, or what the reader raises; nothing is kept then.
    """
    with database.read() as session:
        searcher = _Searcher(session, client, settings)
        texts = texts or [golden.text for golden in golden_queries(session, [showcase])]
    now = datetime.now(UTC)
    rows = []
    for text in dict.fromkeys(texts):
        if len(text) > MAX_TEXT:
            raise GoldenRefused(f"a text of {len(text)} characters: use at most {MAX_TEXT}")
        found = [hit.id for hit in searcher.first(showcase, text, RECORDED)]
        if not found:
            raise GoldenRefused(f"{text!r} finds nobody in {showcase}")
        rows.append({"showcase": showcase, "text": text, "expected": found, "recorded_at": now})
    with database.write() as session:
        of_these = GoldenQuery.text.in_([row["text"] for row in rows])
        session.execute(delete(GoldenQuery).where(GoldenQuery.showcase == showcase, of_these))
        if rows:
            session.execute(insert(GoldenQuery), rows)
    with database.read() as session:
        return [golden for golden in golden_queries(session, [showcase]) if golden.text in texts]


def forget_golden(session: Session, numbers: Collection[int]) -> int:
    """Remove the queries with these ids; returns how many there were."""
    removed = delete(GoldenQuery).where(GoldenQuery.id.in_(list(numbers))).returning(GoldenQuery.id)
    return len(session.execute(removed).scalars().all())


def compare_golden(run: Run, indexes: Mapping[str, str]) -> list[str]:
    """What is wrong with the golden queries' results in these indexes, a sentence each; indexes by showcase code.

    Dates count as on the day of recording, so that an order does not change because time passes.
    """
    with run.database.read() as session:
        golden = golden_queries(session, indexes)
        searcher = _Searcher(session, run.client, run.settings, indexes) if golden else None
    faults: list[str] = []
    for one in golden if searcher else ():
        run.lease.keep()
        hits = searcher.first(one.showcase, one.text, _ASKED, one.recorded_at.date()) if searcher else ()
        with run.database.read() as session:
            unchanged = _unchanged(session, one, {*one.expected, *(hit.id for hit in hits)})
        faults += misplaced(one, [hit for hit in hits if hit.id in unchanged], unchanged)
    return faults


def misplaced(golden: Golden, hits: Sequence[Hit], unchanged: Collection[int]) -> Iterator[str]:
    """Say who of the unchanged is not found any more, or has somebody before them who did not stand there."""
    scores = {hit.id: hit.score for hit in hits}
    before: set[int] = set()
    for key in golden.expected:
        if key not in unchanged:
            continue
        if key not in scores:
            yield f"golden query {golden.id} in {golden.showcase}: candidate {key} is no longer found"
            continue
        ahead = {other for other, score in scores.items() if score > scores[key] * (1 + NEAR)} - before
        if ahead:
            who = ", ".join(str(other) for other in sorted(ahead))
            yield f"golden query {golden.id} in {golden.showcase}: candidate {key} now comes after {who}"
        before.add(key)


def _unchanged(session: Session, golden: Golden, keys: Collection[int]) -> set[int]:
    """Who of these is shown as they were when the query was recorded."""
    entry = LedgerEntry
    same = select(entry.candidate_id).where(
        entry.showcase == golden.showcase,
        entry.candidate_id.in_(list(keys)),
        entry.gone.is_(False),
        entry.at <= golden.recorded_at,
    )
    waiting = select(Change.key).where(Change.kind == CANDIDATE, Change.key.in_(list(keys)))
    return set(session.execute(same).scalars()) - set(session.execute(waiting).scalars())
