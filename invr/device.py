"""Where networks are evaluated: the device and the number of threads."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from inrv_format.errors import BackendError, InrvError

# From glibc's malloc.h: blocks of up to 32 MiB, the largest threshold that it takes, are kept, and as much on top.
M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3
KEPT_BYTES = 32 << 20
KEPT_TOP_BYTES = 512 << 20


def prepare_device(device: str, threads: int) -> str:
    """Torch's name of the device (`cuda` or `cpu`), with its threads set; BackendError where there is none."""
    _keep_memory()
    if threads:
        torch.set_num_threads(threads)
    available = torch.cuda.is_available()
    if device == "cuda" and not available:
        raise BackendError("--device cuda: torch finds no CUDA device here")
    return "cuda" if device == "cuda" or (device == "auto" and available) else "cpu"


@contextmanager
def torch_threads(count: int) -> Iterator[None]:
    """Within the context torch's operations have `count` threads."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _keep_memory() -> None:
    """Let glibc keep freed memory, where there is glibc.

    It gives blocks of megabytes back to the system at once, and a fit, whose every step asks for the same ones again,
    spends a fifth of its time on page faults (docs/research/rate.md).
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform == "linux" else None
    if mallopt is not None:
        mallopt(M_MMAP_THRESHOLD, KEPT_BYTES)
        mallopt(M_TRIM_THRESHOLD, KEPT_TOP_BYTES)


@contextmanager
def translated_backend() -> Iterator[None]:
    """Turn what torch raises (no memory on the device, a failing kernel) into a BackendError of one line."""
    try:
        yield
    except InrvError:
        raise
    except RuntimeError as error:
        raise BackendError(f"torch: {str(error).splitlines()[0]}") from error
