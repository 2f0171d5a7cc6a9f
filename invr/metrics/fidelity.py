"""Peak signal-to-noise ratio of pictures and signal-to-noise ratio of sound."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

CEILING_DB = 100.0


def frame_psnr_db(reference: NDArray[np.integer], decoded: NDArray[np.integer], bit_depth: int) -> float:
    """PSNR over all values of one frame [H, W, C], in dB; identical frames give CEILING_DB."""
    error = reference.astype(np.float32) - decoded.astype(np.float32)
    return decibels(float((1 << bit_depth) - 1) ** 2, float(np.mean(error * error, dtype=np.float64)))


def mean_psnr_db(per_frame: list[float]) -> float:
    """Mean over frames of the PSNR in dB, the figure that INR papers quote."""
    return math.fsum(per_frame) / len(per_frame)


def snr_db(reference: NDArray[np.float32], decoded: NDArray[np.float32]) -> float:
    """Energy of the reference over that of the error, in dB, within +-CEILING_DB; exact silence is CEILING_DB."""
    error = reference.astype(np.float64) - decoded.astype(np.float64)
    return decibels(float(np.sum(reference.astype(np.float64) ** 2)), float(np.sum(error * error)))


def decibels(signal: float, noise: float) -> float:
    """The ratio of two energies in dB, within +-CEILING_DB; no noise at all is CEILING_DB."""
    if noise == 0:
        return CEILING_DB
    if signal == 0:
        return -CEILING_DB
    return max(-CEILING_DB, min(CEILING_DB, 10 * math.log10(signal / noise)))
