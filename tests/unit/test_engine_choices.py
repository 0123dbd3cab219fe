"""What is chosen for a machine: archive, JDK, port, configuration."""

from __future__ import annotations

import json
import socket
from pathlib import Path

import pytest

from indexer.engine import configuration, jdk, ports
from indexer.engine.errors import WayError
from indexer.engine.pins import VERSION, archive_name
from tests.support.fake_engine import fake_jdk


@pytest.mark.parametrize(
    ("system", "machine", "name"),
    [
        ("Linux", "x86_64", "linux-x86_64"),
        ("Linux", "aarch64", "linux-aarch64"),
        ("Darwin", "x86_64", "darwin-x86_64"),
        ("Darwin", "arm64", "darwin-aarch64"),
        ("Linux", "AMD64", "linux-x86_64"),
    ],
)
def test_each_platform_has_its_archive(system: str, machine: str, name: str) -> None:
    assert archive_name(system, machine) == f"elasticsearch-{VERSION}-{name}.tar.gz"


def test_a_platform_without_archive_is_said() -> None:
    with pytest.raises(WayError, match="no official archive for Windows on x86_64"):
        archive_name("Windows", "x86_64")


def test_jvm_options_name_one_heap_and_one_collector() -> None:
    for heap in (512, 4096):
        lines = configuration.jvm_options(heap).splitlines()
        assert f"-Xms{heap}m" in lines
        assert f"-Xmx{heap}m" in lines
        assert len([line for line in lines if line.startswith("-XX:+Use") and line.endswith("GC")]) == 1
        assert "--add-modules=jdk.incubator.vector" in lines


def test_the_engine_is_one_node_on_loopback_that_makes_no_index_by_itself() -> None:
    text = configuration.engine_settings("abc", 9222, Path("/var/cache/with space"))
    values = {line.partition(": ")[0]: json.loads(line.partition(": ")[2]) for line in text.splitlines()}
    assert values["network.host"] == "127.0.0.1"
    assert values["http.port"] == 9222
    assert values["discovery.type"] == "single-node"
    assert values["action.auto_create_index"] is False
    assert values["path.data"] == "/var/cache/with space/data"
    assert not [name for name in values if name.startswith("ingest.geoip")]


def test_a_jdk_that_a_variable_names_is_taken_before_a_newer_one(tmp_path: Path) -> None:
    named = fake_jdk(tmp_path / "named", "21.0.2")
    fake_jdk(tmp_path / "jvm" / "newer", "25.0.1")
    found = jdk.find({"JAVA_HOME": str(named)}, [f"{tmp_path}/jvm/*"])
    assert found == jdk.Jdk(named, 21, True)


def test_es_java_home_goes_before_java_home(tmp_path: Path) -> None:
    first, second = fake_jdk(tmp_path / "a", "22"), fake_jdk(tmp_path / "b", "25")
    assert jdk.find({"ES_JAVA_HOME": str(first), "JAVA_HOME": str(second)}, []).home == first


def test_a_named_jdk_that_is_too_old_gives_way_to_the_newest_of_the_system(tmp_path: Path) -> None:
    old = fake_jdk(tmp_path / "old", "17.0.15")
    fake_jdk(tmp_path / "jvm" / "a", "21.0.1")
    newest = fake_jdk(tmp_path / "jvm" / "b", "25.0.3")
    fake_jdk(tmp_path / "jvm" / "c", "26.0.1", modules="java.base")
    assert jdk.find({"JAVA_HOME": str(old)}, [f"{tmp_path}/jvm/*"]).home == newest


def test_a_java_on_the_path_is_found(tmp_path: Path) -> None:
    home = fake_jdk(tmp_path / "somewhere", "25")
    (home / "bin" / "java").chmod(0o755)
    assert jdk.find({"PATH": str(home / "bin")}, []).home == home


def test_when_no_jdk_suits_the_message_tells_what_was_found_and_what_to_install(tmp_path: Path) -> None:
    fake_jdk(tmp_path / "jvm" / "debian", "17.0.15")
    fake_jdk(tmp_path / "jvm" / "trimmed", "25", modules="java.base")
    fake_jdk(tmp_path / "jvm" / "ancient", "1.8.0_402")
    with pytest.raises(WayError) as raised:
        jdk.find({}, [f"{tmp_path}/jvm/*"])
    message = str(raised.value)
    assert "debian (Java 17)" in message
    assert "trimmed (Java 25, without jdk.jlink)" in message
    assert "ancient (Java 8" in message
    assert "Temurin 25" in message


def test_the_former_port_is_kept_while_it_is_free() -> None:
    port = ports.choose("0a")
    assert ports.choose("ff", former=port) == port


def test_a_taken_port_is_passed_over() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = other.getsockname()[1]
        assert not ports.is_free(taken)
        chosen = ports.choose("0a", former=taken)
        assert chosen != taken
        assert ports.is_free(chosen)


def test_a_full_range_ends_in_any_free_port(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ports, "is_free", lambda port: False)
    assert not ports.FIRST <= ports.choose("0a") < ports.FIRST + ports.COUNT
