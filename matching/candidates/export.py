"""Gives back what intake takes: JSON Lines with the media files in a folder beside them, streamed."""

from __future__ import annotations

import os
import shutil
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import orjson
from sqlalchemy import ColumnElement, RowMapping, select
from sqlalchemy.orm import Session

from matching.candidates.checks import CODED_LISTS
from matching.candidates.mediastore import MediaStore
from matching.candidates.records import Candidate, CandidateEntry, CandidateMedia, CandidateShowcase, CandidateTerm
from matching.candidates.records import Showcase as ShowcaseRecord
from matching.storage.base import Base, table_of
from matching.taxonomy.places import Gazetteer
from matching.taxonomy.store import load_gazetteer

WINDOW = 500
#: Statements per window, whatever it holds; a test counts them.
STATEMENTS_PER_WINDOW = 5

_SUFFIXES = {"image/jpeg": ".jpg", "image/webp": ".webp"}
_LISTS = {vocabulary: field for field, vocabulary in CODED_LISTS.items()}
_SINGLES = (
    "external_id",
    "name",
    "intro",
    "one_liner",
    "about",
    "hobbies",
    "level",
    "hours_min",
    "hours_max",
    "contact",
)
_PRIVATE = ("phone", "email", "address", "birth_date")
_ENTRY_FIELDS = {
    "work": ("experience", {"organisation": "employer"}, ("occupation", "current", "volunteer")),
    "education": ("education", {"organisation": "institution", "completed": "diploma"}, ("current", "level")),
    "course": ("courses", {"organisation": "institution", "completed": "certificate"}, ()),
}

Line = dict[str, Any]


class _Window(NamedTuple):
    """The rows of the candidates of one window, by candidate."""

    terms: Mapping[int, Sequence[RowMapping]]
    entries: Mapping[int, Sequence[RowMapping]]
    media: Mapping[int, Sequence[RowMapping]]
    showcases: Mapping[int, Sequence[RowMapping]]


def export_lines(session: Session, files: Callable[[RowMapping], str]) -> Iterator[bytes]:
    """Yield a JSON line per candidate, by id; `files` gives the path to write for a media row that is a file.

    Holds one window of candidates at a time. What is empty is left out.
    """
    gazetteer = load_gazetteer(session)
    table = table_of(Candidate)
    after = 0
    while True:
        page = session.execute(select(table).where(table.c.id > after).order_by(table.c.id).limit(WINDOW))
        singles = page.mappings().all()
        if not singles:
            return
        window = _read_window(session, singles[0]["id"], singles[-1]["id"])
        after = singles[-1]["id"]
        for single in singles:
            line = _line(single, window, gazetteer, files)
            yield orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE | orjson.OPT_UTC_Z)


class FolderOfMedia:
    """Copies media files into a folder at the moment a line names them, each content once."""

    def __init__(self, store: MediaStore, folder: Path, prefix: str) -> None:
        self._store = store
        self._folder = folder
        self._prefix = prefix
        self.copied = 0

    def __call__(self, medium: RowMapping) -> str:
        """The path of the file as the line names it: `prefix`/..., relative to the export file's folder."""
        name = f"{medium['content_hash']}{_SUFFIXES.get(medium['content_type'], '')}"
        if medium["file_name"]:
            name = f"{medium['content_hash']}/{medium['file_name']}"  # the name of a document is kept in its path
        target = self._folder / name
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            partial = target.with_name(f".{target.name}.part")
            try:
                with self._store.open(medium["content_hash"]) as source, partial.open("wb") as copy:
                    shutil.copyfileobj(source, copy)
                os.replace(partial, target)
            except BaseException:
                partial.unlink(missing_ok=True)
                raise
            self.copied += 1
        return f"{self._prefix}/{name}"


def _read_window(session: Session, first: int, last: int) -> _Window:
    def within(column: ColumnElement[int]) -> ColumnElement[bool]:
        return column.between(first, last)

    shown = table_of(CandidateShowcase).c
    codes = table_of(ShowcaseRecord).c
    showcases = (
        select(shown.candidate_id, codes.code)
        .join_from(table_of(CandidateShowcase), table_of(ShowcaseRecord), codes.id == shown.showcase_id)
        .where(within(shown.candidate_id))
        .order_by(shown.candidate_id, codes.code)
    )

    def rows(record: type[Base], *order: str) -> Mapping[int, Sequence[RowMapping]]:
        table = table_of(record)
        statement = select(table).where(within(table.c.candidate_id))
        return _by_candidate(session.execute(statement.order_by(*(table.c[name] for name in order))).mappings())

    return _Window(
        terms=rows(CandidateTerm, "candidate_id", "vocabulary", "position"),
        entries=rows(CandidateEntry, "candidate_id", "kind", "position"),
        media=rows(CandidateMedia, "candidate_id", "kind", "position"),
        showcases=_by_candidate(session.execute(showcases).mappings()),
    )


def _by_candidate(rows: Any) -> Mapping[int, Sequence[RowMapping]]:
    found: defaultdict[int, list[RowMapping]] = defaultdict(list)
    for row in rows:
        found[row["candidate_id"]].append(row)
    return found


def _line(single: RowMapping, window: _Window, gazetteer: Gazetteer, files: Callable[[RowMapping], str]) -> Line:
    key = single["id"]
    line: Line = {name: single[name] for name in (*_SINGLES, *_PRIVATE)}
    line["updated_at"] = single["updated_at"]
    line["showcases"] = [row["code"] for row in window.showcases.get(key, ())]
    line["home"] = _home(single, gazetteer)
    for term in window.terms.get(key, ()):
        _add_term(line, term)
    for entry in window.entries.get(key, ()):
        field, names, extra = _ENTRY_FIELDS[entry["kind"]]
        item = {name: entry[name] for name in ("title", "place", "start", "end", "description", *extra)}
        item |= {shown: entry[column] for column, shown in names.items()}
        line.setdefault(field, []).append(_filled(item))
    for medium in window.media.get(key, ()):
        _add_medium(line, medium, files)
    return _filled(line)


def _home(single: RowMapping, gazetteer: Gazetteer) -> Line:
    place = gazetteer.get(single["place_id"]) if single["place_id"] else None
    return _filled({"place": gazetteer.label(place) if place else None, "postcode": single["postcode"]})


def _add_term(line: Line, term: RowMapping) -> None:
    vocabulary = term["vocabulary"]
    if vocabulary == "function":
        item = _filled({"occupation": term["code"], "title": term["text"]})
        line.setdefault("functions", []).append(item)
    elif vocabulary == "language":
        item = _filled({"language": term["code"], "level": term["grade"]})
        line.setdefault("languages", []).append(item)
    else:
        line.setdefault(_LISTS[vocabulary], []).append(term["code"])


def _add_medium(line: Line, medium: RowMapping, files: Callable[[RowMapping], str]) -> None:
    kind, title = medium["kind"], medium["title"]
    if kind == "portrait":
        line["portrait"] = files(medium)
    elif medium["content_hash"]:
        line.setdefault(f"{kind}s", []).append(_filled({"file": files(medium), "title": title}))
    else:
        line.setdefault(f"{kind}s", []).append(_filled({"url": medium["url"], "title": title}))


def _filled(values: Line) -> Line:
    """Without what is empty; False stays only where it says something (a diploma not obtained)."""
    return {
        name: value
        for name, value in values.items()
        if value is not None
        and value != []
        and value != {}
        and not (value is False and name in {"current", "volunteer"})
    }
