"""Whatever happens in whatever order, index and record agree once all is settled: nothing lost, nothing resurrected.

A thousand schedules of twenty steps in memory; HALLOWERK_WALKS sets another number (`make soak`: ten thousand).
"""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import pytest

from tests.support.walks import STEPS, walk

WALKS = int(os.environ.get("HALLOWERK_WALKS", "1000"))
SEED = int(os.environ.get("HALLOWERK_SEED", "0")) or int.from_bytes(os.urandom(4), "big")
#: Walks need nothing but a processor.
PROCESSES = 2


@pytest.mark.timeout(4 * 3600)
def test_index_and_record_agree_after_every_walk(tmp_path: Path, say: Callable[[str], None]) -> None:
    say(f"{WALKS} walks of {STEPS} steps, seed {SEED} (HALLOWERK_SEED={SEED} walks them again)")
    folders = [tmp_path / str(number) for number in range(PROCESSES)]
    with ProcessPoolExecutor(PROCESSES, multiprocessing.get_context("spawn")) as pool:
        walked = []
        for number, folder in enumerate(folders):
            folder.mkdir()
            walked.append(pool.submit(walk, folder, WALKS // PROCESSES, SEED + number))
        for one in walked:
            one.result()
