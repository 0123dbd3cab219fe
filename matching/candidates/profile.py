"""The typed profile that intake takes and export gives back; its JSON Schema is made from these classes."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, HttpUrl, StringConstraints

Code = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
ExternalId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:-]{0,99}$")]
Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=10_000)]
Month = Annotated[str, StringConstraints(pattern=r"^(19|20)\d\d(-(0[1-9]|1[0-2]))?$")]
FilePath = Annotated[str, StringConstraints(min_length=1, max_length=400)]


class Part(BaseModel):
    """Base of all parts: unknown keys are refused, so that a misspelt key is not lost in silence."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


class Home(Part):
    """Where the candidate lives (PROF-12): a place by name (with province where several share it) or a postcode."""

    place: Line | None = None
    province: Line | None = None
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
    place: Line | None = None
    start: Month | None = None
    end: Month | None = None
    current: bool = False
    volunteer: bool = False
    description: Text | None = None


class Education(Part):
    """A study (PROF-35); `diploma` is 'Diploma behaald', null when unknown."""

    title: Line
    institution: Line | None = None
    place: Line | None = None
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
    place: Line | None = None
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

    url: HttpUrl
    title: Line | None = None


class CandidateProfile(Part):
    """One candidate as intake takes it: the whole profile; what is absent is empty (ROLE-20)."""

    external_id: ExternalId
    name: Line
    showcases: tuple[Code, ...] = Field(default=(), description="Codes of the showcases that show this candidate.")
    updated_at: datetime = Field(description="When the candidate last changed the profile; with time zone.")
    intro: Text | None = None
    one_liner: Line | None = None
    about: Text | None = None
    hobbies: Text | None = None
    home: Home | None = None
    level: Code | None = None
    hours_min: Annotated[int, Field(ge=0, le=60)] | None = None
    hours_max: Annotated[int, Field(ge=0, le=60)] | None = None
    work_types: tuple[Code, ...] = ()
    target_groups: tuple[Code, ...] = ()
    fields: tuple[Code, ...] = ()
    functions: tuple[Function, ...] = ()
    languages: tuple[Language, ...] = ()
    licences: tuple[Code, ...] = ()
    transport: tuple[Code, ...] = ()
    certificates: tuple[Code, ...] = ()
    days: tuple[Code, ...] = ()
    day_parts: tuple[Code, ...] = ()
    capabilities: tuple[Code, ...] = ()
    contact: Literal["direct", "accountmanager"] | None = None
    phone: Line | None = None
    email: Annotated[str, StringConstraints(pattern=r"^[^@\s]+@[^@\s]+$", max_length=254)] | None = None
    address: Line | None = None
    birth_date: date | None = None
    experience: tuple[Work, ...] = ()
    education: tuple[Education, ...] = ()
    courses: tuple[Course, ...] = ()
    portrait: FilePath | None = None
    photos: tuple[File, ...] = ()
    videos: tuple[Link, ...] = ()
    links: tuple[Link, ...] = ()
    documents: tuple[File, ...] = ()


class DeleteMarker(Part):
    """A line that removes a candidate: `{"external_id": "...", "deleted": true}`."""

    external_id: ExternalId
    deleted: Literal[True]
