"""Draws profiles that intake takes, from the typed model itself: a new field is drawn without a change here."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, get_args, get_origin

from hypothesis import strategies as st
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from matching.candidates.checks import CODED_LISTS
from matching.candidates.profile import CandidateProfile, Home
from matching.taxonomy.occupations import load_bundled
from matching.taxonomy.places import load_places
from matching.taxonomy.vocabularies import load_vocabularies
from tests.support.intake import NOW, SHOWCASES

Drawn = st.SearchStrategy[Any]

#: Any text that databases and JSON can hold: no half character pairs, no control characters, not only blanks.
TEXT = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=40).filter(
    lambda text: text.strip()
)
MONTH = st.from_regex(r"(19|20)\d\d(-(0[1-9]|1[0-2]))?", fullmatch=True)
ZONES = st.sampled_from([UTC, timezone(timedelta(hours=2)), timezone(timedelta(hours=-11, minutes=-30))])


def profiles() -> Drawn:
    """Valid lines of an import file, as dictionaries; files are those that tests.support.intake writes."""
    return _model(CandidateProfile, "").map(_in_order)


def _codes(vocabulary: str) -> Drawn:
    return st.sampled_from(load_vocabularies()[vocabulary].codes)


def _by_path() -> Mapping[str, Drawn]:
    """Strategies of the fields whose values must be known or fit together."""
    occupations = st.sampled_from(sorted(load_bundled().occupations))
    documents = st.fixed_dictionaries({"file": st.just("files/Mijn CV.pdf")}, optional={"title": TEXT})
    photos = st.fixed_dictionaries({"file": st.just("files/photo.jpg")}, optional={"title": TEXT})
    links = st.from_regex(r"https://[a-z]{1,9}\.example/[a-z0-9]{0,9}", fullmatch=True)
    coded = {name: st.lists(_codes(vocabulary), max_size=3) for name, vocabulary in CODED_LISTS.items()}
    return {
        **coded,
        "external_id": st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,30}", fullmatch=True),
        "showcases": st.lists(st.sampled_from(SHOWCASES), max_size=2),
        "updated_at": st.datetimes(datetime(2001, 1, 1), NOW.replace(tzinfo=None), timezones=ZONES).map(
            lambda moment: min(moment, NOW).isoformat()
        ),
        "birth_date": st.dates(max_value=NOW.date() - timedelta(days=1)).map(lambda day: day.isoformat()),
        "home": _homes(),
        "level": _codes("level"),
        "education.level": _codes("level"),
        "languages.language": _codes("language"),
        "languages.level": _codes("language_level"),
        "functions": st.lists(
            st.fixed_dictionaries({"occupation": occupations}, optional={"title": TEXT})
            | st.fixed_dictionaries({"title": TEXT}),
            max_size=3,
        ),
        "experience.occupation": occupations,
        "contact": st.sampled_from(["direct", "accountmanager"]),
        "email": st.just("iemand@voorbeeld.example"),
        "portrait": st.just("files/portrait.png"),
        "photos": st.lists(photos, max_size=2),
        "documents": st.lists(documents, max_size=2),
        "videos.url": links,
        "links.url": links,
    }


def _homes() -> Drawn:
    gazetteer = load_places()
    places = st.sampled_from(sorted(gazetteer.places)).map(lambda key: gazetteer.label(gazetteer.places[key]))
    postcodes = st.builds(
        lambda code, letters: code + letters,
        st.sampled_from(sorted(gazetteer.postcodes)),
        st.sampled_from(["", "AB", " CD"]),
    )
    return st.fixed_dictionaries({}, optional={"place": places, "postcode": postcodes})


_STRATEGIES = _by_path()


def _model(model: type[BaseModel], path: str) -> Drawn:
    required, optional = {}, {}
    for name, info in model.model_fields.items():
        strategy = _field(f"{path}{name}", info)
        (required if info.is_required() else optional)[name] = strategy
    return st.fixed_dictionaries(required, optional=optional)


def _field(path: str, info: FieldInfo) -> Drawn:
    if path in _STRATEGIES:
        return _STRATEGIES[path]
    return _annotation(path, info.annotation)


def _annotation(path: str, annotation: Any) -> Drawn:
    inner = [one for one in get_args(annotation) if one is not type(None)]
    if get_origin(annotation) is tuple:
        return st.lists(_annotation(path, inner[0]), max_size=3)
    if len(inner) == 1 or (inner and get_origin(annotation) is not None and hasattr(annotation, "__metadata__")):
        return _annotation(path, inner[0])
    if isinstance(annotation, type) and issubclass(annotation, BaseModel) and annotation is not Home:
        return _model(annotation, f"{path}.")
    if annotation is bool:
        return st.booleans()
    if annotation is int:
        return st.integers(0, 60)
    if path.endswith((".start", ".end")):
        return MONTH
    if annotation is str or inner[:1] == [str]:
        return TEXT
    raise TypeError(f"{path}: how to draw {annotation!r}?")


def _in_order(line: dict[str, Any]) -> dict[str, Any]:
    """Put right what two fields drawn apart may get wrong."""
    if "hours_min" in line and "hours_max" in line:
        line["hours_min"], line["hours_max"] = sorted((line["hours_min"], line["hours_max"]))
    for name in ("experience", "education", "courses"):
        for item in line.get(name, ()):
            if item.get("current"):
                item.pop("end", None)
            if "start" in item and "end" in item and item["end"][:4] <= item["start"][:4]:
                item.pop("end")
    return line
