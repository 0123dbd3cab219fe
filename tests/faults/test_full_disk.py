"""Our own disk is full (F19): a clear message, nothing half written, and all agrees once there is room."""

from __future__ import annotations

import os
import random
import resource
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import orjson
import pytest
from PIL import Image
from sqlalchemy import func, select

from indexer.engine.synonym_file import synonym_file
from matching.candidates.records import Candidate
from matching.settings import Settings
from matching.storage.database import Database
from tests.support.command import HALLOWERK
from tests.support.house import House, open_house
from tests.support.intake import profile
from tests.support.processes import Process, running
from tests.support.site import environment
from tests.support.waiting import wait_until

#: No file may grow above this: more than what the process says, less than what it is about to write.
ROOM = 8_192
_WITHOUT_ROOM = """
import resource
resource.setrlimit(resource.RLIMIT_FSIZE, ({room}, resource.RLIM_INFINITY))
from web.commands import main
main()
"""


@pytest.fixture
def house(sqlite_database: Database, engine_settings: Settings) -> House:
    """With files as its broker, and its database on the disk that gets full."""
    return open_house(sqlite_database, engine_settings)


@pytest.fixture
def other_house(postgres_database: Database, engine_settings: Settings) -> House:
    """With its database on another machine; nobody is in it yet."""
    return open_house(postgres_database, engine_settings, people=0)


def without_room(house: House, folder: Path, *arguments: str, room: int = ROOM) -> tuple[int, str]:
    """Run a command on a full disk; its exit code and what it said."""
    with running(house.settings, folder, *arguments, program=_WITHOUT_ROOM.format(room=room)) as process:
        code = process.wait()
        said = process.log.read_text()
        process.log.unlink()
    assert "Traceback" not in said
    return code, said


def with_room(house: House, folder: Path, *arguments: str) -> tuple[int, str]:
    """Run a command; its exit code and what it said."""
    with running(house.settings, folder, *arguments) as process:
        return process.wait(), process.log.read_text()


def write_lines(folder: Path, lines: Sequence[dict[str, Any]]) -> str:
    """A file to import."""
    file = folder / "profiles.jsonl"
    file.write_bytes(b"\n".join(map(orjson.dumps, lines)))
    return str(file)


def imported(house: House) -> int:
    """Candidates that an import brought."""
    with house.database.read() as session:
        brought = Candidate.external_id.like("K-%")
        return session.execute(select(func.count()).select_from(Candidate).where(brought)).scalar_one()


def files_below(folder: Path) -> list[Path]:
    """Every file there, hidden ones too, but the empty ones by which imports and prunings take turns."""
    return [path for path in folder.rglob("*") if path.is_file() and path.suffix != ".lock"]


def test_an_import_into_a_database_without_room(house: House, tmp_path: Path) -> None:
    """F19: what doesn't fit is not there at all."""
    file = write_lines(tmp_path, [profile(f"K-{number}", showcases=["stad"]) for number in range(700)])
    code, said = without_room(house, tmp_path, "candidates", "import", file)
    assert (code, "its disk is full" in said) == (2, True)
    assert (imported(house), house.waiting()) == (0, 0)
    code, said = with_room(house, tmp_path, "candidates", "import", file)
    assert (code, "700 new" in said) == (0, True)
    house.agree()


def test_an_import_whose_photos_have_no_room(other_house: House, tmp_path: Path) -> None:
    """F19: the message names the file that could not be written; nothing of it stays, nor the profile without it."""
    noise = random.Random(1).randbytes(300 * 300 * 3)
    Image.frombytes("RGB", (300, 300), noise).save(tmp_path / "photo.png")
    file = write_lines(tmp_path, [profile("K-1", showcases=["stad"], photos=[{"file": "photo.png"}])])
    media = other_house.settings.media_dir
    code, said = without_room(other_house, tmp_path, "candidates", "import", file)
    assert (code, f"{media}/files/" in said, "File too large" in said) == (2, True, True)
    assert (imported(other_house), files_below(media)) == (0, [])
    code, said = with_room(other_house, tmp_path, "candidates", "import", file)
    assert (code, "1 new" in said) == (0, True)
    [photo] = files_below(media / "files")
    assert photo.stat().st_size > ROOM
    other_house.agree()


def test_an_import_whose_rejects_have_no_room(other_house: House, tmp_path: Path) -> None:
    """F19: the rejects file has whole lines, those of the batches before."""
    good = [profile(f"K-{number}", showcases=["stad"]) for number in range(499)]
    bad = [profile(f"B-{number}", showcases=["stad"], level="geen") for number in range(100)]
    file = write_lines(tmp_path, [bad[0], *good, *bad[1:]])
    rejects = tmp_path / "rejected.jsonl"
    code, said = without_room(other_house, tmp_path, "candidates", "import", file, "--rejects", str(rejects))
    assert (code, f"{rejects}: File too large" in said, "run the import again" in said) == (2, True, True)
    assert [orjson.loads(line)["external_id"] for line in rejects.read_bytes().splitlines()] == ["B-0"]
    assert imported(other_house) == 499
    code, said = with_room(other_house, tmp_path, "candidates", "import", file, "--rejects", str(rejects))
    assert (code, "0 new, 0 changed, 499 unchanged, 0 deleted, 100 rejected" in said) == (1, True)
    assert rejects.stat().st_size > ROOM
    assert len(rejects.read_bytes().splitlines()) == 100
    other_house.agree()


def test_an_import_whose_summary_has_no_room(other_house: House, tmp_path: Path) -> None:
    """F19: what it did is done, and why nobody reads of it is said."""
    file = write_lines(tmp_path, [profile("K-1", showcases=["stad"])])
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [*HALLOWERK, "candidates", "import", file],
            env=environment(other_house.settings),
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
        )
    assert done.returncode != 0
    assert "The output cannot be written: No space left on device." in done.stderr
    assert "Traceback" not in done.stderr
    assert imported(other_house) == 1
    other_house.agree()


def test_an_export_without_room(other_house: House, tmp_path: Path) -> None:
    """F19: there is no half export, and no half photo beside it."""
    noise = random.Random(1).randbytes(300 * 300 * 3)
    Image.frombytes("RGB", (300, 300), noise).save(tmp_path / "photo.png")
    file = write_lines(tmp_path, [profile("K-1", showcases=["stad"], photos=[{"file": "photo.png"}])])
    assert with_room(other_house, tmp_path, "candidates", "import", file)[0] == 0
    folder = tmp_path / "exports"
    target = folder / "all.jsonl"
    code, said = without_room(other_house, tmp_path, "candidates", "export", str(target))
    assert (code, f"{target} cannot be written: File too large" in said) == (2, True)
    assert files_below(folder) == []
    assert with_room(other_house, tmp_path, "candidates", "export", str(target))[0] == 0
    assert (len(target.read_bytes().splitlines()), len(files_below(folder))) == (1, 2)


def limit(process: Process, room: int) -> None:
    """From now on no file of this process may grow above `room` bytes."""
    resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (room, resource.RLIM_INFINITY))


def test_a_worker_whose_disk_is_full(house: House, tmp_path: Path) -> None:
    """F19: it says so, lives on, and does the work once there is room."""
    with running(house.settings, tmp_path, "relay"), running(house.settings, tmp_path, "worker") as worker:
        house.rename(1, "Anders")
        house.wait_for(1, "Anders")
        limit(worker, ROOM)
        house.rename(1, "Weer anders")
        wait_until(lambda: "DatabaseUnavailable" in worker.log.read_text(), "the worker has no room")
        limit(worker, 0)  # not even for its log
        house.rename(2, "Ook anders")
        wait_until(lambda: not house.in_queue(), "the worker has taken the messages")
        limit(worker, resource.RLIM_INFINITY)
        house.wait_for(1, "Weer anders")
        house.wait_for(2, "Ook anders")
        house.agree()
        assert worker.end() == 0


def test_a_relay_whose_disk_is_full(house: House, tmp_path: Path) -> None:
    """F19: no message is there in part, and all are there once there is room."""
    with running(house.settings, tmp_path, "relay") as relay:
        house.rename(1, "Anders")
        wait_until(house.in_queue, "the relay is at work")
        limit(relay, 100)
        house.rename(2, "Ook anders")
        wait_until(lambda: "relay_waits" in relay.log.read_text(), "the relay has no room")
        assert len(files_below(house.settings.broker_dir)) == 1
        limit(relay, resource.RLIM_INFINITY)
        with running(house.settings, tmp_path, "worker"):
            house.wait_for(1, "Anders")
            house.wait_for(2, "Ook anders")
        house.agree()
        assert relay.end() == 0


def test_a_log_that_cannot_be_written_ends_nobody() -> None:
    """F19: the line is lost, and the work goes on."""
    program = "import os, structlog; from web.logs import configure_logs; configure_logs()\n"
    program += "structlog.get_logger().warning('lost'); os.write(1, b'goes on')"
    with Path("/dev/full").open("w") as full:
        done = subprocess.run([sys.executable, "-c", program], stdout=subprocess.PIPE, stderr=full, env=os.environ)
    assert done.stdout == b"goes on"


def test_synonyms_that_have_no_room(house: House, tmp_path: Path) -> None:
    """F19: those of before stay in force."""
    published = synonym_file(house.settings)
    assert published
    before = published.read()
    rules = tmp_path / "words.txt"
    rules.write_text("".join(f"zzqwoord{number}, zzqterm{number}\n" for number in range(100)))
    code, said = without_room(house, tmp_path, "synonyms", "publish", str(rules), room=1_024)
    assert (code, f"{published.path.parent} can't be used (File too large)" in said) == (1, True)
    assert published.read() == before
    assert not [path for path in files_below(published.path.parent) if path.suffix == ".draft"]
    code, said = with_room(house, tmp_path, "synonyms", "publish", str(rules))
    assert (code, "rules in force in 1 indexes" in said) == (0, True)
    assert "zzqwoord" in published.read()
    house.agree()
