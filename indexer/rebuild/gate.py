"""The gate before promotion: new indexes must hold what SQL says, listing by listing, before a search may use them."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from indexer.catalogue import read_catalogue
from indexer.documents import Listing, ListingBuilder
from indexer.rebuild.compare import compare_digests, look, on_their_way, refused, stored_documents
from indexer.rebuild.context import Run
from indexer.rebuild.golden import compare_golden
from indexer.rebuild.lease import Work
from matching.candidates.listings import ShowcaseRow, count_shown, read_keys
from matching.candidates.records import CandidateShowcase
from matching.storage.index_state import DeadLetter

#: An index of which the engine refused more than this share of the listings is not promoted.
ALLOWED_REFUSED_SHARE = 0.01
#: Listings compared field by field, from so many places of the key range.
SAMPLE, SAMPLE_PLACES = 200, 8
#: Candidates named in a fault.
SHOWN = 5
#: How long a difference is given to turn out to be a change on its way: seconds between looks.
PAUSES_S = (0.1, 0.2, 0.5, 1.0, 2.0)
_REFRESH_WITHIN_S = 120.0

#: Says what differs now, by candidate; asked again for those that it named before.
Differs = Callable[[Collection[int] | None], Mapping[int, str]]


@dataclass(frozen=True)
class _Showcase:
    """One showcase of the run with its new index."""

    row: ShowcaseRow
    index: str

    @property
    def code(self) -> str:
        return self.row.view.code


def find_faults(run: Run, work: Work) -> list[str]:
    """Compare the new indexes with SQL: what speaks against promoting them, a sentence each.

    Counts, sums by bucket against the ledger, a sample field by field against listings built now, the golden queries,
    and the share of refused listings. A difference counts only when it stays and no change of that candidate is in the
    log: changes come in all the time. Raises LeaseLost, or the client's errors.
    """
    with run.database.read() as session:
        catalogue = read_catalogue(session)
    showcases = [_Showcase(row, work.indexes[row.view.code]) for row in catalogue.choose(tuple(work.indexes))]
    builder = ListingBuilder(catalogue.labels, (one.row.view for one in showcases))
    run.client.options(request_timeout=_REFRESH_WITHIN_S).indices.refresh(index=[one.index for one in showcases])
    faults: list[str] = []
    for one in showcases:
        run.lease.keep()
        faults += [*_too_many_refused(run, one), *_against_ledger(run, one)]
    return [*faults, *_sampled(run, showcases, builder), *compare_golden(run, work.indexes)]


def _too_many_refused(run: Run, one: _Showcase) -> Iterator[str]:
    letters = select(DeadLetter.candidate_id, DeadLetter.reason).where(DeadLetter.index == one.index)
    with run.database.read() as session:
        shown = count_shown(session, one.row.id)
        found = session.execute(letters.order_by(DeadLetter.candidate_id)).all()
    if len(found) > ALLOWED_REFUSED_SHARE * shown:
        first = found[0]
        yield (
            f"showcase {one.code}: the engine refused {len(found)} of {shown} listings; the first, candidate "
            f"{first.candidate_id}: {first.reason}"
        )


def _against_ledger(run: Run, one: _Showcase) -> Iterator[str]:
    """Compare whom SQL shows, with the digests that the ledger holds, with what the index holds."""
    first = look(run, one.row, one.index)

    def differs(keys: Collection[int] | None) -> Mapping[int, str]:
        found = compare_digests(run, one.row, one.index, first.suspects if keys is None else keys)
        return {key: unlike.kind for key, unlike in found.items()}

    lasting = _lasting(run, [one.index], differs)
    if lasting:
        yield (
            f"showcase {one.code}: SQL shows {first.shown} candidates, the new index holds {first.held}; "
            f"{len(lasting)} differ: {_named(lasting)}"
        )


def _sampled(run: Run, showcases: Sequence[_Showcase], builder: ListingBuilder) -> Iterator[str]:
    """Compare listings of candidates at random, built from SQL now, with the stored documents field by field."""
    rows = [one.row for one in showcases]
    with run.database.read() as session:
        sample = _sample(session, [row.id for row in rows])

    def differs(keys: Collection[int] | None) -> Mapping[int, str]:
        chosen = sorted(sample if keys is None else keys)
        with run.database.read() as session:
            profiles = read_keys(session, chosen, rows)
        listings = {profile.single.id: dict(builder.listings(profile)) for profile in profiles}
        found: dict[int, str] = {}
        for one in showcases:
            stored = stored_documents(run.client, one.index, chosen)
            for key in chosen:
                fields = _differing(key, listings.get(key, {}).get(one.code), stored.get(key))
                if fields:
                    found[key] = f"{one.code}: {', '.join(fields)}"
        return found

    lasting = _lasting(run, [one.index for one in showcases], differs)
    if lasting:
        yield f"{len(lasting)} of a sample of {len(sample)} differ from what SQL says now: {_named(lasting)}"


def _sample(session: Session, showcases: Sequence[int]) -> frozenset[int]:
    """Candidates that these showcases show: runs of neighbours at random places, all where there are few."""
    key = CandidateShowcase.candidate_id
    shown = select(key).where(CandidateShowcase.showcase_id.in_(showcases)).distinct().order_by(key)
    total = session.execute(select(func.count()).select_from(shown.subquery())).scalar_one()
    size = SAMPLE // SAMPLE_PLACES
    places = [random.randint(0, max(0, total - size)) for _ in range(SAMPLE_PLACES)]  # noqa: S311 - a sample, no secret
    statements = [shown.offset(place).limit(size) for place in places] if total > SAMPLE else [shown]
    return frozenset(found for statement in statements for found in session.execute(statement).scalars())


def _differing(key: int, listing: Listing | None, stored: Mapping[str, Any] | None) -> list[str]:
    """Names of the fields in which a stored document is not the listing; all of them where one is not there."""
    wanted = orjson.loads(listing.body(key, 0)) if listing else {}
    held = stored or {}
    names = (wanted.keys() | held.keys()) - {"written"}
    return sorted(name for name in names if wanted.get(name) != held.get(name))


def _lasting(run: Run, indexes: Sequence[str], differs: Differs) -> Mapping[int, str]:
    """The differences that are no changes on their way: they stay, and nobody announced a change of them."""
    found = dict(differs(None))
    for pause_s in PAUSES_S:
        found = _unexplained(run, indexes, found)
        if not found:
            break
        threading.Event().wait(pause_s)
        run.lease.keep()
        again = differs(list(found))
        found = {key: again[key] for key in found if key in again}
    return _unexplained(run, indexes, found)


def _unexplained(run: Run, indexes: Sequence[str], found: Mapping[int, str]) -> dict[int, str]:
    if not found:
        return {}
    with run.database.read() as session:
        explained = on_their_way(session, found).union(*(refused(session, index) for index in indexes))
    return {key: what for key, what in found.items() if key not in explained}


def _named(found: Mapping[int, str]) -> str:
    first = list(found.items())[:SHOWN]
    more = f" and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
    return ", ".join(f"candidate {key} ({what})" for key, what in first) + more
