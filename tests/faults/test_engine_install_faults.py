"""Whatever goes wrong while the engine is fetched ends in a clear message and a next run that works."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import time
from pathlib import Path

import pytest

from indexer.engine import disk, official
from indexer.engine.errors import DiskFullError, EngineError, WayError
from indexer.engine.home import MARKER, cache_place
from indexer.engine.install import install
from matching.settings import Settings
from tests.support.command import HALLOWERK, environment
from tests.support.fake_engine import SERVER_FILES, TOP, serving, tar_archive
from tests.support.waiting import wait_until

NO_TOOLS = {"PATH": "/nonexistent"}


def settings_in(folder: Path, site: str) -> Settings:
    return Settings(
        state_dir=folder / "state",
        engine_cache=folder / "cache",
        engine_download_site=site,
        elasticsearch_url="",
        engine_home=None,
    )


def variables(folder: Path, site: str) -> dict[str, str]:
    cache = str(folder / "cache")
    return environment(folder, HALLOWERK_ENGINE_CACHE=cache, HALLOWERK_ENGINE_DOWNLOAD_SITE=site, PATH="/nonexistent")


def in_cache(folder: Path) -> list[str]:
    return sorted(path.name for path in (folder / "cache").iterdir() if path.name != "install.lock")


def test_an_install_killed_in_mid_download_is_cleared_away_by_the_next(tmp_path: Path) -> None:
    with serving(tar_archive(SERVER_FILES, padding=2_000_000)) as site:
        site.flowing.clear()
        run = subprocess.Popen(
            [*HALLOWERK, "engine", "install"], env=variables(tmp_path, site.url), stderr=subprocess.DEVNULL
        )
        wait_until(
            lambda: any(part.stat().st_size > 0 for part in (tmp_path / "cache").glob("fetching-*/*.tar.gz")),
            "the download has begun",
        )
        run.send_signal(signal.SIGKILL)
        run.wait()
        assert [name.partition("-")[0] for name in in_cache(tmp_path)] == ["fetching", "unpacking"]
        site.flowing.set()
        said: list[str] = []
        assert install(settings_in(tmp_path, site.url), said.append, NO_TOOLS) is not None
    assert in_cache(tmp_path) == [TOP]
    assert len([line for line in said if "left by a run that was broken off" in line]) == 2


def test_a_half_unpacked_engine_is_not_taken_for_a_whole_one(tmp_path: Path) -> None:
    with serving(tar_archive(SERVER_FILES)) as site:
        settings = settings_in(tmp_path, site.url)
        (cache_place(settings) / "bin").mkdir(parents=True)
        (cache_place(settings) / "bin" / "half").touch()
        home = install(settings, environment=NO_TOOLS)
    assert home is not None
    assert (home.path / MARKER).is_file()
    assert not (home.path / "bin" / "half").exists()


def test_an_archive_with_another_checksum_is_refused_and_the_next_run_works(tmp_path: Path) -> None:
    with serving(tar_archive(SERVER_FILES)) as site:
        published, site.checksum = site.checksum, "0" * 128
        with pytest.raises(EngineError, match=f"{TOP}.*wrong sha512 checksum"):
            install(settings_in(tmp_path, site.url), environment=NO_TOOLS)
        assert in_cache(tmp_path) == []
        site.checksum = published
        assert install(settings_in(tmp_path, site.url), environment=NO_TOOLS) is not None


def test_a_page_in_place_of_the_checksum_is_refused(tmp_path: Path) -> None:
    """A proxy's sign-in page answers 200 to everything."""
    with serving(tar_archive(SERVER_FILES)) as site:
        site.checksum = "<html>sign in</html>"
        with pytest.raises(EngineError, match="is no SHA-512 checksum"):
            install(settings_in(tmp_path, site.url), environment=NO_TOOLS)


def test_a_site_that_is_out_of_reach_is_given_up_at_once_in_one_line(tmp_path: Path) -> None:
    begun = time.monotonic()
    with pytest.raises(WayError) as raised:
        official.fetch("http://127.0.0.1:9/downloads", tmp_path / "into", tmp_path, lambda message: None)
    assert time.monotonic() - begun < 2
    assert "out of reach (Connection refused)" in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_site_that_takes_the_call_and_says_nothing_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert official.REACH_SECONDS <= 10
    monkeypatch.setattr(official, "REACH_SECONDS", 0.5)
    with serving(b"") as site:
        site.silent = True
        site.flowing.clear()
        begun = time.monotonic()
        with pytest.raises(WayError, match=r"did not answer|timed out"):
            official.fetch(site.url, tmp_path / "into", tmp_path, lambda message: None)
        assert time.monotonic() - begun < 3


def test_a_download_that_stands_still_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(official, "STALL_SECONDS", 0.5)
    with serving(tar_archive(SERVER_FILES, padding=10_000)) as site:
        site.flowing.clear()
        with pytest.raises(EngineError, match="broke off"):
            install(settings_in(tmp_path, site.url), environment=NO_TOOLS)
    assert in_cache(tmp_path) == []


def test_too_little_room_is_said_before_anything_is_fetched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(disk, "free_bytes", lambda path: 100 * 1024**2)
    with serving(tar_archive(SERVER_FILES)) as site:
        with pytest.raises(DiskFullError, match=r"100 MiB free; installing the engine needs 3.0 GiB"):
            install(settings_in(tmp_path, site.url), environment=NO_TOOLS)
        assert site.asked == []


@pytest.mark.parametrize("padding", [3_000_000])
def test_a_disk_that_fills_up_ends_in_a_message_and_the_next_run_works(tmp_path: Path, padding: int) -> None:
    """The system refuses to let a file grow (RLIMIT_FSIZE), as a full disk or a quota does."""

    def small_files() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000))

    with serving(tar_archive(SERVER_FILES, padding)) as site:
        env = variables(tmp_path, site.url)
        command = [*HALLOWERK, "engine", "install"]
        run = subprocess.run(command, env=env, capture_output=True, text=True, preexec_fn=small_files)
        assert run.returncode == 1
        assert "is full" in run.stderr
        assert "HALLOWERK_ENGINE_CACHE" in run.stderr
        assert "Traceback" not in run.stderr
        assert in_cache(tmp_path) == []
        again = subprocess.run(command, env=env, capture_output=True, text=True)
        assert again.returncode == 0, again.stderr


def test_a_cache_folder_that_cannot_be_made_is_said(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file in the way")
    with pytest.raises(EngineError, match=r"cannot be made .*HALLOWERK_ENGINE_CACHE"):
        install(settings_in(tmp_path, "http://127.0.0.1:9"), environment=dict(os.environ))
