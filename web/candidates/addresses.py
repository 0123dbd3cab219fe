"""Addresses of the Verkenner's pages: always the shortest one that says the whole search."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from urllib.parse import urlencode

from flask import request, url_for

from web.candidates.query import OPEN, Query

#: In the address of somebody who came from another showcase with a search that isn't offered wholly here.
MOVED = "andere-etalage"


def explore_url(showcase: str, query: Query) -> str:
    """The list of a search; with the profile when `query.candidate` is set."""
    return _with(_path(showcase, request.script_root), query.arguments())


def changed_url(showcase: str, query: Query, opened: int | None) -> str:
    """The list of a changed search; the profile that is open now stays so while that candidate is still found."""
    address = explore_url(showcase, query)
    return address if opened is None else _also(address, OPEN, opened)


def typed_place_url(showcase: str, query: Query, where: str) -> str:
    """The list of a search with a place as it was typed, of which a choice must be made; no older place beside it."""
    pairs = query.with_place(where).arguments()
    named = [("waar", value) if name == "plaats" else (name, value) for name, value in pairs]
    return _with(_path(showcase, request.script_root), named)


def profile_url(showcase: str, candidate: int, query: Query) -> str:
    """The profile as a page of its own, within the search it was found by."""
    return _with(url_for("candidates.profile", showcase=showcase, candidate=candidate), query.opened("").arguments())


def moved(address: str) -> str:
    """The address of a search that another showcase doesn't offer wholly: its page says what fell away."""
    return _also(address, MOVED, 1)


def profile_urls(showcase: str, candidates: Iterable[int], query: Query) -> dict[int, str]:
    """The address of `profile_url` by candidate, for a whole list: route and search are written out once."""
    path = url_for("candidates.profile", showcase=showcase, candidate=0).removesuffix("0")
    search = _with("", query.opened("").arguments())
    return {one: f"{path}{one}{search}" for one in candidates}


def file_url(showcase: str, candidate: int, media: int) -> str:
    """A photo or document of a profile."""
    before, between = _file_path(showcase, request.script_root)
    return f"{before}{candidate}{between}{media}"


def count_url(showcase: str) -> str:
    """Where the number of candidates of a search is asked."""
    return url_for("candidates.count", showcase=showcase)


def _also(address: str, name: str, value: int) -> str:
    return f"{address}{'&' if '?' in address else '?'}{name}={value}"


@lru_cache(maxsize=256)
def _path(showcase: str, _root: str) -> str:
    # A page holds a dozen of these addresses. They begin with the root that the application is served under.
    return url_for("candidates.explore", showcase=showcase)


@lru_cache(maxsize=256)
def _file_path(showcase: str, _root: str) -> tuple[str, str]:
    """What stands before and between the two keys in the address of a file."""
    before, between, _end = url_for("candidates.file", showcase=showcase, candidate=0, media=0).rsplit("0", 2)
    return before, between


def _with(path: str, arguments: list[tuple[str, str]]) -> str:
    return f"{path}?{urlencode(arguments)}" if arguments else path
