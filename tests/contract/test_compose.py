"""docker-compose.yml is valid, names only variables and commands that exist, and gives nothing any rights."""

from __future__ import annotations

import re
import shlex
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from indexer.engine.pins import VERSION
from indexer.engine.synonym_file import FOLDER
from indexer.queues import QUEUES
from matching.settings import SECRETS, SettingsError, describe_settings, load_settings, variable_name, vault_keys
from tests.support.command import parse
from tests.support.fake_engine import TOP

ROOT = Path(__file__).parents[2]
FILE = ROOT / "docker-compose.yml"
#: End when they have done what they are for.
ONCE = {"upgrade", "engine-account", "hallowerk"}
#: Secrets that a mail server, a gateway for text messages and Microsoft give out.
FROM_OTHERS = ("smtp_password", "sms_gateway_token", "microsoft_client_secret")
ENGINE = "elasticsearch"


@pytest.fixture(scope="module")
def composed() -> dict[str, Any]:
    """The file as docker-compose understands it."""
    answer = subprocess.run(["docker-compose", "--file", str(FILE), "config"], capture_output=True, text=True, cwd=ROOT)
    assert answer.returncode == 0, answer.stderr
    found: dict[str, Any] = yaml.safe_load(answer.stdout)
    return found


@pytest.fixture(scope="module")
def ours(composed: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The services that run our own image."""
    return {name: service for name, service in composed["services"].items() if service["image"] == "hallowerk"}


def test_the_parts_are_there(composed: dict[str, Any], ours: dict[str, Any]) -> None:
    queues = {f"worker-{name}" for name in QUEUES}
    assert set(ours) == {"web", "relay", "beat", "upgrade", "hallowerk", *queues}
    assert set(composed["services"]) - set(ours) == {"postgres", ENGINE, "engine-account", "redis", "mail"}
    for name in QUEUES:
        assert ours[f"worker-{name}"]["command"] == ["worker", "--queue", name]


def test_every_variable_is_a_setting(ours: dict[str, Any]) -> None:
    known = set(describe_settings(load_settings()))
    named = {name.removesuffix("_FILE") for service in ours.values() for name in service["environment"]}
    assert named <= known
    assert set(re.findall(r"\$\{(\w+)", FILE.read_text())) <= known


def test_secrets_come_from_files(composed: dict[str, Any], ours: dict[str, Any]) -> None:
    secret = {variable_name(field) for field in SECRETS} | {"DATABASE_URL", "REDIS_URL"}
    for service in ours.values():
        assert secret.isdisjoint(service["environment"])
    for name, service in composed["services"].items():
        given = {f"/run/secrets/{one['source']}" for one in service.get("secrets", ())}
        used = {value for value in service.get("environment", {}).values() if "/run/secrets/" in value}
        assert used <= given, name


def commands(service: dict[str, Any]) -> Iterator[list[str]]:
    """What a service of ours runs, without the name of the program."""
    if "entrypoint" not in service:
        yield list(service.get("command") or [])
        return
    shell, flag, line = service["entrypoint"]
    assert (shell, flag) == ("sh", "-c")
    for one in line.split("&&"):
        program, *arguments = shlex.split(one)
        assert program == "hallowerk"
        yield arguments


def checked_by(service: dict[str, Any]) -> Iterator[list[str]]:
    """The command of ours that tells a service's health, without the name of the program."""
    kind, *line = service["healthcheck"].get("test", ["NONE"])
    if kind == "CMD" and line[0] == "hallowerk":
        yield line[1:]


def test_every_command_is_real(ours: dict[str, Any]) -> None:
    lines = [line for service in ours.values() for line in commands(service) if line]
    lines += [line for service in ours.values() for line in checked_by(service)]
    assert ["serve"] in lines
    for line in lines:
        parse(line)
    with pytest.raises(click.UsageError):
        parse(["worker", "--queue", "gone"])


def test_nothing_runs_with_rights(composed: dict[str, Any], ours: dict[str, Any]) -> None:
    for name, service in composed["services"].items():
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert name in ours or service["user"].split(":")[0] not in {"0", "root"}, name
        assert service["read_only"] or name == ENGINE, name
        assert not service.get("privileged"), name


def test_nothing_is_reached_from_elsewhere(composed: dict[str, Any]) -> None:
    raw = yaml.safe_load(FILE.read_text())["services"]
    ports = [port for service in raw.values() for port in service.get("ports", ())]
    assert len(ports) == 2
    assert all(port.startswith("127.0.0.1:") for port in ports)
    assert composed["networks"]["inside"]["internal"]
    inside = {name for name, service in composed["services"].items() if list(service["networks"]) == ["inside"]}
    assert inside == set(composed["services"]) - {"web", "worker-mail", "mail"}


def test_every_service_that_stays_tells_its_health(composed: dict[str, Any]) -> None:
    for name, service in composed["services"].items():
        check = service["healthcheck"]
        checked = not check.get("disable") and check["test"] != ["NONE"]
        assert checked is (name not in ONCE), name
        assert service["restart"] == ("no" if name in ONCE else "unless-stopped"), name


def test_the_engine_is_ours_with_security_on_and_reads_our_synonyms(
    composed: dict[str, Any], ours: dict[str, Any]
) -> None:
    engine = composed["services"][ENGINE]
    assert engine["image"] == f"elasticsearch:{VERSION}"
    assert engine["image"].replace(":", "-") == TOP
    assert engine["environment"]["xpack.security.enabled"] == "true"
    assert engine["environment"]["action.auto_create_index"] == "false"
    raw = yaml.safe_load(FILE.read_text())
    [mount] = [one for one in raw["services"][ENGINE]["volumes"] if isinstance(one, dict)]
    assert mount["target"] == f"/usr/share/elasticsearch/config/{FOLDER}"
    assert mount["read_only"]
    folder = ours["hallowerk"]["environment"]["HALLOWERK_SYNONYMS_DIR"]
    assert f"{mount['source']}:{folder}" in raw["x-hallowerk"]["volumes"]
    dockerfile = (ROOT / "Dockerfile").read_text()
    assert f" {folder}\n" in dockerfile
    state = re.search(r"HALLOWERK_STATE_DIR=(\S+)", dockerfile)
    assert state
    assert f"state:{state[1]}" in raw["x-hallowerk"]["volumes"]


def test_images_are_named_plainly_and_fixed(composed: dict[str, Any]) -> None:
    names = {service["image"] for service in composed["services"].values()} - {"hallowerk"}
    assert all("." not in name.split(":")[0] and ":" in name and not name.endswith(":latest") for name in names)


def make_secrets(folder: Path) -> dict[str, str]:
    subprocess.run(["bash", str(ROOT / "tools/secrets.sh"), str(folder)], check=True, stdout=subprocess.DEVNULL)
    return {path.name: path.read_text().strip() for path in folder.iterdir()}


def test_the_secrets_are_made_once_closed_and_fit(
    composed: dict[str, Any], ours: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "secrets"
    made = make_secrets(folder)
    assert make_secrets(folder) == made
    assert set(composed["secrets"]) <= set(made)
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o400 for path in folder.iterdir())
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    for name, value in ours["web"]["environment"].items():
        monkeypatch.setenv(name, value.replace("/run/secrets", str(folder)))
    monkeypatch.setenv("HALLOWERK_PUBLIC_URL", "https://hallowerk.example")
    settings = load_settings()
    assert f"hallowerk:{made['postgres_password']}@postgres:" in settings.database
    assert settings.redis_url == f"redis://:{made['redis_password']}@redis:6379/0"
    assert made["redis_conf"] == f"requirepass {made['redis_password']}"
    assert settings.elasticsearch_password == made["elasticsearch_password"]
    assert settings.secret_key == made["secret_key"]
    assert vault_keys(settings) == (made["encryption_keys"],)
    own = [value for name, value in made.items() if name not in FROM_OTHERS]
    assert len(set(own)) == len(own)
    assert [made[name] for name in FROM_OTHERS] == ["", "", ""]


def test_mail_and_text_messages_leave_by_whom_has_their_secret(ours: dict[str, dict[str, Any]]) -> None:
    def who_has(secret: str) -> set[str]:
        return {name for name, one in ours.items() if secret in {given["source"] for given in one["secrets"]}}

    assert [who_has(secret) for secret in FROM_OTHERS] == [{"worker-mail"}, {"web"}, {"web"}]
    mail = ours["worker-mail"]["environment"]
    assert (mail["HALLOWERK_SMTP_HOST"], mail["HALLOWERK_SMTP_PORT"]) == ("mail", "1025")


def test_it_does_not_start_without_its_own_address(
    ours: dict[str, dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in ours["upgrade"]["environment"].items():
        if not name.endswith("_FILE"):
            monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError, match="HALLOWERK_PUBLIC_URL: must be set"):
        load_settings()
