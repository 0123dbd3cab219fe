"""Both stores of failures count alike: in this process, and in a real Redis, which may be away."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import structlog

from matching.accounts.attempts import policies as attempt_policies
from matching.accounts.attempts import stores as attempt_stores
from matching.accounts.attempts.counting import Attempts, network_of
from matching.accounts.attempts.policies import ACCOUNT, ADDRESS, CODE, DEVICE, MAIL, Policy
from matching.accounts.attempts.stores import InProcessStore, RedisStore, Store, attempt_store
from matching.settings import Settings
from tests.support.redis import RedisServer, running_redis

#: Two failures are free; then 10, 20, 40 s, and no more than 60.
SLOWLY = Policy(free=2, first_s=10, longest_s=60, forget_s=1000)
AT_ONCE = Policy(free=0, first_s=5, longest_s=5, forget_s=1000)


class Clock:
    """Tells the time that it was set to."""

    def __init__(self) -> None:
        self.now = 1_764_000_000.25

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="module")
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """A Redis for all tests that leave it running."""
    with running_redis(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture(params=["process", "redis"])
def store(request: pytest.FixtureRequest) -> Iterator[Store]:
    """An empty store of each kind."""
    if request.param == "process":
        yield InProcessStore()
    else:
        server: RedisServer = request.getfixturevalue("redis")
        store = RedisStore(server.url)
        store._redis.flushall()
        yield store
        assert not store._away
        store.close()


@pytest.fixture
def attempts(store: Store, clock: Clock) -> Attempts:
    return Attempts(store, clock)


def fail(attempts: Attempts, clock: Clock, keys: dict[str, Policy], times: int = 1) -> None:
    """So many failures, each as soon as it may be tried."""
    for _ in range(times):
        while wait_s := attempts.claim(keys):
            clock.now += wait_s


def test_the_first_failures_are_free_and_the_wait_doubles_up_to_the_longest(attempts: Attempts, clock: Clock) -> None:
    fail(attempts, clock, {"a": SLOWLY}, 3)
    waits = []
    for _ in range(5):
        waits.append(attempts.claim({"a": SLOWLY}))
        fail(attempts, clock, {"a": SLOWLY})
    assert waits == [10, 20, 40, 60, 60]


def test_a_try_that_has_to_wait_makes_nobody_wait_longer(attempts: Attempts, clock: Clock) -> None:
    assert attempts.claim({"a": AT_ONCE}) == 0.0
    clock.now += 2
    assert [attempts.claim({"a": AT_ONCE}) for _ in range(5)] == [3.0] * 5
    clock.now += 3
    assert attempts.claim({"a": AT_ONCE}) == 0.0


def test_the_longest_wait_counts_and_a_refused_claim_takes_nothing(attempts: Attempts, clock: Clock) -> None:
    fail(attempts, clock, {"b": SLOWLY}, 4)
    fail(attempts, clock, {"a": AT_ONCE})
    assert attempts.claim({"a": AT_ONCE, "b": SLOWLY, "c": SLOWLY}) == 20.0
    assert [attempts.claim({"c": SLOWLY}) for _ in range(4)] == [0.0, 0.0, 0.0, 10.0]
    assert attempts.claim({}) == 0.0


def test_failures_are_forgotten_after_a_while_without_any(attempts: Attempts, clock: Clock) -> None:
    fail(attempts, clock, {"a": SLOWLY}, 5)
    clock.now += 999
    fail(attempts, clock, {"a": SLOWLY})
    assert attempts.claim({"a": SLOWLY}) == 60.0
    clock.now += 1000
    for _ in range(3):
        assert attempts.claim({"a": SLOWLY}) == 0.0


def test_success_forgets_one_key_only(attempts: Attempts) -> None:
    assert attempts.claim({"a": AT_ONCE, "b": AT_ONCE}) == 0.0
    attempts.succeeded("a")
    attempts.succeeded("never seen")
    assert attempts.claim({"a": AT_ONCE}) == 0.0
    assert attempts.claim({"b": AT_ONCE}) == 5.0


def test_a_claim_that_was_given_back_counts_no_longer(attempts: Attempts) -> None:
    for _ in range(20):
        assert attempts.claim({"a": SLOWLY}) == 0.0
        attempts.gave_back({"a": SLOWLY})
    attempts.gave_back({"a": SLOWLY, "never seen": SLOWLY})
    for _ in range(3):
        assert attempts.claim({"a": SLOWLY}) == 0.0
    attempts.gave_back({"a": SLOWLY})
    assert attempts.claim({"a": SLOWLY}) == 0.0
    assert attempts.claim({"a": SLOWLY}) == 10.0


def test_a_clock_that_is_put_back_lengthens_no_wait(attempts: Attempts, clock: Clock) -> None:
    assert attempts.claim({"a": AT_ONCE}) == 0.0
    clock.now -= 100_000
    assert attempts.claim({"a": AT_ONCE}) == 5.0


def test_of_fifty_claims_at_once_only_the_free_ones_pass(attempts: Attempts) -> None:
    keys = {"account": SLOWLY, "address": Policy(free=100, first_s=1, longest_s=1, forget_s=1000)}
    with ThreadPoolExecutor(50) as pool:
        waits = list(pool.map(lambda _: attempts.claim(keys), range(50)))
    assert waits.count(0.0) == SLOWLY.free + 1
    assert set(waits) == {0.0, 10.0}


def test_processes_that_share_redis_share_the_count(redis: RedisServer, clock: Clock) -> None:
    stores = [RedisStore(redis.url) for _ in range(2)]
    stores[0]._redis.flushall()
    here, there = (Attempts(store, clock) for store in stores)
    assert here.claim({"a": AT_ONCE}) == 0.0
    assert there.claim({"a": AT_ONCE}) == 5.0
    there.succeeded("a")
    assert here.claim({"a": AT_ONCE}) == 0.0
    assert 990 < int(stores[0]._redis.ttl("attempts:a")) <= 1000
    for store in stores:
        store.close()


def test_without_redis_this_process_counts_and_says_so_once(tmp_path: Path, clock: Clock) -> None:
    server = RedisServer(tmp_path)
    store = RedisStore(server.url)
    attempts = Attempts(store, clock)
    with structlog.testing.capture_logs() as said:
        assert attempts.claim({"a": AT_ONCE}) == 0.0
        assert attempts.claim({"a": AT_ONCE}) == 5.0
        store._ask_again = 0.0
        assert attempts.claim({"a": AT_ONCE}) == 5.0
        attempts.succeeded("a")
        assert attempts.claim({"a": AT_ONCE}) == 0.0
        try:
            server.start()
            assert attempts.claim({"a": AT_ONCE}) == 5.0
            store._ask_again = 0.0
            assert attempts.claim({"a": AT_ONCE}) == 0.0
            assert attempts.claim({"a": AT_ONCE}) == 5.0
        finally:
            server.stop()
        assert attempts.claim({"a": AT_ONCE}) == 5.0
    assert [line["event"] for line in said] == [
        "attempts_without_redis",
        "attempts_with_redis_again",
        "attempts_without_redis",
    ]
    assert all(server.url not in str(line) for line in said)
    store.close()


def test_one_process_holds_so_many_counts_and_no_more(monkeypatch: pytest.MonkeyPatch, clock: Clock) -> None:
    monkeypatch.setattr(attempt_stores, "MOST_KEYS", 3)
    attempts = Attempts(InProcessStore(), clock)
    twice = Policy(free=1, first_s=5, longest_s=5, forget_s=1000)
    for keys in ("x:a x:b x:c", "x:a", "x:d y:a"):
        assert attempts.claim(dict.fromkeys(keys.split(), twice)) == 0.0
    assert [attempts.claim({f"x:{key}": twice}) for key in "accdd"] == [5.0, 0.0, 5.0, 0.0, 5.0]
    assert [attempts.claim({"x:b": twice}) for _ in range(2)] == [0.0, 0.0], "begins anew"


def test_the_settings_say_which_store(settings: Settings) -> None:
    assert isinstance(attempt_store(settings), InProcessStore)
    assert isinstance(attempt_store(settings.model_copy(update={"redis_url": "redis://nowhere:1/0"})), RedisStore)


@pytest.mark.parametrize("policy", [ACCOUNT, DEVICE, CODE])
def test_guessing_gets_about_a_hundred_tries_a_day_and_never_none(policy: Policy, clock: Clock) -> None:
    attempts = Attempts(InProcessStore(), clock)
    begin, tries = clock.now, 0
    while clock.now < begin + attempt_policies.DAY_S:
        fail(attempts, clock, {"a": policy})
        tries += 1
    assert 20 <= tries <= 110
    assert policy.longest_s <= 3600


def test_an_office_of_two_hundred_signs_in_behind_one_address(clock: Clock) -> None:
    attempts = Attempts(InProcessStore(), clock)
    for person in range(200):
        assert attempts.claim({"address": ADDRESS}) == 0.0
        if person % 10:
            attempts.gave_back({"address": ADDRESS})
        clock.now += 5


def test_five_mails_an_hour_are_sent(clock: Clock) -> None:
    attempts = Attempts(InProcessStore(), clock)
    assert [attempts.claim({"a": MAIL}) for _ in range(6)] == [0.0] * 5 + [3600.0]
    clock.now += 3600
    assert attempts.claim({"a": MAIL}) == 0.0


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:aaaa::7", "2001:db8:1:2::"),
        ("2001:db8:1:2:bbbb::8", "2001:db8:1:2::"),
        ("2001:db8:1:3::8", "2001:db8:1:3::"),
        ("fe80::1%eth0", "fe80::"),
        ("", ""),
        ("unknown", "unknown"),
    ],
)
def test_an_address_counts_as_what_one_subscriber_has(address: str, network: str) -> None:
    assert network_of(address) == network
