"""Draws on the device: SplitMix64, uniform, without repetition where columns must not repeat."""

import numpy as np
import torch
from toys import toy_picture

from invr.config import FitConfig
from invr.fit import PictureObjective
from invr.fit.draws import INCREMENT, CountedDraws, HostDraws, _mixed

CONFIG = FitConfig(rows=200, columns=8)
SIZES = ((4, 12, 16), (3, 20, 9))


def objectives():
    return [PictureObjective(toy_picture(*size), 8, CONFIG, "cpu") for size in SIZES]


def test_numbers_are_those_of_splitmix64():
    # the first of seed 1234567, as its authors' code gives it
    first = _mixed(torch.tensor(1234567 + INCREMENT))
    assert int(first) == 6457827717110365317


def test_noise_is_uniform_and_new_at_each_step():
    draws = CountedDraws(objectives(), [1, 2])
    noise = draws.noise(4096)
    assert noise.shape == (2, 4096)
    assert 0 <= float(noise.min()) < 0.01 and 0.99 < float(noise.max()) < 1
    np.testing.assert_allclose(np.histogram(noise, 16, (0, 1))[0] / noise.numel(), 1 / 16, atol=0.01)
    assert torch.equal(noise, draws.noise(4096))
    draws.points()
    assert float(np.corrcoef(noise[0], draws.noise(4096)[0])[0, 1]) < 0.05


def test_points_lie_in_each_picture_and_reach_all_of_it():
    frames, rows, columns = CountedDraws(objectives(), [1, 2]).points()
    assert [frames.shape, rows.shape, columns.shape] == [(2, 200), (2, 200), (2, 8)]
    for i, (count, height, width) in enumerate(SIZES):
        assert set(frames[i].tolist()) == set(range(count))
        assert set(rows[i].tolist()) == set(range(height))
        assert len(set(columns[i].tolist())) == 8 and int(columns[i].min()) >= 0 and int(columns[i].max()) < width


def test_draws_on_the_host_are_those_of_each_generator():
    draws = HostDraws(objectives(), [1, 2])
    noise, points = draws.noise(5), draws.points()
    for i, (objective, seed) in enumerate(zip(objectives(), (1, 2), strict=True)):
        generator = torch.Generator().manual_seed(seed)
        assert torch.equal(noise[i], torch.rand(5, generator=generator))
        assert all(torch.equal(part[i], own) for part, own in zip(points, objective.draw(generator), strict=True))
