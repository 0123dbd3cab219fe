"""Reading lines of an import file: whatever is in them, a typed record or problems, never an exception."""

from __future__ import annotations

import io

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from matching.candidates.lines import MAX_LINE_BYTES, Line, external_id_of, parse, read_lines, shorten
from matching.candidates.profile import CandidateProfile, DeleteMarker
from tests.support.intake import FULL, profile


def _parse(content: object) -> object:
    return parse(Line(1, content if isinstance(content, bytes) else orjson.dumps(content)))


def _problem(content: object) -> tuple[str, str]:
    found = _parse(content)
    assert isinstance(found, list), found
    return found[0].field, found[0].reason


def test_lines_are_numbered_as_an_editor_does() -> None:
    """A byte order mark, blank lines, Windows line ends and a missing last line end don't matter."""
    lines = list(read_lines(io.BytesIO(b'\xef\xbb\xbf{"a":1}\r\n\n  \n{"b":2}')))
    assert lines == [Line(1, b'{"a":1}'), Line(4, b'{"b":2}')]


def test_an_absurdly_long_line_is_skipped_and_the_next_one_read() -> None:
    file = io.BytesIO(b'"' + b"x" * (3 * MAX_LINE_BYTES) + b'"\n{"b":2}\n')
    assert list(read_lines(file)) == [Line(1, None), Line(2, b'{"b":2}')]
    assert "longer than" in parse(Line(1, None))[0].reason


def test_a_line_of_exactly_the_limit_is_read() -> None:
    line = b"x" * (MAX_LINE_BYTES - 1)
    assert list(read_lines(io.BytesIO(line + b"\nnext"))) == [Line(1, line), Line(2, b"next")]


@pytest.mark.requirement("ROLE-20")
def test_a_full_profile_is_typed() -> None:
    record = _parse(FULL)
    assert isinstance(record, CandidateProfile)
    assert record.experience[0].current
    assert record.updated_at.utcoffset() is not None


def test_a_delete_marker_is_typed() -> None:
    assert _parse({"external_id": "a", "deleted": True}) == DeleteMarker(external_id="a", deleted=True)


@pytest.mark.parametrize(
    ("content", "field", "reason"),
    [
        (b"{", "", "not valid JSON"),
        (b'{"external_id": "a",}', "", "not valid JSON"),
        (b"[1]", "", "not a JSON object"),
        (b"null", "", "not a JSON object"),
        (b'{"external_id": NaN}', "", "not valid JSON"),
        (b'{"name": "\xff\xfe"}', "", "not UTF-8"),
        (b'{"name": "\xed\xa0\x80"}', "", "not UTF-8"),
        (b'{"name": "\\ud800"}', "", "half of a character pair"),
        (b'{"name": "\\udc00 x"}', "", "half of a character pair"),
        (b"[" * 100_000, "", "not valid JSON"),
        (profile("a", name="No\x00or"), "name", "control character"),
        (profile("a", experience=[{"title": "x\x1b[31m"}]), "experience.0.title", "control character"),
        (profile("a", name="  "), "name", "at least 1 character"),
        (profile("a", name="x" * 201), "name", "at most 200"),
        (profile("a", nme="x"), "nme", "not permitted"),
        (profile("a", name=5), "name", "valid string"),
        (profile("a", hours_min="24"), "hours_min", "valid integer"),
        (profile("a", hours_min=61), "hours_min", "less than or equal to 60"),
        (profile("a", updated_at="2026-10-01T10:00:00"), "updated_at", "timezone"),
        (profile("a", updated_at=1_700_000_000), "updated_at", "valid datetime"),
        (profile("a", updated_at="gisteren"), "updated_at", "valid datetime"),
        (profile("../x"), "external_id", "pattern"),
        (profile("a", links=[{"url": "javascript:alert(1)"}]), "links.0.url", "http"),
        (profile("a", links=[{"url": "https://a.example/" + "é" * 1000}]), "links.0.url", "at most 2000"),
        (profile("a", links=[{"url": "https://linkedin.example@evil.example/"}]), "links.0.url", "user name"),
        (profile("a", links=[{"url": "https://:geheim@a.example/"}]), "links.0.url", "user name"),
        (profile("a", email="geen adres"), "email", "pattern"),
        (profile("a", birth_date="1990-02-30"), "birth_date", "valid date"),
        (profile("a", experience=[{"title": "x", "start": "2020-13"}]), "experience.0.start", "pattern"),
        (profile("a", experience=[{"title": "x"}] * 101), "experience", "at most 100"),
        ({"external_id": "a", "deleted": False}, "deleted", "True"),
        ({"external_id": "a", "deleted": True, "name": "x"}, "name", "not permitted"),
        ({}, "external_id", "required"),
    ],
)
def test_bad_lines_say_what_is_wrong_where(content: object, field: str, reason: str) -> None:
    assert (field, True) == (_problem(content)[0], reason in _problem(content)[1]), _problem(content)


def test_escaped_text_that_only_looks_like_a_control_character_is_taken() -> None:
    assert isinstance(_parse(profile("a", about="een pad: \\u0000 en \\b")), CandidateProfile)
    assert isinstance(_parse(profile("a", about="tab\t en nieuwe regel\n")), CandidateProfile)


def test_values_are_cut_short() -> None:
    found = _parse(profile("a", name="x" * 5000))
    assert len(found[0].value) <= 80
    assert shorten({"a": "b"}) == "{'a': 'b'}"


@given(st.binary(max_size=300))
def test_any_bytes_give_a_record_or_problems(data: bytes) -> None:
    for line in read_lines(io.BytesIO(data)):
        found = parse(line)
        assert isinstance(found, CandidateProfile | DeleteMarker) or found
        assert external_id_of(line) is None or isinstance(external_id_of(line), str)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**40), 2**40) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from([*CandidateProfile.model_fields, "deleted"]), _JSON))
def test_any_values_in_known_fields_give_a_record_or_problems(content: dict[str, object]) -> None:
    try:
        data = orjson.dumps(content)
    except orjson.JSONEncodeError:  # half of a character pair can't even be written
        return
    found = parse(Line(1, data))
    assert isinstance(found, CandidateProfile | DeleteMarker) or found
