"""Schedules of what can happen to the index, drawn at random, with the invariant that each must end in."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from tests.support.walking import SHOWCASES, World, begin, make_template

STEPS = 20

KEYS = st.integers(1, 4)
CODES = st.sampled_from(SHOWCASES)
WRITE_POINTS = st.sampled_from(("write.after_claim", "write.before_bulk", "write.after_bulk", "write.before_mark"))
REBUILD_POINTS = st.sampled_from(
    tuple(f"rebuild.{step}" for step in ("create", "fill", "filling", "verify", "open", "swap", "swapped"))
)
WORDS = st.sampled_from(("een", "twee", "drie", "vier", "vijf"))


class Walk(RuleBasedStateMachine):
    """One schedule, from where `there_are_people` ends; that is made once for all of them."""

    folder: Path
    indexes: Mapping[str, Any]

    def __init__(self) -> None:
        super().__init__()
        self.world = World(self.folder, self.indexes)

    @rule(key=KEYS, word=WORDS, code=CODES)
    def save(self, key: int, word: str, code: str) -> None:
        self.world.save(key, word)
        self.world.show(key, code)

    @rule(key=KEYS, word=WORDS)
    def change(self, key: int, word: str) -> None:
        self.world.save(key, word)

    @rule(key=KEYS, code=CODES)
    def hide(self, key: int, code: str) -> None:
        self.world.hide(key, code)

    @rule(key=KEYS)
    def remove(self, key: int) -> None:
        self.world.remove(key)

    @rule()
    def work(self) -> None:
        self.world.work()

    @rule(keys=st.lists(KEYS, max_size=3))
    def message(self, keys: list[int]) -> None:
        """A message, perhaps an old one, perhaps a repeated one."""
        self.world.work(keys)

    @rule(point=WRITE_POINTS)
    def worker_dies(self, point: str) -> None:
        self.world.work(dies_at=point)

    @rule()
    def worker_is_late(self) -> None:
        self.world.work_late()

    @rule(number=st.integers(0, 3))
    def late_bulk_arrives(self, number: int) -> None:
        self.world.deliver(number)

    @rule()
    def engine_restarts(self) -> None:
        self.world.engine.restart()

    @rule()
    def rebuild(self) -> None:
        self.world.rebuild()

    @rule(point=REBUILD_POINTS)
    def rebuild_dies(self, point: str) -> None:
        self.world.rebuild(dies_at=point)

    @rule()
    def resume(self) -> None:
        self.world.resume()

    @rule()
    def roll_back(self) -> None:
        self.world.roll_back()

    @rule(point=st.sampled_from(("rebuild.rollback", "rebuild.swapped")))
    def roll_back_dies(self, point: str) -> None:
        self.world.roll_back(dies_at=point)

    @rule()
    def a_day_passes(self) -> None:
        self.world.sweep()

    def teardown(self) -> None:
        """The invariant: settled once, everything agrees; late bulks change nothing any more."""
        self.world.settle()
        assert self.world.differences() == []
        for number in range(len(self.world.late)):
            self.world.deliver(number)
        assert self.world.differences() == []


def there_are_people(world: World) -> None:
    """Three candidates, one in both showcases, and an index of them."""
    for key in (1, 2, 3):
        world.save(key, "begin")
        world.show(key, SHOWCASES[key % 2])
    world.show(1, SHOWCASES[0])
    world.rebuild()


def walk(folder: Path, walks: int, number: int) -> None:
    """Walk so many schedules, the same ones for the same number. Raises what broke, with the steps that led there."""
    make_template(folder)
    Walk.folder, Walk.indexes = folder, begin(folder, there_are_people)
    checked = settings(
        max_examples=walks,
        stateful_step_count=STEPS,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(seed(number)(Walk), settings=checked)
