"""Where networks are evaluated: the device and the number of threads."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from inrv_format.errors import BackendError, InrvError


def prepare_device(device: str, threads: int) -> str:
    """Torch's name of the device (`cuda` or `cpu`), with its threads set; BackendError where there is none."""
    if threads:
        torch.set_num_threads(threads)
    available = torch.cuda.is_available()
    if device == "cuda" and not available:
        raise BackendError("--device cuda: torch finds no CUDA device here")
    return "cuda" if device == "cuda" or (device == "auto" and available) else "cpu"


@contextmanager
def translated_backend() -> Iterator[None]:
    """Turn what torch raises (no memory on the device, a failing kernel) into a BackendError of one line."""
    try:
        yield
    except InrvError:
        raise
    except RuntimeError as error:
        raise BackendError(f"torch: {str(error).splitlines()[0]}") from error
