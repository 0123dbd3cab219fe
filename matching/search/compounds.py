"""Splits a Dutch compound that is typed, with the same list of parts that the index splits with."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set

from matching.taxonomy.text import normalise

SHORTEST_PART = 4
#: Dutch words that anybody wrote stay well below this.
LONGEST_WORD = 60
#: What may stand between two parts, or behind the last one as its plural: verpleeg-s..., kind-er, pan-n-en.
_LINKS = ("", "s", "en", "n", "e")


def split_compound(word: str, parts: Set[str]) -> tuple[str, ...]:
    """The parts that `word` is wholly made of, or nothing when it is no such compound.

    The word must be covered from its first letter to its last, links aside: 'Bartstraat' is not split at 'straat'.
    Longer parts are tried first, so 'vrachtwagenchauffeur' is vrachtwagen + chauffeur, not vracht + wagen + ... What
    is longer than LONGEST_WORD letters is not split.
    """
    key = normalise(word)
    if key in parts or not 2 * SHORTEST_PART <= len(key) <= LONGEST_WORD:
        return ()
    found = _cover(key, parts)
    return found if found and len(found) > 1 else ()


def written_apart(text: str, parts: Set[str]) -> str | None:
    """`text` with each compound in it written as its parts; None when there is no compound in it."""
    words = normalise(text).split()
    split = [split_compound(word, parts) or (word,) for word in words]
    apart = [part for parts_of_word in split for part in parts_of_word]
    return " ".join(apart) if len(apart) > len(words) else None


def _cover(word: str, parts: Set[str]) -> tuple[str, ...] | None:
    """Cover `word` from its end backwards, so that each position is looked at once: never more than length squared."""
    behind: dict[int, tuple[str, ...]] = {len(word): ()}  # position -> the parts that cover the word from there
    for start in range(len(word) - SHORTEST_PART, -1, -1):
        found = next(_continued(word, start, parts, behind), None)
        if found is not None:
            behind[start] = found
    return behind.get(0)


def _continued(
    word: str, start: int, parts: Set[str], behind: Mapping[int, tuple[str, ...]]
) -> Iterator[tuple[str, ...]]:
    for end in range(len(word), start + SHORTEST_PART - 1, -1):
        if word[start:end] in parts:
            for link in _LINKS:
                if word.startswith(link, end) and end + len(link) in behind:
                    yield (word[start:end], *behind[end + len(link)])
