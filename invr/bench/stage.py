"""What a piece of work costs: wall and processor time, and memory."""

from __future__ import annotations

import ctypes
import gc
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

Result = TypeVar("Result")

STATUS = Path("/proc/self/status")
CLEAR = Path("/proc/self/clear_refs")
RESET_PEAK = "5"
KIB = 1024


@dataclass(frozen=True, slots=True)
class Stage:
    """Cost of a piece of work: seconds of wall time, seconds of processor time of all threads, and the growth of
    resident memory at its peak in bytes (None where the system does not tell).
    """

    wall_s: float
    cpu_s: float
    peak_bytes: int | None


def measured(work: Callable[[], Result]) -> tuple[Result, Stage]:
    """Do `work` and say what it cost."""
    before = _settled_bytes()
    wall, cpu = time.perf_counter(), time.process_time()
    result = work()
    stage = (time.perf_counter() - wall, time.process_time() - cpu)
    after = _status_bytes("VmHWM") if before is not None else None
    return result, Stage(*stage, max(0, after - before) if before is not None and after is not None else None)


def _settled_bytes() -> int | None:
    """Resident memory once free memory is given back and the peak is forgotten (Linux); None elsewhere."""
    gc.collect()
    try:
        ctypes.CDLL(None).malloc_trim(0)
        CLEAR.write_text(RESET_PEAK)
    except (OSError, AttributeError):
        return None
    return _status_bytes("VmRSS")


def _status_bytes(name: str) -> int | None:
    for line in STATUS.read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) * KIB
    return None
