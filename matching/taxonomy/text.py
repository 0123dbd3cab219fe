"""Folding of labels and typed text to one form, so that spelling habits don't hide an equal name."""

from __future__ import annotations

import re
import unicodedata

_SEPARATORS = re.compile(r"[\s\-‐‑–—_/.,;:()’'`\"]+")
_LIGATURES = str.maketrans({"ø": "o", "Ø": "o", "æ": "ae", "Æ": "ae", "œ": "oe", "Œ": "oe"})


def normalise(text: str) -> str:
    """`text` in lower case without accents, with every run of blanks, hyphens and punctuation as one blank.

    'Caissière' and 'caissiere' come out alike, and so do 'call-center' and 'call center'. Signs that tell
    names apart ('+', '#', '&') stay. Text without any other sign than separators gives the empty string.
    """
    plain = text
    if not text.isascii():
        decomposed = unicodedata.normalize("NFKD", text.translate(_LIGATURES))
        plain = "".join(char for char in decomposed if not unicodedata.combining(char))
    return _SEPARATORS.sub(" ", plain.casefold()).strip()
