"""The one list of listing fields: mapping, document, filters and labels are checked against it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Field:
    """A top-level field of a listing; `part` is the profile part that must be shown for it to be stored ('' = always).

    `words` marks fields whose text a free word is looked for in (CAND-15).
    """

    name: str
    part: str
    words: bool = False


#: Types and analyzers are in mappings/candidates.v1.json; a contract test holds the two together.
FIELDS: tuple[Field, ...] = (
    Field("id", ""),  # long: the candidate's key in SQL, also the document's _id; breaks ties in the order of results
    Field("digest", ""),  # hash of all the rest of the listing, not indexed: tells whether it must be written again
    Field("check", ""),  # long: first part of the digest, summed by bucket when index and record are compared
    Field("bucket", ""),  # short: id modulo 1024
    Field("written", ""),  # long: version of the write
    Field("gone", ""),  # boolean: true in a stub, which has nothing else but `bucket` and `written`
    Field("name", ""),  # text + name.sort keyword; searched as a word too
    Field("updated_at", ""),  # date
    Field("intro", "intro", words=True),
    Field("one_liner", "one_liner", words=True),
    Field("about", "about", words=True),
    Field("hobbies", "hobbies", words=True),
    Field("portrait", "portrait"),  # media id, not indexed
    Field("media_counts", "media"),  # object {photos, videos, links}, not indexed
    Field("documents_count", "documents"),  # integer, not indexed
    Field("place", "home"),  # keyword: place id
    Field("place_name", "home", words=True),
    Field("point", "home"),  # geo_point
    Field("level", "level"),  # keyword code
    Field("hours", "hours"),  # object {min, max}, integers; open ends filled (0, 60) only when one of both is known
    Field("work_types", "work_types"),  # keyword codes
    Field("target_groups", "target_groups"),
    Field("fields", "fields"),
    Field("functions", "functions"),  # keyword occupation codes, in the candidate's order
    Field("first_function", "functions"),  # keyword normalised: code and own words of the first, wanted most
    Field(
        "function_titles", "functions", words=True
    ),  # text: labels of codes and free titles; .label keyword normalised
    Field("languages", "languages"),  # keyword codes
    Field("language_levels", "languages"),  # keyword 'nl:goed'
    Field("licences", "licences"),
    Field("transport", "transport"),
    Field("certificates", "certificates"),
    Field("days", "availability"),
    Field("day_parts", "availability"),
    Field("capabilities", "capabilities"),
    Field("contact", "contact"),
    Field("term_labels", "", words=True),  # object {part: labels of its coded values}, so that a word finds them
    Field(
        "experience", "experience", words=True
    ),  # nested {title, title.label, code, employer, place, text, start, end, current, volunteer}
    Field("education", "education", words=True),  # object {title, institution, place, level, text, ...}
    Field("courses", "courses", words=True),  # object {title, institution, place, text, ...}
)
