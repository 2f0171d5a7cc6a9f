"""`Signal`: a span of picture and sound as arrays, the value that goes from `media` to `fit` and back."""

from __future__ import annotations

from collections.abc import Sequence
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
class SourceCodec:
    """The codec of a source's sound, and its own header."""

    name: str
    header: bytes = b""


@dataclass(frozen=True, slots=True)
class SourcePacket:
    """A packet of the source, for which its decoder gave `samples` samples, the first at `pts`, in samples."""

    data: bytes
    pts: int
    samples: int

    @property
    def end(self) -> int:
        """The time just after the last sample."""
        return self.pts + self.samples


@dataclass(frozen=True, slots=True)
class AudioSignal:
    """Samples of one chunk: `values` is float32 [N, C] in [-1, 1], `pts` the time of the first, in samples.

    The first `overlap` samples are also the last ones of the chunk before. `packets` are those of the source's codec
    that give these samples, and before them what its decoder needs; none where they were not asked for. `edits` are
    times at which so many samples of silence were put between packets, or, if less than 0, so many were dropped.
    """

    values: NDArray[np.float32]
    pts: int
    first_sample: int
    overlap: int = 0
    sample_rate_hz: int = 48000
    codec: SourceCodec | None = None
    packets: Sequence[SourcePacket] = ()
    edits: Sequence[tuple[int, int]] = ()

    def __len__(self) -> int:
        return len(self.values)


@dataclass(frozen=True, slots=True)
class Signal:
    """Picture and sound of one chunk; either may be absent, not both."""

    index: int
    video: VideoSignal | None
    audio: AudioSignal | None
