"""Splits a Dutch compound that is typed, with the same list of parts that the index splits with."""

from __future__ import annotations

from collections.abc import Set

from matching.taxonomy.text import normalise

SHORTEST_PART = 4
#: What may stand between two parts, or behind the last one as its plural: verpleeg-s..., kind-er, pan-n-en.
_LINKS = ("", "s", "en", "n", "e")


def split_compound(word: str, parts: Set[str]) -> tuple[str, ...]:
    """The parts that `word` is wholly made of, or nothing when it is no such compound.

    The word must be covered from its first letter to its last, links aside: 'Bartstraat' is not split at 'straat'.
    Longer parts are tried first, so 'vrachtwagenchauffeur' is vrachtwagen + chauffeur, not vracht + wagen + ...
    """
    key = normalise(word)
    if key in parts or len(key) < 2 * SHORTEST_PART:
        return ()
    found = _cover(key, parts, first=True)
    return found if found and len(found) > 1 else ()


def written_apart(text: str, parts: Set[str]) -> str | None:
    """`text` with each compound in it written as its parts; None when there is no compound in it."""
    words = normalise(text).split()
    split = [split_compound(word, parts) or (word,) for word in words]
    apart = [part for parts_of_word in split for part in parts_of_word]
    return " ".join(apart) if len(apart) > len(words) else None


def _cover(rest: str, parts: Set[str], first: bool) -> tuple[str, ...] | None:
    if not rest:
        return ()
    for link in ("",) if first else _LINKS:
        if not rest.startswith(link):
            continue
        after = rest[len(link) :]
        if not after and link:
            return ()
        for length in range(len(after), SHORTEST_PART - 1, -1):
            if after[:length] in parts:
                behind = _cover(after[length:], parts, first=False)
                if behind is not None:
                    return (after[:length], *behind)
    return None
