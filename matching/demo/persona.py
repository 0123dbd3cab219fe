"""Who a made-up person is, before a word of the profile is written: origin, age, town, trade, level and habits."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from matching.demo.chance import Chance, Weighted
from matching.demo.material import LEVELS, RANK, Trade, names, towns, trades

ORIGINS = Weighted(
    [
        ("nl", 46.0),
        ("tr", 8.0),
        ("ma", 9.0),
        ("sr", 7.0),
        ("cw", 4.0),
        ("pl", 5.0),
        ("ua", 3.5),
        ("er", 2.5),
        ("sy", 4.5),
        ("cv", 2.5),
        ("so", 1.5),
        ("ir", 2.5),
        ("bg", 1.8),
        ("zh", 1.2),
        ("es", 1.0),
    ]
)
#: Share of an origin that came as an adult a few years ago.
NEWCOMERS = {"ua": 0.95, "er": 0.7, "sy": 0.7, "ir": 0.4, "so": 0.35, "pl": 0.55, "bg": 0.65, "es": 0.4, "zh": 0.2}
NEWCOMERS |= {"tr": 0.12, "ma": 0.12, "sr": 0.08, "cw": 0.25, "cv": 0.15}
AGES = Weighted(
    [((16, 19), 8.0), ((20, 26), 18.0), ((27, 35), 22.0), ((36, 45), 21.0), ((46, 55), 19.0), ((56, 66), 12.0)]
)
#: Age at which people usually leave school, by level.
SCHOOL_END = dict(zip(LEVELS, (16, 17, 17, 18, 19, 20, 21, 18, 19, 23, 24), strict=True))
REGIONS = Weighted([("rijnmond", 0.51), ("haaglanden", 0.32), ("rest", 0.17)])
RECENCY = Weighted(
    [((1, 7), 0.13), ((8, 30), 0.22), ((31, 91), 0.28), ((92, 181), 0.22), ((184, 364), 0.10), ((368, 900), 0.05)]
)


@dataclass(frozen=True)
class Persona:
    """The plan of one person; `careless` is the share of texts with a typing error, `thin` a hardly filled profile."""

    seed: str
    index: int
    sex: str
    origin: str
    given: str
    family: str
    age: int
    born_days_ago: int
    arrived_years_ago: int | None
    region: str
    town: str
    province: str | None
    postcode: str
    trade: Trade
    second: Trade
    level: str
    showcases: tuple[str, ...]
    updated_minutes_ago: int
    thin: bool
    capitals: bool
    whole_years: bool

    @property
    def name(self) -> str:
        """Given and family name."""
        return f"{self.given} {self.family}"

    @property
    def young(self) -> bool:
        """Whether the person is under 27."""
        return self.age < 27

    @property
    def working_years(self) -> int:
        """Years since leaving school, never negative."""
        return max(0, self.age - SCHOOL_END[self.level])

    def chance(self, subject: str) -> Chance:
        """A stream of chance of this person for one subject, so that subjects don't shift each other."""
        return Chance(self.seed, self.index, subject)

    def birth_date(self, today: date) -> date:
        """The birth date that gives the age on `today`."""
        return today - timedelta(days=self.born_days_ago)


def draw_persona(seed: str, index: int) -> Persona:
    """The person with this index; depends on nothing but the two arguments and the material."""
    chance = Chance(seed, index, "persona")
    by_key, keys = trades()
    trade = by_key[chance.draw(keys)]
    sex = "v" if chance.maybe(trade.women) else "m"
    origin = chance.draw(ORIGINS)
    youngest, oldest = chance.draw(AGES)
    age = chance.between(youngest, oldest)
    trade = _reachable(trade, age)
    level = _level(chance, trade, age)
    age = max(age, min(SCHOOL_END[level] - 1, 23))
    arrived = None
    if age >= 20 and chance.maybe(NEWCOMERS.get(origin, 0.0)):
        arrived = min(age - 18, 1 + chance.low(0, 3 if origin == "ua" else 9))
    region = chance.draw(REGIONS)
    town = chance.draw(towns()[region])
    first, last = chance.draw(RECENCY)
    given, family = _name(chance, origin, sex)
    return Persona(
        seed=seed,
        index=index,
        sex=sex,
        origin=origin,
        given=given,
        family=family,
        age=age,
        born_days_ago=age * 365 + age // 4 + chance.between(1, 360),
        arrived_years_ago=arrived,
        region=region,
        town=town.name,
        province=town.province,
        postcode=chance.pick(town.postcodes),
        trade=trade,
        second=by_key[chance.pick(trade.near)],
        level=level,
        showcases=_showcases(chance, region, town.name, age, level),
        updated_minutes_ago=chance.between(first, last) * 1440 - chance.between(7 * 60, 22 * 60),
        thin=chance.maybe(0.10),
        capitals=chance.maybe(0.6),
        whole_years=chance.maybe(0.45),
    )


def _reachable(trade: Trade, age: int) -> Trade:
    """The trade, or the first one beside it that has work for beginners where someone under 27 can't lead yet."""
    beginners = [key for key in (trade.key, *trade.near) if age >= 27 or _open_titles(trades()[0][key]) >= 4]
    return trades()[0][beginners[0]] if beginners else trade


def _open_titles(trade: Trade) -> int:
    return sum(not title.senior for title in trade.titles)


def _level(chance: Chance, trade: Trade, age: int) -> str:
    """A level of the trade, its middle more often; 4 % are higher educated than the trade asks."""
    if chance.maybe(0.04):
        return chance.pick(("mbo-4", "havo", "hbo", "hbo", "wo"))
    middle = (len(trade.levels) - 1) / 2
    level = chance.draw(Weighted((step, 3.0 - abs(n - middle)) for n, step in enumerate(trade.levels)))
    if age < 20 and RANK[level] > RANK["mbo-3"]:
        return chance.pick(("vmbo", "mbo-2", "havo"))
    return level


def _name(chance: Chance, origin: str, sex: str) -> tuple[str, str]:
    first, families = names()
    given = chance.pick(first[origin, sex])
    family = chance.pick(families[origin])
    if sex == "v" and origin == "pl" and family.endswith("ski"):
        family = family[:-1] + "a"
    if sex == "v" and origin == "bg" and family.endswith(("ov", "ev")):
        family += "a"
    if sex == "v" and chance.maybe(0.06):
        family = f"{family}-{chance.pick(families['nl'])}"
    if sex == "m" and origin == "nl" and chance.maybe(0.05):
        given = f"{given}-{chance.pick(('Jan', 'Willem', 'Peter', 'Paul'))}" if "-" not in given else given
    return given, family


def _showcases(chance: Chance, region: str, town: str, age: int, level: str) -> tuple[str, ...]:
    """One or two showcases (GEN-06): by town, and 'leerwerkbanen' mostly for the young and lower educated."""
    border = {"Delft", "Maassluis", "Berkel en Rodenrijs", "Bleiswijk", "Hoek van Holland", "Schiedam", "Pijnacker"}
    found = ["rijnmond" if chance.maybe(0.6) else "haaglanden"] if region == "rest" else [region]
    learner = 0.62 if age < 24 else 0.34 if age < 30 else 0.055
    if RANK[level] > RANK["mbo-4"]:
        learner *= 0.3
    other = "haaglanden" if found[0] == "rijnmond" else "rijnmond"
    learns = chance.maybe(learner)
    if chance.maybe(0.2 if town in border else 0.02) and not learns:
        found.append(other)
    if learns:
        found = ["leerwerkbanen"] if chance.maybe(0.45) else [*found, "leerwerkbanen"]
    return tuple(found)
