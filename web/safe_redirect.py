"""Redirects only within this site (OWASP ASVS 5, 3.7)."""

from __future__ import annotations

from urllib.parse import urlsplit


def local_target(target: str | None) -> str:
    """Return `target` when it is a path of this site, else the home page."""
    if not target or not target.startswith("/") or target.startswith("//") or "\\" in target:
        return "/"
    parts = urlsplit(target)
    if parts.scheme or parts.netloc or any(ord(character) < 32 for character in target):
        return "/"
    return target
