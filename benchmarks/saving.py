"""Saves profiles at a steady pace, as intake and people do, and notes when each was committed."""

from __future__ import annotations

import itertools
import random
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from sqlalchemy import select, update

from matching.candidates.records import Candidate, CandidateShowcase
from matching.storage.database import Database

#: Words that stand in no profile, one for each save of a run.
_NUMBERS = itertools.count()


class Saver:
    """Saves one profile after the other, `per_second` a second, from a thread of its own.

    `saved` maps the word that a save put into a profile to the moment of its commit, by `time.perf_counter`.
    """

    def __init__(self, database: Database, candidates: Sequence[int], per_second: float, seed: int = 1) -> None:
        self.saved: dict[str, float] = {}
        self.last_word: dict[int, str] = {}
        self._database = database
        self._candidates = candidates
        self._pause_s = 1 / per_second
        self._chance = random.Random(seed)  # noqa: S311 - no secret
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._save, name="saver", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End; what was saved is committed."""
        self._stop.set()
        self._thread.join()

    def _save(self) -> None:
        due = time.perf_counter()
        while not self._stop.is_set():
            key = self._chance.choice(self._candidates)
            word = save(self._database, key)
            self.saved[word] = time.perf_counter()
            self.last_word[key] = word
            due += self._pause_s
            self._stop.wait(max(0.0, due - time.perf_counter()))


def save(database: Database, candidate: int) -> str:
    """Change one profile; returns the new word in it."""
    word = f"zq{next(_NUMBERS)}x"
    with database.write() as session:
        session.execute(update(Candidate).where(Candidate.id == candidate).values(one_liner=word))
    return word


def shown_candidates(database: Database) -> Sequence[int]:
    """Everybody whom a showcase shows."""
    with database.read() as session:
        return (
            session.execute(select(CandidateShowcase.candidate_id).distinct().order_by("candidate_id")).scalars().all()
        )


@contextmanager
def saving(database: Database, per_second: float, seed: int = 1) -> Iterator[Saver]:
    """Profiles are saved until the block ends."""
    saver = Saver(database, shown_candidates(database), per_second, seed)
    saver.start()
    try:
        yield saver
    finally:
        saver.stop()
