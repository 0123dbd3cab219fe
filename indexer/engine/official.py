"""Fetches the official archive from Elastic's download site, or says within seconds that it cannot."""

from __future__ import annotations

import platform
import threading
import time
import urllib.error
import urllib.request
from http.client import HTTPException
from pathlib import Path

from indexer.engine import archives, disk
from indexer.engine.errors import WayError
from indexer.engine.locks import Report
from indexer.engine.pins import archive_name

#: All of the first, small request (name look-up, connection, answer) must fit in this.
REACH_SECONDS = 8.0
#: A download that stands still for so long is given up.
STALL_SECONDS = 20.0
_PROGRESS_SECONDS = 2.0
_BLOCK = 256 * 1024


def fetch(site: str, into: Path, work: Path, report: Report) -> None:
    """Download, check and unpack the archive for this machine from `site` into the folder `into`.

    The archive is kept below `work` meanwhile. Raises WayError with one line when the site is out of reach, has no
    such file, or the file is damaged; DiskFullError when there is no room.
    """
    name = archive_name(platform.system(), platform.machine())
    address = f"{site.rstrip('/')}/{name}"
    if not address.startswith(("https://", "http://")):
        raise WayError(f"{site} is not a web address")
    published = _published_checksum(f"{address}.sha512")
    archive = work / name
    with disk.told_when_full(work, "the download of the engine"):
        _download(address, archive, report)
        report("Checking the archive")
        archives.check(archive, "sha512", published)
        report("Unpacking the archive")
        archives.unpack_tar(archive, into)


def _published_checksum(address: str) -> str:
    """The hexadecimal SHA-512 at `address`; its own thread, since a name look-up knows no time limit."""
    outcome: list[str | Exception] = []

    def ask() -> None:
        try:
            with urllib.request.urlopen(address, timeout=REACH_SECONDS) as answer:  # noqa: S310
                outcome.append(answer.read(4096).decode("ascii", "replace"))
        except (OSError, HTTPException, ValueError) as error:
            outcome.append(error)

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(REACH_SECONDS)
    if not outcome:
        raise WayError(f"{address} did not answer within {REACH_SECONDS:.0f} seconds")
    if isinstance(outcome[0], Exception):
        raise WayError(f"{address} is out of reach ({_reason(outcome[0])})")
    words = outcome[0].split()
    if not words or len(words[0]) != 128 or not all(c in "0123456789abcdefABCDEF" for c in words[0]):
        raise WayError(f"{address} is no SHA-512 checksum")
    return words[0]


def _download(address: str, archive: Path, report: Report) -> None:
    told = time.monotonic()
    try:
        with urllib.request.urlopen(address, timeout=STALL_SECONDS) as answer:  # noqa: S310
            total = int(answer.headers.get("Content-Length") or 0)
            report(f"Downloading {archive.name}: {disk.size(total) if total else 'size unknown'}")
            with archive.open("wb") as out:
                done = 0
                while block := answer.read(_BLOCK):
                    out.write(block)
                    done += len(block)
                    if time.monotonic() - told >= _PROGRESS_SECONDS:
                        told = time.monotonic()
                        report(f"Downloading {archive.name}: {disk.size(done)} of {disk.size(total)}")
    except (urllib.error.URLError, TimeoutError, ConnectionError, HTTPException) as error:
        raise WayError(f"the download of {address} broke off ({_reason(error)})") from error
    if total and done != total:
        raise WayError(f"the download of {address} broke off after {disk.size(done)} of {disk.size(total)}")


def _reason(error: Exception) -> str:
    if isinstance(error, urllib.error.HTTPError):
        return f"HTTP {error.code}"
    reason = getattr(error, "reason", None) or error
    return str(getattr(reason, "strerror", None) or reason)
