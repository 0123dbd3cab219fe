"""Places and postcodes of the Netherlands: finding one by what people type, suggesting, and distances."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from math import asin, cos, radians, sin, sqrt
from types import MappingProxyType
from typing import TypeAlias

from matching.taxonomy.place_names import place_key, postcode_in, split_province
from matching.taxonomy.tables import read_table, split_list

EARTH_RADIUS_KM = 6371.0088
#: Shorter text gets no suggestions for a typing error: too many names are one letter away.
TYPING_ERROR_FROM = 5
#: No place name is longer; longer text is no name with an error in it.
LONGEST_NAME = 40
#: Towns of this size are known well enough to tell a smaller one of the same name and province by.
WELL_KNOWN_POPULATION = 10_000
_LETTERS = "abcdefghijklmnopqrstuvwxz "


@dataclass(frozen=True)
class Place:
    """A town, a part of one ('district') or a municipality without a town of its name; point in degrees (WGS 84).

    `id` is lasting and fit for an address bar. `population` is 0 and `municipality` empty where unknown.
    """

    id: str
    name: str
    province: str
    lat: float
    lon: float
    population: int = 0
    municipality: str = ""
    kind: str = "town"
    aliases: tuple[str, ...] = ()


@dataclass(frozen=True)
class Postcode:
    """A four-digit postcode with its point in degrees (WGS 84), that of its town where no better one is known."""

    code: str
    place_id: str
    lat: float
    lon: float


Location: TypeAlias = Place | Postcode


@dataclass(frozen=True)
class Point:
    """A location that a search can be centred on, with the words to show for it."""

    label: str
    lat: float
    lon: float


@dataclass(frozen=True)
class Resolved:
    """The text names exactly one location; `ref` is what an address bar holds for it."""

    ref: str
    location: Location
    point: Point


@dataclass(frozen=True)
class Ambiguous:
    """Several places share the name: people choose, nothing is guessed. Largest first."""

    options: tuple[Place, ...]


@dataclass(frozen=True)
class Unknown:
    """No place or postcode of that name; `suggestions` resemble it and may be none."""

    suggestions: tuple[Location, ...]


def distance_km(lat1: float, lon1: float, lat2: float, lon2: float) -> float:
    """Great-circle distance in kilometres between two points in degrees (haversine, mean Earth radius)."""
    north, east = radians(lat2 - lat1) / 2, radians(lon2 - lon1) / 2
    part = sin(north) ** 2 + cos(radians(lat1)) * cos(radians(lat2)) * sin(east) ** 2
    return 2 * EARTH_RADIUS_KM * asin(sqrt(min(1.0, part)))


@dataclass(frozen=True)
class _Index:
    """What `Gazetteer` looks up, worked out once when it is built."""

    by_key: Mapping[str, tuple[str, ...]]
    starts: tuple[tuple[str, str], ...]
    middles: tuple[tuple[str, str], ...]
    codes: tuple[str, ...]
    labels: Mapping[str, str]


@dataclass(frozen=True)
class Gazetteer:
    """All places and postcodes; made by `Gazetteer.build`, from files or SQL alike."""

    places: Mapping[str, Place]
    postcodes: Mapping[str, Postcode]
    _index: _Index

    @classmethod
    def build(cls, places: Iterable[Place], postcodes: Iterable[Postcode]) -> Gazetteer:
        """Put the tables together. Raises ValueError when a postcode's place doesn't exist."""
        by_id = {place.id: place for place in places}
        by_code = {postcode.code: postcode for postcode in postcodes}
        for postcode in by_code.values():
            if postcode.place_id not in by_id:
                raise ValueError(f"postcode {postcode.code}: unknown place {postcode.place_id!r}")
        return cls(MappingProxyType(by_id), MappingProxyType(by_code), _index(by_id, by_code))

    def get(self, place_id: str) -> Place | None:
        """The place with that id; None when there is none."""
        return self.places.get(place_id)

    def label(self, location: Location) -> str:
        """What to show: the name, with its province where several places share it; '3011 Rotterdam' for a postcode."""
        if isinstance(location, Postcode):
            return f"{location.code} {self.places[location.place_id].name}"
        return self._index.labels[location.id]

    def at(self, ref: str) -> Point | None:
        """The point of a reference as an address bar holds it: a place's id or four digits; None when unknown."""
        location = self.postcodes.get(ref) or self.places.get(ref)
        return self._point(location) if location else None

    def find(self, text: str) -> list[Location]:
        """All places with exactly this name or alias, largest first, or the one postcode ('3011', '3011 AB').

        Letter case, accents, apostrophes, hyphens and blanks don't matter. A province behind the name, as in
        'Bergen (NH)' or 'Hoorn, Noord-Holland', narrows it down. An unknown text gives an empty list.
        """
        code = postcode_in(text)
        if code:
            return [self.postcodes[code]] if code in self.postcodes else []
        if found := self._named(place_key(text)):
            return list(found)
        name, province = split_province(text)
        return [place for place in self._named(name) if province and place.province == province]

    def resolve(self, text: str) -> Resolved | Ambiguous | Unknown:
        """What the text names; never a guess when several places share the name (issue 4, Vocabularies)."""
        found = self.find(text)
        if len(found) == 1:
            location = found[0]
            ref = location.code if isinstance(location, Postcode) else location.id
            return Resolved(ref, location, self._point(location))
        if found:
            return Ambiguous(tuple(place for place in found if isinstance(place, Place)))
        for place_id, label in self._index.labels.items():
            if label == text.strip():  # a label that was shown and sent back
                place = self.places[place_id]
                return Resolved(place_id, place, self._point(place))
        return Unknown(tuple(self.suggest(text, 5)))

    def suggest(self, text: str, limit: int = 10) -> list[Location]:
        """Locations for what is typed so far, at most `limit`: digits give postcodes, letters places.

        Names that begin with it come first, then names with a word that does, each largest first. Only when
        neither gives any is one typing error allowed, in text of five letters and more.
        """
        digits = text.strip()[:4]
        if digits.isdecimal() and digits.isascii():
            return [self.postcodes[code] for code in self._codes(digits, limit)]
        key = place_key(text)
        if not key or len(key) > LONGEST_NAME:
            return []
        ids = [*self._ordered(_between(self._index.starts, key)), *self._ordered(_between(self._index.middles, key))]
        if not ids and len(key) >= TYPING_ERROR_FROM:
            ids = self._ordered(place_id for form in _one_off(key) for place_id in _between(self._index.starts, form))
        return [self.places[place_id] for place_id in list(dict.fromkeys(ids))[: max(limit, 0)]]

    def _named(self, key: str) -> list[Place]:
        ids = self._index.by_key.get(key) or self._index.by_key.get(key.replace(" ", ""), ())
        return [self.places[place_id] for place_id in ids]

    def _ordered(self, ids: Iterable[str]) -> list[str]:
        return sorted(dict.fromkeys(ids), key=lambda place_id: (-self.places[place_id].population, place_id))

    def _codes(self, digits: str, limit: int) -> Iterator[str]:
        codes = self._index.codes
        position = bisect_left(codes, digits)
        for code in codes[position : position + max(limit, 0)]:
            if code.startswith(digits):
                yield code

    def _point(self, location: Location) -> Point:
        return Point(self.label(location), location.lat, location.lon)


def _index(places: Mapping[str, Place], postcodes: Mapping[str, Postcode]) -> _Index:
    by_key: defaultdict[str, list[str]] = defaultdict(list)
    starts: set[tuple[str, str]] = set()
    middles: set[tuple[str, str]] = set()
    for place in sorted(places.values(), key=lambda one: (-one.population, one.id)):
        for name in (place.name, *place.aliases):
            key = place_key(name)
            for form in {key, key.replace(" ", "")}:
                if place.id not in by_key[form]:
                    by_key[form].append(place.id)
            starts.add((key, place.id))
            middles.update((key[at + 1 :], place.id) for at, sign in enumerate(key) if sign == " ")
            starts.add((key.replace(" ", ""), place.id))
    return _Index(
        by_key={key: tuple(ids) for key, ids in by_key.items()},
        starts=tuple(sorted(starts)),
        middles=tuple(sorted(middles)),
        codes=tuple(sorted(postcodes)),
        labels=_labels(places, postcodes),
    )


def _labels(places: Mapping[str, Place], postcodes: Mapping[str, Postcode]) -> Mapping[str, str]:
    """The shortest label of each place that no other has: with province, then a larger town near it or a postcode."""
    known = [place for place in places.values() if place.population >= WELL_KNOWN_POPULATION]
    codes: dict[str, str] = {}
    for code, postcode in sorted(postcodes.items()):
        codes.setdefault(postcode.place_id, code)

    def near(place: Place) -> str:
        others = (one for one in known if place_key(one.name) != place_key(place.name))
        return min(others, key=lambda one: distance_km(place.lat, place.lon, one.lat, one.lon), default=place).name

    labels = {place.id: place.name for place in places.values()}
    forms: tuple[Callable[[Place], str], ...] = (
        lambda place: f"{place.name} ({place.province})",
        lambda place: f"{place.name} ({place.province}, bij {near(place)})",
        lambda place: f"{place.name} ({place.province}, {codes.get(place.id, place.id)})",
    )
    for form in forms:
        taken = Counter(place_key(label) for label in labels.values())
        for place_id, label in labels.items():
            if taken[place_key(label)] > 1:
                labels[place_id] = form(places[place_id])
    return labels


def _between(entries: tuple[tuple[str, str], ...], prefix: str) -> Iterator[str]:
    """Ids of the sorted (key, id) entries whose key begins with `prefix`."""
    for position in range(bisect_left(entries, (prefix, "")), len(entries)):
        key, place_id = entries[position]
        if not key.startswith(prefix):
            return
        yield place_id


def _one_off(key: str) -> Iterator[str]:
    """All texts one typing error away: a letter too many, too few, wrong, or two the wrong way round.

    The first letter is taken as right: wrong first letters are rare, and names would hardly resemble the text.
    """
    for at in range(1, len(key) + 1):
        head, tail = key[:at], key[at:]
        for letter in _LETTERS:
            yield head + letter + tail
            if tail:
                yield head + letter + tail[1:]
        if tail:
            yield head + tail[1:]
        if len(tail) > 1:
            yield head + tail[1] + tail[0] + tail[2:]


@cache
def load_places() -> Gazetteer:
    """The places that come with the package, read once per process; sources in data/SOURCES.md."""
    return Gazetteer.build(read_places(), read_postcodes())


def read_places() -> list[Place]:
    """The bundled places, in order of id."""
    return [
        Place(
            id=row["id"],
            name=row["name"],
            province=row["province"],
            lat=float(row["lat"]),
            lon=float(row["lon"]),
            population=int(row["population"]),
            municipality=row["municipality"],
            kind=row["kind"],
            aliases=split_list(row["aliases"]),
        )
        for row in read_table("places")
    ]


def read_postcodes() -> list[Postcode]:
    """The bundled four-digit postcodes, in order."""
    return [Postcode(row["pc4"], row["place"], float(row["lat"]), float(row["lon"])) for row in read_table("postcodes")]
