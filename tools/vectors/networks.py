"""Small networks with weights that are the same everywhere, and chunks and files of them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
from inrv_format.chunk import AudioSpan, Chunk, VideoSpan, unit_domain
from inrv_format.families import AudioSirenSpec, Domain, LappedSpec, SirenSpec, Spec
from inrv_format.families.siren import RELU
from inrv_format.quantization import SYMMETRIC, TensorHeader, storable_scale
from inrv_format.streams import AUDIO, VIDEO, AudioStream, Stream, VideoStream
from inrv_format.tensors import Symbols, TensorSymbols
from inrv_format.unit import Unit, compress_unit
from numpy.typing import NDArray

from vectors.surgery import write_file

LZMA2, ZSTD, RANS = 1, 2, 3
PICTURE = VideoStream(13, 11, Fraction(1, 25), average_rate=Fraction(25))
SOUND = AudioStream(8000, 2, "stereo")
WAVES = SirenSpec(first=7, width=6, depth=1)
TONES = AudioSirenSpec(first=6, width=5, depth=1, octaves=9)
MASK = (1 << 64) - 1


def noise(size: int, seed: int) -> NDArray[np.float64]:
    """Numbers in [-1, 1) that need no library's generator: the hash of splitmix64 of their places."""
    values = np.empty(size)
    for place in range(size):
        z = ((seed << 32) + place + 1) * 0x9E3779B97F4A7C15 & MASK
        z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9 & MASK
        z = (z ^ z >> 27) * 0x94D049BB133111EB & MASK
        values[place] = ((z ^ z >> 31) >> 11) / 2.0**52 - 1
    return values


def symbols_of(spec: Spec, domain: Domain, bits: Sequence[int], mode: int, seed: int) -> Symbols:
    """Integers that give a picture or a sound that is not flat; tensor k has the k-th of the widths, in turn."""
    symbols = []
    for number, (name, shape) in enumerate(spec.tensor_shapes(domain)):
        width = bits[number % len(bits)]
        largest = max(1, (1 << width - 1) - 1)
        zero_point = 0 if mode == SYMMETRIC else 1 << width - 1 if width > 1 else 0
        values = noise(math.prod(shape), 1000 * seed + number)
        if isinstance(spec, LappedSpec):
            steps, scale = _lapped_steps(name, values.reshape(shape)), {"floor": 0.0625}.get(name, 0.25)
        else:
            steps, scale = np.rint(values * largest), storable_scale(_bound(spec, name, shape) / largest)
        header = TensorHeader(width, mode, zero_point, scale)
        q = np.clip(steps + zero_point, *header.q_range).astype(np.int32).reshape(shape)
        symbols.append(TensorSymbols(name, header, q))
    return tuple(symbols)


def _bound(spec: Spec, name: str, shape: tuple[int, ...]) -> float:
    """The largest weight of a tensor, about as SIREN starts (Sitzmann et al. 2020, section 3.2)."""
    layer, _, kind = name.partition(".")
    inputs = shape[-1]
    if layer == "motion":
        return 0.02
    if kind == "bias":
        return 0.05
    if kind == "window":
        return 1.5
    if layer == "audio_input" or (isinstance(spec, AudioSirenSpec) and not spec.octaves and layer == "first"):
        return 2.0
    if layer.endswith("output"):
        return 1.2 / math.sqrt(inputs)
    if layer in ("first", "video_input") and inputs == 3:
        return 6 / getattr(spec, "omega", 1.0)
    relu = isinstance(spec, SirenSpec) and spec.activation == RELU
    return math.sqrt(6 / inputs) / (1 if relu else getattr(spec, "omega", 1.0))


def _lapped_steps(name: str, values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Most amplitudes are 0, which is noise; gains and floors change little from row to row."""
    if name == "amplitude":
        return np.rint(3 * values**3)
    steps = np.rint(values)
    steps[0] += -16 if name == "gain" else 3
    return steps


def frames(first: int = 0, count: int = 3, **fields: Any) -> VideoSpan:
    """So many frames a tick apart."""
    span = VideoSpan(0, first, tuple(range(first, first + count)), 1, psnr_db=30.5)
    return replace(span, **fields)


def samples(first: int = 0, count: int = 120, overlap: int = 0, **fields: Any) -> AudioSpan:
    """So many samples, the first `overlap` of them before `first`."""
    span = AudioSpan(1, first, count, first - overlap, overlap, snr_db=9.25)
    return replace(span, **fields)


def make_chunk(
    streams: Mapping[int, Stream],
    video: VideoSpan | None,
    audio: AudioSpan | None,
    specs: Sequence[Spec],
    *,
    index: int = 0,
    bits: Sequence[int] = (8,),
    mode: int = SYMMETRIC,
    coder: int = RANS,
) -> Chunk:
    """A chunk with a network of each Spec, those of pictures for one tile after the other."""
    units: list[Unit] = []
    for spec in specs:
        tile = sum(bool(unit.spec.MEDIA & VIDEO) for unit in units) if spec.MEDIA & VIDEO else 0
        domain = unit_domain(spec.MEDIA, tile, streams, video, audio)
        symbols = symbols_of(spec, domain, bits, mode, 10 * index + len(units))
        units.append(compress_unit(spec, domain, tile, symbols, coder))
    return Chunk(index, video, audio, tuple(units))


def file_of(
    *specs: Spec,
    picture: VideoStream = PICTURE,
    sound: AudioStream = SOUND,
    video: VideoSpan | None = None,
    audio: AudioSpan | None = None,
    bits: Sequence[int] = (8,),
    mode: int = SYMMETRIC,
    coder: int = RANS,
    tags: Mapping[str, str] | None = None,
) -> bytes:
    """A file of one chunk, with a stream for each medium that the Specs give."""
    media = 0
    for spec in specs:
        media |= spec.MEDIA
    streams: dict[int, Stream] = ({0: picture} if media & VIDEO else {}) | ({1: sound} if media & AUDIO else {})
    video = (video or frames()) if media & VIDEO else None
    audio = (audio or samples()) if media & AUDIO else None
    return write_file(streams, [make_chunk(streams, video, audio, specs, bits=bits, mode=mode, coder=coder)], tags)
