"""How the demo's people write: filled sentences, small habits and typing errors."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from matching.demo.chance import Chance
from matching.demo.material import Sentence

_LETTER_SWAPS = (("ij", "ei"), ("ei", "ij"), ("dt", "d"), ("ch", "g"), ("ou", "au"), ("kk", "k"), ("tt", "t"))
_START = re.compile(r"(^|[.!?]\s+)([a-zà-ÿ])")


def fill(chance: Chance, options: Sequence[Sentence], words: Mapping[str, str]) -> str | None:
    """One of the sentences whose words are all known, filled in; None when there is none."""
    chosen = pick_sentence(chance, options, words)
    return chosen.text.format_map(words) if chosen else None


def pick_sentence(chance: Chance, options: Sequence[Sentence], words: Mapping[str, str]) -> Sentence | None:
    """One of the sentences whose words are all known; None when there is none."""
    known = words.keys()
    usable = [sentence for sentence in options if sentence.needs <= known]
    return chance.pick(usable) if usable else None


def capitalise(text: str) -> str:
    """`text` with a capital at the start of each sentence."""
    return _START.sub(lambda match: match[1] + match[2].upper(), text)


def first_capital(text: str) -> str:
    """`text` with its first letter as a capital."""
    return text[:1].upper() + text[1:]


def mistype(chance: Chance, text: str) -> str:
    """`text` with one typing error in one of its longer words; unchanged when no word is long enough."""
    words = text.split(" ")
    long = [n for n, word in enumerate(words) if len(word) >= 6 and word.isalpha()]
    if not long:
        return text
    place = chance.pick(long)
    words[place] = _misspell(chance, words[place])
    return " ".join(words)


def _misspell(chance: Chance, word: str) -> str:
    """A word as hasty fingers or doubtful spellers write it; the first letter stays."""
    way = chance.below(4)
    if way == 0:
        usable = [(old, new) for old, new in _LETTER_SWAPS if old in word[1:]]
        if usable:
            old, new = chance.pick(usable)
            return word[0] + word[1:].replace(old, new, 1)
    at = chance.between(1, len(word) - 3)
    if way == 1:
        return word[:at] + word[at + 1] + word[at] + word[at + 2 :]
    if way == 2:
        return word[:at] + word[at] + word[at:]
    return word[:at] + word[at + 1 :]
