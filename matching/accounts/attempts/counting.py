"""Slows down guessing without locking anybody out: a failure makes the next try wait longer (ASVS 5, 6.1.1, 6.3.1)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from ipaddress import IPv6Address, ip_address, ip_network

from matching.accounts.attempts.policies import Policy
from matching.accounts.attempts.stores import Store

#: One subscriber of the internet gets this many bits of an IPv6 address, and may use each address under it.
IPV6_BITS = 64


class Attempts:
    """Counts tries by key, and tells how long the next one has to wait.

    A key names what is counted, with its policy; it holds a keyed hash, never an address as it is (Vault.keyed_hash).
    Claim a try before its work is done, or many at once all pass before the first has failed: a claimed try counts as
    a failure until `succeeded` or `gave_back` says otherwise. Tries that have to wait count for nothing, so waits end
    even while somebody goes on trying.
    """

    def __init__(self, store: Store, clock: Callable[[], float]) -> None:
        """`clock` tells seconds since 1970, the same ones for all processes that share the store."""
        self._store = store
        self._clock = clock

    def claim(self, keys: Mapping[str, Policy]) -> float:
        """Take a try: 0.0 means go ahead; else nothing was taken, and so many seconds have to pass first."""
        return self._store.claim(keys, self._clock())

    def gave_back(self, keys: Mapping[str, Policy]) -> None:
        """A claimed try was no failure after all: it succeeded (ADDRESS), or could not be made (TooBusy)."""
        self._store.take_off(keys, self._clock())

    def succeeded(self, key: str) -> None:
        """Forget the failures of a key.

        Not for ADDRESS: with an account of one's own one could start counting anew after each few guesses.
        """
        self._store.clear(key)


def network_of(address: str) -> str:
    """What an address of a visitor is counted as: the address itself, or its network where it is one of IPv6.

    What is no address is returned as it is: a proxy that is set up wrongly must not let anybody try without limit.
    """
    try:
        found = ip_address(address)
    except ValueError:
        return address
    if isinstance(found, IPv6Address):
        network = ip_network((int(found), IPV6_BITS), strict=False)
        found = found.ipv4_mapped or network.network_address
    return str(found)
