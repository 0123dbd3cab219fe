"""What the Verkenner's address says: parsed once into a frozen value, and written back as the shortest address."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from werkzeug.datastructures import MultiDict

from matching.candidates.parts import CATEGORIES, category_by_word
from matching.search.criteria import DEFAULT_RADIUS_KM, MAX_CHIPS, MAX_TEXT, RADII_KM, Order

#: kind of chip -> the parameter in addresses; target groups and capabilities are filters (CAND-12).
CHIP_PARAMETERS: dict[str, str] = {
    "occupation": "beroep",
    "group": "beroepsgroep",
    "word": "woord",
    "level": "niveau",
    "language": "taal",
    "licence": "rijbewijs",
    "working_time": "werktijd",
}
_KINDS = {parameter: kind for kind, parameter in CHIP_PARAMETERS.items()}
#: Kinds of suggestion that tick a filter instead of becoming a chip, and are shown as a chip all the same.
FILTER_KINDS = ("target_group", "capability")

FILTER_PREFIX = "f."
ALL = "alle"
FIRST, LAST = "eerste", "laatste"
#: In an address that changes the search: whose profile was open, which stays so while that candidate is found.
OPEN = "open"
#: The values of `sorteer`; best match has none, being the usual order (CAND-04).
ORDERS: dict[str, Order] = {"naam": "name", "-naam": "-name", "bijgewerkt": "updated", "-bijgewerkt": "-updated"}
_ORDER_WORDS = {order: word for word, order in ORDERS.items()}
MAX_FILTER_OPTIONS = 200
#: Longer pieces than the address of any search the page itself can make.
MAX_CODE = 80
#: Longer numbers are no candidate's key.
MAX_ID_DIGITS = 18

Arguments = MultiDict[str, str]


@dataclass(frozen=True)
class Chip:
    """A chosen term in the search field: kind of CHIP_PARAMETERS with its code, or the word itself."""

    kind: str
    value: str


@dataclass(frozen=True)
class Understood:
    """What a person typed and the chip it was read as, so that the page can say so and offer the word instead."""

    kind: str
    value: str
    text: str


@dataclass(frozen=True)
class Problem:
    """Something in the address that can't be used: `kind` picks the sentence, `value` is shown in it."""

    kind: str
    value: str = ""


@dataclass(frozen=True)
class Query:
    """One search as the address has it; vocabulary codes are not checked yet.

    `place` is a place id or postcode; `radius_km` None means no limit; `candidate` is an id, FIRST, LAST or '';
    `category` is the filter category whose options are open.
    """

    chips: tuple[Chip, ...] = ()
    place: str = ""
    radius_km: int | None = DEFAULT_RADIUS_KM
    filters: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    related: bool = True
    order: Order = "match"
    page: int = 1
    candidate: str = ""
    category: str = ""
    understood: tuple[Understood, ...] = ()

    def values(self, kind: str) -> tuple[str, ...]:
        """The codes (or words) of the chips of one kind."""
        return tuple(chip.value for chip in self.chips if chip.kind == kind)

    @property
    def empty(self) -> bool:
        """Whether nothing is asked: no chip, no place, no filter."""
        return not (self.chips or self.place or self.filters)

    @property
    def ranks(self) -> bool:
        """Whether anything asked ranks; if not, the newest come first, for filters only exclude."""
        return bool(self.chips or self.place)

    def arguments(self) -> list[tuple[str, str]]:
        """The parameters of the shortest address of this search, in a fixed order."""
        pairs = [(CHIP_PARAMETERS[chip.kind], chip.value) for chip in self.chips]
        if self.place:
            pairs.append(("plaats", self.place))
        # A distance says nothing without a place to count from.
        if self.place and self.radius_km != DEFAULT_RADIUS_KM:
            pairs.append(("straal", ALL if self.radius_km is None else str(self.radius_km)))
        for code, options in self.filters.items():
            pairs.extend((FILTER_PREFIX + CATEGORIES[code].slug, option) for option in options)
        if not self.related:
            pairs.append(("verwant", "nee"))
        pairs.extend(("begrepen", f"{CHIP_PARAMETERS[u.kind]}:{u.value}:{u.text}") for u in self.understood)
        if self.order != "match":
            pairs.append(("sorteer", _ORDER_WORDS[self.order]))
        if self.category:
            pairs.append(("categorie", CATEGORIES[self.category].slug))
        if self.page > 1:
            pairs.append(("pagina", str(self.page)))
        if self.candidate:
            pairs.append(("kandidaat", self.candidate))
        return pairs

    def with_chip(self, chip: Chip, text: str = "") -> Query:
        """This search with one more chip, back on its first page; `text` is what was typed when that differs."""
        understood = (*self.understood, Understood(chip.kind, chip.value, text)) if text else self.understood
        chips = self.chips if chip in self.chips else (*self.chips, chip)
        return replace(self, chips=chips, understood=understood, page=1, candidate="")

    def without_chip(self, chip: Chip) -> Query:
        """This search with that chip taken out."""
        return replace(
            self,
            chips=tuple(other for other in self.chips if other != chip),
            understood=tuple(u for u in self.understood if (u.kind, u.value) != (chip.kind, chip.value)),
            page=1,
            candidate="",
        )

    def as_word(self, understood: Understood) -> Query:
        """This search with the typed text as a word instead of the chip it was read as (CAND-15)."""
        return self.without_chip(Chip(understood.kind, understood.value)).with_chip(Chip("word", understood.text))

    def with_option(self, category: str, option: str) -> Query:
        """This search with a filter option ticked."""
        options = self.filters.get(category, ())
        if option in options:
            return replace(self, page=1, candidate="")
        return self._with_filter(category, (*options, option))

    def without_option(self, category: str, option: str) -> Query:
        """This search with a filter option not ticked."""
        return self._with_filter(category, tuple(o for o in self.filters.get(category, ()) if o != option))

    def without_category(self, category: str) -> Query:
        """This search without any option of that category."""
        return self._with_filter(category, ())

    def without_filters(self) -> Query:
        """This search without filters (CAND-22)."""
        return replace(self, filters={}, page=1, candidate="")

    def with_place(self, place: str) -> Query:
        """This search around another place; '' for none."""
        return replace(self, place=place, page=1, candidate="")

    def with_radius(self, radius_km: int | None) -> Query:
        """This search with another radius; None for no limit."""
        return replace(self, radius_km=radius_km, page=1, candidate="")

    def ordered(self, order: Order) -> Query:
        """This search in another order, from its first page."""
        return replace(self, order=order, page=1, candidate="")

    def on_page(self, page: int, candidate: str = "") -> Query:
        """This search on another page."""
        return replace(self, page=page, candidate=candidate)

    def opened(self, candidate: str) -> Query:
        """This search with that candidate's profile open; '' for none."""
        return replace(self, candidate=candidate)

    def _with_filter(self, category: str, options: tuple[str, ...]) -> Query:
        filters = {code: chosen for code, chosen in self.filters.items() if code != category}
        if options:
            filters[category] = options
        ordered = {code: filters[code] for code in CATEGORIES if code in filters}
        return replace(self, filters=ordered, page=1, candidate="")


def parse(arguments: Arguments) -> tuple[Query, tuple[Problem, ...]]:
    """Read an address; what can't be used is left out and named, so that the rest of the search still works."""
    problems: list[Problem] = []
    query = Query(
        chips=_chips(arguments, problems),
        place=_short(arguments.get("plaats", "").strip(), "place", problems),
        radius_km=_radius(arguments, problems),
        filters=_filters(arguments, problems),
        related="nee" not in arguments.getlist("verwant")[-1:],
        order=ORDERS.get(arguments.get("sorteer", ""), "match"),
        page=_page(arguments, problems),
        candidate=_candidate(arguments),
        category=_category(arguments),
        understood=_understood(arguments),
    )
    chips = {(chip.kind, chip.value) for chip in query.chips}
    kept = tuple(u for u in query.understood if (u.kind, u.value) in chips)
    return replace(query, understood=kept), tuple(dict.fromkeys(problems))


def clean_text(text: str) -> str:
    """Typed text in one line, without control characters and doubled blanks."""
    printable = "".join(character if character.isprintable() else " " for character in text)
    return " ".join(printable.split())


def _chips(arguments: Arguments, problems: list[Problem]) -> tuple[Chip, ...]:
    chips: dict[Chip, None] = {}
    for parameter in arguments.keys():  # noqa: SIM118 - a MultiDict, whose order is the order of the address
        if parameter not in _KINDS:
            continue
        for value in arguments.getlist(parameter):
            text = clean_text(value)
            if len(text) > (MAX_TEXT if parameter == "woord" else MAX_CODE):
                problems.append(Problem("text_too_long"))
            elif text:
                chips[Chip(_KINDS[parameter], text)] = None
    if len(chips) > MAX_CHIPS:
        problems.append(Problem("too_many_chips", str(MAX_CHIPS)))
    return tuple(chips)[:MAX_CHIPS]


def _short(value: str, kind: str, problems: list[Problem]) -> str:
    if len(value) <= MAX_CODE:
        return value
    problems.append(Problem(kind, value[:MAX_CODE]))
    return ""


def _radius(arguments: Arguments, problems: list[Problem]) -> int | None:
    text = arguments.get("straal", "").strip().lower()
    if text == ALL:
        return None
    if text.isascii() and text.isdigit() and len(text) < 4 and int(text) in RADII_KM:
        return int(text)
    if text:
        problems.append(Problem("radius", text[:MAX_CODE]))
    return DEFAULT_RADIUS_KM


def _filters(arguments: Arguments, problems: list[Problem]) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    count = 0
    for parameter in arguments.keys():  # noqa: SIM118 - a MultiDict
        if not parameter.startswith(FILTER_PREFIX):
            continue
        word = parameter.removeprefix(FILTER_PREFIX)
        category = category_by_word(word)
        values = tuple(dict.fromkeys(value.strip() for value in arguments.getlist(parameter) if value.strip()))
        if category is None:
            problems.append(Problem("category", word[:MAX_CODE]))
            continue
        count += len(values)
        if count > MAX_FILTER_OPTIONS:
            problems.append(Problem("too_many_filters"))
            break
        if values:
            found[category.code] = values
    return {code: found[code] for code in CATEGORIES if code in found}


def _page(arguments: Arguments, problems: list[Problem]) -> int:
    text = arguments.get("pagina", "").strip()
    if not text:
        return 1
    if text.isascii() and text.isdigit() and len(text) <= 12 and int(text) >= 1:
        return int(text)
    problems.append(Problem("page", text[:MAX_CODE]))
    return 1


def open_candidate(arguments: Arguments) -> int | None:
    """Whose profile was open when the search was changed; None when no one's was."""
    text = arguments.get(OPEN, "").strip()
    return int(text) if _is_id(text) else None


def _candidate(arguments: Arguments) -> str:
    text = arguments.get("kandidaat", "").strip()
    return text if text in (FIRST, LAST) or _is_id(text) else ""


def _is_id(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= MAX_ID_DIGITS


def _category(arguments: Arguments) -> str:
    # The button of a category adds its own value after the one that was open.
    chosen = arguments.getlist("categorie")
    category = category_by_word(chosen[-1]) if chosen else None
    return category.code if category else ""


def _understood(arguments: Arguments) -> tuple[Understood, ...]:
    found: dict[Understood, None] = {}
    for value in arguments.getlist("begrepen")[:MAX_CHIPS]:
        parameter, _colon, rest = value.partition(":")
        code, _colon, text = rest.partition(":")
        if parameter in _KINDS and code and text and len(text) <= MAX_TEXT:
            found[Understood(_KINDS[parameter], code, clean_text(text))] = None
    return tuple(found)
