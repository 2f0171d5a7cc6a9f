"""Workers: this process, others on this machine, or a cluster; one ordered map over all of them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from inrv_format.errors import OptionError

from invr.workers.base import Done, Job, Task, Told, WorkerError, Workers, ignore, never
from invr.workers.here import HereWorkers

__all__ = ["Done", "Job", "Task", "Told", "WorkerError", "Workers", "ignore", "never", "open_workers", "worker_count"]

RAY = "ray"


def cores() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def worker_count(workers: str, threads: int, device: str = "cpu") -> int:
    """How many processes `workers` asks for: a number, or auto, one for each of `threads` (0: of the processors).

    On a GPU auto is one, which fits networks in batches: several would take the memory from each other.
    """
    if workers == "auto" and device != "cpu":
        return 1
    if workers == "auto":
        return threads or cores()
    if not workers.isdecimal() or not 0 < int(workers) <= 1024:
        raise OptionError(f"--workers {workers}: allowed are auto, 1 to 1024, ray and ray://HOST:PORT")
    return int(workers)


@contextmanager
def open_workers(workers: str, threads: int, device: str = "cpu") -> Iterator[Workers]:
    """Workers that share `threads` (0: all processors): auto, a number of processes, ray, or ray://HOST:PORT.

    `ray` is the cluster that RAY_ADDRESS names, or one of this machine alone; `ray://` is Ray's own client protocol.
    """
    opened: Workers
    if workers == RAY or workers.startswith(f"{RAY}://"):
        from invr.workers.ray_cluster import RayWorkers

        opened = RayWorkers(None if workers == RAY else workers)
    elif (count := worker_count(workers, threads, device)) == 1:
        opened = HereWorkers()
    else:
        from invr.workers.local import LocalWorkers

        opened = LocalWorkers(count, max(1, (threads or cores()) // count))
    try:
        yield opened
    finally:
        opened.close()
