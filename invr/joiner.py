"""Joining the sound of neighbouring chunks."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from inrv_format.chunk import Chunk
from numpy.typing import NDArray

HELD_BACK_S = 0.1


class SoundJoiner:
    """Cross-fades each chunk's sound into the one before over their overlap, and holds back what may still change."""

    def __init__(self, sample_rate_hz: int) -> None:
        self._rate = sample_rate_hz
        self._held_back = int(HELD_BACK_S * sample_rate_hz)
        self._pending: NDArray[np.float32] | None = None
        self._pts = 0

    def push(self, chunk: Chunk, values: NDArray[np.float32]) -> Iterator[tuple[NDArray[np.float32], int]]:
        """Samples [N, C] that are final now, and the time of the first one in samples; long silences in pieces."""
        assert chunk.audio is not None
        if self._pending is None:
            self._pts, self._pending = chunk.audio.pts, values
        else:
            gap = chunk.audio.pts - (self._pts + len(self._pending))
            if gap > 0:
                yield from self.flush()
                for start in range(0, gap, self._rate):
                    self._pending = np.zeros((min(self._rate, gap - start), values.shape[1]), np.float32)
                    yield from self.flush()
            self._pending = _cross_fade(self._pending, values, max(0, min(-gap, len(self._pending), len(values))))
        yield self._release(self._held_back)

    def flush(self) -> Iterator[tuple[NDArray[np.float32], int]]:
        """What is left at the end."""
        yield self._release(0)

    def _release(self, keep: int) -> tuple[NDArray[np.float32], int]:
        if self._pending is None:
            return np.zeros((0, 1), np.float32), 0
        count = max(0, len(self._pending) - keep)
        ready, pts = self._pending[:count], self._pts
        self._pending = self._pending[count:]
        self._pts += count
        return ready, pts


def _cross_fade(before: NDArray[np.float32], after: NDArray[np.float32], overlap: int) -> NDArray[np.float32]:
    """Both in a row, the last `overlap` samples of one fading linearly into the first of the other (spec 7.7)."""
    if not overlap:
        return np.concatenate([before, after])
    weight = ((np.arange(overlap, dtype=np.float32) + np.float32(0.5)) / np.float32(overlap))[:, None]
    mixed = before[-overlap:] * (1 - weight) + after[:overlap] * weight
    return np.concatenate([before[:-overlap], mixed, after[overlap:]])
