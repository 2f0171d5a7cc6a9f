"""Distances of two sounds that numpy alone measures: peak signal-to-noise ratio and log spectral distance."""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from invr.metrics.fidelity import decibels

Sound = NDArray[np.float32]
Samples = NDArray[np.float64]

FRAME_S = 0.04
HOPS_A_FRAME = 4
FLOOR_DB = -100.0
# Spectra are made for so many frames at a time, so that memory does not grow with the sound.
FRAMES_AT_ONCE = 512


def sound_psnr_db(reference: Sound, decoded: Sound) -> float:
    """PSNR of a sound [N, C] in dB, within +-CEILING_DB (Chalise et al. 2025, eq. 6-13).

    The peak is "the signal's peak value": the largest magnitude in the reference, any channel. The authors scale
    their sound to a peak of 1 before they fit it, so this is their number, and the same at any loudness; with a peak
    of full scale, quiet sound would gain dB for being quiet. The mean squared error is over all samples and channels.
    """
    error = reference.astype(np.float64) - decoded.astype(np.float64)
    peak = float(np.max(np.abs(reference)))
    return decibels(peak**2, float(np.mean(error * error)))


def log_spectral_distance_db(reference: Sound, decoded: Sound, sample_rate_hz: int) -> float:
    """LSD of a sound [N, C] in dB, 0 or more: mean over frames of the RMS over bins (Chalise et al. 2025, eq. 6-12).

    The equation leaves open what is fixed here: the logarithm is 20 log10, because the result is said to be in dB;
    frames are 40 ms under a periodic Hann window, a quarter of a frame apart, zeros after the end; the mean is over
    the frames of all channels. One deviation: a magnitude counts as no less than FLOOR_DB below that of a sine of
    full scale, because digital silence has no logarithm.
    """
    size = max(HOPS_A_FRAME, round(FRAME_S * sample_rate_hz))
    distances = [_distances_db(*pair, size) for pair in zip(reference.T, decoded.T, strict=True)]
    return float(np.mean(distances))


def _distances_db(reference: Sound, decoded: Sound, size: int) -> Samples:
    """Distance of each pair of frames of one channel [N]."""
    frames = _frames(reference, size), _frames(decoded, size)
    found = []
    for start in range(0, len(frames[0]), FRAMES_AT_ONCE):
        one, other = (_log_spectra_db(part[start : start + FRAMES_AT_ONCE]) for part in frames)
        found.append(np.sqrt(np.mean((one - other) ** 2, axis=1)))
    return np.concatenate(found)


def _frames(sound: Sound, size: int) -> Sound:
    """All frames [F, size] of one channel [N], as a view; the last is filled up with zeros."""
    hop = size // HOPS_A_FRAME
    hops = max(0, -(-(len(sound) - size) // hop))
    padded = np.pad(sound, (0, size + hops * hop - len(sound)))
    return sliding_window_view(padded, size)[::hop]


def _log_spectra_db(frames: Sound) -> Samples:
    """Magnitudes [F, K] of frames [F, size] in dB, 0 for a sine of full scale, FLOOR_DB at least."""
    size = frames.shape[1]
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(size) / size)
    magnitudes = np.abs(np.fft.rfft(frames * window)) * (2 / window.sum())
    spectra: Samples = 20 * np.log10(np.maximum(magnitudes, 10 ** (FLOOR_DB / 20)))
    return spectra
