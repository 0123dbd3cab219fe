"""The body that an index of listings is made with: the mapping file with the reviewed word lists filled in."""

from __future__ import annotations

import json
from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

MAPPING_VERSION = "v1"

_HOUSE = Path(__file__).resolve().parents[2]
_MAPPINGS, _WORD_LISTS = _HOUSE / "mappings", _HOUSE / "synonyms"


@dataclass(frozen=True)
class WordLists:
    """The reviewed lists of `synonyms/`, in file order: what each is for stands at the top of its file."""

    compound_parts: tuple[str, ...]
    stems: tuple[str, ...]
    protected: tuple[str, ...]
    stopwords: tuple[str, ...]
    synonyms: tuple[str, ...]


@cache
def load_word_lists() -> WordLists:
    """The lists that come with the project, read once per process."""
    return WordLists(
        compound_parts=read_lines("compound_parts"),
        stems=read_lines("stems"),
        protected=read_lines("protected_words"),
        stopwords=read_lines("stopwords"),
        synonyms=read_lines("words"),
    )


def read_lines(name: str) -> tuple[str, ...]:
    """The lines of `synonyms/NAME.txt` without comments and blank lines."""
    lines = (line.strip() for line in (_WORD_LISTS / f"{name}.txt").read_text(encoding="utf-8").splitlines())
    return tuple(line for line in lines if line and not line.startswith("#"))


def load_mapping(version: str = MAPPING_VERSION) -> dict[str, Any]:
    """The mapping file of that version: settings with empty word lists, and mappings with their `_meta`."""
    mapping: dict[str, Any] = json.loads((_MAPPINGS / f"candidates.{version}.json").read_text(encoding="utf-8"))
    return mapping


def index_body(
    words: WordLists | None = None, version: str = MAPPING_VERSION, synonyms_path: str = ""
) -> dict[str, Any]:
    """What an index of that mapping version is made with: `{"settings": ..., "mappings": ...}`.

    `words` are the project's own lists when not given, and are written into the settings. With `synonyms_path`, a
    file below the engine's config folder, the synonyms are read from there and can be changed while people search;
    without it they are written into the settings too, and changed by a rebuild.
    """
    return filled(load_mapping(version), words or load_word_lists(), synonyms_path)


def filled(mapping: dict[str, Any], words: WordLists, synonyms_path: str = "") -> dict[str, Any]:
    """A copy of `mapping` with the word lists, or the file of the synonyms, in its analysis filters."""
    body = deepcopy(mapping)
    filters = body["settings"]["analysis"]["filter"]
    lists: dict[str, tuple[str, Sequence[str]]] = {
        "compound_parts": ("word_list", words.compound_parts),
        "stems": ("rules", words.stems),
        "protected": ("keywords", words.protected),
        "stop": ("stopwords", words.stopwords),
        "synonyms": ("synonyms", words.synonyms),
    }
    for name, (setting, lines) in lists.items():
        filters[name][setting] = list(lines)
    if synonyms_path:
        # Lenient: a term that the stop words of an older index remove is skipped, instead of keeping that index closed.
        # Publishing reads the rules strictly first (indexer.synonyms).
        filters["synonyms"] = {
            "type": "synonym_graph",
            "synonyms_path": synonyms_path,
            "updateable": True,
            "lenient": True,
        }
    return body
