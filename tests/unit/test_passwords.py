"""Password hashes: who matches, how many are made at once, and how long anybody waits for a turn."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import argon2
import pytest

from matching.accounts.proofs import passwords
from matching.accounts.proofs.passwords import TooBusy, hash_password, needs_rehash, password_matches
from matching.turns import Turns

PASSWORD = "Paarse fiets zingt hard!"
ENDS_WITHIN_S = 60


def test_a_password_matches_its_own_hash_only() -> None:
    stored = hash_password(PASSWORD)
    assert stored.startswith("$argon2id$")
    assert password_matches(stored, PASSWORD)
    assert not password_matches(stored, PASSWORD + " ")
    assert not password_matches(stored, PASSWORD.lower())
    for nobody in (None, "", "no hash"):
        assert not password_matches(nobody, PASSWORD)
    assert not password_matches(None, "no account has this password")


def test_long_passwords_count_to_the_last_letter() -> None:
    stored = hash_password("é" * 255 + "a")
    assert password_matches(stored, "é" * 255 + "a")
    assert not password_matches(stored, "é" * 255 + "b")


def test_a_letter_with_an_accent_counts_however_it_is_typed() -> None:
    assert password_matches(hash_password("Caf\u00e9 om de hoek!"), "Cafe\u0301 om de hoek!")


def test_a_hash_with_other_parameters_still_matches_and_is_due_for_a_new_one() -> None:
    old = argon2.PasswordHasher(time_cost=1, memory_cost=8192).hash(PASSWORD)
    assert password_matches(old, PASSWORD)
    assert needs_rehash(old)
    assert not needs_rehash(hash_password(PASSWORD))


class SlowHasher:
    """Stands for argon2: counts who is busy at once, and goes on when it is let."""

    def __init__(self) -> None:
        self.begun, self.let_go = threading.Event(), threading.Event()
        self.busy, self.most_busy, self.calls = 0, 0, 0
        self._lock = threading.Lock()

    def hash(self, password: str) -> str:
        with self._lock:
            self.busy += 1
            self.calls += 1
            self.most_busy = max(self.most_busy, self.busy)
        self.begun.set()
        assert self.let_go.wait(ENDS_WITHIN_S)
        with self._lock:
            self.busy -= 1
        return "hash"

    def verify(self, stored: str, password: str) -> bool:
        return self.hash(password) == stored


def answers(call: Callable[[], object]) -> object:
    try:
        return call()
    except TooBusy:
        return TooBusy


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> SlowHasher:
    hasher = SlowHasher()
    monkeypatch.setattr(passwords, "_hasher", lambda: hasher)
    monkeypatch.setattr(passwords, "_unknown_account_hash", lambda: "of nobody")
    return hasher


def test_a_burst_makes_one_hash_at_a_time_and_turns_away_the_rest(
    slow: SlowHasher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(passwords, "turns", Turns(waiting=3, patience_s=ENDS_WITHIN_S))
    calls = [
        lambda: hash_password("a"),
        lambda: password_matches("hash", "a"),
        lambda: password_matches(None, "a"),
    ] * 10
    with ThreadPoolExecutor(len(calls)) as pool:
        given = [pool.submit(answers, call) for call in calls]
        # Those that are turned away end while the first one is still at it.
        turned_away = len(calls) - 1 - 3
        ended = threading.Semaphore(0)
        for one in given:
            one.add_done_callback(lambda _: ended.release())
        for _ in range(turned_away):
            assert ended.acquire(timeout=ENDS_WITHIN_S)
        assert slow.calls == 1
        slow.let_go.set()
        found = [one.result(ENDS_WITHIN_S) for one in given]
    assert found.count(TooBusy) == turned_away
    assert (slow.calls, slow.most_busy) == (4, 1)


@pytest.mark.parametrize("stored", ["hash", None])
def test_who_waits_gives_up_when_the_patience_is_over(
    slow: SlowHasher, monkeypatch: pytest.MonkeyPatch, stored: str | None
) -> None:
    monkeypatch.setattr(passwords, "turns", Turns(waiting=1, patience_s=0.01))
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(hash_password, "a")
        assert slow.begun.wait(ENDS_WITHIN_S)
        with pytest.raises(TooBusy):
            password_matches(stored, "a")
        slow.let_go.set()
        assert first.result(ENDS_WITHIN_S) == "hash"
    assert hash_password("a") == "hash"


def test_nobody_waits_longer_than_two_seconds() -> None:
    assert passwords.PATIENCE_S <= 2.0
    assert passwords.MOST_WAITING <= 10


def test_a_turn_ends_with_an_error_too() -> None:
    turns = Turns(waiting=0, patience_s=0.01)
    for _ in range(3):
        with pytest.raises(KeyError), turns.turn():
            raise KeyError
