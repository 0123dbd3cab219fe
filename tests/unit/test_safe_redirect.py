"""After signing in people only go to pages of this site."""

from __future__ import annotations

import pytest

from web.safe_redirect import local_target


@pytest.mark.parametrize(
    "target",
    ["", None, "https://elders.example/", "//elders.example", "/\\elders.example", "javascript:alert(1)", "/a\nb"],
)
def test_addresses_elsewhere_lead_home(target: str | None) -> None:
    assert local_target(target) == "/"


def test_a_search_is_kept_whole() -> None:
    assert local_target("/kandidaten/rijnmond/?beroep=heftruckchauffeur&straal=25") == (
        "/kandidaten/rijnmond/?beroep=heftruckchauffeur&straal=25"
    )
