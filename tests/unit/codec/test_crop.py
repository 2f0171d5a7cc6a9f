"""Crops: where they lie, which tiles they touch, and that they are the same pixels as in the whole picture."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from inrv_format.chunk import Chunk, TileGrid, VideoSpan
from inrv_format.errors import InputError, InvalidDataError
from inrv_format.families import AvSirenSpec, Domain, SirenSpec, Spec
from inrv_format.families.siren import AFFINE, GABOR, GRID, POWER, RELU
from inrv_format.unit import Unit, compress_unit
from toys import TOY_VIDEO, toy_field

from invr.config import DecodeConfig, QuantConfig
from invr.crop import Crop
from invr.decode_chunk import build_fields, decode_picture, picture_views
from invr.quant import quantize

STREAM = replace(TOY_VIDEO, width=23, height=17)
SPEC = SirenSpec(6, 5, 1, GABOR, motion=GRID, lengths=(3, 2, 2))
POSITIONS = np.array([0.0, 1.5])


def vivid_unit(spec: Spec, domain: Domain, tile: int = 0) -> Unit:
    """A network at its random start, of ten times the contrast."""
    field = toy_field(spec, domain, seed=tile)
    with torch.no_grad():
        for name, tensor in field.named_tensors():
            if name.endswith("output.weight"):
                tensor.mul_(10)
    return compress_unit(spec, domain, tile, quantize(field, QuantConfig()), 1)


def tiled_chunk(tiles: TileGrid) -> Chunk:
    """Three frames of 23x17 pixels, a network of its own for each tile."""
    units = []
    for tile in range(tiles.columns * tiles.rows):
        (top, bottom), (left, right) = tiles.tile(tile, STREAM.height, STREAM.width)
        domain = Domain(frames=3, height=bottom - top, width=right - left, components=3)
        units.append(vivid_unit(SPEC, domain, tile))
    return Chunk(0, VideoSpan(0, 0, (0, 1, 2), 1, tiles), None, tuple(units))


def decoded(chunk: Chunk, size: tuple[int, int], crop: Crop | None = None) -> np.ndarray:
    fields = build_fields(chunk, "cpu")
    return np.stack(list(decode_picture(chunk, fields, STREAM, POSITIONS, size, crop))).astype(int)


@pytest.mark.parametrize("rotation", [0, 90, 180, 270])
@pytest.mark.parametrize("crop", [Crop(0, 0, 1, 1), Crop(3, 1, 2, 4), Crop(0, 0, 7, 5), Crop(6, 4, 1, 1)])
def test_a_crop_is_found_before_turning(rotation, crop):
    turned = np.arange(35).reshape(5, 7)
    stored = np.rot90(turned, rotation // 90)
    there = crop.before_turning(rotation, (7, 5))
    part = np.rot90(stored[slice(*there.rows), slice(*there.columns)], -(rotation // 90))
    assert np.array_equal(part, turned[slice(*crop.rows), slice(*crop.columns)])


@pytest.mark.parametrize("size", [(23, 17), (31, 40), (5, 3)])
@pytest.mark.parametrize("tiles", [TileGrid(), TileGrid(3, 2, 4), TileGrid(2, 2, 0)])
def test_a_crop_is_that_part_of_the_whole(tiles, size):
    chunk, (width, height) = tiled_chunk(tiles), size
    whole = decoded(chunk, size)
    assert whole.std() > 5
    across = Crop(width // 4, height // 4, width // 2, height // 2)
    for crop in (Crop(0, 0, *size), across, Crop(width - 1, height - 1, 1, 1), Crop(0, height // 2, width, 1)):
        part = whole[:, slice(*crop.rows), slice(*crop.columns)]
        assert np.abs(decoded(chunk, size, crop) - part).max() <= 1


@pytest.mark.parametrize(
    "spec",
    [
        SirenSpec(6, 5, 1),
        SirenSpec(6, 5, 1, motion=AFFINE),
        SirenSpec(6, 5, 1, POWER, lengths=(2, 2, 1), scales=(1.4, 1.4, 1.4)),
        SirenSpec(6, 5, 1, activation=RELU),
        AvSirenSpec(6, 5, 1),
    ],
)
def test_every_picture_network_gives_a_part_as_in_the_whole(spec):
    domain = Domain(3, 17, 23, 3, samples=50, channels=1)
    chunk = Chunk(0, VideoSpan(0, 0, (0, 1, 2), 1), None, (vivid_unit(spec, domain),))
    whole = decoded(chunk, (23, 17))
    assert whole.std() > 5
    assert np.abs(decoded(chunk, (23, 17), Crop(5, 3, 9, 7)) - whole[:, 3:10, 5:14]).max() <= 1


@pytest.mark.parametrize(
    ("crop", "touched"),
    [
        (Crop(0, 0, 1, 1), [0]),
        (Crop(0, 0, 23, 17), [0, 1, 2, 3, 4, 5]),
        (Crop(5, 0, 1, 6), [0, 1]),  # in the overlap of the first two columns
        (Crop(16, 9, 7, 8), [1, 2, 4, 5]),
        (Crop(18, 12, 5, 5), [5]),
    ],
)
def test_only_tiles_under_the_crop_are_touched(crop, touched):
    views = picture_views(tiled_chunk(TileGrid(3, 2, 4)), STREAM, (23, 17), crop)
    assert [view.place for view in views] == touched
    assert all(0 < view.y.slice.stop <= crop.height and 0 < view.x.slice.stop <= crop.width for view in views)


def test_a_tile_outside_the_crop_is_not_inflated():
    chunk = tiled_chunk(TileGrid(3, 2, 4))
    broken = replace(chunk.units[0], payload=bytes(len(chunk.units[0].payload)))
    damaged = replace(chunk, units=(broken, *chunk.units[1:]))
    crop = Crop(18, 12, 5, 5)
    assert np.array_equal(decoded(damaged, (23, 17), crop), decoded(chunk, (23, 17), crop))
    with pytest.raises(InvalidDataError):
        decoded(damaged, (23, 17))


def test_networks_of_no_frame_are_not_inflated():
    chunk = tiled_chunk(TileGrid())
    damaged = replace(chunk, units=(replace(chunk.units[0], payload=b"?"),))
    assert list(decode_picture(damaged, build_fields(damaged, "cpu"), STREAM, POSITIONS[:0], (23, 17))) == []


@pytest.mark.parametrize("crop", [Crop(-1, 0, 1, 1), Crop(0, 0, 0, 1)])
def test_a_crop_of_nothing_is_refused(crop):
    with pytest.raises(InputError, match="--crop"):
        DecodeConfig(crop=crop)
