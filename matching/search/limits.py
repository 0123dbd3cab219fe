"""How large a search may be: a query of a few hundred words would keep the engine busy for everybody else."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from matching.search.criteria import SearchCriteria
from matching.taxonomy.text import normalise

#: Words in all word chips together; nobody reads through what more than these find.
MAX_WORD_TOKENS = 30
#: Above this many words, or things that could be left out, the counts without each of them are not worth their time.
MAX_RELAXED_TOKENS = 12
MAX_RELAXATIONS = 15

# The engine takes a run of letters as one word, but each Chinese sign or emoji as a word of its own.
_TOKEN = re.compile(r"[a-z0-9]+|[^\sa-z0-9]")


def count_tokens(words: Iterable[str]) -> int:
    """How many words the engine reads in these pieces of text; never fewer than it does."""
    return sum(len(_TOKEN.findall(normalise(word))) for word in words)


def fitting_words(words: Iterable[str]) -> tuple[str, ...]:
    """The pieces of text that fit in MAX_WORD_TOKENS together, taken in order; a piece that doesn't is left out."""
    return tuple(_fitting(words))


def _fitting(words: Iterable[str]) -> Iterator[str]:
    room = MAX_WORD_TOKENS
    for word in words:
        size = count_tokens([word])
        if size <= room:
            room -= size
            yield word


def worth_relaxing(criteria: SearchCriteria, relaxations: int) -> bool:
    """Whether to count what a search finds without each of so many things: each is a search of nearly the same size."""
    return relaxations <= MAX_RELAXATIONS and count_tokens(criteria.words) <= MAX_RELAXED_TOKENS
