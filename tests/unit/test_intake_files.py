"""Photos and documents that come in: decoded anew or recognised, or refused (security.md, Uploads)."""

from __future__ import annotations

import fcntl
import io
import os
import struct
import threading
import zipfile
import zlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from PIL import Image

from matching.candidates.attachments import attach
from matching.candidates.document_files import DOCX, ODT, PDF, TEXT, content_type, safe_name
from matching.candidates.images import MAX_BYTES, MediaRefused, reencode
from matching.candidates.mediastore import FolderMediaStore
from matching.candidates.profile import CandidateProfile
from tests.support.intake import picture, profile
from tests.support.waiting import wait_until


def _open(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data))


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
@pytest.mark.requirement("PROF-07", "PROF-30")
def test_pictures_are_written_anew_in_two_sizes(kind: str) -> None:
    source = picture(kind, (3000, 1500))
    for use, longest in (("portrait", 400), ("photo", 1600)):
        encoded = reencode(source, use)
        assert encoded.content_type == "image/jpeg"
        assert _open(encoded.data).size == (longest, longest // 2)
        assert encoded == reencode(source, use)


def test_a_small_picture_is_not_blown_up() -> None:
    assert _open(reencode(picture(size=(10, 20)), "photo").data).size == (10, 20)


def test_a_transparent_picture_stays_so() -> None:
    out = io.BytesIO()
    Image.new("RGBA", (20, 20), (255, 0, 0, 0)).save(out, "PNG")
    encoded = reencode(out.getvalue(), "portrait")
    assert encoded.content_type == "image/webp"
    assert _open(encoded.data).mode == "RGBA"


def test_nothing_but_the_picture_is_kept_and_it_stands_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned a quarter
    exif[0x9286] = "thuisadres"
    source = picture("JPEG", (40, 20), exif=exif, comment=b"geheim", icc_profile=b"x" * 200)
    encoded = reencode(source, "photo").data
    shown = _open(encoded)
    assert shown.size == (20, 40)
    assert not shown.getexif()
    assert b"geheim" not in encoded
    assert "icc_profile" not in shown.info
    polyglot = picture("PNG") + b"<script>alert(1)</script>"
    assert b"<script" not in reencode(polyglot, "photo").data


def _png_header(width: int, height: int) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunk = b"IHDR" + header
    body = struct.pack(">I", len(header)) + chunk + struct.pack(">I", zlib.crc32(chunk))
    return b"\x89PNG\r\n\x1a\n" + body + struct.pack(">I", 0) + b"IDAT" + struct.pack(">I", zlib.crc32(b"IDAT"))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"not a picture",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"%PDF-1.4",
        picture("GIF"),
        picture("BMP"),
        picture("TIFF"),
        picture("PNG")[:-30],
        picture("JPEG")[:100],
        _png_header(7_000, 7_000),
        _png_header(60_000, 60_000),
        picture("PNG") + b"x" * MAX_BYTES,
    ],
    ids=["empty", "text", "svg", "pdf", "gif", "bmp", "tiff", "cut-png", "cut-jpeg", "49MP", "bomb", "too-many-bytes"],
)
@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
def test_what_is_no_acceptable_picture_is_refused(data: bytes) -> None:
    with pytest.raises(MediaRefused):
        reencode(data, "photo")


def _zip(*entries: tuple[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in entries:
            archive.writestr(name, content)
    return out.getvalue()


WORD = (("[Content_Types].xml", b"<x/>"), ("word/document.xml", b"<x/>"))


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"%PDF-1.7\n...", PDF),
        (_zip(*WORD), DOCX),
        (_zip(("mimetype", ODT.encode()), ("content.xml", b"")), ODT),
        ("Mijn cv: caissière\n".encode(), TEXT),
    ],
)
@pytest.mark.requirement("PROF-10")
def test_documents_are_known_by_their_content(data: bytes, expected: str) -> None:
    assert content_type(data) == expected


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<!DOCTYPE html><p>",
        b"hoi <script>alert(1)</script>",
        b"<svg onload=x>",
        b"\xff\xfe\x00",
        b"MZ\x90\x00",
        b"tekst met\x00nul",
        _zip(("a.txt", b"x")),
        _zip(*WORD, ("word/vbaProject.bin", b"x")),
        _zip(*WORD)[:-10],
        b"PK\x03\x04 cut",
        b"%PDF-" + b"x" * MAX_BYTES,
    ],
)
def test_other_documents_are_refused(data: bytes) -> None:
    with pytest.raises(MediaRefused):
        content_type(data)


@pytest.mark.parametrize(
    ("path", "kind", "name"),
    [
        ("a/b/Mijn CV.pdf", PDF, "Mijn CV.pdf"),
        ("cv.PDF", PDF, "cv.pdf"),
        ("cv.exe", PDF, "cv.exe.pdf"),
        ("cv.pdf", TEXT, "cv.txt"),
        ("..", PDF, "document.pdf"),
        ('x";\r\n.pdf', PDF, "x____.pdf"),
        ("x" * 300, PDF, "x" * 120 + ".pdf"),
    ],
)
def test_names_for_download_are_safe_and_stay_the_same(path: str, kind: str, name: str) -> None:
    assert safe_name(path, kind) == name
    assert safe_name(name, kind) == name


def _attach(root: Path, **parts: object) -> tuple[list[str], list[tuple[str, str]]]:
    person = CandidateProfile.model_validate(profile("a", **parts))
    media, problems = attach(person, root, FolderMediaStore(root / "store"))
    return [one.kind for one in media], [(one.field, one.reason) for one in problems]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "import"
    folder.mkdir()
    (folder / "p.png").write_bytes(picture())
    (tmp_path / "outside.png").write_bytes(picture())
    (folder / "link.png").symlink_to(tmp_path / "outside.png")
    (folder / "inside.png").symlink_to(folder / "p.png")
    (folder / "loop").symlink_to(folder / "loop")
    os.mkfifo(folder / "pipe")
    (folder / "cv.pdf").write_bytes(b"%PDF-1.7")
    return folder


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("../outside.png", "not a path below"),
        ("a/../../outside.png", "not a path below"),
        ("/etc/passwd", "not a path below"),
        ("..\\outside.png", "not a path below"),
        ("link.png", "outside"),
        ("none.png", "does not exist"),
        ("loop", "cannot be read"),
        ("pipe", "not a file"),
        (".", "not a file"),
        ("cv.pdf", "not a whole JPEG"),
        ("x" * 300, "cannot be read"),
    ],
)
def test_files_that_cannot_be_taken(root: Path, path: str, reason: str) -> None:
    kinds, problems = _attach(root, portrait=path)
    assert kinds == []
    assert problems[0][0] == "portrait"
    assert reason in problems[0][1]


def test_a_link_inside_the_folder_is_followed(root: Path) -> None:
    assert _attach(root, portrait="inside.png", documents=[{"file": "cv.pdf"}]) == (["portrait", "document"], [])


def test_a_pruning_and_those_who_add_wait_for_one_another(tmp_path: Path) -> None:
    """What was put before the rows that name it is used when the pruning asks; no import keeps it waiting."""
    store, used, came = FolderMediaStore(tmp_path / "store"), set[str](), threading.Event()

    def read_used() -> frozenset[str]:
        came.set()
        return frozenset(used)

    def add_more() -> None:
        with store.adding():
            assert came.is_set()
            used.add(store.put(b"een", PDF).content_hash)

    with ThreadPoolExecutor() as pool:
        with store.adding(), FolderMediaStore(tmp_path / "store").adding():
            kept = store.put(b"een", PDF)
            pruning = pool.submit(store.prune, read_used)
            wait_until(lambda: turn_taken(tmp_path / "store"), "the pruning waits")
            adding = pool.submit(add_more)
            assert not came.is_set()
            used.add(kept.content_hash)
        assert pruning.result() == 0
        adding.result()
    with store.open(kept.content_hash) as file:
        assert file.read() == b"een"


def turn_taken(folder: Path) -> bool:
    """Whether somebody waits for those who hold the files."""
    with (folder / "turn.lock").open("r+b") as turn:
        try:
            fcntl.flock(turn, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        return False


def test_the_store_keeps_content_once_and_prunes_what_is_unused(tmp_path: Path) -> None:
    store = FolderMediaStore(tmp_path / "store")
    one, two = store.put(b"een", PDF), store.put(b"twee", PDF)
    assert store.put(b"een", PDF) == one
    store.note("bron", one)
    store.note("bron 2", two)
    with store.open(one.content_hash) as file:
        assert file.read() == b"een"
    assert store.noted("bron") == one
    assert store.noted("iets anders") is None
    assert store.prune(lambda: frozenset({one.content_hash, two.content_hash})) == 0
    assert store.prune(lambda: frozenset({one.content_hash})) == 1
    assert store.noted("bron 2") is None
    assert store.noted("bron") == one
    with pytest.raises(FileNotFoundError):
        store.open(two.content_hash)
    with pytest.raises(ValueError, match="not a content hash"):
        store.open("../../etc/passwd")
