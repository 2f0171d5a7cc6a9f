"""Small lumas, cuts and speeds, on drawn shots of 32x24 pixels, which are as many cells."""

import numpy as np
import pytest

from invr.media.cuts import WINDOW, cut_strength, peaks, small_luma, speeds


def strengths(shot):
    """By frame, zero where no window fits."""
    known = [cut_strength(shot[t - WINDOW : t + WINDOW]) for t in range(WINDOW, len(shot) - WINDOW + 1)]
    return np.array([0.0] * WINDOW + known)


def lumas(frames):
    return np.stack([small_luma(frame, 8) for frame in frames])


def noise(shot, sigma):
    return shot + np.random.default_rng(5).normal(0, sigma, shot.shape).astype(np.float32)


def test_luma_is_the_mean_of_each_cell():
    values = np.zeros((4, 64, 3), np.uint8)
    values[:2, 6:8] = (100, 50, 200)
    luma = small_luma(values, 8)
    assert luma.shape == (2, 32)
    assert luma[0, 3] == pytest.approx(0.299 * 100 + 0.587 * 50 + 0.114 * 200)
    assert luma.sum() == luma[0, 3]


def test_luma_of_sides_that_are_no_multiple_of_the_grid():
    values = np.full((50, 100, 1), 7, np.uint8)
    values[:, 99] = 17  # a cell is 3 or 4 pixels wide
    assert np.allclose(small_luma(values, 8)[:, -1], 7 + 10 / 4)


@pytest.mark.parametrize(("height", "width", "shape"), [(80, 40, (32, 16)), (5, 7, (5, 7)), (1, 400, (1, 32))])
def test_grid_of_any_picture(height, width, shape):
    assert small_luma(np.zeros((height, width, 1), np.uint8), 8).shape == shape


def test_luma_has_the_same_range_at_any_depth():
    values = np.random.default_rng(0).integers(0, 256, (24, 32, 3))
    assert np.array_equal(small_luma(values.astype(np.uint8), 8), small_luma((values * 4).astype(np.uint16), 10))


@pytest.mark.parametrize("gain", [1, 0.2])
def test_cut_is_found_at_its_frame_alone(shot, gain):
    frames = np.concatenate([shot(1, 15), shot(2, 15)]) * gain
    found = strengths(lumas(frames.astype(np.uint8)))
    assert np.flatnonzero(found).tolist() == [15]


@pytest.mark.parametrize(("levels", "strength"), [(40, 40), (5, 5), (3, 0)])
def test_strength_is_the_difference_in_levels(levels, strength):
    window = np.zeros((2 * WINDOW, 3, 4), np.float32)
    window[WINDOW:] = levels
    assert cut_strength(window) == strength


@pytest.mark.parametrize("length", [1, 3, WINDOW - 1])
def test_flash_is_no_cut(shot, length):
    frames = lumas(shot(1, 40))
    frames[15 : 15 + length] += 90
    assert not strengths(frames).any()


def test_cut_is_found_beside_a_flash(shot):
    frames = lumas(np.concatenate([shot(1, 20), shot(2, 20)]))
    frames[23] += 90
    assert peaks(strengths(frames), 8) == [20]


@pytest.mark.parametrize("step", [0.5, 1, 3])
def test_sudden_pan_is_no_cut(shot, step):
    frames = lumas(np.concatenate([shot(1, 20, step=0), shot(1, 30, step=step)]))
    assert not strengths(frames).any()


def test_noise_and_dim_shots_have_no_cut(shot):
    assert not strengths(noise(lumas(shot(1, 40)), 10)).any()
    assert not strengths(noise(lumas(np.concatenate([shot(1, 20), shot(2, 20)])) * 0.02, 1)).any()


def test_dissolve_of_eight_frames_is_no_cut(shot):
    weight = np.clip((np.arange(40) - 16) / 8, 0, 1)[:, None, None]
    assert not strengths(lumas(shot(1, 40)) * (1 - weight) + lumas(shot(2, 40)) * weight).any()


@pytest.mark.parametrize(
    ("weights", "found"),
    [
        ([0, 0, 5, 0, 0, 0, 6, 0], [2, 6]),
        ([0, 0, 5, 0, 0, 6, 0, 0], [5]),
        ([0, 5, 0, 0, 5, 0, 0, 0], [1]),
        ([0, 0, 0], []),
    ],
)
def test_of_near_cuts_the_strongest_counts(weights, found):
    assert peaks(np.array(weights, float), apart=4) == found


@pytest.mark.parametrize("step", [0.05, 0.2])
def test_speed_is_in_cells_a_frame(shot, step):
    assert np.median(speeds(lumas(shot(1, 40, step=step)))) == pytest.approx(step, rel=0.3)


def test_still_and_single_frames_do_not_move(shot):
    assert np.abs(speeds(lumas(shot(1, 20, step=0)))).max() == 0
    assert speeds(lumas(shot(1, 1))).tolist() == [0]
    assert speeds(np.zeros((3, 1, 1), np.float32)).tolist() == [0, 0, 0]


def test_noise_hardly_counts_as_motion(shot):
    noisy = noise(lumas(shot(1, 40, step=0)), 4)
    at_once = np.abs(np.diff(noisy, axis=0)).mean()
    assert speeds(noisy).max() < at_once / WINDOW / np.abs(np.diff(noisy, axis=2)).mean()
