"""Samples: from FFmpeg's audio frames to float32 [N, C] and back, without a resampler where none is needed."""

from __future__ import annotations

from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float32]

# One more than the largest code of each integer sample format, and the code of silence.
INTEGER_SCALES = {"u8": (128.0, 128.0), "s16": (32768.0, 0.0), "s32": (2147483648.0, 0.0)}
DEFAULT_LAYOUTS = {1: "mono", 2: "stereo", 3: "2.1", 4: "4.0", 5: "5.0", 6: "5.1", 7: "6.1", 8: "7.1"}


def frame_samples(frame: av.AudioFrame) -> Samples:
    """The samples as a new float32 [N, C] in [-1, 1]; what a lossy decoder gives beyond that is clipped."""
    raw = frame.to_ndarray()
    planar = raw if frame.format.is_planar else raw.reshape(-1, len(frame.layout.channels)).T
    scale, silence = INTEGER_SCALES.get(frame.format.packed.name, (1.0, 0.0))
    if scale == 1.0:
        values = np.nan_to_num(planar.T.astype(np.float32))
    else:
        values = ((planar.T.astype(np.float64) - silence) / scale).astype(np.float32)
    return np.clip(np.ascontiguousarray(values), -1, 1)


def samples_frame(values: Samples, sample_format: str, layout: str, sample_rate_hz: int) -> av.AudioFrame:
    """A frame of `sample_format` that holds `values` ([N, C] in [-1, 1]); it has no pts."""
    planar = sample_format.endswith("p")
    codes = sample_codes(values, sample_format.removesuffix("p"))
    ordered = codes.T if planar else codes.reshape(1, -1)
    frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(ordered), format=sample_format, layout=layout)
    frame.sample_rate = sample_rate_hz
    return frame


def sample_codes(values: Samples, sample_format: str) -> NDArray[Any]:
    """Samples as the codes of a packed format ("u8", "s16", "s32", "flt", "dbl"), rounded to the nearest."""
    if sample_format not in INTEGER_SCALES:
        return values.astype(np.float64 if sample_format == "dbl" else np.float32)
    scale, silence = INTEGER_SCALES[sample_format]
    codes = np.rint(values.astype(np.float64) * scale) + silence
    limited = np.clip(codes, silence - scale, silence + scale - 1)
    return limited.astype({"u8": "u1", "s16": "i2", "s32": "i4"}[sample_format])


def layout_name(layout: str, channels: int) -> str:
    """The layout's name, or FFmpeg's default one for that many channels where it is unknown or of another number."""
    try:
        fits = not layout.endswith("channels") and len(av.AudioLayout(layout).channels) == channels
    except ValueError:
        fits = False
    return layout if fits else DEFAULT_LAYOUTS.get(channels, f"{channels} channels")
