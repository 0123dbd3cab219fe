"""The next release of this source tree: other listings of the same profiles, with a field more in the mapping."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from matching.settings import PROJECT_ROOT

#: What a listing's text about oneself begins with when the next release made it.
SIGN = "nieuw: "
_ROOMS = ("matching", "indexer", "web", "mappings", "synonyms")
_MADE_NOW = '"one_liner": single.one_liner,'
_MADE_NEXT = f'"one_liner": f"{SIGN}{{single.one_liner}}",'
#: A field that the former mapping does not know.
ADDED = "added"
_ENCODED = "            encoded = orjson.dumps(content)\n"


def next_release(folder: Path) -> Path:
    """A copy of the source tree in `folder` with another builder and another mapping; its path."""
    tree = folder / "next"
    for room in _ROOMS:
        shutil.copytree(PROJECT_ROOT / room, tree / room, ignore=shutil.ignore_patterns("__pycache__"))
    builder = tree / "indexer" / "documents.py"
    source = builder.read_text()
    assert source.count(_MADE_NOW) == source.count(_ENCODED) == 1
    adding = f'            content["{ADDED}"] = "nieuw"\n{_ENCODED}'
    builder.write_text(source.replace(_MADE_NOW, _MADE_NEXT).replace(_ENCODED, adding))
    mapping = tree / "mappings" / "candidates.v1.json"
    body = json.loads(mapping.read_text())
    body["mappings"]["properties"][ADDED] = {"type": "keyword"}
    mapping.write_text(json.dumps(body))
    return tree
