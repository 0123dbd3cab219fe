"""Makes of a candidate what the profile's template draws: only the parts that are filled (PROF-01..37)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from matching.candidates.listings import Entry
from matching.candidates.overview import MediaItem, Profile
from matching.candidates.parts import ShowcaseView
from matching.taxonomy.vocabularies import load_vocabularies
from web import formatting
from web.candidates.addresses import file_url
from web.candidates.reasons import ReasonView
from web.labels import occupation_label, part_label, term_label
from web.texts import gettext as _

#: Longer texts are cut at the last sentence end before this many characters (PROF-15).
CUT_AFTER = 320
SENTENCE_ENDS = (". ", "! ", "? ", "\n")
#: Parts that are plain lists of a vocabulary: (part, vocabulary, with a count behind the label), in the manual's order.
LISTED = (
    ("work_types", "work_type", False),
    ("fields", "field", True),
    ("functions", "function", True),
    ("languages", "language", False),
    ("licences", "licence", False),
    ("transport", "transport", False),
    ("certificates", "certificate", True),
)
LISTED_LAST = ("capabilities", "capability", True)
ENTRY_KINDS = (("work", "experience"), ("education", "education"), ("course", "courses"))


@dataclass(frozen=True)
class Fact:
    """A label with its text."""

    label: str
    text: str


@dataclass(frozen=True)
class Part:
    """A label with a list of values; `counted` when the number stands behind the label."""

    label: str
    items: tuple[str, ...]
    counted: bool


@dataclass(frozen=True)
class Mark:
    """A short mark on an item of Ervaring; `checked` for what was obtained."""

    text: str
    checked: bool


@dataclass(frozen=True)
class Item:
    """An item of Ervaring."""

    title: str
    where: str
    period: str
    marks: tuple[Mark, ...]
    description: str


@dataclass(frozen=True)
class Group:
    """The items of one kind with its label."""

    label: str
    items: tuple[Item, ...]


@dataclass(frozen=True)
class Link:
    """An address with its text; `site` is the host, `size` what a document weighs."""

    title: str
    url: str
    site: str = ""
    size: str = ""


@dataclass(frozen=True)
class Tab:
    """A choice among a few, with its address."""

    label: str
    url: str
    here: bool


@dataclass(frozen=True)
class Walk:
    """Where this candidate stands in the results, with the addresses of the neighbours ('' at an end)."""

    number: int
    total: int
    previous: str
    next: str


@dataclass(frozen=True)
class ProfileView:
    """All that the template draws."""

    id: int
    name: str
    initials: str
    portrait: str
    one_liner: str
    intro: str
    about: str
    about_rest: str
    hobbies: str
    work_tags: tuple[str, ...]
    target_tags: tuple[str, ...]
    facts: tuple[Fact, ...]
    parts: tuple[Part, ...]
    entries: tuple[Group, ...]
    videos: tuple[Link, ...]
    photos: tuple[Link, ...]
    links: tuple[Link, ...]
    documents: tuple[Link, ...]
    updated: str
    stale: bool
    showcase: str
    showcases: tuple[Tab, ...]
    reasons: tuple[ReasonView, ...] = field(default=())
    walk: Walk | None = None

    @property
    def media(self) -> bool:
        """Whether the block Media has photos, videos or links."""
        return bool(self.videos or self.photos or self.links)


def profile_view(
    profile: Profile,
    showcase: ShowcaseView,
    showcases: Sequence[Tab],
    km: float | None,
    reasons: Sequence[ReasonView],
    walk: Walk | None,
) -> ProfileView:
    """The profile as `showcase` shows it; `km` is the distance to the place searched around."""
    about, about_rest = cut(profile.about or "")
    portrait = profile.media.get("portrait", ())
    return ProfileView(
        id=profile.id,
        name=profile.name,
        initials=formatting.initials(profile.name),
        portrait=file_url(showcase.code, profile.id, portrait[0].id) if portrait else "",
        one_liner=(profile.one_liner or "").strip("\"“”„' "),
        intro=profile.intro or "",
        about=about,
        about_rest=about_rest,
        hobbies=profile.hobbies or "",
        work_tags=_labels(profile, "work_type"),
        target_tags=_labels(profile, "target_group"),
        facts=tuple(_facts(profile, km)),
        parts=tuple(_parts(profile)),
        entries=tuple(_entries(profile)),
        videos=tuple(_outside(item, _("Video")) for item in profile.media.get("video", ()) if item.url),
        photos=tuple(
            Link(
                item.title or _("Foto %(n)s van %(name)s", n=number, name=profile.name),
                file_url(showcase.code, profile.id, item.id),
            )
            for number, item in enumerate(profile.media.get("photo", ()), start=1)
        ),
        links=tuple(_outside(item, "") for item in profile.media.get("link", ()) if item.url),
        documents=tuple(
            Link(
                item.title or item.file_name or _("Document"),
                file_url(showcase.code, profile.id, item.id),
                size=_size(item.size),
            )
            for item in profile.media.get("document", ())
        ),
        updated=formatting.format_date(profile.updated_at),
        stale=formatting.is_stale(profile.updated_at),
        showcase=showcase.name,
        showcases=tuple(showcases),
        reasons=tuple(reasons),
        walk=walk,
    )


def cut(text: str) -> tuple[str, str]:
    """A text in two: what is shown at once, and the rest behind LEES MEER ('' for a short text)."""
    text = text.strip()
    if len(text) <= CUT_AFTER:
        return text, ""
    end = max(text.rfind(mark, 0, CUT_AFTER) for mark in SENTENCE_ENDS) + 1
    if end < CUT_AFTER // 3:
        end = text.rfind(" ", 0, CUT_AFTER) if " " in text[:CUT_AFTER] else CUT_AFTER
    return text[:end].strip(), text[end:].strip()


def _labels(profile: Profile, vocabulary: str) -> tuple[str, ...]:
    return tuple(term_label(vocabulary, term.code) for term in profile.terms.get(vocabulary, ()) if term.code)


def _facts(profile: Profile, km: float | None) -> Iterator[Fact]:
    if profile.place_name:
        distance = f" ({formatting.format_short_km(km)})" if km is not None else ""
        yield Fact(part_label("home"), profile.place_name + distance)
    if profile.level:
        yield Fact(part_label("level"), term_label("level", profile.level))
    hours = formatting.format_hours(profile.hours_min, profile.hours_max)
    if hours:
        yield Fact(part_label("hours"), _("%(hours)s per week", hours=hours))


def _parts(profile: Profile) -> Iterator[Part]:
    for part, vocabulary, counted in LISTED:
        items = (
            _functions(profile) if vocabulary == "function" else _languages(profile) if vocabulary == "language" else ()
        )
        items = items or _labels(profile, vocabulary)
        if items:
            yield Part(part_label(part), items, counted)
    availability = _availability(profile)
    if availability:
        yield Part(part_label("availability"), (", ".join(availability),), False)
    part, vocabulary, counted = LISTED_LAST
    items = _labels(profile, vocabulary)
    if items:
        yield Part(part_label(part), items, counted)
    if profile.contact:
        yield Part(part_label("contact"), (term_label("contact", profile.contact),), False)


def _functions(profile: Profile) -> tuple[str, ...]:
    titles = (
        term.text or (occupation_label(term.code) if term.code else "") for term in profile.terms.get("function", ())
    )
    return tuple(dict.fromkeys(title for title in titles if title))


def _languages(profile: Profile) -> tuple[str, ...]:
    return tuple(
        term_label("language", term.code)
        + (f" ({term_label('language_level', term.grade).lower()})" if term.grade else "")
        for term in profile.terms.get("language", ())
        if term.code
    )


def _availability(profile: Profile) -> list[str]:
    hours = formatting.format_hours(profile.hours_min, profile.hours_max)
    days = load_vocabularies()["day"]
    positions = [
        term.position - 1 for code in profile.terms.get("day", ()) if code.code and (term := days.get(code.code))
    ]
    parts = {term.code for term in profile.terms.get("day_part", ())}
    return [
        text
        for text in (
            _("%(hours)s per week", hours=hours) if hours else "",
            formatting.format_days(positions, [term_label("day", day) for day in days.codes]),
            formatting.join_words(
                [term_label("day_part", code) for code in load_vocabularies()["day_part"].codes if code in parts]
            ),
        )
        if text
    ]


def _entries(profile: Profile) -> Iterator[Group]:
    for kind, part in ENTRY_KINDS:
        items = tuple(_item(kind, entry) for entry in profile.entries.get(kind, ()))
        if items:
            yield Group(part_label(part), items)


def _item(kind: str, entry: Entry) -> Item:
    marks: list[Mark] = []
    if entry.volunteer:
        marks.append(Mark(_("Vrijwilligerswerk"), False))
    if entry.level:
        marks.append(Mark(term_label("level", entry.level), False))
    if entry.completed:
        marks.append(Mark(_("Diploma behaald") if kind == "education" else _("Certificaat behaald"), True))
    return Item(
        title=entry.title,
        where=", ".join(text for text in (entry.organisation, entry.place) if text),
        period=formatting.format_period(entry.start, entry.end, entry.current),
        marks=tuple(marks),
        description=entry.description or "",
    )


def _outside(item: MediaItem, title: str) -> Link:
    parts = urlsplit(item.url or "")
    site = (parts.hostname or "").removeprefix("www.")
    return Link(item.title or title or (site + parts.path.rstrip("/")), item.url or "", site)


def _size(size: int | None) -> str:
    if not size:
        return ""
    kilobytes = max(1, round(size / 1024))
    return f"{kilobytes} kB" if kilobytes < 1024 else f"{formatting.format_decimal(kilobytes / 1024)} MB"
