"""The JSON Schema of a line of an import file, made from the typed model."""

from __future__ import annotations

from typing import Any

from pydantic import TypeAdapter

from matching.candidates.profile import CandidateProfile, DeleteMarker

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def json_schema() -> dict[str, Any]:
    """The schema (draft 2020-12) of one line: a whole profile or a delete marker."""
    schema = TypeAdapter(CandidateProfile | DeleteMarker).json_schema()
    about = {
        "$schema": DIALECT,
        "title": "HalloWerk candidate",
        "description": "One line of a candidate import file (JSON Lines): a whole profile, or a delete marker.",
    }
    return {**about, **schema}
