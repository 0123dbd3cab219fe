"""Checks synonyms with the engine's own analysis, and puts them in force while people search."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from elasticsearch import ApiError, BadRequestError, Elasticsearch, TransportError

from indexer.engine.errors import EngineError
from indexer.engine.locks import Report, exclusive, silent
from indexer.engine.synonym_file import SynonymFile, synonym_file
from indexer.targets import new_build
from matching.search.mapping import index_body, load_word_lists
from matching.search.synonym_rules import Analysed, Problem, RuleFile, find_problems, read_rules
from matching.settings import Settings

SEARCH_ANALYZER = "dutch_search"
#: The engine refuses more than 10,000 tokens at once; a term has a handful.
_TERMS_AT_ONCE = 500
_WITHIN_S = 60.0
#: No check takes this long: a scratch index that is older was left by a run that was killed.
_LEFT_AFTER = timedelta(minutes=10)


class SynonymsRefused(EngineError):
    """The synonyms were not published, and those of before are in force; the message says why."""


class RebuildNeeded(EngineError):
    """The engine's folder of synonym files is not known here: synonyms change by a rebuild only."""


class ProblemsFound(Exception):
    """The file has problems and was not published."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__(f"{len(problems)} problems")
        self.problems = tuple(problems)


@dataclass(frozen=True)
class Published:
    """What was put in force: number of rules, and the indexes that read them.

    `fixed` are indexes made with rules of their own; `down` those that the engine could not open, which read the rules
    when they open.
    """

    rules: int
    indexes: tuple[str, ...]
    fixed: tuple[str, ...]
    down: tuple[str, ...]


def listing_body(settings: Settings) -> dict[str, Any]:
    """The body that this installation makes its indexes with: synonyms from the engine's file where there is one.

    The rules in that file are no part of it, so that publishing others makes no rebuild due.
    """
    file = synonym_file(settings)
    return index_body(synonyms_path=file.engine_path if file else "")


def ensure_published(client: Elasticsearch, settings: Settings) -> None:
    """Publish the project's own synonyms when nothing is published yet; call before an index is made.

    Raises SynonymsRefused when the engine can't read them, and the client's errors.
    """
    file = synonym_file(settings)
    if file is None:
        return
    with _publishing(file):
        if file.read():
            return
        rules = read_rules("\n".join(load_word_lists().synonyms).encode())
        with _scratch_index(client, settings) as index:
            _put_in_force(client, settings, file, rules, index)


def check(content: bytes, client: Elasticsearch | None, settings: Settings) -> list[Problem]:
    """What is wrong with a file of synonyms, by line; without a client only what shows without analysis."""
    file = read_rules(content)
    if client is None:
        return find_problems(file)
    with _scratch_index(client, settings) as index:
        return find_problems(file, analyse(client, index, file.terms))


def is_published(content: bytes, settings: Settings) -> bool:
    """Whether the rules of this file are the published ones. Raises SynonymsRefused when the folder can't be read."""
    file = synonym_file(settings)
    if file is None:
        return False
    with _usable(file.path.parent):
        return file.read() == read_rules(content).text


def publish(content: bytes, client: Elasticsearch, settings: Settings, report: Report = silent) -> Published:
    """Put the rules of a file in force in every index of this installation, without a pause or a rebuild.

    What can't be published leaves everything as it was: raises ProblemsFound, SynonymsRefused, RebuildNeeded or the
    client's errors. A run that is killed leaves the former file or the new one, both of which the engine can read.
    """
    file = synonym_file(settings)
    if file is None:
        raise RebuildNeeded(
            "Not published: HALLOWERK_SYNONYMS_DIR does not say which folder the cluster reads synonyms from, so its "
            "indexes hold their own. Rebuild them: `hallowerk index rebuild`."
        )
    rules = read_rules(content)
    with _publishing(file, report), _scratch_index(client, settings) as index:
        problems = find_problems(rules, analyse(client, index, rules.terms))
        if problems:
            raise ProblemsFound(problems)
        return _put_in_force(client, settings, file, rules, index)


def analyse(client: Elasticsearch, index: str, terms: Sequence[str]) -> dict[str, Analysed]:
    """What the search analyzer of `index`, which has no synonyms of its own, makes of each term."""
    found: dict[str, Analysed] = {}
    for first in range(0, len(terms), _TERMS_AT_ONCE):
        some = terms[first : first + _TERMS_AT_ONCE]
        answer = client.indices.analyze(index=index, analyzer=SEARCH_ANALYZER, text=list(some), explain=True)
        detail = answer["detail"]
        read, kept = detail["tokenizer"]["tokens"], detail["tokenfilters"][-1]["tokens"]
        positions = {token["position"] for token in kept}
        removed = [token for token in read if token["position"] not in positions]
        start = 0
        for term in some:
            # Texts of one request lie one sign apart; the engine counts in UTF-16 units.
            end = start + len(term.encode("utf-16-le")) // 2
            found[term] = Analysed(_between(kept, start, end), _between(removed, start, end))
            start = end + 1
    return found


def _between(tokens: Sequence[Mapping[str, Any]], start: int, end: int) -> tuple[str, ...]:
    return tuple(str(token["token"]) for token in tokens if start <= token["start_offset"] < end)


@contextmanager
def _publishing(file: SynonymFile, report: Report = silent) -> Iterator[None]:
    """Let nobody else publish meanwhile."""
    with _usable(file.path.parent):
        if not file.path.parent.is_dir():
            raise SynonymsRefused(f"There is no folder {file.path.parent}: look at HALLOWERK_SYNONYMS_DIR.")
        with exclusive(file.lock, "Somebody else is publishing synonyms; waiting", report):
            yield


@contextmanager
def _usable(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise SynonymsRefused(f"The folder of synonyms {folder} can't be used ({error.strerror}).") from error


@contextmanager
def _scratch_index(client: Elasticsearch, settings: Settings) -> Iterator[str]:
    """An index with the chain that searches have, but no synonyms; it is gone afterwards.

    It needs no file of ours, so that one which a killed run leaves still opens; a later run removes that. Its name is
    none that `PREFIX-*` stands for.
    """
    client = client.options(request_timeout=_WITHIN_S)
    stem = f"{settings.index_prefix}_synonyms-"
    last = f"{stem}{new_build(datetime.now(UTC) - _LEFT_AFTER)}"
    for left in client.indices.get(index=f"{stem}*", features="aliases"):
        if re.fullmatch(rf"{re.escape(stem)}\d{{20}}", left) and left < last:
            client.indices.delete(index=left, ignore_unavailable=True)
    name = f"{stem}{new_build()}"
    body = index_body(replace(load_word_lists(), synonyms=()))
    client.indices.create(index=name, settings={**body["settings"], "index": {"number_of_replicas": 0}})
    try:
        yield name
    finally:
        client.indices.delete(index=name, ignore_unavailable=True)


def _put_in_force(
    client: Elasticsearch, settings: Settings, file: SynonymFile, rules: RuleFile, scratch: str
) -> Published:
    """Nothing reaches the folder before the engine has read the rules, nor the file's place before it saw the draft."""
    _compile(client, scratch, {"synonyms": [rule.text for rule in rules.rules]}, "the engine can't read the rules")
    try:
        file.write_draft(rules.text)
        seen = {"synonyms_path": file.draft_engine_path}
        _compile(client, scratch, seen, f"the engine does not read files from {file.path.parent}")
        former = file.read()
        file.accept_draft()
    finally:
        file.drop_draft()
    ours = f"{settings.index_prefix}-*"
    try:
        read, fixed = _reload(client, ours)
    except BaseException:
        file.replace(former)
        _reload_former(client, ours)
        raise
    client.indices.clear_cache(index=ours, request=True)
    down = set(client.indices.get(index=ours, features="aliases")) - read - fixed
    return Published(len(rules.rules), *(tuple(sorted(names)) for names in (read, fixed, down)))


def _compile(client: Elasticsearch, index: str, source: Mapping[str, Any], wrong: str) -> None:
    """Have the engine read rules behind the chain of that index, as strictly as it can."""
    chain = index_body()["settings"]["analysis"]["analyzer"][SEARCH_ANALYZER]
    synonyms = {"type": "synonym_graph", "lenient": False, **source}
    try:
        client.indices.analyze(
            index=index,
            char_filter=chain["char_filter"],
            tokenizer=chain["tokenizer"],
            filter=[*chain["filter"][:-1], synonyms],
            text="x",
        )
    except BadRequestError as error:
        raise SynonymsRefused(f"Not published: {wrong} ({_innermost(error.body)}).") from error


def _reload(client: Elasticsearch, indexes: str) -> tuple[set[str], set[str]]:
    """Have the indexes read the file anew: those that did, and those that have no file to read.

    A failure comes with status 200: the rules of before stay in force there. Raises SynonymsRefused then.
    """
    answer = client.options(request_timeout=_WITHIN_S).indices.reload_search_analyzers(
        index=indexes, ignore_unavailable=True, allow_no_indices=True
    )
    if answer["_shards"]["failed"]:
        failures = answer["_shards"].get("failures", [])
        reasons = sorted({f"{failure['index']}: {_innermost(failure['reason'])}" for failure in failures})
        raise SynonymsRefused(
            "Not published: not every index could read the new rules, so the former ones were put back ("
            + "; ".join(reasons or ["no reason given"])
            + ")."
        )
    details = answer["reload_details"]
    read = {detail["index"] for detail in details if detail["reloaded_analyzers"]}
    return read, {detail["index"] for detail in details} - read


def _reload_former(client: Elasticsearch, indexes: str) -> None:
    """Bring back those that had read the new rules; what went wrong before is told, not what goes wrong now."""
    try:
        _reload(client, indexes)
    except (SynonymsRefused, ApiError, TransportError):
        return


def _innermost(body: Any) -> str:
    """The deepest reason that the engine gives."""
    reason = body.get("error", body) if isinstance(body, Mapping) else {}
    while isinstance(reason, Mapping) and reason.get("caused_by"):
        reason = reason["caused_by"]
    return str(reason.get("reason", body)) if isinstance(reason, Mapping) else str(reason)
