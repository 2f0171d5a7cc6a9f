"""The size of a network follows detail, change and the price of a bit."""

import numpy as np
import pytest
import torch

from invr.fit.demand import cosines, transform_bits, wanted_sound_density, wanted_weights


def picture(frames=8, size=32, noise=0.0, seed=0):
    generator = np.random.default_rng(seed)
    wave = 100 + 60 * np.sin(np.arange(size) / 3)[None, :, None, None]
    values = np.broadcast_to(wave, (frames, size, size, 3)) + noise * generator.standard_normal(
        (frames, size, size, 1)
    )
    return np.clip(values, 0, 255).astype(np.uint8)


@pytest.mark.parametrize("count", [1, 2, 7, 16])
def test_the_transform_is_orthonormal(count):
    torch.testing.assert_close(cosines(count) @ cosines(count).t(), torch.eye(count), atol=1e-5, rtol=0)


def test_white_noise_costs_half_a_bit_for_each_halving_of_the_distortion():
    values = np.random.default_rng(0).integers(0, 256, (16, 48, 48, 1)).astype(np.uint8)
    fine, coarse = (transform_bits(values, 8, distortion) for distortion in (1e-5, 2e-5))
    assert fine - coarse == pytest.approx(0.5 * values.size, rel=0.02)


def test_a_picture_without_anything_in_it_wants_a_weight():
    assert wanted_weights(np.full((1, 4, 4, 3), 128, np.uint8), 8, 0.03) == 1.0


def test_stillness_is_cheap_and_noise_is_dear():
    still, noisy = (transform_bits(picture(noise=noise), 8, 1e-2) for noise in (0.0, 30.0))
    assert noisy > 5 * still
    longer = transform_bits(picture(frames=32), 8, 1e-2)
    assert longer < 1.5 * still


def test_bits_do_not_depend_on_the_depth_of_the_samples():
    deep = picture(noise=10.0).astype(np.uint16) * 257
    assert transform_bits(deep, 16, 1e-2) == pytest.approx(transform_bits(picture(noise=10.0), 8, 1e-2), rel=0.01)


@pytest.mark.parametrize("shape", [(1, 1, 1, 1), (1, 5, 40, 3), (33, 16, 3, 3)])
def test_any_shape_will_do(shape):
    values = np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8)
    assert transform_bits(values, 8, 1e-3) > 0


def test_a_dearer_bit_asks_for_smaller_networks():
    values = picture(noise=10.0)
    assert wanted_weights(values, 8, 0.12) < wanted_weights(values, 8, 0.03) < wanted_weights(values, 8, 0.0075)
    assert wanted_sound_density(0.12) == pytest.approx(wanted_sound_density(0.03) / 2)
