"""Many who sign in at once don't keep anybody from searching: passwords take their turns (ASVS 5, 15.1.3)."""

from __future__ import annotations

import re
import statistics
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from http.cookiejar import CookieJar

from matching.settings import Settings
from tests.support.site import serving
from tests.support.visitor import Visitor

SIGN_INS, SEARCHES = 24, 12
SEARCH = "/kandidaten/rijnmond/?beroep=heftruckchauffeur"


class Stranger:
    """Somebody at the page that asks for a password."""

    def __init__(self, address: str, number: int) -> None:
        self._address = address
        self._opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))
        self._ask("/inloggen", email=f"nr{number}@burst.example")

    def guess(self, _: object = None) -> int:
        """Type a password; the status of the answer."""
        return self._ask("/inloggen/wachtwoord", password="Geraden wachtwoord!")

    def _ask(self, path: str, **fields: str) -> int:
        with self._opener.open(f"{self._address}{path}", timeout=60) as answer:
            token = re.search(r'name="csrf_token"[^>]* value="([^"]+)"', answer.read().decode())
        assert token
        body = urllib.parse.urlencode({**fields, "csrf_token": token[1]}).encode()
        try:
            with self._opener.open(f"{self._address}{path}", body, 60) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return error.code


def test_searches_go_on_while_many_sign_in(demo_settings: Settings, say: Callable[[str], None]) -> None:
    with serving(demo_settings) as address:
        visitor = Visitor(address)
        visitor.sign_in(demo_settings)
        strangers = [Stranger(address, number) for number in range(SIGN_INS)]

        def search() -> float:
            started = time.perf_counter()
            assert visitor.get(SEARCH).status == 200
            return time.perf_counter() - started

        alone = [search() for _ in range(SEARCHES)]
        with ThreadPoolExecutor(SIGN_INS) as threads:
            guesses = [threads.submit(stranger.guess) for stranger in strangers]
            beside = [search() for _ in range(SEARCHES)]
            statuses = [guess.result() for guess in guesses]
    assert set(statuses) <= {422, 429, 503}
    assert 422 in statuses, "passwords are still checked"
    ratio = statistics.median(beside) / statistics.median(alone)
    say(f"search_beside_{SIGN_INS}_sign_ins_over_alone {ratio:.2f} ({statuses.count(503)} of them were told to wait)")
