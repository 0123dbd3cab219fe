"""Every route by each of its methods, as everybody, on own things and another's: the policy table tells the answer."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from enum import StrEnum
from pathlib import Path

import pytest

from matching.accounts.policy import POLICY, ROLES
from matching.settings import Settings
from matching.storage.database import Database
from tests.conftest import FILLED
from tests.support.forms import ON_THE_WAY, posted_to
from tests.support.intake import open_office
from tests.support.town import ANOTHERS, CASES, FORGERY_SEED, OTHER_SHOWCASE, Ask, Told, Town, forgery_token
from web.guard import action_of
from web.headers import CONTENT_SECURITY_POLICY


class Outcome(StrEnum):
    """What an answer comes down to."""

    IN = "let in"
    SIGN_IN = "sent to the sign-in page"
    REFUSED = "refused"
    ABSENT = "there is no such thing"
    WRONG = "none of these"


#: Pages that are over say 410, as they do for a link that never was: nobody learns that it is another's.
GONE = {404, 410}


@pytest.fixture(scope="module")
def told(
    sqlite_templates: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Town, list[tuple[Ask, Told]]]]:
    """Each request there is, with its answer."""
    folder = tmp_path_factory.mktemp("town")
    path = folder / "hallowerk.db"
    shutil.copy(sqlite_templates / FILLED, path)
    database = Database(f"sqlite:///{path}")
    settings = Settings(state_dir=folder / "state", redis_url="", secret_key="for tests only, and long enough!")
    town = Town(settings, open_office(database, folder / "office"))
    right = forgery_token(town.app, FORGERY_SEED)
    yield town, [(ask, town.tell(ask, right)) for ask in town.asks()]
    town.close()
    database.close()


def expected(town: Town, ask: Ask) -> Outcome:
    """What the policy table says of a request."""
    rule = POLICY[action_of(town.app, ask.rule.endpoint) or ""]
    if rule.scope == "public" or (rule.scope == "token" and ask.who.program):
        return Outcome.IN
    if ask.who.step:
        return Outcome.IN if rule.scope == "person" else Outcome.SIGN_IN
    if not ask.who.roles:
        return Outcome.SIGN_IN
    if not ask.who.roles & rule.roles:
        return Outcome.REFUSED
    # What a route may be asked with is told by the guard alone, which knows whose showcase it is and looks at nothing.
    if ask.method == "OPTIONS":
        return Outcome.ABSENT if ask.case.arguments.get("showcase") == OTHER_SHOWCASE else Outcome.IN
    return Outcome.ABSENT if ask.case.whose == ANOTHERS else Outcome.IN


def outcome(ask: Ask, told: Told) -> Outcome:
    """What the answer says. Without an engine 503 is said to whoever was let in."""
    status = told.answer.status_code
    if not told.let_in:
        if status == 302 and (told.answer.location or "").split("?")[0] == "/inloggen":
            return Outcome.SIGN_IN
        return {403: Outcome.REFUSED, 404: Outcome.ABSENT}.get(status, Outcome.WRONG)
    if ask.case.whose == ANOTHERS and status in GONE:
        return Outcome.ABSENT
    fine = status not in (401, 403, 404, 405) and (status < 500 or status == 503)
    return Outcome.IN if fine else Outcome.WRONG


@pytest.mark.requirement("ROLE-01", "ROLE-17", "ROLE-19", "ROLE-21", "ROLE-22", "GEN-01", "GEN-06")
def test_every_request_gets_what_the_policy_table_says(
    told: tuple[Town, list[tuple[Ask, Told]]], say: Callable[[str], None]
) -> None:
    town, cells = told
    wrong = [
        f"{ask.name}: {expected(town, ask)}, but {outcome(ask, one)} ({one.answer.status})"
        for ask, one in cells
        if outcome(ask, one) is not expected(town, ask)
    ]
    assert not wrong, "\n".join(wrong)
    counts = Counter(str(expected(town, ask)) for ask, _ in cells)
    say(f"rights_matrix_cells {len(cells)} ({', '.join(f'{n} {name}' for name, n in counts.most_common())})")


def test_no_route_method_or_role_is_left_out(told: tuple[Town, list[tuple[Ask, Told]]]) -> None:
    town, cells = told
    rules = list(town.app.url_map.iter_rules())
    asked = {(ask.rule.rule, ask.method) for ask, _ in cells}
    assert asked == {(rule.rule, method) for rule in rules for method in rule.methods or ()}
    assert {ask.rule.endpoint for ask, _ in cells} == {rule.endpoint for rule in rules}
    assert set(CASES) == {rule.endpoint for rule in rules if rule.arguments}
    assert {frozenset({role}) for role in ROLES} <= {ask.who.roles for ask, _ in cells}


def test_reading_writes_nothing_but_the_trail(told: tuple[Town, list[tuple[Ask, Told]]]) -> None:
    """Signing in with Microsoft comes back by a GET, and writes only with the secret of a sign-in under way."""
    _, cells = told
    wrote = [f"{ask.name}: {sorted(one.changed)}" for ask, one in cells if ask.method != "POST" and one.changed]
    assert not wrote, "\n".join(wrote)


def test_who_is_not_let_in_changes_nothing(told: tuple[Town, list[tuple[Ask, Told]]]) -> None:
    town, cells = told
    wrote = [ask.name for ask, one in cells if one.changed and expected(town, ask) is not Outcome.IN]
    assert wrote == []
    assert sum(bool(one.changed) for _, one in cells) > 30, "who is let in does"


def test_every_answer_is_framed_nowhere_kept_nowhere_and_tells_no_other_site(
    told: tuple[Town, list[tuple[Ask, Told]]],
) -> None:
    _, cells = told
    for ask, one in cells:
        headers = one.answer.headers
        policy = headers["Content-Security-Policy"]
        assert policy in (CONTENT_SECURITY_POLICY, "default-src 'none'; sandbox"), ask.name
        assert headers["X-Content-Type-Options"] == "nosniff", ask.name
        assert headers["Referrer-Policy"] in ("same-origin", "no-referrer"), ask.name
        if ask.rule.endpoint in ("static", "assets.package_file"):
            continue
        file = ask.rule.endpoint == "candidates.file" and one.answer.status_code == 200 and ask.method != "OPTIONS"
        assert headers["Cache-Control"] == ("private, no-cache" if file else "no-store"), ask.name


def test_addresses_that_hold_a_secret_are_told_to_nobody(told: tuple[Town, list[tuple[Ask, Told]]]) -> None:
    _, cells = told
    secret = [one for ask, one in cells if "token" in ask.rule.arguments and one.let_in]
    assert {one.answer.headers["Referrer-Policy"] for one in secret} == {"no-referrer"}


def test_every_form_carries_a_token_and_stays_here(
    told: tuple[Town, list[tuple[Ask, Told]]], say: Callable[[str], None]
) -> None:
    town, cells = told
    targets = set()
    for ask, one in cells:
        if ask.method in ("GET", "POST") and (one.answer.content_type or "").startswith("text/html"):
            targets |= posted_to(town.app, one.answer.get_data(as_text=True), town.address(ask))
    posts = {rule.endpoint for rule in town.app.url_map.iter_rules() if "POST" in (rule.methods or ())}
    assert posts - targets == ON_THE_WAY, "what is seen here, and what tests.integration.test_attacks walks to"
    say(f"forms_with_a_token lead to {len(targets)} of {len(posts)} routes that are posted to")


def test_what_is_posted_without_the_token_of_the_session_is_refused(
    told: tuple[Town, list[tuple[Ask, Told]]],
) -> None:
    town, cells = told
    others = forgery_token(town.app, "fedcba9876543210fedcba9876543210fedcba98")
    asked = [ask for ask, _ in cells if ask.method == "POST" and ask.case.whose != ANOTHERS]
    assert len(asked) > 500
    for ask in asked:
        for token in (None, others, "x"):
            one = town.tell(ask, token)
            assert one.answer.status_code == 400, ask.name
            assert not one.changed, ask.name
            assert not one.let_in, ask.name


#: What no route declares.
ODD = ("TRACE", "PUT", "DELETE", "PATCH", "CONNECT", "PROPFIND")


def test_methods_that_no_route_declares_are_refused(told: tuple[Town, list[tuple[Ask, Told]]]) -> None:
    town, cells = told
    administrator = next(who for who in town.everybody if len(who.roles) > 1)
    for ask, _ in cells:
        if ask.who is administrator and ask.method == "OPTIONS":
            for method in ODD:
                answer = town.client(administrator).open(town.address(ask), method=method)
                # A request that is not declared may be refused for want of a token before its method is looked at.
                assert answer.status_code in (400, 405), f"{method} {ask.name}"
