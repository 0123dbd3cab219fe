"""What a free word must match: all shown text, as typed, as a compound written apart, or the name (CAND-15)."""

from __future__ import annotations

from collections.abc import Iterable

from matching.candidates.parts import ShowcaseView
from matching.search.clauses import Clause, constant
from matching.search.compounds import written_apart
from matching.search.knowledge import Knowledge
from matching.search.ranking import Part
from matching.search.textfields import NAME_FIELD, searched_fields


def word_clause(word: str, view: ShowcaseView, part: Part, knowledge: Knowledge) -> Clause:
    """One thing typed: everything in it must occur in the text that the showcase shows, taken as one field.

    A compound may also occur as its parts. The text is only ever a value of a match: no sign in it has a meaning.
    """
    fields = [part.weighted(field) for field in searched_fields(view)]
    named = constant({"match": {NAME_FIELD: {"query": word, "operator": "and"}}}, part.shape["name"])
    queries = [_occurs(word, fields)] if fields else []
    apart = written_apart(word, knowledge.compound_parts)
    if apart and fields:
        queries.append(_occurs(apart, fields, part.shape["written_apart"]))
    return {"dis_max": {"queries": [*queries, named]}}


def word_clauses(words: Iterable[str], view: ShowcaseView, part: Part, knowledge: Knowledge) -> list[Clause]:
    """A clause for each word; each must hold."""
    return [word_clause(word, view, part, knowledge) for word in words]


def _occurs(text: str, fields: list[str], boost: float = 1.0) -> Clause:
    return {"combined_fields": {"query": text, "fields": fields, "operator": "and", "boost": boost}}
