"""Configuration: typed, from the environment, checked at start."""

from __future__ import annotations

import multiprocessing
import stat
from multiprocessing.queues import SimpleQueue
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Any

import pytest

from matching.settings import SettingsError, describe_settings, load_settings, session_key, vault_keys


def test_the_default_database_is_sqlite_in_the_state_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DATABASE_URL", raising=False)
    assert load_settings(state_dir=tmp_path).database == f"sqlite:///{tmp_path}/hallowerk.db"


def test_a_postgresql_address_gets_the_driver_that_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://user:secret@db/hallowerk")
    assert load_settings().database == "postgresql+psycopg://user:secret@db/hallowerk"


def test_every_wrong_value_is_named_with_its_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "eighty")
    monkeypatch.setenv("DATABASE_URL", "mysql://db/hallowerk")
    monkeypatch.setenv("REDIS_URL", "amqp://broker")
    monkeypatch.setenv("HALLOWERK_ENGINE_HEAP_MB", "1")
    with pytest.raises(SettingsError) as raised:
        load_settings()
    message = str(raised.value)
    assert all(name in message for name in ("PORT", "DATABASE_URL", "REDIS_URL", "HALLOWERK_ENGINE_HEAP_MB"))


def test_secrets_are_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://user:hush@db/hallowerk")
    monkeypatch.setenv("HALLOWERK_SECRET_KEY", "hush" * 8)
    monkeypatch.setenv("HALLOWERK_ENCRYPTION_KEYS", f"{'hush' * 10}huA=")
    monkeypatch.setenv("ELASTICSEARCH_API_KEY", "hush")
    monkeypatch.setenv("ELASTICSEARCH_URL", "https://somebody:hush@engine:9200")
    monkeypatch.setenv("ELASTICSEARCH_PASSWORD", "hush")
    monkeypatch.setenv("REDIS_URL", "redis://:hush@broker:6379/0")
    shown = describe_settings(load_settings())
    assert not any("hush" in value for value, _ in shown.values())
    assert all(meaning for _, meaning in shown.values())


def test_a_value_can_come_from_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    secret = tmp_path / "database_url"
    secret.write_text("postgresql://user:from-a-file@db/hallowerk\n")
    monkeypatch.setenv("DATABASE_URL", "")
    monkeypatch.setenv("DATABASE_URL_FILE", str(secret))
    monkeypatch.setenv("HALLOWERK_INDEX_PREFIX_FILE", str(tmp_path / "prefix"))
    (tmp_path / "prefix").write_text("from_a_file")
    settings = load_settings()
    assert settings.database == "postgresql+psycopg://user:from-a-file@db/hallowerk"
    assert settings.index_prefix == "from_a_file"
    assert load_settings(index_prefix="given").index_prefix == "given"


def test_a_file_that_cannot_be_used_is_named_and_not_repeated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    secret = tmp_path / "key"
    monkeypatch.setenv("HALLOWERK_SECRET_KEY_FILE", str(secret))
    with pytest.raises(SettingsError, match=r"HALLOWERK_SECRET_KEY_FILE: .*/key: No such file"):
        load_settings()
    secret.write_bytes(b"hush\xff")
    with pytest.raises(SettingsError, match=r"HALLOWERK_SECRET_KEY_FILE: .*/key: is not text"):
        load_settings()
    secret.write_text("hush")
    with pytest.raises(SettingsError, match="HALLOWERK_SECRET_KEY: has 4 characters"):
        load_settings()
    monkeypatch.setenv("HALLOWERK_SECRET_KEY", "hush" * 8)
    with pytest.raises(
        SettingsError, match="HALLOWERK_SECRET_KEY: is set, and HALLOWERK_SECRET_KEY_FILE too"
    ) as raised:
        load_settings()
    assert "hush" not in str(raised.value)


def test_there_is_one_way_into_the_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ELASTICSEARCH_API_KEY", "a key")
    monkeypatch.setenv("ELASTICSEARCH_USER", "somebody")
    with pytest.raises(SettingsError, match="ELASTICSEARCH_USER: is set, and ELASTICSEARCH_API_KEY too"):
        load_settings()


def test_a_key_that_can_be_guessed_is_refused_and_not_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HALLOWERK_SECRET_KEY", "hush" * 7)
    with pytest.raises(SettingsError, match="HALLOWERK_SECRET_KEY: has 28 characters: use 32 or more") as raised:
        load_settings()
    assert "hush" not in f"{raised.value} {raised.value.__cause__}"


def test_the_session_key_is_made_once_and_closed_to_others(tmp_path: Path) -> None:
    settings = load_settings(state_dir=tmp_path, secret_key="")
    key = session_key(settings)
    assert session_key(settings) == key
    assert len(key) >= 48
    assert stat.S_IMODE((tmp_path / "secret_key").stat().st_mode) == 0o600


def _key_of_one_start(folder: Path, barrier: Barrier, keys: SimpleQueue[str]) -> None:
    settings = load_settings(state_dir=folder, secret_key="")
    barrier.wait(30)
    keys.put(session_key(settings))


def test_processes_that_start_together_sign_with_one_key(tmp_path: Path) -> None:
    processes = multiprocessing.get_context("fork")
    for start in range(10):
        folder = tmp_path / str(start)
        barrier, keys = processes.Barrier(4), processes.SimpleQueue()
        workers = [processes.Process(target=_key_of_one_start, args=(folder, barrier, keys)) for _ in range(4)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join(60)
        assert [worker.exitcode for worker in workers] == [0] * 4
        assert {keys.get() for _ in workers} == {(folder / "secret_key").read_text()}
        assert [path.name for path in folder.iterdir()] == ["secret_key"]


def test_an_empty_session_key_is_never_used(tmp_path: Path) -> None:
    (tmp_path / "secret_key").touch()
    with pytest.raises(SettingsError, match="secret_key is empty"):
        session_key(load_settings(state_dir=tmp_path, secret_key=""))


def test_a_wrong_encryption_key_is_told_by_its_place_and_not_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HALLOWERK_ENCRYPTION_KEYS", f"{'A' * 43}=, {'hush' * 10}huh=,")
    with pytest.raises(SettingsError, match="HALLOWERK_ENCRYPTION_KEYS: key 2, 3 of 3 is no Fernet key") as raised:
        load_settings()
    assert "hush" not in f"{raised.value} {raised.value.__cause__}"


def test_the_encryption_key_is_made_once_and_closed_to_others(tmp_path: Path) -> None:
    settings = load_settings(state_dir=tmp_path, encryption_keys="")
    keys = vault_keys(settings)
    assert len(keys) == 1
    assert vault_keys(settings) == keys
    assert stat.S_IMODE((tmp_path / "encryption_key").stat().st_mode) == 0o600
    (tmp_path / "encryption_key").write_text("")
    with pytest.raises(SettingsError, match="encryption_key is no Fernet key"):
        vault_keys(settings)


def test_two_installations_have_two_names(tmp_path: Path) -> None:
    assert load_settings(state_dir=tmp_path / "a").installation != load_settings(state_dir=tmp_path / "b").installation


def test_links_begin_with_the_public_address_or_where_the_server_is_bound() -> None:
    assert load_settings(host="127.0.0.1", port=8001).site_url == "http://127.0.0.1:8001"
    assert load_settings(host="0.0.0.0", port=80).site_url == "http://127.0.0.1:80"  # noqa: S104 - what it is bound to
    assert load_settings(host="::", port=80).site_url == "http://[::1]:80"
    assert load_settings(https=True, public_url="https://hallowerk.example").site_url == "https://hallowerk.example"


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"https": True}, "HALLOWERK_PUBLIC_URL: must be set"),
        ({"https": True, "public_url": "http://hallowerk.example"}, "HALLOWERK_PUBLIC_URL: must begin with https://"),
        (
            {"public_url": "https://hallowerk.example/app"},
            "HALLOWERK_PUBLIC_URL: must be http:// or https:// with a host",
        ),
        (
            {"public_url": "https://user@hallowerk.example"},
            "HALLOWERK_PUBLIC_URL: must be http:// or https:// with a host",
        ),
        ({"https": True, "public_url": "https://hallowerk.example", "demo": True}, "HALLOWERK_DEMO: is for a look"),
        ({"mail_from": "HalloWerk"}, "HALLOWERK_MAIL_FROM: is no address"),
        ({"mail_from": "a <a@hallowerk.example>\r\nBcc: b@hallowerk.example"}, "HALLOWERK_MAIL_FROM: is no address"),
        ({"smtp_host": "mail.example"}, "HALLOWERK_SMTP_HOST: is set, and HALLOWERK_MAIL_FROM is not"),
        ({"smtp_tls": "none", "smtp_user": "us"}, "HALLOWERK_SMTP_USER: is set, and HALLOWERK_SMTP_TLS is none"),
        ({"smtp_tls": "ssl"}, "HALLOWERK_SMTP_TLS: "),
        ({"sms_gateway_url": "http://sms.example/send"}, "HALLOWERK_SMS_GATEWAY_URL: must begin with https://"),
        ({"sms_sender": "Een lange naam"}, "HALLOWERK_SMS_SENDER: "),
    ],
)
def test_mail_leaves_only_the_way_it_should(values: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        load_settings(**values)


def test_microsoft_asks_for_a_secret_and_a_safe_address() -> None:
    assert load_settings().microsoft_client_id == ""
    with pytest.raises(SettingsError, match="HALLOWERK_MICROSOFT_CLIENT_SECRET: is empty"):
        load_settings(microsoft_client_id="an id")
    for address in (
        "http://login.microsoftonline.com/organizations",
        "https://login.microsoftonline.com",
        "https://login.microsoftonline.com/organizations/",
        "https://login.microsoftonline.com/organizations/v2.0",
        "https://login.microsoftonline.com@elders.example/organizations",
        "https://elders.example/organizations?login.microsoftonline.com",
    ):
        with pytest.raises(SettingsError, match="HALLOWERK_MICROSOFT_AUTHORITY: must be https://HOST/TENANT"):
            load_settings(microsoft_authority=address)
    assert load_settings(microsoft_client_id="an id", microsoft_client_secret="hush")
