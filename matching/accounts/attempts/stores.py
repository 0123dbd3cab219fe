"""Where failures are counted: in Redis for all processes together, or in one process."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, Literal, Protocol, TypeVar

import structlog
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from matching.accounts.attempts.policies import Policy
from matching.settings import Settings

#: What a process holds at most, some twenty megabytes; then the counts that changed longest ago go first.
MOST_KEYS = 100_000
#: A sign-in waits no longer than this for Redis, and asks again only after the rest: else each sign-in would wait.
TIMEOUT_S = 0.5
REST_S = 5.0
PREFIX = "attempts:"

Mode = Literal["claim", "take off"]
Answer = TypeVar("Answer")

log = structlog.get_logger()

#: As InProcessStore does it, in one step of the server. Each key holds the number of failures and the time of the last.
SCRIPT = """
local asked = cjson.decode(ARGV[1])
local longest = 0
local failures = {}
for place, key in ipairs(KEYS) do
  local policy = asked.policies[place]
  local held = redis.call('HMGET', key, 'failures', 'last')
  local count, last = tonumber(held[1] or 0), tonumber(held[2] or 0)
  if asked.now - last >= policy.forget_s then count = 0 end
  failures[place] = count
  if count > 0 then
    local wait = policy.waits_s[math.min(count, #policy.waits_s)]
    longest = math.max(longest, math.min(wait, last + wait - asked.now))
  end
end
if asked.mode == 'claim' and longest == 0 then
  for place, key in ipairs(KEYS) do
    redis.call('HSET', key, 'failures', failures[place] + 1, 'last', string.format('%.6f', asked.now))
    redis.call('PEXPIRE', key, math.ceil(asked.policies[place].forget_s * 1000))
  end
elseif asked.mode == 'take off' then
  for place, key in ipairs(KEYS) do
    if failures[place] > 1 then
      redis.call('HSET', key, 'failures', failures[place] - 1)
    else
      redis.call('DEL', key)
    end
  end
end
return string.format('%.6f', longest)
"""


class Store(Protocol):
    """Where failures are counted; each call is atomic over all its keys."""

    def claim(self, keys: Mapping[str, Policy], now: float) -> float:
        """Count a failure on each key if all may be tried now, and return 0.0; else the seconds until all may be."""

    def take_off(self, keys: Mapping[str, Policy], now: float) -> None:
        """Count one failure less on each key."""

    def clear(self, key: str) -> None:
        """Forget all of a key."""


class InProcessStore:
    """Counts in this process: with several of them, each lets its own number of tries pass."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        # Of each kind of key: key -> failures and time of the last one, the key that changed last at the end. Each kind
        # forgets by itself: made-up addresses that ask for mails push no guesses at passwords out.
        self._kinds: dict[str, dict[str, tuple[int, float]]] = {}

    def claim(self, keys: Mapping[str, Policy], now: float) -> float:
        """See Store."""
        with self._lock:
            wait_s = self._wait_s(keys, now)
            if not wait_s:
                self._add(keys, now)
            return wait_s

    def take_off(self, keys: Mapping[str, Policy], now: float) -> None:
        """See Store."""
        with self._lock:
            for key, policy in keys.items():
                failures, last = self._failures(key, policy, now)
                if failures > 1:
                    self._held(key)[key] = (failures - 1, last)
                else:
                    self._held(key).pop(key, None)

    def clear(self, key: str) -> None:
        """See Store."""
        with self._lock:
            self._held(key).pop(key, None)

    def _held(self, key: str) -> dict[str, tuple[int, float]]:
        return self._kinds.setdefault(key.partition(":")[0], {})

    def _failures(self, key: str, policy: Policy, now: float) -> tuple[int, float]:
        failures, last = self._held(key).get(key, (0, 0.0))
        return (0, last) if now - last >= policy.forget_s else (failures, last)

    def _wait_s(self, keys: Mapping[str, Policy], now: float) -> float:
        longest = 0.0
        for key, policy in keys.items():
            failures, last = self._failures(key, policy, now)
            if failures:
                wait = policy.waits_s[min(failures, len(policy.waits_s)) - 1]
                # A clock that was put back lengthens no wait.
                longest = max(longest, min(wait, last + wait - now))
        return longest

    def _add(self, keys: Mapping[str, Policy], now: float) -> None:
        for key, policy in keys.items():
            failures, _ = self._failures(key, policy, now)
            held = self._held(key)
            held.pop(key, None)
            held[key] = (failures + 1, now)
            while len(held) > MOST_KEYS:
                del held[next(iter(held))]


class RedisStore:
    """Counts for all processes together in Redis; while it is away, in this process."""

    def __init__(self, url: str) -> None:
        # Connects at the first call.
        self._redis = Redis.from_url(
            url, socket_timeout=TIMEOUT_S, socket_connect_timeout=TIMEOUT_S, retry=Retry(NoBackoff(), 0)
        )
        self._script = self._redis.register_script(SCRIPT)
        self._meanwhile = InProcessStore()
        self._away = False
        self._ask_again = 0.0

    def claim(self, keys: Mapping[str, Policy], now: float) -> float:
        """See Store."""
        return self._asked(lambda: self._run("claim", keys, now), lambda: self._meanwhile.claim(keys, now))

    def take_off(self, keys: Mapping[str, Policy], now: float) -> None:
        """See Store."""
        self._asked(lambda: self._run("take off", keys, now), lambda: self._meanwhile.take_off(keys, now))

    def clear(self, key: str) -> None:
        """See Store."""
        self._meanwhile.clear(key)
        self._asked(lambda: self._redis.delete(PREFIX + key), lambda: None)

    def close(self) -> None:
        """End the connections."""
        self._redis.close()

    def _run(self, mode: Mode, keys: Mapping[str, Policy], now: float) -> float:
        policies = [{"waits_s": policy.waits_s, "forget_s": policy.forget_s} for policy in keys.values()]
        asked = json.dumps({"mode": mode, "now": now, "policies": policies})
        answer: Any = self._script(keys=[PREFIX + key for key in keys], args=[asked])
        return float(answer)

    def _asked(self, there: Callable[[], Answer], here: Callable[[], Answer]) -> Answer:
        """The answer of Redis, else of this process; told once when it goes away, and once when it is back."""
        if self._away and time.monotonic() < self._ask_again:
            return here()
        try:
            answer = there()
        except RedisError as error:
            self._ask_again = time.monotonic() + REST_S
            if not self._away:
                self._away = True
                # Its message may hold the address, and so the password.
                log.warning("attempts_without_redis", kind=type(error).__name__)
            return here()
        if self._away:
            self._away = False
            log.info("attempts_with_redis_again")
        return answer


def attempt_store(settings: Settings) -> Store:
    """The store of this installation: Redis where there is one, else each process by itself."""
    return RedisStore(settings.redis_url) if settings.redis_url else InProcessStore()
