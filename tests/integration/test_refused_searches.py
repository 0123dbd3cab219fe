"""A search that the reader refuses is a page that says why, whatever let the search come that far."""

from __future__ import annotations

import pytest

from indexer.reader import EngineRefused, NotOffered, TooDeep
from matching.settings import Settings
from tests.support.pages import sign_in
from web.app import create_app
from web.candidates import finding


@pytest.mark.parametrize(
    ("refusal", "status", "text"),
    [
        (NotOffered("level", "mbo-2"), 400, "Zo kun je in deze etalage niet zoeken"),
        (NotOffered("place"), 400, "Zo kun je in deze etalage niet zoeken"),
        (TooDeep(6000, 100_000), 404, "Zo ver kun je niet bladeren"),
        (EngineRefused("too_many_nested_clauses"), 400, "Deze zoekvraag is te groot"),
    ],
)
def test_what_the_reader_refuses_is_said(
    demo_settings: Settings, monkeypatch: pytest.MonkeyPatch, refusal: Exception, status: int, text: str
) -> None:
    def refuse(*_: object) -> None:
        raise refusal

    app = create_app(demo_settings)
    client = sign_in(app)
    monkeypatch.setattr(finding, "find", refuse)
    answer = client.get("/kandidaten/rijnmond/?beroep=heftruckchauffeur")
    assert answer.status_code == status
    assert text in answer.get_data(as_text=True)
