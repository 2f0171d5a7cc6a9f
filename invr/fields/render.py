"""Evaluate a field over a grid: frames, rows and columns of pixels, or samples of sound."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from itertools import chain, islice

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from invr.device import torch_threads
from invr.fields.base import Field
from invr.fields.parallel import POINTS_PER_GPU_BLOCK, Block, BlockMap, parallel_map

Picture = NDArray[np.float32]
# A field, and where it is evaluated.
_Placed = tuple[Field, Tensor, Tensor]
# How many frames are under work, how many blocks each tile of them has, and what these give, in their order.
_Started = tuple[int, list[int], Iterator[Tensor]]


@dataclass(frozen=True, slots=True)
class PictureGrid:
    """Where a field is evaluated: `y` [H] and `x` [W] in [-1, 1]."""

    y: NDArray[np.float64]
    x: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Evaluation:
    """How pictures are evaluated, beside where.

    `frames_at_once` frames are worked on together; 0 is one on a CPU, and on a GPU as many as give the largest tile a
    whole block. With `exact` every operation is the same whatever that number, and that of the threads: each has one
    thread, and points of one frame.
    """

    frames_at_once: int = 0
    exact: bool = False


AS_SUITS = Evaluation()


def axis_centres(start: float, end: float, count: int, origin: float, extent: float) -> NDArray[np.float64]:
    """Coordinates of `count` equal cells on [start, end), for a field that covers [origin, origin + extent)."""
    centres: NDArray[np.float64] = start + (np.arange(count, dtype=np.float64) + 0.5) * ((end - start) / count)
    return (centres - origin) * (2 / extent) - 1


def render_pictures(
    tiles: Sequence[tuple[Field, PictureGrid]],
    positions: NDArray[np.float64],
    block_map: BlockMap = map,
    evaluation: Evaluation = AS_SUITS,
) -> Iterator[list[Picture]]:
    """Frames at `positions` in frames of the chunk, one at a time, in their order: the picture [H, W, C] of each tile
    as float32, nominally in [-1, 1].

    `block_map` evaluates the blocks of all tiles together, and those of the next frame while this one is worked on.
    """
    placed = []
    for field, grid in tiles:
        device = next(field.parameters()).device
        y, x = (torch.from_numpy(axis.astype(np.float32)).to(device) for axis in (grid.y, grid.x))
        placed.append((field, y, x))
    count = evaluation.frames_at_once or _frames_at_once(placed)
    before: _Started | None = None
    for first in range(0, len(positions), count):
        with torch_threads(1) if evaluation.exact else nullcontext():
            blocks = _blocks(placed, positions[first : first + count].tolist(), together=not evaluation.exact)
        started = _started(blocks, min(count, len(positions) - first), block_map)
        if before:
            yield from _finished(before)
        before = started
    if before:
        yield from _finished(before)


def _frames_at_once(placed: Sequence[_Placed]) -> int:
    largest = max((len(y) * len(x) for _, y, x in placed), default=1)
    on_cpu = all(y.device.type == "cpu" for _, y, _ in placed)
    return 1 if on_cpu else max(1, POINTS_PER_GPU_BLOCK // max(1, largest))


def _blocks(placed: Sequence[_Placed], positions: Sequence[float], *, together: bool) -> list[list[Block]]:
    """The blocks of each tile at y and x: frame by frame, or of frames `together`, a block of two of them too."""
    if together and len(positions) > 1:
        return [field.blocks_of_frames(positions, y, x) for field, y, x in placed]
    return [[block for position in positions for block in field.blocks(position, y, x)] for field, y, x in placed]


def _started(blocks: list[list[Block]], frames: int, block_map: BlockMap) -> _Started:
    """So many frames' blocks, all in the hands of `block_map`."""
    return frames, [len(part) for part in blocks], iter(block_map(_call, chain.from_iterable(blocks)))


def _finished(started: _Started) -> Iterator[list[Picture]]:
    """The tiles' pictures, frame by frame."""
    frames, counts, values = started
    pictures = [torch.cat(list(islice(values, count))).cpu().numpy() for count in counts]
    for parts in zip(*(np.split(picture, frames) for picture in pictures), strict=True):
        yield list(parts)


def _call(block: Block) -> Tensor:
    return block()


@torch.no_grad()
def render_sound(field: Field, t: Tensor) -> NDArray[np.float32]:
    """Amplitudes [heads, N, C] at the times `t` [N], float64 in [-1, 1]; what is not finite becomes 0."""
    device = next(field.parameters()).device
    with parallel_map() as block_map:
        blocks = list(block_map(torch.no_grad()(field.sound), torch.split(t.to(device), field.SOUND_POINTS)))
    return torch.cat(blocks, dim=1).nan_to_num_(posinf=0.0, neginf=0.0).cpu().numpy()


def to_pixels(picture: Picture, bit_depth: int) -> NDArray[np.uint8] | NDArray[np.uint16]:
    """Integers from values in [-1, 1]: floor((v + 1) / 2 * (2^bits - 1) + 1/2), clipped (`spec/inrv.md` 7.5).

    A value that is not a number becomes 0.
    """
    largest = (1 << bit_depth) - 1
    scaled = np.floor((picture + np.float32(1)) * np.float32(largest / 2) + np.float32(0.5))
    clipped: Picture = np.nan_to_num(np.clip(scaled, 0, largest))
    return clipped.astype(np.uint8) if bit_depth == 8 else clipped.astype(np.uint16)
