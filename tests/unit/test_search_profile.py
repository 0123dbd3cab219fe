"""A ranking profile is checked before it is used, and can't name what discriminates."""

from __future__ import annotations

import copy
import json
from importlib.resources import files
from typing import Any

import pytest

from matching.search.ranking import HOW, SHAPES, ProfileError, load_profile, read_profile


def standard() -> dict[str, Any]:
    text = files("matching.search").joinpath("profiles", "standard.v1.json").read_text(encoding="utf-8")
    data: dict[str, Any] = json.loads(text)
    return data


def changed(part: str, **changes: Any) -> dict[str, Any]:
    data = copy.deepcopy(standard())
    for entry in data["parts"]:
        if entry["name"] == part:
            entry.update(changes)
    return data


def test_the_standard_profile_has_every_part_with_a_sentence() -> None:
    profile = load_profile("standard")
    assert set(profile.parts) == set(SHAPES)
    assert all(part.why.endswith(".") and part.weight > 0 for part in profile.parts.values())


@pytest.mark.parametrize("field", ["target_groups", "capabilities"])
def test_what_can_discriminate_never_ranks(field: str) -> None:
    with pytest.raises(ProfileError, match="can discriminate"):
        read_profile(changed("level", reads=["level", field]))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (changed("level", reads=["salary"]), "no field salary"),
        (changed("level", weight=0), "above 0"),
        (changed("level", why=" "), "why"),
        (changed("level", shape={"same": 1.0}), "its shape needs"),
        (changed("hours", shape={"inside": 1.5, "overlapping": 0.5}), "at most 1"),
        (changed("level", name="height"), "no such part"),
        ({**standard(), "parts": standard()["parts"][1:]}, "each of these parts once"),
        (changed("words", shape={**standard()["parts"][1]["shape"], "field:capabilities": 2.0}), "doesn't read"),
    ],
)
def test_a_faulty_profile_is_refused_with_the_reason(data: dict[str, Any], message: str) -> None:
    with pytest.raises(ProfileError, match=message):
        read_profile(data)


def test_an_unknown_profile_is_named() -> None:
    with pytest.raises(ProfileError, match="'nobody'"):
        load_profile("nobody")


def test_a_related_occupation_never_comes_first_for_being_recent() -> None:
    """What the weights promise (CAND-14)."""
    profile = load_profile()
    occupation = profile["occupation"]
    own = [occupation.points(ring, how) for ring in ("exact", "synonym", "titled") for how in HOW]
    related = [occupation.points(ring, how) for ring in ("unit_group", "related", "further", "group") for how in HOW]
    assert min(own) - max(related) > profile["recency"].weight
    nearness = [occupation.points("exact", how) for how in HOW]
    assert nearness == sorted(nearness, reverse=True)
