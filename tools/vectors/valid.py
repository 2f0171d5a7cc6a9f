"""`valid`: what encoders write, every family, coder, width and kind of time once at least."""

from __future__ import annotations

import io
from base64 import b85decode
from collections.abc import Callable, Iterator
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
from inrv_format.chunk import AudioSpan, Chunk, TileGrid, VideoSpan
from inrv_format.families import AudioSirenSpec, AvSirenSpec, CodedSpec, Domain, LappedSpec, SirenSpec, Spec
from inrv_format.families.siren import AFFINE, GABOR, GAUSSIAN, GRID, POWER, RELU
from inrv_format.quantization import ASYMMETRIC, SYMMETRIC, TensorHeader
from inrv_format.streams import AudioStream, Stream, VideoStream
from inrv_format.tensors import TensorSymbols
from inrv_format.unit import Unit, coded_unit, compress_unit
from inrv_format.writer import Writer
from numpy.typing import NDArray

from vectors.networks import (
    LZMA2,
    PICTURE,
    RANS,
    SOUND,
    TONES,
    WAVES,
    ZSTD,
    file_of,
    frames,
    make_chunk,
    samples,
)
from vectors.surgery import write_file
from vectors.vector import Vector

STREAMS: dict[int, Stream] = {0: PICTURE, 1: SOUND}
POWERS: dict[str, Any] = {"lengths": (5, 4, 3), "scales": (1.6, 1.5, 1.3)}
MONO = replace(SOUND, channels=1, layout="mono")
# A rising tone of 440 Hz, 20 ms, and 160 samples of another one of 8 bits.
OPUS = CodedSpec("opus", 48_000, 312, b85decode("PjGc}NM&JU0RcDxfV%(y0000"))
OPUS_PACKETS = (
    "cz{Z!@Xd7itLOmg3l0!CwMxk6PH~m&6#2dj^X=r+`@bQ);vHx@uCk9^YvniM8Q<4@9jQ#W?}%?K^`K`N&3ElIjSZ&qX#LBpDU5#-)Q<L{hV"
    "J-_>DFPk=S|6;DFVAy",
    "cm{Dj;87QTN~=uZcz?kDEv|qk@?ol|G8E9i!{$SIV(cp8tYbD+%B`mBNisLtvL*",
    "cs=@n54AgZiwC#SOVsKaxn(87NaMntcEADQaJf7`&{z5j00",
)
FLAC = CodedSpec("flac", 8000, 0, b85decode("0zd*l000001eF2w0Pp|+00000000000000000000000"))
FLAC_PACKETS = ("|M+AG0G~Hc0RRmdBrY~QKjyi$><`f^k}tQRZX(1xm4F6HW^*!7<inFPa!Zq$o)g0-A<X2=%#v{AndF)r%*iR7oRgWH%)=zW7JU",)


def vectors() -> Iterator[Vector]:
    """All of them."""
    for group in (_pictures, _sounds, _packets, _coders, _widths, _streams, _spans):
        for name, section, shows, data in group():
            yield Vector(f"valid/{name}", section, shows, data)


Row = tuple[str, str, str, bytes]


def _pictures() -> Iterator[Row]:
    waves = replace(WAVES, depth=2)
    gabor = replace(waves, embedding=GABOR)
    yield "example", "12", "the worked example of the text", example_file()
    yield "waves", "7.1", "plane waves, no motion", file_of(waves)
    yield "affine", "7.1", "plane waves, a warp for each frame", file_of(replace(waves, motion=AFFINE))
    yield "windows", "7.1", "windowed waves", file_of(gabor)
    grid = replace(gabor, motion=GRID, lengths=(4, 3, 2))
    yield "grid", "7.1", "windowed waves, warps and a grid of displacements", file_of(grid)
    yield "power", "7.1", "the embedding of sines and cosines", file_of(SirenSpec(8, 7, 1, POWER, **POWERS))
    gaussian = SirenSpec(8, 7, 1, GAUSSIAN, lengths=(5, 4, 1), scales=(0.3, 0.4, 0.9))
    yield "gaussian", "7.1", "the embedding of Gaussians, one centre along t", file_of(gaussian)
    relu = SirenSpec(9, 8, 2, POWER, RELU, **POWERS)
    yield "relu", "7.1", "rectified linear units on an embedding", file_of(relu)
    yield "unified", "7.2", "one network for picture and sound", file_of(AvSirenSpec(branch=6, width=7, depth=2))


def _sounds() -> Iterator[Row]:
    yield "times", "7.3", "sines of sound from times, two heads", file_of(AudioSirenSpec(7, 6, 1))
    octaves = AudioSirenSpec(6, 5, 2, head_width=4, octaves=11)
    yield "octaves", "7.3", "sines of sound from octaves, heads with a layer", file_of(octaves)
    linear = AudioSirenSpec(6, 5, 0, heads=1, octaves=5)
    yield "linear", "7.3", "sines of sound with a single layer and head", file_of(linear)
    lapped = LappedSpec(hop=16, waves=16, span=1)
    yield "lapped", "7.4", "windowed cosines, all of them, mono", file_of(lapped, sound=MONO)
    joint = LappedSpec(hop=18, waves=17, span=3, joint=True, exponent=1.6667)
    yield "joint", "7.4", "windowed cosines, sum and difference, powers of amplitudes", file_of(joint)
    odd = LappedSpec(hop=23, waves=21, span=255, exponent=0.5)
    three = AudioStream(8000, 3, "2.1")
    yield "odd-hop", "7.4", "an odd hop, three channels, gains for the whole chunk", file_of(odd, sound=three)


def _packets() -> Iterator[Row]:
    opus = coded_unit(OPUS, Domain(samples=960, channels=1), tuple(map(b85decode, OPUS_PACKETS)))
    stream: Stream = AudioStream(48_000, 1, "mono")
    alone = Chunk(0, None, samples(count=960), (opus,))
    yield "opus", "7.8", "packets of Opus in the place of a network", write_file({1: stream}, [alone])
    flac = coded_unit(FLAC, Domain(samples=160, channels=1), tuple(map(b85decode, FLAC_PACKETS)))
    streams = STREAMS | {1: MONO}
    pictured = make_chunk(streams, frames(), None, [WAVES])
    beside = replace(pictured, audio=samples(count=160), units=(*pictured.units, flac))
    yield "flac", "7.8", "packets of FLAC beside a picture", write_file(streams, [beside])


def _coders() -> Iterator[Row]:
    yield "lzma2", "6.3", "coder 1, two units", file_of(WAVES, TONES, coder=LZMA2)
    yield "zstd", "6.3", "coder 2, two units", file_of(WAVES, TONES, coder=ZSTD)
    yield "rans", "6.4", "coder 3, two units, 12 bits", file_of(WAVES, TONES, bits=(12,))
    yield "rans-table", "6.4", "coder 3, a table whose columns are parts", file_of(replace(WAVES, first=17))
    yield (
        "rans-lanes",
        "6.4",
        "coder 3, more than 4,096 integers, two lanes",
        file_of(SirenSpec(65, 60, 1), bits=(4,)),
    )
    for name, shows, unit in (
        ("classes", "a matrix whose columns are in classes", unit_of_classes()),
        ("differences", "sorted biases as differences", _unit_of_differences()),
    ):
        data = write_file({0: PICTURE}, [Chunk(0, frames(), None, (unit,))])
        yield f"rans-{name}", "6.4", f"coder 3, {shows}", data
    lapped = LappedSpec(hop=20, waves=20, span=2)
    yield "rans-neighbours", "6.4", "coder 3, amplitudes by their neighbours", file_of(lapped, bits=(10,))


def unit_of_classes() -> Unit:
    """Of a picture of three frames, with columns of unlike sizes in `hidden0.weight`."""
    sizes = np.where(np.arange(30) % 3, 64, 1)
    return _changed("hidden0.weight", lambda values: values // sizes)


def _unit_of_differences() -> Unit:
    return _changed("bias", np.sort)


def _changed(name: str, change: Callable[[NDArray[np.int32]], NDArray[np.int32]]) -> Unit:
    """A unit with other integers in the tensors that are named so."""
    unit = make_chunk(STREAMS, frames(), None, [SirenSpec(30, 24, 1)], bits=(12,)).units[0]
    symbols = tuple(
        replace(tensor, values=change(tensor.values).astype(np.int32)) if tensor.name.endswith(name) else tensor
        for tensor in unit.symbols()
    )
    return compress_unit(unit.spec, unit.domain, 0, symbols, RANS)


def _widths() -> Iterator[Row]:
    deep = SirenSpec(5, 4, 10)  # 24 tensors
    rising = tuple(range(2, 25))
    yield "symmetric", "6.1", "widths 2 to 24, mode 0", file_of(deep, bits=rising)
    yield "asymmetric", "6.1", "widths 1 to 24, mode 1, coder 3", file_of(deep, bits=(1, *rising), mode=ASYMMETRIC)
    packed = file_of(deep, bits=(1, *rising), mode=ASYMMETRIC, coder=LZMA2)
    yield "planes", "6.2", "widths 1 to 24, mode 1, coder 1: one to three planes of bytes", packed


def _streams() -> Iterator[Row]:
    yield "grey", "4", "one value for a pixel", file_of(WAVES, picture=replace(PICTURE, chroma="gray"))
    deep = replace(PICTURE, bit_depth=10, color_range=1, matrix=9, primaries=9, transfer=16)
    yield "ten-bits", "4", "10 bits, colours of BT.2020 with PQ", file_of(WAVES, picture=deep)
    full = replace(PICTURE, bit_depth=16, chroma="rgb", color_range=2)
    yield "sixteen-bits", "4", "16 bits", file_of(WAVES, picture=full)
    for degrees in (90, 180, 270):
        turned = replace(PICTURE, rotation=degrees, sample_aspect_ratio=Fraction(4, 3))
        yield (
            f"rotated-{degrees}",
            "4",
            f"a picture to be turned by {degrees} degrees",
            file_of(WAVES, picture=turned),
        )
    yield "even", "4", "an even size", file_of(WAVES, picture=replace(PICTURE, width=16, height=12))
    yield "no-tags", "5", "no tags", file_of(WAVES, tags={})
    words = {"encoder": "vectors", "title": "Grüße, 世界", "settings": "--quality 50"}
    yield "tags", "5", "tags beyond ASCII", file_of(WAVES, tags=words)


def _spans() -> Iterator[Row]:
    yield "both", "6", "picture and sound of a network each", file_of(WAVES, TONES)
    two: list[Spec] = [WAVES, TONES]
    chunks = [make_chunk(STREAMS, frames(3 * k), _part(k), two, index=k) for k in range(3)]
    yield "chunks", "7.7", "three chunks whose sound overlaps", write_file(STREAMS, chunks)
    chunks = [chunk if chunk.index else replace(chunk, audio=None, units=chunk.units[:1]) for chunk in chunks]
    chunks = [replace(chunks[0]), replace(chunks[1], index=4), _silent(chunks[2], 9)]
    yield "media", "6", "chunks of picture, both, sound; numbers with gaps", write_file(STREAMS, chunks)
    far = make_chunk(STREAMS, replace(frames(3), pts=(50, 51, 52)), samples(1000), two, index=1)
    apart = [make_chunk(STREAMS, frames(), samples(), two), far]
    yield "gaps", "7.7", "time without frames, and silence, between two chunks", write_file(STREAMS, apart)
    uneven = VideoSpan(0, 0, (0, 3003, 10_010), 1001, psnr_db=30.5)
    ticks = replace(PICTURE, time_base=Fraction(1, 90_000), average_rate=Fraction(30_000, 1001))
    yield "uneven", "6", "frames at uneven times", file_of(WAVES, picture=ticks, video=uneven)
    later: dict[str, Any] = {"video": replace(frames(), pts=(7, 8, 9)), "audio": replace(samples(), pts=2000)}
    yield "later", "6", "first times that are not zero", file_of(*two, **later)
    earlier: dict[str, Any] = {"video": replace(frames(), pts=(-2, -1, 0)), "audio": replace(samples(), pts=-640)}
    yield "earlier", "6", "times below zero", file_of(*two, **earlier)
    flagged = samples(denoise=True)
    yield "denoise", "7.7", "sound that is better denoised; compared before that", file_of(TONES, audio=flagged)
    for columns, rows, overlap in ((2, 2, 0), (3, 2, 3)):
        spec, tiles = replace(WAVES, motion=AFFINE), TileGrid(columns, rows, overlap)
        data = file_of(*[spec] * (columns * rows), video=frames(tiles=tiles))
        yield f"tiles-{overlap}", "7.6", f"{columns} x {rows} tiles that share {overlap} pixels", data


def _part(index: int) -> AudioSpan:
    return samples(100 * index + 20, overlap=20) if index else samples()


def _silent(chunk: Chunk, index: int) -> Chunk:
    return replace(chunk, index=index, video=None, units=chunk.units[1:])


def example_file() -> bytes:
    """Two frames of 4x2 grey pixels: one wave and a linear layer."""
    stream = VideoStream(4, 2, Fraction(1, 25), chroma="gray", average_rate=Fraction(25))
    spec, domain = SirenSpec(first=1, width=1, depth=0), Domain(frames=2, height=2, width=4, components=1)
    values = {"first.weight": [[3, -2, 1]], "first.bias": [1], "output.weight": [[7]], "output.bias": [-1]}
    header = TensorHeader(bits=4, mode=SYMMETRIC, zero_point=0, scale=0.0625)
    symbols = tuple(TensorSymbols(name, header, np.array(q, np.int32)) for name, q in values.items())
    target = io.BytesIO()
    writer = Writer(target, {0: stream}, {"encoder": "example"})
    unit = compress_unit(spec, domain, 0, symbols, 1)
    writer.write(Chunk(0, VideoSpan(0, 0, (0, 1), 1, psnr_db=30.0), None, (unit,)))
    writer.close()
    return target.getvalue()
