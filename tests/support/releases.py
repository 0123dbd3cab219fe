"""The next release of this source tree: other listings of the same profiles, in indexes with another mapping."""

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


def next_release(folder: Path) -> Path:
    """A copy of the source tree in `folder` with another builder and another mapping; its path."""
    tree = folder / "next"
    for room in _ROOMS:
        shutil.copytree(PROJECT_ROOT / room, tree / room, ignore=shutil.ignore_patterns("__pycache__"))
    builder = tree / "indexer" / "documents.py"
    source = builder.read_text()
    assert source.count(_MADE_NOW) == 1
    builder.write_text(source.replace(_MADE_NOW, _MADE_NEXT))
    mapping = tree / "mappings" / "candidates.v1.json"
    body = json.loads(mapping.read_text())
    body["settings"]["index"]["max_result_window"] += 1
    mapping.write_text(json.dumps(body))
    return tree
