"""`faulty`, second part: chunks, spans, tiles, units, and claims beyond the limits."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
from inrv_format.chunk import Chunk, TileGrid, build_chunk
from inrv_format.families import AvSirenSpec, CodedSpec, Domain, SirenSpec
from inrv_format.quantization import SYMMETRIC, TensorHeader
from inrv_format.schema import AUDIO_SPAN, CHUNK_HEADER, VIDEO_SPAN
from inrv_format.streams import Stream
from inrv_format.unit import Unit, coded_unit, compress_unit

from vectors.base import (
    LOW,
    SMALL,
    SMALL_PICTURE,
    STREAMS,
    Fault,
    chunks_of_base,
    faults,
    layout_of,
    with_audio,
    with_chunk_field,
    with_second,
    with_unit_field,
    with_units,
    with_video,
)
from vectors.networks import RANS, frames, make_chunk, samples
from vectors.surgery import overwritten, with_field, write_file
from vectors.vector import TOO_LARGE, Vector

FARTHEST = 1 << 62
OTHER_NAN = b"\1\0\xc0\x7f"


def vectors() -> Iterator[Vector]:
    """All of them."""
    for group in (_chunks, _pictures, _tiles, _sounds, _units, _sizes, _work):
        yield from faults(list(group()))


def _chunks() -> Iterator[Fault]:
    first, second = chunks_of_base()
    yield "chunk-contents-0", "6", "a chunk of no medium", with_chunk_field(CHUNK_HEADER, "contents", 0)
    yield "chunk-contents-7", "6", "a chunk of a third medium", with_chunk_field(CHUNK_HEADER, "contents", 7)
    yield "chunk-reserved", "6", "reserved is not 0", with_chunk_field(CHUNK_HEADER, "reserved", 1)
    yield "chunk-index", "6", "two chunks of one number", with_second(index=0)
    yield "chunk-no-units", "6", "a chunk without units", with_units()
    yield "chunk-more-units", "6", "a unit that is not there", with_chunk_field(CHUNK_HEADER, "unit_count", 3)
    yield "chunk-fewer-units", "6", "a unit that is not counted", with_chunk_field(CHUNK_HEADER, "unit_count", 1)
    many = with_chunk_field(CHUNK_HEADER, "unit_count", 4097)
    yield "chunk-4097-units", "9", "a claim of 4,097 units", many, TOO_LARGE
    content = build_chunk(second)
    yield "chunk-long", "6", "a byte after the last unit", write_file(STREAMS, [first, (second, content + b"\0")])
    for name, length in (("header", 5), ("span", 30), ("unit", layout_of(second).units[0] + 9)):
        data = write_file(STREAMS, [first, (second, content[:length])])
        yield f"chunk-cut-{name}", "6", f"a chunk that ends in its {name}", data


def _pictures() -> Iterator[Fault]:
    yield "span-stream", "6", "a stream that is not there", with_video(stream=2)
    yield "span-of-sound", "6", "the sound's stream for the picture", with_video(stream=1)
    yield "pts-mode", "6", "a mode of times that does not exist", with_chunk_field(VIDEO_SPAN, "pts_mode", 2)
    yield "no-frames", "6", "no frames", with_chunk_field(VIDEO_SPAN, "frame_count", 0)
    many = with_chunk_field(VIDEO_SPAN, "frame_count", 65_537)
    yield "65537-frames", "9", "65,537 frames", many, TOO_LARGE
    yield "pts-step-0", "6", "frames at one time", with_chunk_field(VIDEO_SPAN, "pts_step", 0)
    yield "last-duration", "6", "a last frame that is not shown", with_video(last_duration=0)
    yield "first-frame", "6", "frame numbers beyond 2^64", with_video(first_frame=(1 << 64) - 2)
    yield "first-pts-high", "6", "times beyond 2^62", with_video(pts=tuple(FARTHEST + k for k in range(3)))
    yield "first-pts-low", "6", "times before -2^62", _lone(pts=tuple(k - FARTHEST for k in range(-1, 2)))
    late = _lone(pts=(FARTHEST - 1,), last_duration=2)
    yield "end-pts", "6", "a last frame that ends after 2^62", late
    yield "frames-counted-twice", "6", "a frame number of the chunk before", with_video(first_frame=2)
    yield "pts-not-later", "6", "a first frame at the time of the last one before", with_video(pts=(2, 3, 4))
    first, second = chunks_of_base()
    uneven = replace(second, video=frames(3, pts=(3, 4, 6)))
    at = layout_of(second).audio
    content = overwritten(build_chunk(uneven), at, bytes(4))
    yield "pts-equal", "6", "a listed difference of 0", write_file(STREAMS, [first, (uneven, content)])
    stepped = with_field(build_chunk(uneven), VIDEO_SPAN, "pts_step", 1, layout_of(second).video)
    yield "pts-step-and-list", "6", "a step beside listed times", write_file(STREAMS, [first, (uneven, stepped)])
    listed = with_field(build_chunk(uneven), VIDEO_SPAN, "frame_count", 65_536, layout_of(second).video)
    yield "pts-list-cut", "6", "65,536 times, of which two are there", write_file(STREAMS, [first, (uneven, listed)])
    nan = overwritten(build_chunk(second), at - 4, OTHER_NAN)
    yield (
        "psnr-other-nan",
        "6",
        "a PSNR that is another NaN than 0x7FC00000",
        write_file(STREAMS, [first, (second, nan)]),
    )
    end = at + AUDIO_SPAN.sizeof()
    nan = overwritten(build_chunk(second), end - 4, b"\0\0\xc0\xff")
    yield "snr-negative-nan", "6", "an SNR that is a negative NaN", write_file(STREAMS, [first, (second, nan)])


def _lone(**fields: Any) -> bytes:
    """A file of one chunk of picture."""
    streams = {0: STREAMS[0]}
    return write_file(streams, [make_chunk(streams, frames(**fields), None, [SMALL])])


def _tiles() -> Iterator[Fault]:
    yield "tile-columns-0", "6", "a grid without columns", with_chunk_field(VIDEO_SPAN, "tile_columns", 0)
    yield "tile-rows-0", "6", "a grid without rows", with_chunk_field(VIDEO_SPAN, "tile_rows", 0)
    first, second = chunks_of_base()

    def tiled(*numbers: int, overlap: int = 0) -> bytes:
        span = frames(3, tiles=TileGrid(2, 1, overlap))
        units = make_chunk(STREAMS, span, None, [SMALL] * 2).units
        ordered = [replace(units[number], tile=number) for number in numbers]
        return write_file(STREAMS, [first, replace(second, video=span, units=(*ordered, second.units[1]))])

    yield "tile-columns-7", "6", "more columns than pixels", with_chunk_field(VIDEO_SPAN, "tile_columns", 7)
    yield "tile-rows-5", "6", "more rows than pixels", with_chunk_field(VIDEO_SPAN, "tile_rows", 5)
    yield "tile-overlap", "6", "an overlap of more than a tile", tiled(0, 1, overlap=4)
    yield "tile-twice", "6.1", "a tile twice", tiled(0, 0)
    yield "tile-missing", "6.1", "a tile without a network", tiled(0)
    yield "tiles-swapped", "6.1", "tiles in the wrong order", tiled(1, 0)
    yield "tile-outside", "6.1", "a tile outside the grid", with_unit_field("tile", 1)
    yield "tile-of-sound", "6.1", "a tile for a sound network", with_unit_field("tile", 1, unit=1)
    span = frames(3, tiles=TileGrid(2, 1, 0))
    both = AvSirenSpec(branch=2, width=2, depth=1)
    unit = make_chunk(STREAMS, frames(3), second.audio, [both]).units[0]
    half = make_chunk(STREAMS, span, None, [SMALL] * 2).units[1]
    narrow = replace(unit, domain=replace(unit.domain, width=3))
    data = write_file(STREAMS, [first, replace(second, video=span, units=(narrow, half))])
    yield "tiles-with-both", "6.1", "a network of both media in a picture of two tiles", data


def _sounds() -> Iterator[Fault]:
    yield "sound-stream", "6", "the picture's stream for the sound", with_audio(stream=0)
    yield "sound-flags", "6", "a flag that is not defined", with_chunk_field(AUDIO_SPAN, "flags", 2)
    yield "no-samples", "6", "no samples", with_chunk_field(AUDIO_SPAN, "sample_count", 0)
    many = with_chunk_field(AUDIO_SPAN, "sample_count", (1 << 26) + 1)
    yield "samples-beyond-2-27", "9", "two channels of 2^26 + 1 samples", many, TOO_LARGE
    yield "overlap-whole", "6", "an overlap of the whole chunk", with_audio(overlap=60, pts=0, first_sample=60)
    yield "overlap-long", "6", "an overlap of more than a tenth of a second", _overlap(101, 200, 200)
    yield "overlap-beyond-before", "6", "an overlap longer than the chunk before", _overlap(61, 60, 100)
    yield "sound-too-early", "6", "sound that starts before the end of the chunk before", with_audio(overlap=0)
    yield "gap-and-overlap", "6", "an overlap that repeats a silence", with_audio(pts=51)
    yield "samples-counted-twice", "6", "a sample number of the chunk before", with_audio(first_sample=59)
    yield "sound-times", "6", "samples beyond 2^62", with_audio(overlap=0, pts=FARTHEST - 59)
    yield "sound-times-low", "6", "samples before -2^62", _low_sound()
    yield "sound-numbers", "6", "sample numbers beyond 2^64", with_audio(first_sample=(1 << 64) - 1)
    far = with_audio(overlap=0, pts=61 + (1 << 25))
    yield "silence", "9", "more than 2^25 samples of silence", far, TOO_LARGE


def _overlap(overlap: int, before: int, count: int) -> bytes:
    streams = {1: STREAMS[1]}
    spans = samples(count=before), samples(before, count, overlap)
    chunks = [make_chunk(streams, None, span, [LOW], index=number) for number, span in enumerate(spans)]
    return write_file(streams, chunks)


def _low_sound() -> bytes:
    streams = {1: STREAMS[1]}
    return write_file(streams, [make_chunk(streams, None, samples(pts=-FARTHEST - 1), [LOW])])


def _units() -> Iterator[Fault]:
    _, second = chunks_of_base()
    picture, sound = second.units
    yield "unit-contents", "6.1", "a picture network that claims sound", with_unit_field("contents", 2)
    yield "unit-reserved", "6.1", "reserved is not 0", with_unit_field("reserved", 1)
    yield "unit-tensors", "6.1", "a tensor too many", with_unit_field("tensor_count", 5)
    yield "unit-spec-short", "7", "a spec of 26 bytes", with_unit_field("spec_length", 26)
    yield "unit-spec-long", "7", "a spec of 28 bytes", with_unit_field("spec_length", 28)
    yield "unit-spec-beyond", "6", "a spec beyond the chunk", with_unit_field("spec_length", 65_535)
    yield "unit-stored-beyond", "6", "a payload beyond the chunk", with_unit_field("stored_length", (1 << 32) - 1)
    yield (
        "unit-raw-length",
        "6.1",
        "a raw_length that the tensors do not add up to",
        with_unit_field("raw_length", 25),
    )
    yield "unit-not-coded", "6.1", "a network with coder 0", with_unit_field("coder", 0)
    yield "no-sound-network", "6.1", "a chunk with sound without a network for it", with_units(picture)
    yield "two-sound-networks", "6.1", "two networks for the sound", with_units(picture, sound, sound)
    yield "no-picture-network", "6.1", "a chunk with a picture without a network for it", with_units(sound)
    lone = with_second(video=None, units=(picture, sound))
    yield "picture-without-frames", "6.1", "a picture network in a chunk of sound", lone
    lone = with_second(audio=None, units=(picture, sound))
    yield "sound-without-samples", "6.1", "a sound network in a chunk of picture", lone


def _zeros(spec: SirenSpec, domain: Domain, tile: int = 0) -> Unit:
    """A unit of 8-bit weights that are 0, whose payload is no payload: it is not to be reached."""
    header, size = TensorHeader(8, SYMMETRIC, 0, 1.0), sum(np.prod(shape) for _, shape in spec.tensor_shapes(domain))
    headers = (header,) * len(spec.tensor_shapes(domain))
    return Unit(spec, domain, tile, headers, RANS, int(size), 0, b"not reached")


def _sizes() -> Iterator[Fault]:
    raw = with_unit_field("raw_length", (1 << 30) + 1)
    yield "raw-length-1-gib", "9", "packed integers of 1 GiB and one byte", raw, TOO_LARGE
    spec, domain = SirenSpec(4096, 4096, 1), Domain(3, 4, 6, 3)
    yield (
        "ratio-bomb",
        "9",
        "11 bytes that claim to hold 16 MiB",
        with_units(_zeros(spec, domain), chunks_of_base()[1].units[1]),
        TOO_LARGE,
    )
    spec = SirenSpec(4096, 4096, 17)
    deep = with_units(replace(_zeros(spec, domain), raw_length=24), chunks_of_base()[1].units[1])
    yield "weights-of-a-unit", "9", "a network of more than 2^28 weights", deep, TOO_LARGE
    streams: dict[int, Stream] = {0: replace(SMALL_PICTURE, width=17, height=1)}
    spec, domain = SirenSpec(4096, 4000, 1), Domain(1, 1, 1, 3)
    units = tuple(_zeros(spec, domain, tile) for tile in range(17))
    wide = Chunk(0, frames(count=1, tiles=TileGrid(17, 1)), None, units)
    yield "weights-of-a-chunk", "9", "17 networks of 2^28 weights together", write_file(streams, [wide]), TOO_LARGE
    packets = coded_unit(CodedSpec("flac", 768_000), Domain(samples=200_000, channels=2), (b"not reached",))
    streams = {1: STREAMS[1]}
    fast = write_file(streams, [Chunk(0, None, samples(count=200_000), (packets,))])
    yield "packets-beyond-2-27", "9", "packets of more samples than a chunk may have", fast, TOO_LARGE


def _work() -> Iterator[Fault]:
    stream = replace(SMALL_PICTURE, width=16_384, height=16_384)
    huge: dict[int, Stream] = {0: stream}
    (first, _) = chunks_of_base()
    picture = replace(first, audio=None, units=first.units[:1])
    content = with_field(build_chunk(picture), VIDEO_SPAN, "frame_count", 10**6, CHUNK_HEADER.sizeof())
    yield (
        "million-frames",
        "9",
        "10^6 frames of 16,384 x 16,384 pixels",
        write_file(huge, [(picture, content)]),
        TOO_LARGE,
    )
    content = with_field(build_chunk(picture), VIDEO_SPAN, "frame_count", 65_536, CHUNK_HEADER.sizeof())
    yield (
        "values-of-a-chunk",
        "9",
        "65,536 frames of 16,384 x 16,384 pixels",
        write_file(huge, [(picture, content)]),
        TOO_LARGE,
    )
    grey: dict[int, Stream] = {0: replace(stream, chroma="gray")}
    span, domain = frames(count=64), Domain(64, 16_384, 16_384, 1)
    spec = SirenSpec(820, 1, 0)  # 4,101 weights
    yield (
        "work-of-a-chunk",
        "9",
        "more than 2^46 multiply-adds",
        write_file(grey, [Chunk(0, span, None, (_zeros(spec, domain),))]),
        TOO_LARGE,
    )
    fitting = SirenSpec(819, 1, 0)  # 4,096 weights
    symbols = make_chunk(grey, span, None, [fitting]).units[0].symbols()
    zeros = tuple(replace(tensor, values=np.zeros_like(tensor.values)) for tensor in symbols)
    unit = compress_unit(fitting, domain, 0, zeros, RANS)
    spans = [frames(64 * index, 64) for index in range(257)]
    chunks = [Chunk(index, span, None, (unit,)) for index, span in enumerate(spans)]
    yield "work-of-a-file", "9", "257 chunks of 2^46 multiply-adds each", write_file(grey, chunks), TOO_LARGE
