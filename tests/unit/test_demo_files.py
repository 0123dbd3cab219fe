"""The demo's pictures, CVs and import file."""

from __future__ import annotations

import io
import re
import zlib
from datetime import UTC, datetime
from pathlib import Path

import pytest
from PIL import Image

from matching.candidates.document_files import PDF, content_type
from matching.candidates.images import reencode
from matching.candidates.lines import parse, read_lines
from matching.candidates.profile import CandidateProfile
from matching.demo.bundle import write_demo
from matching.demo.drawings import draw_board, draw_portrait
from matching.demo.people import generate
from matching.demo.resumes import write_resume

NOW = datetime(2026, 11, 24, tzinfo=UTC)


def test_portraits_differ_and_repeat() -> None:
    portraits = [draw_portrait(number) for number in range(0, 300, 7)]
    assert len(set(portraits)) == len(portraits)
    assert draw_portrait(7) == portraits[1]
    with Image.open(io.BytesIO(portraits[0])) as image:
        assert image.size == (400, 400)
        assert len(image.convert("RGB").getcolors(100_000) or []) > 20


@pytest.mark.requirement("PROF-30")
def test_mood_boards_are_pictures_that_intake_takes() -> None:
    assert reencode(draw_board(3), "photo").content_type == "image/jpeg"
    assert draw_board(3) != draw_board(4)


@pytest.mark.requirement("PROF-10")
def test_resume_says_what_the_profile_says() -> None:
    profile = next(one for one in generate(200, now=NOW) if one.documents and len(one.experience) > 1 and one.about)
    resume = write_resume(profile)
    assert content_type(resume) == PDF
    assert write_resume(profile) == resume
    text = _words_of(resume)
    assert profile.experience[0].title.encode("latin-1").split()[0] in text
    assert profile.experience[-1].title.encode("latin-1").split()[-1] in text
    assert profile.about is not None
    assert profile.about.split()[0].encode() in text


def test_resume_of_a_name_outside_latin_1_is_readable() -> None:
    profile = CandidateProfile(external_id="demo-1", name="Łukasz Şahin", updated_at=NOW)
    assert b"Lukasz Sahin" in _words_of(write_resume(profile))


def test_bundle_holds_every_file_that_its_lines_name(tmp_path: Path) -> None:
    reported: list[int] = []
    path = write_demo(tmp_path, 30, NOW, reported.append)
    with path.open("rb") as file:
        profiles = [parse(line) for line in read_lines(file)]
    assert profiles == list(generate(30, now=NOW))
    assert reported[-1] == 30
    named = {
        file.file for one in profiles if isinstance(one, CandidateProfile) for file in (*one.documents, *one.photos)
    }
    assert named
    assert all((tmp_path / name).is_file() for name in named)
    assert all((tmp_path / one.portrait).is_file() for one in generate(30, now=NOW) if one.portrait)


def _words_of(pdf: bytes) -> bytes:
    """The text that a PDF's pages show, as one run of bytes."""
    streams = re.findall(rb"stream\r?\n(.*?)\r?\nendstream", pdf, re.DOTALL)
    pages = b"".join(zlib.decompress(stream) for stream in streams)
    return b"".join(re.findall(rb"\((.*?)\) Tj", pages))
