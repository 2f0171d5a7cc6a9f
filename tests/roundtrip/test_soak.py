"""Many encodes and decodes in one process: its memory stays, and so do its open files."""

from __future__ import annotations

import gc
import os
import resource
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from toys import toy_clip

import invr
from invr.config import FitConfig

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="memory and files are counted in /proc")
MOST_BYTES = 5_000_000
WARM_UP = 10


def held() -> tuple[int, int]:
    """Bytes of memory, and open files, of this process."""
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize(), len(os.listdir("/proc/self/fd"))


def grown(folder: Path, encodes: int, decodes: int) -> tuple[int, int]:
    """By how many bytes and files the process grows over so many encodes, and so many decodes of each."""
    clip = toy_clip(folder, frames=4, rate_hz=8000)
    config = replace(invr.PRESETS["fast"].config, fit=FitConfig(steps=2))

    def cycle() -> None:
        invr.encode(clip, folder / "out.inrv", config, invr.ReadConfig(chunk_frames=2))
        for number in range(decodes):
            invr.decode(folder / "out.inrv", folder / ("out.mkv" if number % 2 else "out.wav"))

    for _ in range(WARM_UP):
        cycle()
    bytes_before, files_before = held()
    for _ in range(encodes):
        cycle()
    bytes_after, files_after = held()
    return bytes_after - bytes_before, files_after - files_before


def test_ten_encodes_and_forty_decodes_hold_nothing(tmp_path):
    more_bytes, more_files = grown(tmp_path, 10, 4)
    assert more_bytes < MOST_BYTES and more_files == 0


@pytest.mark.slow
def test_a_hundred_encodes_and_a_thousand_decodes_hold_nothing(tmp_path):
    more_bytes, more_files = grown(tmp_path, 100, 10)
    sys.stderr.write(f"grown by {more_bytes} bytes, {more_files} files\n")
    assert more_bytes < MOST_BYTES and more_files == 0
