"""`parallel_map`: blocks of points on all threads at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor

# So that what a layer of 48 units gives stays in a core's cache.
POINTS_PER_BLOCK = 1 << 13
POINTS_PER_GPU_BLOCK = 1 << 20

Block = Callable[[], Tensor]
# As the built-in `map` of a function that gives a tensor.
BlockMap = Callable[[Callable[[Any], Tensor], Iterable[Any]], Iterable[Tensor]]


def row_blocks(y: Tensor, width: int) -> list[slice]:
    """Blocks of the rows `y` [H], of POINTS_PER_BLOCK points at most if a row has no more, or as many as a GPU likes;
    one block where there are no rows.
    """
    points = POINTS_PER_BLOCK if y.device.type == "cpu" else POINTS_PER_GPU_BLOCK
    height, step = len(y), max(1, points // max(1, width))
    return [slice(start, start + step) for start in range(0, max(1, height), step)]


@contextmanager
def parallel_map() -> Iterator[BlockMap]:
    """A `map` over as many threads as torch has, each of which takes whole blocks and computes alone.

    Products of small networks and numpy's sines gain little from threads inside an operation, and a block that stays
    in a core's cache takes two thirds of the time of one that does not (docs/research/rate.md).
    """
    threads = torch.get_num_threads()
    if threads == 1:
        yield map
        return
    pool = ThreadPoolExecutor(threads, initializer=torch.set_num_threads, initargs=(1,))
    try:
        yield pool.map
    finally:
        pool.shutdown(cancel_futures=True)
        # a worker's setting is also that of threads to come
        torch.set_num_threads(threads)
