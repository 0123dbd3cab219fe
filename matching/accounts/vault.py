"""Seals secrets that are read back, such as authenticator seeds, and hashes short ones with a key (ASVS 5, 11.3)."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from matching.settings import Settings, vault_keys


class Unreadable(Exception):
    """A sealed text was made with a key that is gone, or was changed since."""


class Vault:
    """Seals with the first of the Fernet keys and opens with each of them, so that a key can be replaced."""

    def __init__(self, keys: Sequence[str]) -> None:
        """Raises ValueError when there is no key, or one that is no Fernet key."""
        self._fernet = MultiFernet([Fernet(key) for key in keys])
        self._first = keys[0].encode()

    def seal(self, text: str) -> str:
        """Return `text` encrypted and authenticated; each time another result."""
        return self._fernet.encrypt(text.encode()).decode()

    def open(self, sealed: str) -> str:
        """Return the text that was sealed. Raises Unreadable."""
        try:
            return self._fernet.decrypt(sealed.encode()).decode()
        except InvalidToken as error:
            # The sealed text and the key stay out of the message: it ends up in logs.
            raise Unreadable("A sealed secret can't be opened with any of HALLOWERK_ENCRYPTION_KEYS") from error

    def keyed_hash(self, purpose: str, text: str) -> str:
        """HMAC-SHA256 of `text` in hex, under a key of its own for each purpose (HKDF, RFC 5869).

        For what is too short for a plain hash: six digits are found in a second by whoever has only the database. It
        follows the first key, so replacing that key makes what was hashed before unknown.
        """
        info = f"hallowerk keyed hash: {purpose}".encode()
        key = HKDF(algorithm=SHA256(), length=32, salt=None, info=info).derive(self._first)
        return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()


def open_vault(settings: Settings) -> Vault:
    """The vault of this installation. Raises SettingsError when the kept key is of no use."""
    return Vault(vault_keys(settings))
