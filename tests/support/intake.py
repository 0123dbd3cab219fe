"""Profiles, files and imports as the intake's tests use them; every person is made up."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
from PIL import Image

from matching.candidates.intake import Intake, Summary
from matching.candidates.mediastore import FolderMediaStore
from matching.candidates.rejects import Rejects
from matching.candidates.showcases import define, standard
from matching.candidates.taxonomy_lists import seed
from matching.storage.database import Database

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
SHOWCASES = ("noord", "zuid")

FULL: dict[str, Any] = {
    "external_id": "K-1",
    "name": "Noor de Vries",
    "showcases": ["noord", "zuid"],
    "updated_at": "2026-10-01T09:30:00+02:00",
    "intro": "Ik werk graag met mijn handen.",
    "one_liner": "Nooit te beroerd om aan te pakken",
    "about": "Al tien jaar in het magazijn.\nVan pakken tot plannen.",
    "hobbies": "Tuinieren",
    "home": {"place": "Rotterdam", "postcode": "3011 AB"},
    "level": "mbo-2",
    "hours_min": 24,
    "hours_max": 32,
    "work_types": ["aanpakken", "vervoeren"],
    "target_groups": ["bbl"],
    "fields": ["transport-logistiek"],
    "functions": [{"occupation": "magazijnmedewerker"}, {"title": "Iets met planten"}],
    "languages": [{"language": "nl", "level": "goed"}, {"language": "en"}],
    "licences": ["B", "C"],
    "transport": ["fiets"],
    "certificates": ["heftruck", "vca-basis"],
    "days": ["maandag", "dinsdag"],
    "day_parts": ["ochtend"],
    "capabilities": ["tillen", "concentreren"],
    "contact": "direct",
    "phone": "06 00000001",
    "email": "noor@voorbeeld.example",
    "address": "Kade 1",
    "birth_date": "1990-02-03",
    "experience": [
        {
            "title": "Magazijnmedewerker",
            "occupation": "magazijnmedewerker",
            "employer": "Pakhuis Zuid",
            "place": "Rotterdam",
            "start": "2015-03",
            "current": True,
            "description": "Orders verzamelen.",
        },
        {"title": "Gastvrouw", "start": "2012", "end": "2014-05", "volunteer": True},
    ],
    "education": [{"title": "Logistiek medewerker", "level": "mbo-2", "start": "2010", "end": "2012", "diploma": True}],
    "courses": [{"title": "Heftruck", "institution": "Rijschool", "certificate": False}],
    "portrait": "files/portrait.png",
    "photos": [{"file": "files/photo.jpg", "title": "Tuin"}],
    "videos": [{"url": "https://video.example/1", "title": "Wie ben ik"}],
    "links": [{"url": "https://noor.example/"}],
    "documents": [{"file": "files/Mijn CV.pdf", "title": "CV"}],
}


def profile(external_id: str, **parts: Any) -> dict[str, Any]:
    """A thin profile; `parts` are added."""
    base = {"external_id": external_id, "name": f"Persoon {external_id}", "showcases": ["noord"]}
    return {**base, "updated_at": "2026-10-01T10:00:00Z", **parts}


def picture(kind: str = "PNG", size: tuple[int, int] = (60, 40), colour: str = "teal", **options: Any) -> bytes:
    """The bytes of a one-coloured picture."""
    out = io.BytesIO()
    Image.new("RGB", size, colour).save(out, kind, **options)
    return out.getvalue()


def write_files(folder: Path) -> None:
    """The files that FULL names."""
    (folder / "files").mkdir(parents=True, exist_ok=True)
    (folder / "files/portrait.png").write_bytes(picture())
    (folder / "files/photo.jpg").write_bytes(picture("JPEG", (2000, 1000), "olive"))
    (folder / "files/Mijn CV.pdf").write_bytes(b"%PDF-1.7\nmade up\n%%EOF\n")


@dataclass(frozen=True)
class Office:
    """A database with vocabularies and two showcases, a media store, and a folder for import files."""

    database: Database
    store: FolderMediaStore
    folder: Path

    def load(self, lines: Sequence[dict[str, Any] | bytes], root: Path | None = None) -> Summary:
        """Import these lines."""
        content = b"".join((line if isinstance(line, bytes) else orjson.dumps(line)) + b"\n" for line in lines)
        return self.load_bytes(content, root)

    def load_bytes(self, content: bytes, root: Path | None = None) -> Summary:
        """Import a file of this content."""
        with Rejects(self.rejects_path) as rejects:
            return Intake(self.database, self.store, root or self.folder, rejects, NOW).run(io.BytesIO(content))

    @property
    def rejects_path(self) -> Path:
        """Where the last import's rejects are, if any."""
        return self.folder / "rejects.jsonl"

    def rejects(self) -> list[dict[str, Any]]:
        """The rejects of the last import."""
        if not self.rejects_path.exists():
            return []
        return [orjson.loads(line) for line in self.rejects_path.read_bytes().splitlines()]


def fill_database(database: Database) -> None:
    """Fill an empty, migrated database so that profiles can be imported."""
    with database.write() as session:
        seed(session)
        for position, code in enumerate(SHOWCASES):
            define(session, standard(code, code.title()), position)


def open_office(database: Database, folder: Path) -> Office:
    """An office of a filled database, with its files in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    return Office(database, FolderMediaStore(folder / "store"), folder)
