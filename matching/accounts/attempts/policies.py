"""How much waiting the failures of each kind cost, and why (ASVS 5, 6.1.1)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

HOUR_S = 3600.0
DAY_S = 24 * HOUR_S


@dataclass(frozen=True)
class Policy:
    """The first `free` failures cost nothing; then the wait is `first_s`, and doubles up to `longest_s`.

    All is forgotten `forget_s` after the last failure.
    """

    free: int
    first_s: float
    longest_s: float
    forget_s: float

    @cached_property
    def waits_s(self) -> tuple[float, ...]:
        """How long to wait after 1, 2, ... failures; the last one holds from there on."""
        waits = [0.0] * self.free + [self.first_s]
        while waits[-1] < self.longest_s:
            waits.append(min(waits[-1] * 2, self.longest_s))
        return tuple(waits)


#: Many people sit behind one office's address and mistype in one hour, so it takes much, and waits are short: it only
#: slows who tries one password on many accounts. Give back the tries that succeed.
ADDRESS = Policy(free=30, first_s=1, longest_s=60, forget_s=HOUR_S)
#: Tries on one account from devices that never signed in to it: some twelve, then about a hundred a day, which is what
#: NIST SP 800-63B (3.2.2) lets pass in all. The owner has DEVICE, and the link for a forgotten password.
ACCOUNT = Policy(free=4, first_s=2, longest_s=900, forget_s=DAY_S)
#: Tries from a device that signed in to the account before. Its own count: whoever guesses elsewhere can't keep the
#: owner out, and whoever has the device gets no more tries than ACCOUNT gives.
DEVICE = Policy(free=4, first_s=2, longest_s=900, forget_s=DAY_S)
#: Codes of the second step, by person: the right password is known already, and three of a million codes are right, so
#: some thirty tries a day find one in about thirty years.
CODE = Policy(free=4, first_s=5, longest_s=HOUR_S, forget_s=DAY_S)
#: Mails for a forgotten password and text messages sent again: five, then none for an hour. Each one is a failure here.
MAIL = Policy(free=4, first_s=HOUR_S, longest_s=HOUR_S, forget_s=HOUR_S)
#: The same by network address: an office asks for some in an hour, who tries a list of addresses for many.
MAIL_ADDRESS = Policy(free=20, first_s=60, longest_s=HOUR_S, forget_s=HOUR_S)
