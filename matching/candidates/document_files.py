"""Documents that come in: PDF, DOCX, ODT and plain text, known by their content and kept as they are."""

from __future__ import annotations

import io
import re
import unicodedata
import zipfile
from pathlib import PurePosixPath

from matching.candidates.images import MAX_BYTES, MediaRefused

PDF = "application/pdf"
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
ODT = "application/vnd.oasis.opendocument.text"
TEXT = "text/plain; charset=utf-8"
SUFFIXES = {PDF: ".pdf", DOCX: ".docx", ODT: ".odt", TEXT: ".txt"}
MAX_NAME = 120

_UNSAFE = re.compile(r"[^\w .()+-]")
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f]")
_MARKUP = re.compile(rb"<\s*(?:!doctype|html|head|body|script|svg|\?xml|iframe)", re.IGNORECASE)


def content_type(data: bytes) -> str:
    """The media type of a document, from its bytes alone.

    Raises MediaRefused for other kinds of files, for documents with macros, and for web pages and drawings, which
    could run as script in a browser.
    """
    if not data:
        raise MediaRefused("is empty")
    if len(data) > MAX_BYTES:
        raise MediaRefused(f"is larger than {MAX_BYTES // 1024 // 1024} MB")
    if data.startswith(b"%PDF-"):
        return PDF
    if data.startswith(b"PK\x03\x04"):
        return _zipped_type(data)
    if _MARKUP.search(data):
        raise MediaRefused("is a web page or drawing, not a document")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise MediaRefused("is not a PDF, DOCX, ODT or plain text (UTF-8) document") from error
    if _CONTROLS.search(text):
        raise MediaRefused("is not a PDF, DOCX, ODT or plain text (UTF-8) document")
    return TEXT


def _zipped_type(data: bytes) -> str:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = set(archive.namelist())
            if any(name.lower().endswith("vbaproject.bin") or name.startswith("Basic/") for name in names):
                raise MediaRefused("holds macros")
            if {"[Content_Types].xml", "word/document.xml"} <= names:
                return DOCX
            if "mimetype" in names:
                with archive.open("mimetype") as file:
                    if file.read(len(ODT) + 1).decode("ascii", errors="replace") == ODT:
                        return ODT
    except (zipfile.BadZipFile, NotImplementedError, EOFError, OSError, RuntimeError, ValueError) as error:
        if isinstance(error, MediaRefused):
            raise
        raise MediaRefused("is a damaged or locked archive") from error
    raise MediaRefused("is not a PDF, DOCX, ODT or plain text (UTF-8) document")


def safe_name(path: str, type_of_content: str) -> str:
    """The last part of `path` as a name that is safe on every system and in a header, with the content's suffix."""
    stem = PurePosixPath(path.replace("\\", "/")).name
    for suffix in SUFFIXES.values():
        if stem.lower().endswith(suffix):
            stem = stem[: -len(suffix)]
            break
    stem = _UNSAFE.sub("_", unicodedata.normalize("NFC", stem)).strip(" .")[:MAX_NAME].strip(" .")
    return (stem or "document") + SUFFIXES[type_of_content]
