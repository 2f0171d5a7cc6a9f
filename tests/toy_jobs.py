"""Jobs for workers, in a module that their processes can import."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

from inrv_format.errors import FitError


def double(number, told):
    """Twice the number."""
    told(number, "half way")
    return 2 * number


def double_late(number, told):
    """Twice the number, the first one last."""
    time.sleep(0.6 if number == 0 else 0.0)
    return 2 * number


def die_until(argument, told):
    """Kill the own process as often as the folder has fewer than `deaths` marks; then the number."""
    folder, number, deaths = argument
    marks = len(list(Path(folder).glob(f"{number}-*")))
    if marks < deaths:
        (Path(folder) / f"{number}-{marks}").touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def hang_once(argument, told):
    """Sleep for long the first time; then the number."""
    folder, number = argument
    mark = Path(folder) / f"{number}"
    if not mark.exists():
        mark.touch()
        time.sleep(3600)
    return number


def diverge(number, told):
    """Fail as a fit fails."""
    raise FitError(f"fit {number} diverged")


def stumble(number, told):
    """Fail by a bug."""
    return number / 0
