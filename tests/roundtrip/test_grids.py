"""The same points in time and space have the same values, whatever grid they are asked for in."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from inrv_format.chunk import TileGrid
from toys import toy_clip

import invr
from invr.config import EncodeConfig, FitConfig
from invr.decoder import DecodedFrame, Decoding


@pytest.fixture(scope="module")
def coded(tmp_path_factory):
    """Six frames in two chunks, in two tiles that overlap."""
    folder = tmp_path_factory.mktemp("grids")
    clip = toy_clip(folder, frames=6, height=21, width=34, fps=25)
    config = EncodeConfig(fit=FitConfig(steps=30), tiles=TileGrid(2, 1, 4))
    invr.encode(clip, folder / "out.inrv", config, invr.ReadConfig(chunk_frames=3))
    return folder / "out.inrv"


def frames_of(path, **options):
    with path.open("rb") as file:
        events = list(Decoding(file, invr.DecodeConfig(**options)).events())
    return np.stack([event.values for event in events if isinstance(event, DecodedFrame)]).astype(int)


def test_three_times_the_size_has_the_same_pixels_in_between(coded):
    """Cell i of N has its centre where cell 3 i + 1 of 3 N has it."""
    whole, large = frames_of(coded), frames_of(coded, scale=3.0)
    assert large.shape == (6, 63, 102, 3)
    assert np.abs(large[:, 1::3, 1::3] - whole).max() <= 1
    assert np.abs(large[:, ::3, ::3] - whole).max() > 1


def test_three_times_the_rate_has_the_same_frames_in_between(coded):
    whole, fast = frames_of(coded), frames_of(coded, fps=Fraction(75))
    assert len(fast) == 18
    assert np.abs(fast[::3] - whole).max() <= 1
    assert np.abs(fast[1::3] - whole).max() > 1


def test_a_crop_of_another_size_is_that_part_of_it(coded):
    crop = invr.Crop(20, 9, 31, 17)
    large, part = frames_of(coded, size=(80, 50)), frames_of(coded, size=(80, 50), crop=crop)
    assert np.abs(part - large[:, 9:26, 20:51]).max() <= 1
