"""Curricula vitae of the made-up people as small PDF files that say what the profile says."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from functools import cache

from fpdf import FPDF

from matching.candidates.profile import CandidateProfile
from matching.taxonomy.occupations import load_bundled
from matching.taxonomy.vocabularies import load_vocabularies

#: Written into every file, so that the same profile gives the same bytes.
MADE = datetime(2026, 1, 1, tzinfo=UTC)
FONT = "Helvetica"


def write_resume(profile: CandidateProfile) -> bytes:
    """The profile as a PDF of one or two A4 pages, in Dutch; the same bytes for the same profile."""
    pdf = FPDF(format="A4")
    pdf.set_creation_date(MADE)
    pdf.set_title(_latin(f"CV {profile.name}"))
    pdf.set_margins(20, 18)
    pdf.set_auto_page_break(True, 18)
    pdf.add_page()
    _line(pdf, profile.name, "B", 20, 10)
    _line(pdf, " | ".join(_contact(profile)), "", 10, 6)
    for heading, lines in _sections(profile):
        pdf.ln(4)
        _line(pdf, heading, "B", 13, 8)
        for place, (style, text) in enumerate(lines):
            if style == "B" and place:
                pdf.ln(2)
            _line(pdf, text, style, 10, 5)
    return bytes(pdf.output())


def _line(pdf: FPDF, text: str, style: str, size: int, height: float) -> None:
    if text:
        pdf.set_font(FONT, style, size)
        pdf.multi_cell(0, height, _latin(text), align="L", new_x="LMARGIN", new_y="NEXT")


def _contact(profile: CandidateProfile) -> Iterator[str]:
    if profile.home and profile.home.place:
        yield profile.home.place
    yield from (text for text in (profile.phone, profile.email) if text)


def _sections(profile: CandidateProfile) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """Headings with their lines, each a font style and a text; empty sections are left out."""
    sections = {
        "Over mij": [("", text) for text in (profile.one_liner, profile.about) if text],
        "Gewenst werk": [("", ", ".join(_wishes(profile)))],
        "Werkervaring": list(_experience(profile)),
        "Opleidingen": list(_education(profile)),
        "Cursussen en certificaten": [("", ", ".join(_papers(profile)))],
        "Talen": [("", ", ".join(_languages(profile)))],
        "Rijbewijs": [("", ", ".join(profile.licences))],
        "Hobby's": [("", profile.hobbies or "")],
    }
    yield from ((heading, lines) for heading, lines in sections.items() if any(text for _, text in lines))


def _wishes(profile: CandidateProfile) -> Iterator[str]:
    labels = _occupation_labels()
    for wish in profile.functions:
        yield wish.title or labels.get(wish.occupation or "", "")


def _experience(profile: CandidateProfile) -> Iterator[tuple[str, str]]:
    for work in profile.experience:
        yield "B", _joined((work.title, work.employer, work.place))
        yield "I", _period(work.start, work.end, work.current) + (" (vrijwilligerswerk)" if work.volunteer else "")
        yield "", work.description or ""


def _education(profile: CandidateProfile) -> Iterator[tuple[str, str]]:
    for study in profile.education:
        yield "B", _joined((study.title, study.institution, study.place))
        done = {True: ", diploma behaald", False: ", geen diploma", None: ""}[study.diploma]
        yield "I", _period(study.start, study.end, study.current) + done
        yield "", study.description or ""


def _papers(profile: CandidateProfile) -> Iterable[str]:
    labels = load_vocabularies()["certificate"].labels
    titles = [course.title for course in profile.courses]
    return dict.fromkeys([*titles, *(labels.get(code, code) for code in profile.certificates)])


def _languages(profile: CandidateProfile) -> Iterator[str]:
    names, levels = load_vocabularies()["language"].labels, load_vocabularies()["language_level"].labels
    for one in profile.languages:
        level = levels.get(one.level or "")
        yield f"{names.get(one.language, one.language)}{f' ({level.lower()})' if level else ''}"


def _joined(parts: Iterable[str | None]) -> str:
    return ", ".join(part for part in parts if part)


def _period(start: str | None, end: str | None, current: bool) -> str:
    last = "nu" if current else _readable(end) if end else ""
    if not start:
        return f"tot {last}" if last else ""
    return f"{_readable(start)} - {last}" if last else f"vanaf {_readable(start)}"


def _readable(month: str) -> str:
    year, _, number = month.partition("-")
    return f"{number}-{year}" if number else year


@cache
def _occupation_labels() -> dict[str, str]:
    return {code: occupation.label for code, occupation in load_bundled().occupations.items()}


def _latin(text: str) -> str:
    """`text` in the letters that PDF's built-in fonts have (Latin-1): 'ş' becomes 's'."""
    return "".join(char if ord(char) < 256 else _folded(char) for char in text)


def _folded(char: str) -> str:
    known = {"ł": "l", "Ł": "L", "ı": "i", "’": "'", "–": "-"}
    return known.get(char) or unicodedata.normalize("NFKD", char).encode("latin-1", "ignore").decode("latin-1")
