"""What a device is called in the list of sessions: the browser and the system that it says to be (SET-16..19)."""

from __future__ import annotations

import ua_parser

#: Parsing takes milliseconds more with each kilobyte; what browsers send is shorter than this.
LONGEST = 512
#: Names are partly taken from what was sent, so their length is bounded too.
LONGEST_NAME = 40


def device_name(user_agent: str) -> tuple[str, str]:
    """Return (family of the browser, system), each empty when it is not known.

    A hint for the owner only: anybody can send any text, so nothing may be decided by it.
    """
    told = user_agent[:LONGEST]
    browser, system = ua_parser.parse_user_agent(told), ua_parser.parse_os(told)
    return (browser.family[:LONGEST_NAME] if browser else "", system.family[:LONGEST_NAME] if system else "")
