"""`unusual`: what the format allows and hardly an encoder writes."""

from __future__ import annotations

import math
from base64 import b85decode
from collections.abc import Iterator, Mapping
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import zstandard
from inrv_format.chunk import Chunk, TileGrid
from inrv_format.families import AudioSirenSpec, Domain, LappedSpec, SirenSpec
from inrv_format.families.siren import GABOR, GAUSSIAN, GRID, POWER, RELU
from inrv_format.quantization import ASYMMETRIC, LARGEST_SCALE, SMALLEST_SCALE, SYMMETRIC, TensorHeader
from inrv_format.schema import FILE_HEADER
from inrv_format.streams import AudioStream, Stream
from inrv_format.tensors import TensorSymbols, pack
from inrv_format.unit import Unit, coded_unit, compress_unit

from vectors.networks import PICTURE, RANS, SOUND, TONES, WAVES, file_of, frames, make_chunk, samples
from vectors.surgery import put_together, take_apart, with_field, with_header_field, write_file
from vectors.valid import FLAC, FLAC_PACKETS, MONO, STREAMS, Row
from vectors.vector import Vector

FARTHEST = 1 << 62


def vectors() -> Iterator[Vector]:
    """All of them."""
    for group in (_containers, _streams, _spans, _payloads, _networks):
        for name, section, shows, data in group():
            yield Vector(f"unusual/{name}", section, shows, data)


def _containers() -> Iterator[Row]:
    plain = file_of(WAVES, TONES)
    pieces = take_apart(plain)
    longer = with_field(pieces.header, FILE_HEADER, "header_length", 41) + b"later fields."
    yield "long-header", "2", "a header with fields of a later version", put_together(replace(pieces, header=longer))
    yield "may-ignore", "2", "every may_ignore bit", with_header_field(plain, "may_ignore", 0xFFFFFFFF)
    yield "written-later", "2", "a writer that knew version 900", with_header_field(plain, "version_written", 900)
    boxes = [(b"noTe", b"")]
    for number, box in enumerate(pieces.boxes):
        boxes += [box] if box[0] == b"ENDF" else [box, (b"abcd", bytes([number] * 5)), (b"zZZZ", b"")]
    yield (
        "unknown-boxes",
        "3",
        "ancillary boxes that no version knows, everywhere",
        put_together(replace(pieces, boxes=tuple(boxes))),
    )
    yield "empty-tags", "5", "a tags box without content", put_together(pieces.with_content(b"tags", b""))
    odd = b"\n\nencoder=one\nno equals sign\nencoder=a=\x1b[31mb\x07=c\n=empty key\n"
    place = pieces.place(b"tags")
    several = pieces.with_boxes(place, place + 1, (b"tags", b"encoder=none"), (b"tags", odd))
    yield "odd-tags", "5", "tags twice, control characters, lines without =", put_together(several)
    yield "no-chunks", "1", "streams, and nothing in them", write_file(STREAMS, [])


def _streams() -> Iterator[Row]:
    small = replace(PICTURE, width=1, height=1)
    yield "one-pixel", "4", "one frame of one pixel", file_of(WAVES, picture=small, video=frames(count=1))
    strange = replace(
        PICTURE,
        time_base=Fraction(2**31 - 1, 2**31 - 2),
        sample_aspect_ratio=Fraction(0),
        average_rate=Fraction(0),
        matrix=255,
        primaries=255,
        transfer=255,
        chroma_location=6,
        field_order=5,
        bit_depth=15,
    )
    yield "strange-stream", "4", "extreme ratios, code points and 15 bits", file_of(WAVES, picture=strange)
    many = AudioStream(768_000, 32, "x" * 32, 64)
    yield "many-channels", "4", "32 channels at 768 kHz, a layout of 32 letters", file_of(TONES, sound=many)
    slow = AudioStream(1, 1, "", 1)
    yield "slow", "4", "a sample a second, one bit, no layout", file_of(TONES, sound=slow)
    streams: dict[int, Stream] = {255: SOUND, 7: PICTURE}
    swapped = make_chunk(streams, frames(stream=7), samples(stream=255), [TONES, WAVES])
    yield "other-ids", "4", "sound first, as stream and as unit, and ids 255 and 7", write_file(streams, [swapped])


def _spans() -> Iterator[Row]:
    yield (
        "single",
        "6",
        "a still, and one sample",
        file_of(WAVES, TONES, video=frames(count=1), audio=samples(count=1)),
    )
    pts = tuple(FARTHEST - ticks for ticks in (2**33, 2**32 + 5, 2**32 - 1))
    late = frames(first=FARTHEST - 3, pts=pts, last_duration=2**32 - 1)
    yield "far-times", "6", "times and frame numbers up to 2^62", file_of(WAVES, video=late)
    before = replace(frames(), pts=(-FARTHEST, 1 - FARTHEST, 2**32 - FARTHEST))
    yield "far-before", "6", "times from -2^62 on, steps up to 2^32 - 1", file_of(WAVES, video=before)
    exact: dict[str, Any] = {"video": frames(psnr_db=math.inf), "audio": samples(snr_db=-math.inf)}
    yield "infinite-quality", "6", "qualities that are infinite", file_of(WAVES, TONES, **exact)
    unknown: dict[str, Any] = {"video": frames(psnr_db=math.nan), "audio": samples(snr_db=math.nan)}
    yield "unknown-quality", "6", "qualities that are unknown", file_of(WAVES, TONES, **unknown)
    cut = samples(20, overlap=20)
    yield (
        "first-overlap",
        "7.7",
        "the first chunk's overlap repeats what is not in the file",
        file_of(TONES, audio=cut),
    )
    two = [make_chunk(STREAMS, None, samples(count=200), [TONES])]
    two.append(make_chunk(STREAMS, None, samples(200, 201, 200), [TONES], index=1))
    yield "whole-overlap", "7.7", "an overlap as long as the chunk before", write_file({1: SOUND}, two)
    columns = TileGrid(13, 1, 1)
    data = file_of(*[SirenSpec(2, 2, 0)] * 13, video=frames(tiles=columns))
    yield "thin-tiles", "7.6", "tiles of a column each, that overlap whole", data
    shared = TileGrid(2, 2, 5)
    yield (
        "wide-overlap",
        "7.6",
        "the largest overlap of 2 x 2 tiles",
        file_of(*[WAVES] * 4, video=frames(tiles=shared)),
    )


def _payloads() -> Iterator[Row]:
    unit = make_chunk(STREAMS, frames(), None, [WAVES]).units[0]
    raw = pack(unit.symbols())
    stored = b"\1" + (len(raw) - 3).to_bytes(2, "big") + raw[:-2] + b"\2\0\1" + raw[-2:] + b"\0"
    yield "lzma2-plain", "6.3", "LZMA2 in chunks that are not compressed", _with_payload(unit, 1, stored)
    block = (len(raw) << 3 | 1).to_bytes(3, "little") + raw
    plain = b"\x28\xb5\x2f\xfd\x20" + bytes([len(raw)]) + block
    yield "zstd-plain", "6.3", "a Zstandard frame of one raw block", _with_payload(unit, 2, plain)
    summed = zstandard.ZstdCompressor(write_checksum=True, write_content_size=True).compress(raw)
    yield "zstd-checksum", "6.3", "a Zstandard frame with a checksum", _with_payload(unit, 2, summed)
    flac = replace(FLAC, discard=10)
    packets = coded_unit(flac, Domain(samples=140, channels=1), tuple(map(b85decode, FLAC_PACKETS)))
    trimmed = Chunk(0, None, samples(count=140), (packets,))
    edited = replace(FLAC, edits=((0, 7), (30, -5), (200, 9)))
    unit = coded_unit(edited, Domain(samples=160, channels=1), tuple(map(b85decode, FLAC_PACKETS)))
    held = Chunk(0, None, samples(count=160), (unit,))
    yield "packets-edited", "7.8", "silence and losses between packets", write_file({1: MONO}, [held])
    yield "packets-trimmed", "7.8", "packets of more samples than are used", write_file({1: MONO}, [trimmed])


def _with_payload(unit: Unit, coder: int, payload: bytes) -> bytes:
    unit = replace(unit, coder=coder, payload=payload)
    return write_file({0: PICTURE}, [Chunk(0, frames(), None, (unit,))])


def _networks() -> Iterator[Row]:
    small = SirenSpec(4, 4, 1)
    yield "zeros", "6.4", "weights that are all zero", _network(small, {})
    faint = {name: np.full(shape, 127) for name, shape in small.tensor_shapes(_DOMAIN)}
    yield "smallest-scale", "6.1", "scales of 2^-126", _network(small, faint, SMALLEST_SCALE)
    steep = SirenSpec(2, 2, 1, activation=RELU)
    ones = {
        "first.weight": [[127, 0, 0], [-127, 0, 0]],
        "hidden0.weight": [[127, 0], [0, 127]],
        "output.weight": [[127, -127], [-127, 127], [0, 127]],
    }
    yield (
        "overflow",
        "7.5",
        "scales of 2^64, values that are infinite or no numbers",
        _network(steep, ones, LARGEST_SCALE),
    )
    for zero_point in (0, 255):
        header = TensorHeader(8, ASYMMETRIC, zero_point, 2.0**-10)
        yield (
            f"zero-point-{zero_point}",
            "6.1",
            "a zero-point at the end of its range",
            _network(small, {}, 0, header),
        )
    yield "deep", "7.1", "64 hidden layers", file_of(SirenSpec(3, 3, 64, omega=24.0), bits=(16,))
    yield "largest-omega", "7.1", "omega 10,000", file_of(replace(WAVES, omega=10_000.0), bits=(16,))
    power = SirenSpec(4, 4, 1, POWER, lengths=(2, 0, 0), scales=(2.0**40, 0.0, 3e38))
    yield "highest-frequency", "7.1", "a frequency of 2^40, scales of no length", file_of(power)
    gaussian = SirenSpec(2, 4, 1, GAUSSIAN, lengths=(255, 255, 255), scales=(1e-45, 1e-3, 3e38))
    yield "longest-embedding", "7.1", "765 Gaussians, the narrowest and the widest", file_of(gaussian)
    grid = SirenSpec(3, 3, 1, GABOR, motion=GRID, lengths=(2, 15, 31))
    yield "finest-grid", "7.1", "more nodes of motion than pixels and frames", file_of(grid)
    yield "octaves-24", "7.3", "24 octaves of sound", file_of(AudioSirenSpec(4, 4, 0, octaves=24))
    long = LappedSpec(hop=2048, waves=16, span=255, joint=True, exponent=4.0)
    yield "longest-hop", "7.4", "a hop of 2,048 for 120 samples, and 16 waves", file_of(long)
    flat = LappedSpec(hop=16, waves=16, span=2, exponent=0.25)
    yield "single-sample", "7.4", "windowed cosines for one sample", file_of(flat, audio=samples(count=1))


_DOMAIN = Domain(3, 11, 13, 3)


def _network(
    spec: SirenSpec, values: Mapping[str, object], scale: float = 1.0, header: TensorHeader | None = None
) -> bytes:
    """A network of these integers; those of tensors that are not named are zero."""
    header = header or TensorHeader(8, SYMMETRIC, 0, scale)
    symbols = tuple(
        TensorSymbols(name, header, np.broadcast_to(np.array(values.get(name, 0), np.int32), shape))
        for name, shape in spec.tensor_shapes(_DOMAIN)
    )
    unit = compress_unit(spec, _DOMAIN, 0, symbols, RANS)
    return write_file({0: PICTURE}, [Chunk(0, frames(), None, (unit,))])
