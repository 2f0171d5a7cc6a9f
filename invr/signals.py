"""`Signal`: a span of picture and sound as arrays, the value that goes from `media` to `fit` and back."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class VideoSignal:
    """Frames of one chunk.

    `values` is [T, H, W, C], uint8 for 8-bit video and uint16 above (full range, 0 to 2^bit_depth - 1), C = 3 for
    R, G, B or 1 for grey. `pts` is int64 [T] in the stream's time base, strictly increasing. `last_duration` is how
    long the last frame is shown, in the same ticks.
    """

    values: NDArray[np.uint8] | NDArray[np.uint16]
    pts: NDArray[np.int64]
    last_duration: int
    first_frame: int
    bit_depth: int = 8

    def __len__(self) -> int:
        return len(self.values)


@dataclass(frozen=True, slots=True)
class AudioSignal:
    """Samples of one chunk: `values` is float32 [N, C] in [-1, 1], `pts` the time of the first, in samples.

    The first `overlap` samples are also the last ones of the chunk before.
    """

    values: NDArray[np.float32]
    pts: int
    first_sample: int
    overlap: int = 0
    sample_rate_hz: int = 48000

    def __len__(self) -> int:
        return len(self.values)


@dataclass(frozen=True, slots=True)
class Signal:
    """Picture and sound of one chunk; either may be absent, not both."""

    index: int
    video: VideoSignal | None
    audio: AudioSignal | None
