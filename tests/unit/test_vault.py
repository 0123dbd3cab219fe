"""The vault: what is sealed can be read back with each key, and by nobody else."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from matching.accounts.vault import Unreadable, Vault, open_vault
from matching.settings import load_settings

OLD, NEW = (Fernet.generate_key().decode() for _ in range(2))


def test_what_is_sealed_can_be_opened_and_never_looks_the_same() -> None:
    vault = Vault([OLD])
    sealed = vault.seal("geheim é")
    assert vault.open(sealed) == "geheim é"
    assert "geheim" not in sealed
    assert vault.seal("geheim é") != sealed


def test_a_new_first_key_seals_and_the_old_one_still_opens() -> None:
    before = Vault([OLD]).seal("geheim")
    both = Vault([NEW, OLD])
    assert both.open(before) == "geheim"
    assert Vault([NEW]).open(both.seal("geheim")) == "geheim"


@pytest.mark.parametrize(
    "sealed",
    ["", "nothing", "gAAAAA", "é", Vault([OLD]).seal("geheim")],
    ids=["empty", "word", "begun", "other", "old"],
)
def test_what_no_key_opens_is_unreadable_and_not_repeated(sealed: str) -> None:
    with pytest.raises(Unreadable) as raised:
        Vault([NEW]).open(sealed)
    assert not sealed or sealed not in str(raised.value)


def test_a_sealed_text_that_was_changed_is_unreadable() -> None:
    vault = Vault([OLD])
    sealed = vault.seal("geheim")
    with pytest.raises(Unreadable):
        vault.open(sealed[:-6] + ("A" if sealed[-6] != "A" else "B") + sealed[-5:])


@pytest.mark.parametrize("keys", [[], ["short"]])
def test_a_vault_without_a_good_key_is_an_error(keys: list[str]) -> None:
    with pytest.raises(ValueError, match="Fernet"):
        Vault(keys)


def test_a_keyed_hash_follows_key_purpose_and_text() -> None:
    vault = Vault([NEW, OLD])
    found = vault.keyed_hash("sms", "123456")
    assert found == Vault([NEW]).keyed_hash("sms", "123456")
    others = {vault.keyed_hash("sms", "123457"), vault.keyed_hash("mail", "123456")}
    others.add(Vault([OLD, NEW]).keyed_hash("sms", "123456"))
    assert len(others | {found}) == 4
    assert len(found) == 64


def test_an_installation_has_one_vault(tmp_path: Path) -> None:
    settings = load_settings(state_dir=tmp_path, encryption_keys="")
    assert open_vault(settings).open(open_vault(settings).seal("geheim")) == "geheim"
    configured = load_settings(state_dir=tmp_path, encryption_keys=f"{NEW}, {OLD}")
    assert open_vault(configured).open(Vault([OLD]).seal("geheim")) == "geheim"
