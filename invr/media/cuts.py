"""Where a shot ends and how fast it moves, seen on a small luma of each frame.

Thresholds were chosen on the table of docs/research/cuts.md.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from invr.media.colour import BT601_WEIGHTS, Pixels

Luma = NDArray[np.float32]

# Cells along the longer side of a picture; those of the other side are about as large.
CELLS = 32
# Frames looked at on each side of a cut; a flash must be shorter to be told from one.
WINDOW = 6
# A cut changes the picture by so many levels of 255, ...
LEAST_LEVELS = 4.0
# ... by this share of what the picture differs from its own mean, ...
LEAST_CONTRAST = 0.4
# ... and this many times as much as the frames change before and after it.
LEAST_RATIO = 3.0


def small_luma(values: Pixels, bit_depth: int) -> Luma:
    """BT.601 luma of a frame [H, W, C] as means of a grid of cells [h, w], 0 to 255 at any bit depth."""
    height, width, components = values.shape
    longest = max(height, width)
    rows = _starts(height, max(1, round(CELLS * height / longest)))
    columns = _starts(width, max(1, round(CELLS * width / longest)))
    sums: NDArray[Any] = np.add.reduceat(values, rows, axis=0, dtype=np.uint32)
    sums = np.add.reduceat(sums, columns, axis=1, dtype=np.uint64)
    areas = np.diff(rows, append=height)[:, None] * np.diff(columns, append=width)
    kr, kb = BT601_WEIGHTS
    weights = np.array([kr, 1 - kr - kb, kb]) if components == 3 else np.ones(1)
    luma: Luma = (sums @ weights / (areas * 2.0 ** (bit_depth - 8))).astype(np.float32)
    return luma


def _starts(side: int, cells: int) -> NDArray[np.int64]:
    """First pixel of each cell of a side; a side shorter than the grid has a cell for each pixel."""
    cells = min(cells, side)
    return np.arange(cells) * side // cells


def cut_strength(window: Luma) -> float:
    """By how many levels the second half of `window` [2 WINDOW, h, w] differs from the first; 0 where no cut is.

    It is the smallest mean absolute difference between any frame before and any frame after, so a flash is none. The
    threshold follows the change from frame to frame on the livelier side, so a pan is none either, even where it
    starts suddenly; the median leaves a flash beside a cut out of it.
    """
    before, after = window[:WINDOW], window[WINDOW:]
    strength = float(_distance(before[:, None], after[None]).min())
    contrast = float(_distance(window, window.mean(axis=(1, 2), keepdims=True)).max())
    lively = max(float(np.median(_distance(side[1:], side[:-1]))) for side in (before, after))
    threshold = max(LEAST_LEVELS, LEAST_CONTRAST * contrast, LEAST_RATIO * lively)
    return strength if strength >= threshold else 0.0


def peaks(strengths: NDArray[np.float64], apart: int) -> list[int]:
    """Positions of cuts that are the strongest of all nearer than `apart` frames; of equals, the first."""
    found = []
    for t in map(int, np.flatnonzero(strengths)):
        start = max(0, t - apart + 1)
        if start + np.argmax(strengths[start : t + apart]) == t:
            found.append(t)
    return found


def speeds(shot: Luma) -> NDArray[np.float64]:
    """How fast each frame of a shot [T, h, w] moves, in cells a frame [T], about.

    The mean absolute difference between the frames up to WINDOW before and after it, over their distance in time and
    over the mean absolute difference between neighbouring cells: the equation of optical flow, |dI/dt| = v |dI/dx|.
    Over so many frames motion adds up and noise does not.
    """
    times = np.arange(len(shot))
    before, after = np.maximum(times - WINDOW, 0), np.minimum(times + WINDOW, len(shot) - 1)
    change = _distance(shot[after], shot[before]) / np.maximum(after - before, 1)
    speed: NDArray[np.float64] = change / np.maximum(_detail(shot), 1.0)
    return speed


def _detail(shot: Luma) -> NDArray[np.float64]:
    """Mean absolute difference between neighbouring cells [T], over both directions."""
    across, down = np.abs(np.diff(shot, axis=2)), np.abs(np.diff(shot, axis=1))
    sums = across.sum(axis=(1, 2), dtype=np.float64) + down.sum(axis=(1, 2), dtype=np.float64)
    means: NDArray[np.float64] = sums / max(1, across[0].size + down[0].size)
    return means


def _distance(some: Luma, others: Luma) -> NDArray[np.float64]:
    """Mean absolute difference over the cells."""
    means: NDArray[np.float64] = np.abs(some - others).mean(axis=(-2, -1), dtype=np.float64)
    return means
