"""Decode one chunk: its networks to frames and samples."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from inrv_format.chunk import Chunk, TileGrid
from inrv_format.families import CodedSpec
from inrv_format.streams import AUDIO, VIDEO, AudioStream, VideoStream
from inrv_format.unit import Unit
from numpy.typing import NDArray

from invr.crop import Crop
from invr.denoise import denoise, join_heads
from invr.fields import Field, build_field
from invr.fields.base import sample_times
from invr.fields.parallel import parallel_map
from invr.fields.render import (
    AS_SUITS,
    Evaluation,
    Picture,
    PictureGrid,
    axis_centres,
    render_pictures,
    render_sound,
    to_pixels,
)
from invr.media import decode_packets
from invr.quant import dequantize

Frame = NDArray[np.uint8] | NDArray[np.uint16]


class Fields(Protocol):
    """A chunk's networks by the place of their units, packets not counted: a list, or what `build_fields` gives."""

    def __getitem__(self, place: int, /) -> Field: ...


def build_fields(chunk: Chunk, device: str) -> Fields:
    """The chunk's networks, each decompressed and dequantized when it is first asked for."""
    return _BuiltFields(networks(chunk), device)


class _BuiltFields:
    def __init__(self, units: list[Unit], device: str) -> None:
        self._units = units
        self._device = device
        self._built: dict[int, Field] = {}

    def __getitem__(self, place: int, /) -> Field:
        if place not in self._built:
            unit = self._units[place]
            field = build_field(unit.spec, unit.domain)
            dequantize(unit.symbols(), field)
            self._built[place] = field.to(self._device)
        return self._built[place]


def networks(chunk: Chunk) -> list[Unit]:
    """The chunk's units but for packets."""
    return [unit for unit in chunk.units if not isinstance(unit.spec, CodedSpec)]


def decode_picture(
    chunk: Chunk,
    fields: Fields,
    stream: VideoStream,
    positions: NDArray[np.float64],
    size: tuple[int, int],
    crop: Crop | None = None,
    evaluation: Evaluation = AS_SUITS,
) -> Iterator[Frame]:
    """Frames [H, W, C] at `positions` (in frames of the chunk) and `size` (width, height), unrotated; or `crop` of
    them, for which only the networks of the tiles that it touches are used.
    """
    if not len(positions):
        return
    crop = crop or Crop(0, 0, *size)
    views = picture_views(chunk, stream, size, crop)
    tiles = [(fields[view.place], view.grid) for view in views]
    with parallel_map() as block_map:
        for pictures in render_pictures(tiles, positions, block_map, evaluation):
            yield to_pixels(_blend(views, pictures, crop), stream.bit_depth)


def decode_sound(chunk: Chunk, fields: Fields, stream: AudioStream, gate: bool | None) -> NDArray[np.float32]:
    """Samples [N, C] of the chunk, its overlap included; `gate` None denoises where the file says that it helps."""
    assert chunk.audio is not None
    heads = decode_heads(chunk, fields, stream)
    wanted = chunk.audio.denoise if gate is None else gate
    return denoise(heads, stream.sample_rate_hz) if wanted else join_heads(heads)


def decode_heads(chunk: Chunk, fields: Fields, stream: AudioStream) -> NDArray[np.float32]:
    """What each head of the sound network gives: [heads, N, C]; packets are one head."""
    assert chunk.audio is not None
    count = chunk.audio.sample_count
    for unit in chunk.units:
        if isinstance(unit.spec, CodedSpec):
            packets, rate_hz = unit.packets(), stream.sample_rate_hz
            return decode_packets(unit.spec, packets, rate_hz, stream.layout, count, stream.channels)[None]
    place = next(place for place, unit in enumerate(networks(chunk)) if unit.spec.MEDIA & AUDIO)
    return render_sound(fields[place], sample_times(count))


def picture_views(chunk: Chunk, stream: VideoStream, size: tuple[int, int], crop: Crop) -> list[TileView]:
    """What each tile gives of `crop` of the picture at `size` (width, height), for those that give anything."""
    places = [place for place, unit in enumerate(networks(chunk)) if unit.spec.MEDIA & VIDEO]
    assert chunk.video is not None
    views = (TileView(place, chunk.video.tiles, tile, stream, size, crop) for tile, place in enumerate(places))
    return [view for view in views if len(view.grid.y) and len(view.grid.x)]


class TileView:
    """The part of the output picture that one tile reaches: the place of its network in the chunk, its grid, where it
    lies in the crop, and its blending weights.
    """

    def __init__(
        self, place: int, tiles: TileGrid, number: int, stream: VideoStream, size: tuple[int, int], crop: Crop
    ) -> None:
        self.place = place
        rows, columns = tiles.tile(number, stream.height, stream.width)
        row, column = divmod(number, tiles.columns)
        width, height = size
        axes = (
            _Axis(stream.height, height, crop.rows, tiles.rows, tiles.overlap),
            _Axis(stream.width, width, crop.columns, tiles.columns, tiles.overlap),
        )
        self.y, self.x = _AxisView(axes[0], rows, row), _AxisView(axes[1], columns, column)
        self.grid = PictureGrid(self.y.coordinates, self.x.coordinates)


@dataclass(frozen=True, slots=True)
class _Axis:
    """An output axis of `count` cells over `extent` stored pixels, of which [start, end) is `wanted`."""

    extent: int
    count: int
    wanted: tuple[int, int]
    tiles: int
    overlap: int


class _AxisView:
    """What a tile over `span` stored pixels, at `place` among the others, has of an output axis."""

    def __init__(self, axis: _Axis, span: tuple[int, int], place: int) -> None:
        start, end = span
        low, high = axis.wanted
        centres = (np.arange(low, high) + 0.5) * (axis.extent / axis.count)
        inside = np.flatnonzero((centres >= start) & (centres < end))
        self.slice = slice(inside[0], inside[-1] + 1) if len(inside) else slice(0, 0)
        all_coordinates = axis_centres(0, axis.extent, axis.count, start, end - start)
        self.coordinates = all_coordinates[low:high][self.slice]
        # spec/inrv.md 7.6: a linear ramp over the overlap at borders with a neighbour, 1 elsewhere
        weights = np.ones(len(inside))
        if axis.overlap and place > 0:
            weights = np.minimum(weights, (centres[self.slice] - start) / axis.overlap)
        if axis.overlap and place < axis.tiles - 1:
            weights = np.minimum(weights, (end - centres[self.slice]) / axis.overlap)
        self.weights = weights.astype(np.float32)


def _blend(views: list[TileView], pictures: list[Picture], crop: Crop) -> Picture:
    """Weighted mean of the tiles at every pixel."""
    if len(views) == 1:
        return pictures[0]
    total = np.zeros((crop.height, crop.width, pictures[0].shape[2]), np.float32)
    weight = np.zeros((crop.height, crop.width, 1), np.float32)
    for view, picture in zip(views, pictures, strict=True):
        part = (view.y.weights[:, None] * view.x.weights[None])[..., None]
        total[view.y.slice, view.x.slice] += part * picture
        weight[view.y.slice, view.x.slice] += part
    return total / weight
