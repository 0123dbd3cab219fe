"""Archives are checked and unpacked to where they belong, and nowhere else."""

from __future__ import annotations

import io
import os
import tarfile
from pathlib import Path

import pytest

from indexer.engine import archives
from indexer.engine.errors import WayError
from indexer.engine.maven import missing_module
from tests.support.fake_engine import SERVER_FILES, TOP, tar_archive, zip_archive


def test_a_tar_lands_without_its_top_folder_readable_and_executable(tmp_path: Path) -> None:
    archive = tmp_path / "a.tar.gz"
    archive.write_bytes(tar_archive(SERVER_FILES))
    archives.unpack_tar(archive, tmp_path / "out")
    assert os.access(tmp_path / "out" / "bin" / "elasticsearch", os.X_OK)
    assert (tmp_path / "out" / "lib" / f"{TOP}.jar").stat().st_mode & 0o777 == 0o644


@pytest.mark.parametrize(
    ("name", "link"),
    [("top/../../evil", None), ("top/link", "/etc/passwd"), ("top/link", "../../evil")],
)
def test_a_tar_that_reaches_outside_is_refused(tmp_path: Path, name: str, link: str | None) -> None:
    archive = tmp_path / "a.tar.gz"
    with tarfile.open(archive, "w:gz") as out:
        member = tarfile.TarInfo(name)
        if link:
            member.type, member.linkname = tarfile.SYMTYPE, link
        out.addfile(member, io.BytesIO())
    with pytest.raises(WayError, match="outside its folder"):
        archives.unpack_tar(archive, tmp_path / "out")
    assert not (tmp_path / "evil").exists()


def test_a_tar_that_writes_through_its_own_link_is_refused(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "door").symlink_to(tmp_path)
    archive = tmp_path / "a.tar.gz"
    archive.write_bytes(tar_archive({"top/door/evil": b"x"}))
    with pytest.raises(WayError, match="outside its folder"):
        archives.unpack_tar(archive, tmp_path / "out")
    assert not (tmp_path / "evil").exists()


def test_a_tar_with_a_device_is_refused(tmp_path: Path) -> None:
    archive = tmp_path / "a.tar.gz"
    with tarfile.open(archive, "w:gz") as out:
        member = tarfile.TarInfo("top/device")
        member.type = tarfile.CHRTYPE
        out.addfile(member)
    with pytest.raises(WayError, match="no file or folder"):
        archives.unpack_tar(archive, tmp_path / "out")


@pytest.mark.parametrize("kept", [10, 200])
def test_half_a_tar_is_told_as_incomplete(tmp_path: Path, kept: int) -> None:
    archive = tmp_path / "a.tar.gz"
    archive.write_bytes(tar_archive(SERVER_FILES, padding=1000)[:kept])
    with pytest.raises(WayError, match="not a complete archive"):
        archives.unpack_tar(archive, tmp_path / "out")


def test_half_a_zip_is_told_as_incomplete(tmp_path: Path) -> None:
    archive = tmp_path / "a.zip"
    zip_archive(archive, SERVER_FILES)
    archive.write_bytes(archive.read_bytes()[:100])
    with pytest.raises(WayError, match="not a complete zip"):
        archives.unpack_zip(archive, tmp_path / "out", lambda name: name)


def test_a_zip_keeps_only_the_chosen_files(tmp_path: Path) -> None:
    archive = tmp_path / "a.zip"
    zip_archive(archive, {"x/elasticsearch/modules/painless/p.jar": b"p", "x/web/index.html": b"w"})
    archives.unpack_zip(archive, tmp_path / "out", lambda name: missing_module(name, set()))
    files = [str(file.relative_to(tmp_path / "out")) for file in (tmp_path / "out").rglob("*") if file.is_file()]
    assert files == ["modules/painless/p.jar"]


def test_a_zip_that_reaches_outside_is_refused(tmp_path: Path) -> None:
    archive = tmp_path / "a.zip"
    zip_archive(archive, {"../evil": b"x"})
    with pytest.raises(WayError, match="outside its folder"):
        archives.unpack_zip(archive, tmp_path / "out", lambda name: name)


def test_modules_that_the_server_has_are_left_as_they_are() -> None:
    assert missing_module("sonarqube-1/elasticsearch/modules/x-pack-core/a.jar", {"x-pack-core"}) is None
    assert missing_module("sonarqube-1/elasticsearch/modules/reindex/a.jar", {"x-pack-core"}) == "modules/reindex/a.jar"
    assert missing_module("sonarqube-1/elasticsearch/lib/a.jar", set()) is None


def test_a_file_with_the_wrong_checksum_is_thrown_away(tmp_path: Path) -> None:
    file = tmp_path / "a.zip"
    file.write_bytes(b"not it")
    with pytest.raises(WayError, match="wrong sha256 checksum"):
        archives.check(file, "sha256", "0" * 64)
    assert not file.exists()
