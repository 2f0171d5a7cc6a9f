"""`tools/seams`: a seam that is there is found, and one that is not is not."""

from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path

import numpy as np
import pytest
from inrv_format.chunk import TileGrid

TOOL = Path(__file__).resolve().parents[2] / "tools" / "seams"


@pytest.fixture(scope="module")
def seams():
    loader = SourceFileLoader("seams", str(TOOL))
    module = module_from_spec(spec_from_loader("seams", loader))
    loader.exec_module(module)
    return module


@pytest.fixture
def noise():
    return np.random.default_rng(0).normal(size=(4, 48, 64, 3)).astype(np.float32)


def test_without_a_seam_borders_are_as_all_lines(seams, noise):
    assert seams.at_borders(noise, TileGrid(2, 2, 4)) == pytest.approx((1, 1), abs=0.05)


def test_a_step_between_tiles_is_a_jump(seams, noise):
    noise[:, :, 32:] += 8
    jumps, rms = seams.at_borders(noise, TileGrid(2, 1, 4))
    assert jumps > 2
    assert rms == pytest.approx(1, abs=0.05)


def test_larger_errors_at_a_border_are_found(seams, noise):
    noise[:, 22:26] *= 3
    assert seams.at_borders(noise, TileGrid(1, 2, 4))[1] > 2
