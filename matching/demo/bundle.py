"""Writes the demo as an import file with its photos and documents: what any organisation could hand over."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from datetime import datetime
from pathlib import Path

from matching.candidates.profile import CandidateProfile
from matching.demo.drawings import draw_board, draw_portrait
from matching.demo.media import MOOD_BOARDS, PORTRAITS, board_path, portrait_path
from matching.demo.people import SEED, generate
from matching.demo.resumes import write_resume

CANDIDATES = "candidates.jsonl"
#: People written by one task of a worker process.
CHUNK = 500


def write_demo(folder: Path, count: int, now: datetime, report: Callable[[int], None] = lambda _: None) -> Path:
    """Write `count` people as `candidates.jsonl` in `folder`, their pictures and CVs in `files`; the JSONL's path.

    `report` hears the number of people written so far. The work is spread over the machine's cores.
    """
    files = folder / "files"
    files.mkdir(parents=True, exist_ok=True)
    pictures = [(folder / portrait_path(n), draw_portrait(n)) for n in range(PORTRAITS)]
    pictures += [(folder / board_path(n), draw_board(n)) for n in range(MOOD_BOARDS)]
    for path, content in pictures:
        path.write_bytes(content)
    firsts = range(1, count + 1, CHUNK)
    spawned = multiprocessing.get_context("spawn")  # a fork would copy a progress bar's locks
    done = 0
    target = folder / CANDIDATES
    with target.open("wb") as lines, ProcessPoolExecutor(os.cpu_count(), spawned) as pool:
        tasks = [pool.submit(_write_chunk, folder, first, min(CHUNK, count + 1 - first), now) for first in firsts]
        for task in tasks:
            written = task.result()
            lines.writelines(written)
            done += len(written)
            report(done)
    return target


def _write_chunk(folder: Path, first: int, count: int, now: datetime) -> list[bytes]:
    """Write the documents of some people and return their import lines."""
    return [_write_one(folder, profile) for profile in generate(count, SEED, now, first)]


def _write_one(folder: Path, profile: CandidateProfile) -> bytes:
    for document in profile.documents:
        (folder / document.file).write_bytes(write_resume(profile))
    return profile.model_dump_json(exclude_defaults=True).encode() + b"\n"
