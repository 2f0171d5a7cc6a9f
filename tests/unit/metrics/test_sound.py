"""Distances of sounds against values worked out by hand."""

import numpy as np
import pytest

from invr.metrics import snr_db
from invr.metrics.sound import log_spectral_distance_db, sound_psnr_db

RATE_HZ = 1000  # frames of 40 samples, 21 bins


def noise(samples=400, channels=1, seed=0):
    return np.random.default_rng(seed).uniform(-0.5, 0.5, (samples, channels)).astype(np.float32)


def test_snr_of_half_the_amplitude():
    assert snr_db(noise(), noise() / 2) == pytest.approx(20 * np.log10(2))


def test_psnr_takes_the_peak_of_the_reference():
    reference = np.array([[0.5], [-0.25], [0.0], [0.0]], np.float32)
    decoded = reference + np.float32(0.125)
    assert sound_psnr_db(reference, decoded) == pytest.approx(20 * np.log10(0.5 / 0.125))


def test_psnr_does_not_depend_on_the_loudness():
    reference, decoded = noise(channels=2), noise(channels=2, seed=1)
    assert sound_psnr_db(reference / 8, decoded / 8) == pytest.approx(sound_psnr_db(reference, decoded))


def test_psnr_of_a_copy_and_of_silence():
    silence = np.zeros((400, 1), np.float32)
    assert sound_psnr_db(noise(), noise()) == sound_psnr_db(silence, silence) == 100.0
    assert sound_psnr_db(silence, noise()) == -100.0


def test_lsd_of_a_copy_is_zero():
    assert log_spectral_distance_db(noise(), noise(), RATE_HZ) == 0.0


@pytest.mark.parametrize("samples", [2, 39, 40, 41, 50, 6000])
def test_lsd_of_a_change_in_loudness_is_that_change(samples):
    quieter = noise(samples) * np.float32(10 ** (-6 / 20))
    assert log_spectral_distance_db(noise(samples), quieter, RATE_HZ) == pytest.approx(6.0, abs=1e-4)


def test_lsd_of_a_sine_against_silence():
    # On bin 5 a sine under a Hann window is 0 dB there, 20 log10(1/2) in the bins beside, and nothing elsewhere.
    sine = np.sin(2 * np.pi * 5 / 40 * np.arange(400, dtype=np.float64))[:, None].astype(np.float32)
    beside_db = 20 * np.log10(0.5) + 100
    expected = np.sqrt((100**2 + 2 * beside_db**2) / 21)
    assert log_spectral_distance_db(sine, np.zeros_like(sine), RATE_HZ) == pytest.approx(expected, abs=1e-3)


def test_lsd_is_the_mean_of_the_channels():
    reference = noise(channels=2)
    decoded = reference * np.float32([1.0, 10 ** (-3 / 20)])
    assert log_spectral_distance_db(reference, decoded, RATE_HZ) == pytest.approx(1.5, abs=1e-4)


def test_lsd_does_not_see_what_is_below_the_floor():
    silence = np.zeros((400, 1), np.float32)
    assert log_spectral_distance_db(silence, silence + np.float32(1e-6), RATE_HZ) == 0.0
