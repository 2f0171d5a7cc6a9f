"""Spectral gating of decoded Siamese sound, with the difference of the heads as the noise clip."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

NOISE_GAIN = 2.0
SHORTEST_SAMPLES = 2048


def join_heads(heads: NDArray[np.float32]) -> NDArray[np.float32]:
    """The sound [N, C] that the heads [H, N, C] agree on: their mean."""
    mean: NDArray[np.float32] = heads.mean(axis=0)
    return mean


def denoise(heads: NDArray[np.float32], sample_rate_hz: int) -> NDArray[np.float32]:
    """The heads' mean [N, C] with what looks like their difference gated away (Chalise et al. 2025, algorithm 1).

    The noise clip is alpha (f0 - (f0 + f1) / 2) with alpha = 2 (Mahdi 2025, eq. 4.4). Two deviations: gated is the
    mean of the heads, not f0, because it is nearer to the source; and the mask is not smoothed, because smoothing it
    over 500 Hz and 50 ms erases tones (docs/research/fit.md). Sound with one head, or too short for a spectrum,
    comes back as it is.
    """
    sound = join_heads(heads)
    if len(heads) < 2 or len(sound) < SHORTEST_SAMPLES:
        return sound
    import noisereduce

    noise = NOISE_GAIN * (heads[0] - sound)
    if not noise.any():
        return sound
    gated = noisereduce.reduce_noise(
        y=sound.T,
        y_noise=noise.T,
        sr=sample_rate_hz,
        stationary=True,
        freq_mask_smooth_hz=None,
        time_mask_smooth_ms=None,
    )
    return np.ascontiguousarray(gated.T, dtype=np.float32)
