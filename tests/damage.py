"""Three small files cut at every byte and with every bit flipped, and what readers make of that, with its cost."""

from __future__ import annotations

import io
import time
import zlib
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from fractions import Fraction
from typing import BinaryIO, TypeVar
from unittest.mock import patch

import numpy as np
from inrv_format import InrvError, Reader
from inrv_format.boxes import HEADER_BYTES, OVERHEAD_BYTES
from inrv_format.chunk import AudioSpan, Chunk, VideoSpan
from inrv_format.families import AudioSirenSpec, CodedSpec, Domain, SirenSpec
from inrv_format.schema import FILE_HEADER, FOOTER
from inrv_format.streams import AudioStream, VideoStream
from inrv_format.unit import Unit, coded_unit, compress_unit
from toys import file_of, toy_symbols
from vectors.surgery import take_apart

from invr.config import DecodeConfig
from invr.decoder import DecodedFrame, Decoding

LZMA2, ZSTD, RANS = 1, 2, 3
PICTURE, SOUND = VideoStream(4, 3, Fraction(1, 25), "gray"), AudioStream(1000, 1, "mono")
NETWORK = SirenSpec(first=2, width=2, depth=0)
VOICE = AudioSirenSpec(first=1, width=1, depth=0, heads=1)
FRAMES, SAMPLES, OVERLAP = 2, 40, 8

Case = TypeVar("Case")
Weights = list[list[list[int]]]


def _picture(coder: int, seed: int = 0) -> Unit:
    domain = Domain(FRAMES, PICTURE.height, PICTURE.width, PICTURE.components)
    return compress_unit(NETWORK, domain, 0, toy_symbols(NETWORK, domain, bits=8, seed=seed), coder)


def _sound(coder: int, seed: int = 0) -> Unit:
    domain = Domain(samples=SAMPLES, channels=SOUND.channels)
    return compress_unit(VOICE, domain, 0, toy_symbols(VOICE, domain, bits=8, seed=seed), coder)


def _frames(index: int) -> VideoSpan:
    return VideoSpan(0, FRAMES * index, tuple(range(FRAMES * index, FRAMES * index + FRAMES)), 1, psnr_db=30.5)


def _samples(index: int) -> AudioSpan:
    overlap, start = OVERLAP if index else 0, (SAMPLES - OVERLAP) * index
    return AudioSpan(1, start + overlap, SAMPLES, start, overlap, snr_db=9.25)


def _with_tags() -> bytes:
    """Picture under LZMA2, and tags."""
    return file_of([Chunk(0, _frames(0), None, (_picture(LZMA2),))], {0: PICTURE}, {"encoder": "toy"})


def _with_overlap() -> bytes:
    """Picture and sound under rANS, in two chunks."""
    chunks = [Chunk(k, _frames(k), _samples(k), (_picture(RANS, k), _sound(RANS, k))) for k in range(2)]
    return file_of(chunks, {0: PICTURE, 1: SOUND}, {})


def _with_packets() -> bytes:
    """Picture under Zstandard, and packets of an ordinary codec."""
    packets = coded_unit(CodedSpec("opus", 48_000), Domain(samples=SAMPLES, channels=1), (b"one", b"2", b"three"))
    return file_of([Chunk(0, _frames(0), _samples(0), (_picture(ZSTD), packets))], {0: PICTURE, 1: SOUND}, {})


FILES = {"tags": _with_tags(), "overlap": _with_overlap(), "packets": _with_packets()}


@dataclass(slots=True)
class Tally:
    """How many cases ended with each exit code, 0 for what was read, and the CPU time that they took."""

    codes: Counter[int] = field(default_factory=Counter)
    total_s: float = 0.0
    worst_s: float = 0.0

    def add(self, other: Tally) -> None:
        """Count those of another one too."""
        self.codes += other.codes
        self.total_s, self.worst_s = self.total_s + other.total_s, max(self.worst_s, other.worst_s)

    def __str__(self) -> str:
        refused = self.codes.total() - self.codes[0]
        mean_ms = 1000 * self.total_s / max(1, self.codes.total())
        return f"{self.codes.total()} | {refused} | {mean_ms:.2f} | {1000 * self.worst_s:.1f}"


def tried(cases: Iterable[Case], read: Callable[[Case], object]) -> Tally:
    """Read all cases; what is no InrvError escapes."""
    tally = Tally()
    for case in cases:
        code, start = 0, time.process_time()
        try:
            read(case)
        except InrvError as error:
            code = error.exit_code
        taken = time.process_time() - start
        tally.codes[code] += 1
        tally.total_s, tally.worst_s = tally.total_s + taken, max(tally.worst_s, taken)
    return tally


def weights(source: BinaryIO) -> Weights:
    """The integers of all networks of all chunks; where a chunk can be read by the index, it must be the same."""
    reader = Reader(source)
    chunks = list(reader.chunks())
    if reader.index is not None:
        assert [reader.chunk(number) for number in range(len(chunks))] == chunks
    return [
        [*(tensor.values.ravel().tolist() for tensor in unit.symbols()), *map(list, unit.packets())]
        for chunk in chunks
        for unit in chunk.units
    ]


def flip(data: bytes, bit: int) -> bytes:
    """The file with one bit the other way."""
    damaged = bytearray(data)
    damaged[bit // 8] ^= 1 << bit % 8
    return bytes(damaged)


def spans(data: bytes) -> list[tuple[int, int]]:
    """What each CRC of a file speaks of: the header, of each box header and content, and the footer."""
    size = FILE_HEADER.sizeof()
    found, place = [(0, size)], size + 4
    for _, content in take_apart(data).boxes:
        begin = place + HEADER_BYTES
        found += [(place, begin - 4), (begin, begin + len(content))]
        place += len(content) + OVERHEAD_BYTES
    return [*found, (place, place + FOOTER.sizeof() - 8)]


def repaired(data: bytes, bit: int, covered: Iterable[tuple[int, int]]) -> bytes:
    """The file with one bit the other way, and the CRC of these `spans` that speaks of it right."""
    damaged = flip(data, bit)
    for start, end in covered:
        if start <= bit // 8 < end:
            return damaged[:end] + zlib.crc32(damaged[start:end]).to_bytes(4, "little") + damaged[end + 4 :]
    return damaged


def payload_bytes(data: bytes) -> set[int]:
    """Where the payloads lie, all of whose bytes are compressed integers, or packets."""
    return {
        data.index(unit.payload) + k
        for chunk in Reader(io.BytesIO(data)).chunks()
        for unit in chunk.units
        for k in range(len(unit.payload))
    }


def chunk_ends(data: bytes) -> list[int]:
    """Where the box of each chunk ends."""
    index = Reader(io.BytesIO(data)).index
    assert index is not None
    return [entry.offset + entry.length for entry in index.entries]


def without_evaluation() -> AbstractContextManager[object]:
    """Within it decoding inflates all integers, and then gives zeros: no network is evaluated."""
    return patch.multiple(
        "invr.decoder",
        build_fields=lambda chunk, _: [unit.symbols() for unit in chunk.units],
        decode_picture=lambda _, fields, stream, positions, size, *how: (
            np.zeros((size[1], size[0], stream.components), np.uint8) for _ in positions
        ),
        decode_sound=lambda chunk, fields, stream, gate: np.zeros(
            (chunk.audio.sample_count, stream.channels), np.float32
        ),
    )


def decoded(source: BinaryIO, *, salvage: bool) -> tuple[int, int]:
    """Frames and samples that decoding gives; with `salvage` those of a damaged file."""
    events = list(Decoding(source, DecodeConfig(salvage=salvage)).events())
    frames = sum(isinstance(event, DecodedFrame) for event in events)
    return frames, sum(len(event.values) for event in events if not isinstance(event, DecodedFrame))


def frames_before_the_error(source: BinaryIO) -> tuple[int, InrvError | None]:
    """Frames that decoding gives before it stops, and why it does."""
    count = 0
    try:
        for event in Decoding(source, DecodeConfig()).events():
            count += isinstance(event, DecodedFrame)
    except InrvError as error:
        return count, error
    return count, None
