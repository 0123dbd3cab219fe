"""Dutch plural and female forms of an occupation's name, undone by rule."""

from __future__ import annotations

from collections.abc import Iterator

_VOWELS = "aeiou"

#: Longer texts are no occupation's name; the longest in ESCO's Dutch labels has 15 words.
_MAX_WORDS = 16

#: Endings of whole words that are replaced: (ending, replacements), longest first.
_ENDINGS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("lieden", ("man",)),
    ("vrouwen", ("man", "vrouw")),
    ("mannen", ("man",)),
    ("vrouw", ("man", "heer")),
    ("trices", ("teur",)),
    ("trice", ("teur",)),
    ("euses", ("eur",)),
    ("euse", ("eur",)),
    ("aressen", ("aar", "aris")),
    ("ares", ("aar",)),
    ("aresse", ("aris",)),
    ("logen", ("loog",)),
    ("loge", ("loog",)),
    ("ches", ("ch",)),
)


def variants(key: str) -> tuple[str, ...]:
    """Other forms of a normalised name, likeliest first, without the name itself.

    One word at a time is changed, the last first: in Dutch the head is the last word ('allround kappers') or
    comes before what it works with ('medewerkers bediening'). Forms may be no words; they are only looked up.
    """
    words = key.split()
    if len(words) > _MAX_WORDS:
        return ()
    found: dict[str, None] = {}
    if len(words) > 1 and words[-1] == "s":  # "barista's" after normalisation
        found[" ".join(words[:-1])] = None
    found.update(dict.fromkeys(_one_word_changed(words)))
    if len(words) > 1 and words[0].endswith("e"):  # an inflected adjective: 'pedagogische medewerkers'
        for adjective in _forms(words[0]):
            found.update(dict.fromkeys(_one_word_changed([adjective, *words[1:]])))
    found.pop(key, None)
    return tuple(found)


def _one_word_changed(words: list[str]) -> Iterator[str]:
    for position in reversed(range(len(words))):
        for form in _forms(words[position]):
            yield " ".join([*words[:position], form, *words[position + 1 :]])


def _forms(word: str) -> Iterator[str]:
    """Singular, and masculine or neutral, forms that `word` may come from."""
    if len(word) < 4:
        return
    for ending, replacements in _ENDINGS:
        if word.endswith(ending):
            for replacement in replacements:
                yield word[: -len(ending)] + replacement
    if word.endswith("sters"):
        yield word[:-1]
        yield from _masculine(word[:-5])
    elif word.endswith("ster"):
        yield from _masculine(word[:-4])
    if word.endswith("s"):
        yield word[:-1]
        if word.endswith("es"):
            yield word[:-2]
    elif word.endswith("en"):
        yield word[:-1]
        yield from _stems(word[:-2])
    elif word.endswith("e"):
        yield word[:-1]
        yield from _stems(word[:-1])


def _masculine(stem: str) -> Iterator[str]:
    """'medewerk' -> medewerker, 'verkoop' -> verkoper, 'las' -> lasser, 'schrijf' -> schrijver."""
    yield stem + "er"
    if len(stem) > 3 and stem[-2] in _VOWELS and stem[-2] == stem[-3] and stem[-1] not in _VOWELS:
        yield stem[:-2] + stem[-1] + "er"
    if stem and stem[-1] not in _VOWELS:
        yield stem + stem[-1] + "er"
    if stem.endswith("f"):
        yield stem[:-1] + "ver"


def _stems(stem: str) -> Iterator[str]:
    """'docent' -> docent, 'advocat' -> advocaat, 'kokk' -> kok, 'administrativ' -> administratief."""
    yield stem
    if len(stem) < 3 or stem[-1] in _VOWELS:
        return
    if stem[-1] == stem[-2]:
        yield stem[:-1]
    hard = stem[:-1] + {"v": "f", "z": "s"}.get(stem[-1], stem[-1])
    yield hard
    if stem[-2] in _VOWELS and stem[-2] != stem[-3]:
        yield hard[:-2] + hard[-2] * 2 + hard[-1]
