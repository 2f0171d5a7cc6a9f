"""Frames of several tiles, in order, the next one begun before this one is worked on."""

from copy import deepcopy

import numpy as np
import pytest
import torch
from inrv_format.families import Domain, SirenSpec
from inrv_format.families.siren import AFFINE, GABOR, GRID
from toys import toy_field

from invr.fields import Rows, parallel, render
from invr.fields.render import Evaluation, PictureGrid, render_pictures

DOMAIN = Domain(frames=4, height=6, width=9, components=3)
SPECS = (SirenSpec(6, 5, 1, motion=AFFINE), SirenSpec(4, 7, 2, GABOR, motion=GRID, lengths=(3, 2, 2)))
GRIDS = (
    PictureGrid(np.linspace(-0.9, 0.9, 7), np.linspace(-0.5, 0.9, 5)),
    PictureGrid(np.linspace(-1, 0, 4), np.array([0.25])),
)
POSITIONS = np.array([0.0, 2.5, 1.0])


@pytest.fixture
def tiles(monkeypatch):
    monkeypatch.setattr(parallel, "POINTS_PER_BLOCK", 10)
    return [(toy_field(spec, DOMAIN), grid) for spec, grid in zip(SPECS, GRIDS, strict=True)]


@pytest.mark.parametrize("frames_at_once", [0, 2, 3])
def test_tiles_come_frame_by_frame(tiles, frames_at_once):
    frames = list(render_pictures(tiles, POSITIONS, evaluation=Evaluation(frames_at_once)))
    assert len(frames) == len(POSITIONS)
    for position, pictures in zip(POSITIONS, frames, strict=True):
        for (field, grid), picture in zip(tiles, pictures, strict=True):
            y, x = (torch.from_numpy(axis).float() for axis in (grid.y, grid.x))
            expected = field.picture(Rows(torch.full((len(y),), float(position)), y, x)).detach().numpy()
            np.testing.assert_allclose(picture, expected, atol=1e-5)


def test_a_gpu_gets_as_many_frames_as_fill_a_block(monkeypatch):
    monkeypatch.setattr(render, "POINTS_PER_GPU_BLOCK", 71)
    y, x = (torch.from_numpy(axis) for axis in (GRIDS[0].y, GRIDS[0].x))
    there = (None, y.to("meta"), x.to("meta"))
    assert render._frames_at_once([there]) == 2  # of 7 rows of 5 points
    assert render._frames_at_once([(None, y, x)]) == 1


def test_the_next_frame_is_begun_early(tiles):
    begun = []

    def eager(function, blocks):
        values = [function(block) for block in blocks]
        begun.append(len(values))
        return values

    frames = render_pictures(tiles, POSITIONS, eager)
    next(frames)
    # of 7 rows of 5 points and 4 of 1, 10 points a block
    assert begun == [4 + 1, 4 + 1]
    assert [len(pictures) for pictures in frames] == [2, 2]
    assert len(begun) == len(POSITIONS)


def test_a_tile_that_covers_no_pixel_gives_none(tiles):
    empty = PictureGrid(np.empty(0), GRIDS[0].x)
    (pictures,) = render_pictures([(field, empty) for field, _ in tiles], POSITIONS[:1])
    assert [picture.shape for picture in pictures] == [(0, 5, 3)] * 2


def test_no_positions_are_no_frames(tiles):
    assert list(render_pictures(tiles, POSITIONS[:0])) == []


@pytest.mark.gpu
def test_a_gpu_gives_the_same_pictures(tiles):
    expected = list(render_pictures(tiles, POSITIONS))
    moved = [(deepcopy(field).to("cuda"), grid) for field, grid in tiles]
    for frames_at_once in (0, 1):
        for ours, theirs in zip(
            render_pictures(moved, POSITIONS, map, Evaluation(frames_at_once)), expected, strict=True
        ):
            for one, other in zip(ours, theirs, strict=True):
                np.testing.assert_allclose(one, other, atol=1e-4)
