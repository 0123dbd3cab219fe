"""Changes, deletes and makes candidates anew at a steady pace, from a process of its own, until SIGTERM.

`python -m tests.support.writer URL PER_SECOND` prints a JSON object at its end: what it did last to each candidate.
"""

from __future__ import annotations

import itertools
import json
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from sqlalchemy import delete, insert, select, update
from sqlalchemy.orm import Session

from matching.candidates.records import Candidate, CandidateShowcase
from matching.settings import PROJECT_ROOT
from matching.storage.database import Database
from tests.support.profiles import UPDATED_AT

ENDS_WITHIN_S = 30
#: Of a hundred turns so many delete, and as many make somebody anew who was deleted.
DELETES = 10


@dataclass
class Done:
    """What was committed: the last word of each candidate, None for who is gone; and how often what was done."""

    last: dict[int, str | None] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)


class Writer:
    """Takes one turn after the other."""

    def __init__(self, database: Database, seed: int) -> None:
        self.done = Done()
        self._database = database
        self._chance = random.Random(seed)
        self._words = (f"zq{number}x" for number in itertools.count())
        self._gone: dict[int, Sequence[int]] = {}
        with database.read() as session:
            self._there = list(session.scalars(select(CandidateShowcase.candidate_id).distinct()))

    def turn(self) -> None:
        """Change, delete or make anew one candidate."""
        lot = self._chance.randrange(100)
        key = self._chance.choice(self._there)
        with self._database.write() as session:
            if lot < DELETES:
                what, key, word = "deleted", key, None
                self._delete(session, key)
            elif lot < 2 * DELETES and self._gone:
                what, key, word = "made_anew", self._chance.choice(list(self._gone)), next(self._words)
                self._make(session, key, word)
            else:
                what, word = "changed", next(self._words)
                session.execute(update(Candidate).where(Candidate.id == key).values(one_liner=word))
        self.done.last[key] = word
        self.done.counts[what] += 1

    def _delete(self, session: Session, key: int) -> None:
        shown = CandidateShowcase.candidate_id == key
        self._gone[key] = session.scalars(select(CandidateShowcase.showcase_id).where(shown)).all()
        self._there.remove(key)
        session.execute(delete(Candidate).where(Candidate.id == key))

    def _make(self, session: Session, key: int, word: str) -> None:
        names = {"external_id": f"anew-{key}-{word}", "name": f"Nieuw {key}", "one_liner": word}
        session.execute(insert(Candidate).values(id=key, updated_at=UPDATED_AT, fingerprint="", **names))
        rows = [{"candidate_id": key, "showcase_id": showcase} for showcase in self._gone.pop(key)]
        session.execute(insert(CandidateShowcase), rows)
        self._there.append(key)


def write(url: str, per_second: float) -> Done:
    """Take so many turns a second until SIGTERM."""
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    writer = Writer(Database(url), seed=1)
    due = time.monotonic()
    while not stop.wait(max(0.0, due - time.monotonic())):
        writer.turn()
        due += 1 / per_second
    return writer.done


@contextmanager
def writing(database: Database, per_second: float) -> Iterator[Done]:
    """A writer process works while the block runs; what it did is known after that."""
    url = database.url.render_as_string(hide_password=False)
    command = [sys.executable, "-m", "tests.support.writer", url, str(per_second)]
    process = subprocess.Popen(command, cwd=PROJECT_ROOT, stdout=subprocess.PIPE, text=True)
    done = Done()
    try:
        yield done
        process.send_signal(signal.SIGTERM)
        found = json.loads(process.communicate(timeout=ENDS_WITHIN_S)[0])
        done.last.update({int(key): word for key, word in found["last"].items()})
        done.counts.update(found["counts"])
    finally:
        process.kill()
        process.wait(ENDS_WITHIN_S)


if __name__ == "__main__":
    ended = write(sys.argv[1], float(sys.argv[2]))
    print(json.dumps({"last": ended.last, "counts": ended.counts}))
