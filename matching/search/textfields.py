"""Which fields a word is looked for in, and the profile part that each of them belongs to (CAND-15)."""

from __future__ import annotations

from matching.candidates.parts import ShowcaseView

#: Names are matched apart from the rest: they are not stemmed nor split, and count little.
NAME_FIELD = "name"

#: Every field with Dutch analysis -> the part that must be shown for it to be searched; most telling first.
#: Sensitive parts have no text field: words rank, and what can discriminate never ranks.
TEXT_FIELDS: dict[str, str] = {
    "function_titles": "functions",
    "experience.title": "experience",
    "experience.text": "experience",
    "experience.employer": "experience",
    "experience.place": "experience",
    "education.title": "education",
    "education.institution": "education",
    "education.place": "education",
    "education.text": "education",
    "courses.title": "courses",
    "courses.institution": "courses",
    "courses.place": "courses",
    "courses.text": "courses",
    "intro": "intro",
    "one_liner": "one_liner",
    "about": "about",
    "hobbies": "hobbies",
    "place_name": "home",
    "term_labels.work_types": "work_types",
    "term_labels.fields": "fields",
    "term_labels.level": "level",
    "term_labels.languages": "languages",
    "term_labels.licences": "licences",
    "term_labels.transport": "transport",
    "term_labels.certificates": "certificates",
    "term_labels.availability": "availability",
}


def searched_fields(view: ShowcaseView) -> tuple[str, ...]:
    """The text fields that this showcase shows now, whatever its index still holds."""
    return tuple(field for field, part in TEXT_FIELDS.items() if view.shows(part))
