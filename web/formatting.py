"""Turns typed values into what people read: dates, initials, distances, hours, days and periods."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from zoneinfo import ZoneInfo

from web.language import chosen_language
from web.texts import gettext as _

#: Where the users are; 'vandaag' is their today.
ZONE = ZoneInfo("Europe/Amsterdam")
#: After this many days 'Bijgewerkt op' becomes a warning (issue 4: six months).
STALE_AFTER_DAYS = 183
#: Hours that stand for an open end in a listing (0: 'tot'; 60: 'of meer').
NO_LEAST_HOURS, NO_MOST_HOURS = 0, 60
#: Words inside Dutch names that give no initial when a real surname follows.
_PREFIXES = frozenset(
    (
        "van",
        "von",
        "de",
        "den",
        "der",
        "te",
        "ten",
        "ter",
        "het",
        "'t",
        "in",
        "op",
        "aan",
        "bij",
        "d'",
        "la",
        "le",
        "el",
    )
)
_SUFFIXES = frozenset({"jr.", "jr", "sr.", "sr"})


def local_date(moment: datetime | date | str) -> date:
    """The day in the Netherlands of a moment: a datetime with zone, a date, or the ISO text of either."""
    if isinstance(moment, str):
        moment = datetime.fromisoformat(moment)
    return moment.astimezone(ZONE).date() if isinstance(moment, datetime) else moment


def today() -> date:
    """Today in the Netherlands."""
    return datetime.now(ZONE).date()


def format_date(moment: datetime | date | str) -> str:
    """'vandaag', 'gisteren', else day-month-year without leading zeros, such as '3-11-2026' (UI-25)."""
    day = local_date(moment)
    ago = (today() - day).days
    if ago == 0:
        return _("vandaag")
    return _("gisteren") if ago == 1 else f"{day.day}-{day.month}-{day.year}"


def format_moment(moment: datetime) -> str:
    """A moment as day and time in the Netherlands: 'vandaag 9:05', '3-11-2026 14:30'."""
    local = moment.astimezone(ZONE)
    return f"{format_date(moment)} {local.hour}:{local.minute:02}"


def format_clock(moment: datetime) -> str:
    """The time of a moment in the Netherlands to the second: '9:05:07'."""
    local = moment.astimezone(ZONE)
    return f"{local.hour}:{local.minute:02}:{local.second:02}"


def format_duration(seconds: float) -> str:
    """A duration in its largest fitting unit: '12 s', '3 min', '5 uur', '4 dagen'."""
    if seconds < 90:
        return _("%(num)s s", num=round(seconds))
    if seconds < 90 * 60:
        return _("%(num)s min", num=round(seconds / 60))
    if seconds < 48 * 3600:
        return _("%(num)s uur", num=round(seconds / 3600))
    return _("%(num)s dagen", num=format_number(round(seconds / 86400)))


def format_bytes(size: int) -> str:
    """A size on disk, in thousands of thousands as disks are sold: '700 kB', '1,2 GB'."""
    for unit, in_unit in (("TB", 1e12), ("GB", 1e9), ("MB", 1e6)):
        if size >= in_unit:
            return f"{format_decimal(size / in_unit)} {unit}"
    return f"{round(size / 1000)} kB"


def is_stale(moment: datetime | date | str) -> bool:
    """Whether a profile was last changed more than six months ago."""
    return (today() - local_date(moment)).days > STALE_AFTER_DAYS


def initials(name: str) -> str:
    """At most two capitals for a person without a photo (UI-24): 'Rachid van den Steen' gives 'RS'."""
    words = [word for word in name.split() if word.lower() not in _SUFFIXES]
    telling = [word for word in words if word.lower() not in _PREFIXES] or words
    # A doubled surname counts once: 'Samira Achahbar-Zuidgeest' gives 'SA'.
    letters = [next(filter(str.isalpha, word), "") for word in telling]
    found = [letter for letter in letters if letter]
    return (found[0] + found[-1] if len(found) > 1 else "".join(found) or "?").upper()


def lower_first(label: str) -> str:
    """A label inside a sentence: 'Heftruckchauffeur' as 'heftruckchauffeur', but 'ICT-medewerker' as it is."""
    return label if label[:2].isupper() else label[:1].lower() + label[1:]


def format_number(number: int) -> str:
    """A count with thousands apart, as the reader writes it: 12.345 in Dutch, 12,345 in English."""
    if -1000 < number < 1000:  # most counts of a page, the same in every language
        return str(number)
    return f"{number:,}" if chosen_language() == "en" else f"{number:,}".replace(",", ".")


def format_decimal(number: float) -> str:
    """A number with one decimal, as the reader writes it: 1,5 in Dutch, 1.5 in English."""
    return f"{number:.1f}" if chosen_language() == "en" else f"{number:.1f}".replace(".", ",")


def format_km(kilometres: float) -> str:
    """A distance rounded to whole kilometres; under one: 'minder dan 1 km'."""
    rounded = round(kilometres)
    return _("%(km)s km", km=format_number(rounded)) if rounded >= 1 else _("minder dan 1 km")


def format_short_km(kilometres: float) -> str:
    """A distance where there is little room: '6 km', '< 1 km'."""
    return format_km(kilometres) if round(kilometres) >= 1 else _("< 1 km")


def format_hours(least: int | None, most: int | None) -> str:
    """Hours a week as a range, such as '24 - 32 uur' (PROF-14); the open end is said in words; '' when unknown."""
    least = None if least == NO_LEAST_HOURS else least
    most = None if most is None or most >= NO_MOST_HOURS else most
    if least is None and most is None:
        return ""
    if least is None:
        return _("tot %(most)s uur", most=most)
    if most is None:
        return _("%(least)s uur of meer", least=least)
    return _("%(hours)s uur", hours=least) if least == most else _("%(least)s - %(most)s uur", least=least, most=most)


def join_words(words: Sequence[str]) -> str:
    """'ochtend', 'ochtend en middag', 'middag, avond en nacht'."""
    if len(words) < 2:
        return "".join(words)
    return _("%(first)s en %(last)s", first=", ".join(words[:-1]), last=words[-1])


def format_days(positions: Iterable[int], labels: Sequence[str]) -> str:
    """Weekdays in words: three or more that follow each other as a range, loose days listed (PROF-25).

    `positions` count from 0 within `labels`, the week's days in order: 0, 1, 2, 3, 4 gives 'maandag t/m vrijdag'.
    """
    runs: list[list[int]] = []
    for position in sorted(set(positions)):
        if runs and position == runs[-1][-1] + 1:
            runs[-1].append(position)
        else:
            runs.append([position])
    words: list[str] = []
    for run in runs:
        if len(run) > 2:
            words.append(_("%(first)s t/m %(last)s", first=labels[run[0]], last=labels[run[-1]]))
        else:
            words.extend(labels[position] for position in run)
    return join_words(words)


def format_month(month: str) -> str:
    """A month of the record ('2021' or '2021-04') as people write it: '2021' or '4-2021' (UI-25)."""
    year, _dash, number = month.partition("-")
    return f"{int(number)}-{year}" if number else year


def format_period(start: str | None, end: str | None, current: bool) -> str:
    """The period of a job, study or course: '2018 – 2021', '4-2021 – nu', '2007'; '' when nothing is known."""
    first = format_month(start) if start else ""
    last = _("nu") if current else (format_month(end) if end else "")
    if first and last and first != last:
        return f"{first} – {last}"
    return first or last
