"""Decode one chunk: its networks to frames and samples."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from inrv_format.chunk import Chunk, TileGrid
from inrv_format.families import CodedSpec
from inrv_format.streams import AUDIO, VIDEO, AudioStream, VideoStream
from numpy.typing import NDArray

from invr.denoise import denoise, join_heads
from invr.fields import Field, build_field
from invr.fields.base import sample_times
from invr.fields.parallel import parallel_map
from invr.fields.render import Picture, PictureGrid, axis_centres, render_pictures, render_sound, to_pixels
from invr.media import decode_packets
from invr.quant import dequantize

Frame = NDArray[np.uint8] | NDArray[np.uint16]


def build_fields(chunk: Chunk, device: str) -> list[Field]:
    """The chunk's networks, decompressed and dequantized, in the order of its units; packets are no network."""
    fields = []
    for unit in chunk.units:
        if isinstance(unit.spec, CodedSpec):
            continue
        field = build_field(unit.spec, unit.domain)
        dequantize(unit.symbols(), field)
        fields.append(field.to(device))
    return fields


def decode_picture(
    chunk: Chunk,
    fields: list[Field],
    stream: VideoStream,
    positions: NDArray[np.float64],
    size: tuple[int, int],
) -> Iterator[Frame]:
    """Frames [H, W, C] at `positions` (in frames of the chunk) and `size` (width, height), unrotated."""
    assert chunk.video is not None
    fields = [field for field in fields if field.spec.MEDIA & VIDEO]
    views = [_TileView(chunk.video.tiles, number, stream, size) for number in range(len(fields))]
    tiles = [(field, view.grid) for field, view in zip(fields, views, strict=True)]
    with parallel_map() as block_map:
        for pictures in render_pictures(tiles, positions, block_map):
            yield to_pixels(_blend(views, pictures, size), stream.bit_depth)


def decode_sound(chunk: Chunk, fields: list[Field], stream: AudioStream, gate: bool | None) -> NDArray[np.float32]:
    """Samples [N, C] of the chunk, its overlap included; `gate` None denoises where the file says that it helps."""
    assert chunk.audio is not None
    heads = decode_heads(chunk, fields, stream)
    wanted = chunk.audio.denoise if gate is None else gate
    return denoise(heads, stream.sample_rate_hz) if wanted else join_heads(heads)


def decode_heads(chunk: Chunk, fields: list[Field], stream: AudioStream) -> NDArray[np.float32]:
    """What each head of the sound network gives: [heads, N, C]; packets are one head."""
    assert chunk.audio is not None
    count = chunk.audio.sample_count
    for unit in chunk.units:
        if isinstance(unit.spec, CodedSpec):
            packets, rate_hz = unit.packets(), stream.sample_rate_hz
            return decode_packets(unit.spec, packets, rate_hz, stream.layout, count, stream.channels)[None]
    field = next(field for field in fields if field.spec.MEDIA & AUDIO)
    return render_sound(field, sample_times(count))


class _TileView:
    """The part of the output picture that one tile reaches: its grid, where it lies, and its blending weights."""

    def __init__(self, tiles: TileGrid, number: int, stream: VideoStream, size: tuple[int, int]) -> None:
        spans = tiles.tile(number, stream.height, stream.width)
        row, column = divmod(number, tiles.columns)
        axes = zip(
            spans,
            (row, column),
            (tiles.rows, tiles.columns),
            (stream.height, stream.width),
            reversed(size),
            strict=True,
        )
        self.y, self.x = (_AxisView(*axis, overlap=tiles.overlap) for axis in axes)
        self.grid = PictureGrid(self.y.coordinates, self.x.coordinates)


class _AxisView:
    """One axis of a tile on an output axis of `count` cells over `extent` stored pixels."""

    def __init__(
        self, span: tuple[int, int], place: int, tile_count: int, extent: int, count: int, *, overlap: int
    ) -> None:
        start, end = span
        centres = (np.arange(count) + 0.5) * (extent / count)
        inside = np.flatnonzero((centres >= start) & (centres < end))
        self.slice = slice(inside[0], inside[-1] + 1) if len(inside) else slice(0, 0)
        all_coordinates = axis_centres(0, extent, count, start, end - start)
        self.coordinates = all_coordinates[self.slice]
        # spec/inrv.md 7.6: a linear ramp over the overlap at borders with a neighbour, 1 elsewhere
        weights = np.ones(len(inside))
        if overlap and place > 0:
            weights = np.minimum(weights, (centres[self.slice] - start) / overlap)
        if overlap and place < tile_count - 1:
            weights = np.minimum(weights, (end - centres[self.slice]) / overlap)
        self.weights = weights.astype(np.float32)


def _blend(views: list[_TileView], pictures: list[Picture], size: tuple[int, int]) -> Picture:
    """Weighted mean of the tiles at every pixel."""
    if len(views) == 1:
        return pictures[0]
    total = np.zeros((size[1], size[0], pictures[0].shape[2]), np.float32)
    weight = np.zeros((size[1], size[0], 1), np.float32)
    for view, picture in zip(views, pictures, strict=True):
        part = (view.y.weights[:, None] * view.x.weights[None])[..., None]
        total[view.y.slice, view.x.slice] += part * picture
        weight[view.y.slice, view.x.slice] += part
    return total / weight
