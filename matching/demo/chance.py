"""Repeatable chance: the same numbers on every machine and Python, from a key such as (seed, person, subject)."""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from itertools import accumulate
from typing import Generic, TypeVar

T = TypeVar("T")
_MASK = (1 << 64) - 1


class Weighted(Generic[T]):
    """Items with weights, ready to be drawn from."""

    def __init__(self, pairs: Iterable[tuple[T, float]]) -> None:
        pairs = list(pairs)
        self.items: tuple[T, ...] = tuple(item for item, _ in pairs)
        self.ends: tuple[float, ...] = tuple(accumulate(weight for _, weight in pairs))


class Chance:
    """A stream of pseudo-random numbers (SplitMix64, Steele et al. 2014) that belongs to one key.

    The standard library's generator may draw differently in a later Python; the demo's people are judged by hand
    and must stay the same, so the few lines are our own.
    """

    def __init__(self, *key: str | int) -> None:
        digest = hashlib.sha256("|".join(map(str, key)).encode()).digest()
        self._state = int.from_bytes(digest[:8], "big")

    def unit(self) -> float:
        """A number from 0 up to, not including, 1."""
        self._state = (self._state + 0x9E3779B97F4A7C15) & _MASK
        z = self._state
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & _MASK
        return ((z ^ (z >> 31)) >> 11) / (1 << 53)

    def maybe(self, share: float) -> bool:
        """True in `share` (0..1) of the draws."""
        return self.unit() < share

    def below(self, end: int) -> int:
        """A whole number from 0 up to, not including, `end`."""
        return int(self.unit() * end)

    def between(self, first: int, last: int) -> int:
        """A whole number from `first` to `last`, both included."""
        return first + self.below(last - first + 1)

    def low(self, first: int, last: int) -> int:
        """As `between`, with low numbers more often: the square of an even draw."""
        return first + int(self.unit() ** 2 * (last - first + 1))

    def pick(self, items: Sequence[T]) -> T:
        """One of `items`."""
        return items[self.below(len(items))]

    def draw(self, items: Weighted[T]) -> T:
        """One item by its weight."""
        return items.items[min(bisect_right(items.ends, self.unit() * items.ends[-1]), len(items.items) - 1)]

    def some(self, items: Sequence[T], count: int) -> list[T]:
        """Up to `count` of `items` without repetition, in drawn order."""
        left = list(items)
        return [left.pop(self.below(len(left))) for _ in range(min(count, len(left)))]

    def each(self, items: Iterable[tuple[T, float]]) -> list[T]:
        """The items, in order, that were drawn each with its own share."""
        return [item for item, share in items if self.maybe(share)]
