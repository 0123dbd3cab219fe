"""Names the ways in which an index can differ from the record, and tells them apart for one stored listing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from indexer.documents import bucket_of, check_of
from indexer.ledger import Entry

#: The record shows a candidate that searches can't find.
MISSING = "missing"
#: Searches find a candidate that the record does not show, or no longer.
SURPLUS = "surplus"
#: The listing is an older state of the record.
OUTDATED = "outdated"
#: Somebody else than the indexer wrote the document: its version or its fields are not those that were sent.
EDITED = "edited"
#: The listing is right, but the ledger says something else of it.
LEDGER = "ledger"
#: The alias that searches use is missing, points elsewhere, or shows stubs.
ALIAS = "alias"
#: The engine has no such index any more.
INDEX_GONE = "index_gone"
#: The index is there and holds none of the candidates.
INDEX_EMPTIED = "index_emptied"
#: The index was written by another life of the database: a backup was put back, and only a rebuild helps.
TIMELINE = "timeline"

#: Kinds that are about listings, not about an index as a whole: writing those listings anew is the repair.
OF_LISTINGS = frozenset({MISSING, SURPLUS, OUTDATED, EDITED, LEDGER, INDEX_EMPTIED})

#: What stands in a document beside the listing itself.
_HEAD = frozenset({"written", "bucket", "check", "digest"})


@dataclass(frozen=True)
class Difference:
    """One kind of difference in one index: the ids it is about, and how often each field differs.

    `ids` are document ids as the engine has them, empty where the index itself is meant.
    """

    kind: str
    ids: tuple[str, ...] = ()
    fields: Mapping[str, int] = field(default_factory=dict)

    @property
    def count(self) -> int:
        """How many listings, or 1 for the index itself."""
        return len(self.ids) or 1


class Wanted(NamedTuple):
    """What an index must hold of a candidate; `content` is None where only the ledger's digest is known."""

    digest: str
    content: Mapping[str, Any] | None


class Stored(NamedTuple):
    """A document as the engine holds it this moment."""

    version: int
    source: Mapping[str, Any]

    @property
    def gone(self) -> bool:
        """Whether it is a stub."""
        return self.source.get("gone") is True


class Verdict(NamedTuple):
    """A kind of difference, and the fields that betray it (none where the whole document does)."""

    kind: str
    fields: tuple[str, ...] = ()


def judge(key: int, wanted: Wanted | None, stored: Stored | None, entry: Entry | None, drawn: int) -> Verdict | None:
    """How the document of candidate `key` in a live index differs from what is wanted; None when it does not.

    `wanted` is None for who is not shown, `entry` what the ledger says, `drawn` the highest version drawn so far.
    """
    if stored is None:
        return None if wanted is None else Verdict(MISSING)
    foreign = stored.version != stored.source.get("written") or stored.version > drawn
    if wanted is None:
        if not stored.gone:
            return Verdict(SURPLUS)
        return Verdict(EDITED) if foreign else None
    if stored.gone:
        return Verdict(MISSING)
    fields = _differing(key, wanted, stored.source)
    if foreign or (fields and stored.source.get("digest") == wanted.digest):
        return Verdict(EDITED, fields)
    if fields:
        return Verdict(OUTDATED, fields)
    wrong = entry is None or (entry.settled and (entry.gone or entry.digest != wanted.digest))
    return Verdict(LEDGER) if wrong else None


def _differing(key: int, wanted: Wanted, source: Mapping[str, Any]) -> tuple[str, ...]:
    """Names of the fields that are not as wanted; of the digest only when the content itself is unknown or alike."""
    head = {"bucket": bucket_of(key), "check": check_of(wanted.digest), "digest": wanted.digest}
    content = wanted.content
    if content is not None:
        names = (set(source) | set(content)) - _HEAD
        if fields := tuple(sorted(name for name in names if source.get(name) != content.get(name))):
            return fields
    return tuple(sorted(name for name, value in head.items() if source.get(name) != value))
