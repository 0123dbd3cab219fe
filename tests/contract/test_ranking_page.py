"""The page about ranking tells of every part with the weight that the profile has."""

from __future__ import annotations

import re
from pathlib import Path

from matching.search.ranking import load_profile

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "ranking.md").read_text(encoding="utf-8")


def test_every_part_has_a_section_with_its_weight_and_why() -> None:
    sections = dict(re.findall(r"^## (\w+) \(([\d.]+) points?\)$", PAGE, flags=re.MULTILINE))
    assert {name: float(points) for name, points in sections.items()} == {
        name: part.weight for name, part in load_profile().parts.items()
    }
    assert PAGE.count("**Why.**") == len(sections)
