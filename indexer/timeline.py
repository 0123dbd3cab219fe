"""Tells whether the indexes and the database are of one life, and keeps writes from indexes that are not."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from elasticsearch import Elasticsearch

from indexer.targets import Target
from matching.storage.changes import end_timeline, present_version
from matching.storage.database import Database

_REBUILD = "Run `hallowerk index rebuild`; until then changes wait in the database, and nothing is lost."


class WritesPaused(Exception):
    """The indexes can't be written as they are: somebody must rebuild or repair them. The message says what to do."""


def check_timeline(database: Database, client: Elasticsearch, targets: Iterable[Target], life: str, drawn: int) -> None:
    """Raise WritesPaused unless the live indexes and those being filled were made by this life of the database.

    Another timeline in an index, or a listing written with a number that this life has not used, means that the
    database was put back from a backup, or that the index is another installation's. Where only the number tells, the
    database begins another life, as with `hallowerk database restored`. `life` is its timeline, `drawn` a version that
    nothing was written with yet. Two small requests. Spare indexes are not looked at: what is in them is in no search.
    """
    used = [target for target in targets if target.live or target.filling]
    if not used:
        return
    made_by = _timelines(client, [target.index for target in used])
    for target in used:
        if made_by.get(target.index) != life:
            raise WritesPaused(
                f"The index {target.index} is gone, or was made by another life of this database (a backup was "
                f"restored?). {_REBUILD}"
            )
    newest = newest_written(client, [target.index for target in used if target.live])
    if newest < drawn:
        return
    with database.read() as session:
        present = present_version(session)  # somebody may have drawn since
    if newest == drawn or newest > present:
        # For good: every try draws a number, and one day there would be enough of them to hide it.
        with database.write() as session:
            end_timeline(session, life)
        raise WritesPaused(
            f"The indexes hold listings of version {newest}, and the database has only come to {present}: it was put "
            f"back from a backup. {_REBUILD}"
        )


def newest_written(client: Elasticsearch, indexes: Sequence[str]) -> int:
    """The highest version that a listing in these indexes was written with; 0 when there is none."""
    if not indexes:
        return 0
    answer = client.search(
        index=indexes,
        size=0,
        track_total_hits=False,
        ignore_unavailable=True,
        aggs={"newest": {"max": {"field": "written"}}},
    )
    return round(answer["aggregations"]["newest"]["value"] or 0)


def _timelines(client: Elasticsearch, indexes: Sequence[str]) -> dict[str, str]:
    answer = client.indices.get_mapping(index=indexes, ignore_unavailable=True, filter_path="*.mappings._meta.timeline")
    return {index: facts["mappings"]["_meta"]["timeline"] for index, facts in answer.items()}
