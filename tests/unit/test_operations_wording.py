"""What the operations page calls for a person's attention, and the words it has for states."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from flask_babel import Babel

from indexer import drift
from indexer.backlog import Backlog
from indexer.cluster import Cluster, Node
from indexer.memory import Drift, RebuildState, Refused
from indexer.overview import CURRENT, DUE, NO_INDEX, PAUSED, STATES, UNKNOWN, Operations, ShowcaseIndex
from indexer.queues import QUEUES, QueueState
from indexer.rebuild.lease import CREATE, FILL, HELD, OPEN, ROLLBACK, SWAP, UNDONE, VERIFY
from matching.post.rules import Post
from matching.storage.changes import CANDIDATE, OCCUPATIONS, SHOWCASE
from tests.support.command import parse
from web.operations import wording

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
INDEX = ShowcaseIndex(
    showcase="noord",
    name="Regio Noord",
    index="candidates-noord-v1-20261124120000000000",
    mapping="v1",
    made_at=NOW,
    state=CURRENT,
    shown=10,
    listings=10,
    newest=7,
    size_bytes=1000,
    blocked=False,
    filling=(),
    spare=(),
)
CLUSTER = Cluster("hallowerk", "green", 0, (Node("node", 100, 50),))
DIFFERENCES = {*drift.OF_LISTINGS, drift.ALIAS, drift.INDEX_GONE, drift.TIMELINE}
CALM = Operations(
    at=NOW,
    version=7,
    cluster=CLUSTER,
    showcases=(INDEX,),
    backlog=Backlog(
        [QueueState(CANDIDATE, 0, None)], [QueueState(name, 0, None) for name in QUEUES], [], Post(0, None, 0), None
    ),
    rebuilds=(),
    drift=(Drift("noord", "missing", 3, 0, NOW),),
    dead_letters={},
    missed=0,
    refused=(),
)
REBUILD = RebuildState(1, ("noord",), "fill", 0, 100, True, None, NOW, NOW, None)


@pytest.fixture(autouse=True)
def dutch() -> Iterator[None]:
    """A request in Dutch."""
    app = Flask("operations", static_folder=None)
    Babel(app, default_locale="nl")
    with app.test_request_context():
        yield


def calls(**changes: Any) -> list[tuple[str, str, str]]:
    return [(one.look, one.title, one.command) for one in wording.attention(replace(CALM, **changes))]


def index(**changes: Any) -> dict[str, Any]:
    return {"showcases": (replace(INDEX, **changes),)}


def waiting(seconds: float, away: str | None = None) -> dict[str, Any]:
    return {"backlog": replace(CALM.backlog, changes=[QueueState(CANDIDATE, 3, seconds)], broker_away=away)}


def test_a_calm_day_calls_nobody() -> None:
    assert calls() == []
    assert (
        calls(rebuilds=(REBUILD, replace(REBUILD, step=UNDONE, ended_at=NOW, held=False, error="TimeoutError"))) == []
    )
    assert calls(**waiting(59)) == []
    assert calls(dead_letters={"noord": 1}) == []  # of a spare, or of an index that is being built


@pytest.mark.parametrize(
    ("changes", "call"),
    [
        ({"cluster": None}, ("wrong", "De zoekmachine geeft geen antwoord", "hallowerk doctor")),
        ({"cluster": replace(CLUSTER, health="red")}, ("wrong", "De zoekmachine is rood", "hallowerk doctor")),
        (
            {"cluster": replace(CLUSTER, nodes=(Node("n1", 100, 10),))},
            ("partly", "De schijf van n1 is bijna vol", "hallowerk index prune"),
        ),
        (
            index(state=NO_INDEX, index=None),
            ("wrong", "Regio Noord heeft geen index", "hallowerk index rebuild --showcase noord"),
        ),
        (
            index(state=DUE),
            ("partly", "Regio Noord moet herbouwd worden", "hallowerk index rebuild --showcase noord"),
        ),
        (
            index(state=PAUSED),
            ("wrong", "Regio Noord hoort bij een andere database", "hallowerk index rebuild --showcase noord"),
        ),
        (index(blocked=True), ("wrong", "Regio Noord neemt geen wijzigingen aan", "hallowerk index prune")),
        (waiting(61), ("partly", "Wijzigingen wachten te lang", "hallowerk queues")),
        (waiting(61, "refused"), ("wrong", "De wachtrijen geven geen antwoord", "hallowerk queues")),
        (
            {"rebuilds": (replace(REBUILD, held=False),)},
            ("wrong", "Een herbouw is gestopt", "hallowerk index resume"),
        ),
        (
            {"rebuilds": (replace(REBUILD, step=HELD, held=False, error="TimeoutError"),)},
            ("wrong", "Een herbouw kwam niet door de controle", "hallowerk index status"),
        ),
        (
            {"drift": (Drift("noord", "missing", 0, 1, NOW), Drift("noord", "outdated", 0, 4, NOW))},
            ("partly", "5 afwijkingen wachten op herstel", "hallowerk index reconcile"),
        ),
        (
            {"drift": (Drift("noord", "timeline", 0, 1, NOW),)},
            (
                "wrong",
                "De index van Regio Noord was van een andere database",
                "hallowerk index rebuild --showcase noord",
            ),
        ),
        (
            {"drift": (Drift("noord", "timeline", 0, 1, NOW),), **index(state=PAUSED)},
            ("wrong", "Regio Noord hoort bij een andere database", "hallowerk index rebuild --showcase noord"),
        ),
        (
            {
                "dead_letters": {"noord": 1, "zuid": 1},
                "missed": 1,
                "refused": (Refused("noord", 400, "too long", 1, NOW),),
            },
            ("wrong", "1 profiel is geweigerd", "hallowerk index dead-letters list"),
        ),
    ],
    ids=lambda value: value[1] if isinstance(value, tuple) else "",
)
def test_trouble_calls_somebody(changes: dict[str, Any], call: tuple[str, str, str]) -> None:
    assert calls(**changes) == [call]
    program, *arguments = call[2].split()
    assert program == "hallowerk"
    parse(arguments)


def test_one_that_somebody_took_over_runs() -> None:
    """Whatever stopped it before."""
    resumed = replace(REBUILD, error="TimeoutError")
    assert calls(rebuilds=(resumed,)) == []
    assert wording.rebuild_badge(resumed).text == "vullen"
    assert wording.rebuild_badge(replace(resumed, held=False)).text == "gestopt"


def test_the_worst_stands_first() -> None:
    looks = [look for look, _, _ in calls(cluster=None, **index(state=DUE), missed=2)]
    assert looks == ["wrong", "wrong", "partly"]


def test_every_state_has_a_word_and_a_sign() -> None:
    badges = [wording.index_badge(replace(INDEX, state=state)) for state in STATES]
    assert len({badge.text for badge in badges}) == len(STATES)
    assert all(badge.sign for badge in badges)
    assert wording.index_badge(replace(INDEX, state=UNKNOWN)).text == "onbekend"
    assert wording.index_badge(replace(INDEX, blocked=True)).text == "op slot"
    engine = [
        wording.engine_badge(replace(CALM, cluster=replace(CLUSTER, health=one))) for one in ("green", "yellow", "red")
    ]
    assert [badge.text for badge in engine] == ["groen", "geel", "rood"]


def test_what_the_indexer_names_has_words() -> None:
    assert all(wording.queue(code) != code for code in QUEUES)
    assert all(wording.changes(code) != code for code in (CANDIDATE, SHOWCASE, OCCUPATIONS))
    assert all(wording.difference(code) != code for code in DIFFERENCES)
    assert all(wording.step(code) != code for code in (CREATE, FILL, VERIFY, OPEN, SWAP, ROLLBACK))


def test_the_rate_of_a_rebuild_tells_what_is_left() -> None:
    running = replace(REBUILD, done=20, updated_at=NOW + timedelta(seconds=10))
    assert (running.per_second, running.left_s) == (2, 40)
    assert (REBUILD.per_second, REBUILD.left_s) == (0, None)
    assert replace(running, done=120).left_s == 0
    resumed = replace(running, resumed=True, updated_at=NOW + timedelta(hours=3))
    assert (resumed.per_second, resumed.left_s) == (0, None)
