"""Spectral gating by the heads' difference."""

import numpy as np

from invr.denoise import denoise, join_heads
from invr.metrics import snr_db

RATE = 8000
T = np.arange(2 * RATE) / RATE
TONE = np.sin(2 * np.pi * 440 * T)[:, None].astype(np.float32)


def noisy_heads(level: float) -> np.ndarray:
    noise = np.random.default_rng(0).normal(0, level, (2, len(T), 1)).astype(np.float32)
    return TONE[None] + noise


def test_white_noise_between_the_heads_is_gated():
    heads = noisy_heads(0.1)
    assert snr_db(TONE, denoise(heads, RATE)) > snr_db(TONE, join_heads(heads)) + 3


def test_equal_heads_pass():
    heads = np.stack([TONE, TONE])
    np.testing.assert_array_equal(denoise(heads, RATE), TONE)


def test_one_head_and_short_sound_pass():
    np.testing.assert_array_equal(denoise(TONE[None], RATE), TONE)
    short = noisy_heads(0.1)[:, :100]
    np.testing.assert_array_equal(denoise(short, RATE), join_heads(short))
