"""Metrics against their definitions."""

import numpy as np
import pytest

from invr.metrics import frame_psnr_db, mean_psnr_db, snr_db


def test_psnr_of_a_known_error():
    reference = np.full((4, 5, 3), 100, np.uint8)
    assert frame_psnr_db(reference, reference + 5, 8) == pytest.approx(10 * np.log10(255**2 / 25))
    assert frame_psnr_db(reference.astype(np.uint16), reference + np.uint16(5), 10) == pytest.approx(
        10 * np.log10(1023**2 / 25)
    )


def test_identical_is_the_ceiling():
    frame = np.arange(12, dtype=np.uint8).reshape(2, 2, 3)
    assert frame_psnr_db(frame, frame, 8) == 100.0
    assert snr_db(np.ones((3, 1), np.float32), np.ones((3, 1), np.float32)) == 100.0


def test_the_mean_is_over_frames_not_over_errors():
    assert mean_psnr_db([20.0, 40.0]) == 30.0


def test_snr_of_a_known_error():
    signal = np.array([[1.0], [-1.0]], np.float32)
    assert snr_db(signal, signal * np.float32(0.9)) == pytest.approx(20.0, abs=1e-4)
    assert snr_db(np.zeros((2, 1), np.float32), signal) == -100.0
