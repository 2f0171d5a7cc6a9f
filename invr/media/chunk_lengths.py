"""How many frames the next chunk has: a fixed number, or by what the frames show."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from invr.media.colour import Pixels
from invr.media.cuts import WINDOW, Luma, cut_strength, peaks, small_luma, speeds

# Frames of a chunk: at least, unless the source has fewer; where things move; where they stand still.
LEAST_FRAMES, LIVELY_FRAMES, STILL_FRAMES = 8, 32, 128
# How far, in cells, the picture moves within a chunk of a length between the last two.
TRAVEL = 2.0
# No chunk is decided without so many frames behind it: a cut just behind its end would be known by then.
AHEAD = 24


class Lengths(Protocol):
    """Sees every frame of a source in order and says how long the chunks are, one after the other."""

    def add(self, values: Pixels, duration_s: float, /) -> None:
        """See the next frame [H, W, C], shown for `duration_s`."""

    def end(self) -> None:
        """Know that no frame follows."""

    def take(self) -> int | None:
        """Frames of the next chunk, fewer than were seen as long as more may follow; None where it is not decided."""

    def estimate(self, frames: int) -> int:
        """About how many chunks a source of so many frames has, by what was seen of it."""


class _CountedFrames:
    """Counts frames that wait for their chunk, whatever they show."""

    def __init__(self) -> None:
        self._waiting = 0
        self._ended = False

    def add(self, _values: Pixels, _duration_s: float, /) -> None:
        """See the next frame."""
        self._waiting += 1

    def end(self) -> None:
        """Know that no frame follows."""
        self._ended = True


class FixedLengths(_CountedFrames):
    """Chunks of `size` frames, whatever they show; a last one under a quarter of that joins the one before."""

    def __init__(self, size: int) -> None:
        self._size = size
        super().__init__()
        self._enough = size + math.ceil(size / 4)

    def take(self) -> int | None:
        """Frames of the next chunk, None where it is not decided."""
        if self._waiting >= self._enough:
            size = self._size
        elif self._ended and self._waiting:
            size = self._waiting
        else:
            return None
        self._waiting -= size
        return size

    def estimate(self, frames: int) -> int:
        """How many chunks a source of so many frames has."""
        return 1 + max(0, (frames - self._enough) // self._size + 1)


class GivenLengths(_CountedFrames):
    """Chunks of the given lengths, one after the other; what comes after them is one more."""

    def __init__(self, sizes: Sequence[int]) -> None:
        super().__init__()
        self._sizes = deque(sizes)

    def take(self) -> int | None:
        """Frames of the next chunk, None where it has not come yet."""
        if self._sizes and self._waiting > self._sizes[0]:
            size = self._sizes.popleft()
        elif self._ended and self._waiting:
            size = min(self._sizes.popleft(), self._waiting) if self._sizes else self._waiting
        else:
            return None
        self._waiting -= size
        return size

    def estimate(self, frames: int) -> int:
        """As many as are left."""
        del frames
        return len(self._sizes)


class ShotLengths:
    """Chunks that start where a shot does, each as long as its motion allows.

    A frame takes a share of a chunk: 1 / LIVELY_FRAMES, less where the picture moves by less than TRAVEL in that many
    frames, and 1 / `longest` where it stands still. A shot is divided into the nearest whole number of chunks, of
    equal shares. Of cuts less than LEAST_FRAMES apart only the strongest counts, so a shorter shot shares a chunk
    with the neighbour that it differs from less.

    `longest` is LIVELY_FRAMES or more; of more than STILL_FRAMES no use is made. With `sound_s`, chunks last no
    longer than about that, since the networks of sound have a largest size.
    """

    def __init__(self, longest: int, bit_depth: int, sound_s: float | None = None) -> None:
        self._longest = min(longest, STILL_FRAMES)
        self._bit_depth = bit_depth
        self._sound_s = sound_s
        self._lumas: list[Luma] = []
        self._durations: list[float] = []
        self._strengths: list[float] = []  # of a cut before each frame that WINDOW frames are known of
        self._decided: deque[int] = deque()
        self._chunks = self._frames = 0
        self._chunks_per_frame = 0.0
        self._ended = False

    def add(self, values: Pixels, duration_s: float, /) -> None:
        """See the next frame [H, W, C], shown for `duration_s`."""
        self._lumas.append(small_luma(values, self._bit_depth))
        self._durations.append(duration_s)
        t = len(self._lumas) - WINDOW
        if t >= 0:
            window = self._lumas[max(0, t - WINDOW) :]
            self._strengths.append(cut_strength(np.stack(window)) if t >= WINDOW else 0.0)
        cut = self._first_cut(len(self._strengths) - LEAST_FRAMES)
        if cut:
            self._decide(divide(self._shares(cut), self._longest))
        elif len(self._lumas) >= self._longest + AHEAD:
            self._decide([first_chunk(self._shares(len(self._lumas)))])

    def end(self) -> None:
        """Know that no frame follows."""
        self._ended = True
        while self._lumas:
            count = len(self._lumas)
            self._decide(divide(self._shares(self._first_cut(count - LEAST_FRAMES) or count), self._longest))

    def take(self) -> int | None:
        """Frames of the next chunk, None where it is not decided."""
        return self._decided.popleft() if self._decided else None

    def estimate(self, frames: int) -> int:
        """About how many chunks a source of so many frames has, by what was seen of it."""
        return self._chunks if self._ended else max(1, self._chunks, round(frames * self._chunks_per_frame))

    def _first_cut(self, last: int) -> int | None:
        """The first frame of the next shot, if it is not later than frame `last`."""
        cuts = peaks(np.array(self._strengths), LEAST_FRAMES)
        return next((cut for cut in cuts if LEAST_FRAMES <= cut <= last), None)

    def _shares(self, count: int) -> NDArray[np.float64]:
        """Which part of a chunk each of the first `count` frames takes [count]."""
        shares = np.clip(speeds(np.stack(self._lumas[:count])) / TRAVEL, 1 / self._longest, 1 / LIVELY_FRAMES)
        if self._sound_s is None:
            return shares
        return np.maximum(shares, np.minimum(np.array(self._durations[:count]) / self._sound_s, 1 / LEAST_FRAMES))

    def _decide(self, sizes: list[int]) -> None:
        """Fix the next chunks, and forget their frames."""
        self._decided.extend(sizes)
        self._chunks += len(sizes)
        self._frames += sum(sizes)
        del self._lumas[: sum(sizes)], self._durations[: sum(sizes)], self._strengths[: sum(sizes)]
        rest = float(self._shares(len(self._lumas)).sum()) if self._lumas else 0.0
        self._chunks_per_frame = (self._chunks + rest) / (self._frames + len(self._lumas))


def divide(shares: NDArray[np.float64], longest: int) -> list[int]:
    """Frames of each chunk of a shot: the nearest whole number of chunks, of equal shares, none over `longest`."""
    total = np.cumsum(shares)
    count = max(1, math.floor(total[-1] + 0.5))
    while True:
        targets = total[-1] * np.arange(1, count) / count
        ends = np.abs(total[:, None] - targets).argmin(axis=0) + 1
        sizes = np.diff(ends, prepend=0, append=len(shares))
        if sizes.max() <= longest:
            return [int(size) for size in sizes]
        count += 1


def first_chunk(shares: NDArray[np.float64]) -> int:
    """Frames until the shares add up to a chunk."""
    return int(np.searchsorted(np.cumsum(shares), 1 - 1e-9)) + 1
