"""The typed profile that intake takes and export gives back; its JSON Schema is made from these classes."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal, TypeAlias, TypeVar

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    HttpUrl,
    StringConstraints,
    UrlConstraints,
)


def _without_user(url: HttpUrl) -> HttpUrl:
    """Refuse a name or password before the host: it would look like another site, or give away a secret."""
    if url.username is not None or url.password is not None:
        raise ValueError("an address must not hold a user name or password")
    return url


Code = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
ExternalId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:-]{0,99}$")]
Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=10_000)]
Month = Annotated[str, StringConstraints(pattern=r"^(19|20)\d\d(-(0[1-9]|1[0-2]))?$")]
PlaceName = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=120)]
Phone = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=40)]
FilePath = Annotated[str, StringConstraints(min_length=1, max_length=400)]
Address = Annotated[
    HttpUrl,
    UrlConstraints(max_length=2000, allowed_schemes=["http", "https"], host_required=True),
    AfterValidator(_without_user),
]

Item = TypeVar("Item")
#: No list of a profile is longer: the index keeps every item of it in one document.
Many: TypeAlias = Annotated[tuple[Item, ...], Field(max_length=100)]


class Part(BaseModel):
    """Base of all parts: unknown keys are refused, so that a misspelt key is not lost in silence."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


class Home(Part):
    """Where the candidate lives (PROF-12): a place by name (with province where several share it) or a postcode."""

    place: PlaceName | None = None
    province: PlaceName | None = None
    postcode: Annotated[str, StringConstraints(pattern=r"^[1-9]\d{3}( ?[A-Z]{2})?$")] | None = None


class Function(Part):
    """A wanted job function (PROF-20): an occupation code, a free text, or both."""

    occupation: Code | None = None
    title: Line | None = None


class Language(Part):
    """A language with its level (PROF-21)."""

    language: Code
    level: Code | None = None


class Work(Part):
    """An item of work experience (PROF-34)."""

    title: Line
    occupation: Code | None = None
    employer: Line | None = None
    place: PlaceName | None = None
    start: Month | None = None
    end: Month | None = None
    current: bool = False
    volunteer: bool = False
    description: Text | None = None


class Education(Part):
    """A study (PROF-35); `diploma` is 'Diploma behaald', null when unknown."""

    title: Line
    institution: Line | None = None
    place: PlaceName | None = None
    start: Month | None = None
    end: Month | None = None
    current: bool = False
    level: Code | None = None
    diploma: bool | None = None
    description: Text | None = None


class Course(Part):
    """A course or training (PROF-36, PROF-33); `certificate` is 'Certificaat behaald', null when unknown."""

    title: Line
    institution: Line | None = None
    place: PlaceName | None = None
    start: Month | None = None
    end: Month | None = None
    certificate: bool | None = None
    description: Text | None = None


class File(Part):
    """A photo or document: a path beside the import file."""

    file: FilePath
    title: Line | None = None


class Link(Part):
    """A video, website or social-media account by address."""

    url: Address
    title: Line | None = None


class CandidateProfile(Part):
    """One candidate as intake takes it: the whole profile; what is absent is empty (ROLE-20)."""

    external_id: ExternalId
    name: Line
    showcases: Many[Code] = Field(default=(), description="Codes of the showcases that show this candidate.")
    updated_at: AwareDatetime = Field(description="When the candidate last changed the profile; with time zone.")
    intro: Text | None = None
    one_liner: Line | None = None
    about: Text | None = None
    hobbies: Text | None = None
    home: Home | None = None
    level: Code | None = None
    hours_min: Annotated[int, Field(ge=0, le=60)] | None = None
    hours_max: Annotated[int, Field(ge=0, le=60)] | None = None
    work_types: Many[Code] = ()
    target_groups: Many[Code] = ()
    fields: Many[Code] = ()
    functions: Many[Function] = ()
    languages: Many[Language] = ()
    licences: Many[Code] = ()
    transport: Many[Code] = ()
    certificates: Many[Code] = ()
    days: Many[Code] = ()
    day_parts: Many[Code] = ()
    capabilities: Many[Code] = ()
    contact: Literal["direct", "accountmanager"] | None = None
    phone: Phone | None = None
    email: Annotated[str, StringConstraints(pattern=r"^[^@\s]+@[^@\s]+$", max_length=254)] | None = None
    address: Line | None = None
    birth_date: date | None = None
    experience: Many[Work] = ()
    education: Many[Education] = ()
    courses: Many[Course] = ()
    portrait: FilePath | None = None
    photos: Many[File] = ()
    videos: Many[Link] = ()
    links: Many[Link] = ()
    documents: Many[File] = ()


class DeleteMarker(Part):
    """A line that removes a candidate: `{"external_id": "...", "deleted": true}`."""

    external_id: ExternalId
    deleted: Literal[True]
