"""Files changed where the format has something to say, and put together with right CRCs, lengths and index."""

from __future__ import annotations

import random
import zlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from construct import ConstructError
from inrv_format.boxes import CHUNK_BOX, END_BOX, HEADER_BYTES, INDEX_BOX, OVERHEAD_BYTES, STREAM_BOX, TAGS_BOX
from inrv_format.chunk import build_chunk, parse_chunk
from inrv_format.entropy import RANS, compress, decompress
from inrv_format.entropy.layout import Layout
from inrv_format.errors import InrvError
from inrv_format.families import AudioSirenSpec, AvSirenSpec, CodedSpec, LappedSpec, SirenSpec, Spec
from inrv_format.families.base import count_weights
from inrv_format.header import build_file_header
from inrv_format.index import IndexBuilder, build_index, parse_stream
from inrv_format.limits import DEFAULT_LIMITS
from inrv_format.quantization import ASYMMETRIC, SYMMETRIC
from inrv_format.schema import (
    AUDIO_SPAN,
    AUDIO_STREAM,
    CHUNK_HEADER,
    FILE_HEADER,
    INDEX_ENTRY,
    INDEX_HEADER,
    MAGIC,
    STREAM_HEADER,
    SYNC,
    UNIT_HEADER,
    VIDEO_SPAN,
    VIDEO_STREAM,
)
from inrv_format.streams import AUDIO, VIDEO, Stream
from inrv_format.tensors import unpack
from inrv_format.unit import Unit, compress_unit
from vectors.networks import symbols_of
from vectors.surgery import Pieces, overwritten, put_together, take_apart, with_field

# Changes bytes to at most so many bytes, as libFuzzer does.
Plain = Callable[[bytes, int], bytes]

ZSTD = 2
MOST_WEIGHTS = 100_000
PLAIN_SHARE, HEALED_SHARE, STALE_SHARE = 0.05, 0.5, 0.2
END = ((END_BOX, b""),)
BOX_TYPES = (STREAM_BOX, TAGS_BOX, CHUNK_BOX, INDEX_BOX, END_BOX, b"next", b"NEXT")
EXTREMES = (
    0,
    1,
    2,
    0x7F,
    0x80,
    0xFF,
    0x7FFF,
    0x8000,
    0xFFFF,
    1 << 31,
    (1 << 31) - 1,
    (1 << 32) - 1,
    1 << 62,
    1 << 63,
)
# Where structures begin that a box of a type may hold; what follows them is found by chance.
PLACES: dict[bytes, list[tuple[int, Any]]] = {
    STREAM_BOX: [(0, STREAM_HEADER), (2, VIDEO_STREAM), (2, AUDIO_STREAM)],
    CHUNK_BOX: [
        (0, CHUNK_HEADER),
        (8, VIDEO_SPAN),
        (8, AUDIO_SPAN),
        (8 + VIDEO_SPAN.sizeof(), AUDIO_SPAN),
        (8 + VIDEO_SPAN.sizeof(), UNIT_HEADER),
        (8 + AUDIO_SPAN.sizeof(), UNIT_HEADER),
        (8 + VIDEO_SPAN.sizeof() + AUDIO_SPAN.sizeof(), UNIT_HEADER),
    ],
    INDEX_BOX: [(0, INDEX_HEADER), (INDEX_HEADER.sizeof(), INDEX_ENTRY)],
}


@dataclass(frozen=True, slots=True)
class Mutator:
    """Changes of files; `plain` is for bytes without a structure."""

    plain: Plain

    def __call__(self, data: bytes, most_bytes: int, seed: int) -> bytes:
        """Another file, of at most so many bytes; the same for the same seed and `plain`."""
        chance = random.Random(seed)
        if chance.random() < PLAIN_SHARE:
            return self.plain(data, most_bytes)
        pieces = _pieces(data)
        if chance.random() < HEALED_SHARE:
            pieces = replace(pieces, header=build_file_header()[:-4])
        changes = (
            self._content,
            self._payload,
            self._integers,
            self._field,
            self._field,
            _network,
            _boxes,
            self._start,
        )
        for _ in range(chance.choice((1, 1, 1, 2, 4))):
            try:
                pieces = chance.choice(changes)(pieces, chance)
            except InrvError:  # what was changed before is no longer what this changes
                pieces = self._content(pieces, chance)
        if chance.random() >= STALE_SHARE:
            pieces = _indexed(pieces)
        result = put_together(pieces)
        return result if len(result) <= most_bytes else self.plain(data, most_bytes)

    def _content(self, pieces: Pieces, chance: random.Random) -> Pieces:
        """Any bytes of a box."""
        number = chance.randrange(len(pieces.boxes))
        kind, content = pieces.boxes[number]
        return pieces.with_boxes(number, number + 1, (kind, self.plain(content, len(content) + 16)))

    def _field(self, pieces: Pieces, chance: random.Random) -> Pieces:
        """One field of one structure: an extreme, a little more or less, or noise."""
        number = chance.randrange(len(pieces.boxes))
        kind, content = pieces.boxes[number]
        if kind not in PLACES:
            return self._content(pieces, chance)
        at, struct = chance.choice(PLACES[kind])
        chosen = chance.randrange(len(struct.subcons))
        at += sum(field.sizeof() for field in struct.subcons[:chosen])
        size = struct.subcons[chosen].sizeof()
        value = int.from_bytes(content[at : at + size], "little")
        value = chance.choice((chance.choice(EXTREMES), value + chance.choice((-1, 1)), chance.getrandbits(8 * size)))
        piece = (value % (1 << 8 * size)).to_bytes(size, "little")
        changed = overwritten(content, at, piece)[: len(content)]
        return pieces.with_boxes(number, number + 1, (kind, changed))

    def _payload(self, pieces: Pieces, chance: random.Random) -> Pieces:
        """A payload, its length and, where it can still be inflated, its CRC right."""

        def changed(unit: Unit) -> Unit:
            payload = self.plain(unit.payload, len(unit.payload) + 16)
            unit = replace(unit, payload=payload)
            if isinstance(unit.spec, CodedSpec):
                return replace(unit, raw_length=len(payload), symbols_crc=zlib.crc32(payload))
            try:
                return replace(unit, symbols_crc=zlib.crc32(_inflated(unit)))
            except InrvError:
                return unit

        return _with_unit(pieces, chance, changed)

    def _integers(self, pieces: Pieces, chance: random.Random) -> Pieces:
        """Integers of a network, within their widths, compressed anew."""

        def changed(unit: Unit) -> Unit:
            if isinstance(unit.spec, CodedSpec):
                return unit
            raw = self.plain(_inflated(unit), unit.raw_length).ljust(unit.raw_length, b"\0")
            coder, shapes = chance.choice((ZSTD, RANS)), unit.spec.tensor_shapes(unit.domain)
            payload = compress(coder, unpack(raw, unit.headers, shapes))
            return replace(unit, coder=coder, payload=payload, symbols_crc=zlib.crc32(raw))

        return _with_unit(pieces, chance, changed)

    def _start(self, pieces: Pieces, chance: random.Random) -> Pieces:
        """The file's header, mostly with its magic number and the length that it has."""
        fixed = FILE_HEADER.sizeof()
        header = self.plain(pieces.header, fixed + 8).ljust(fixed, b"\0")
        return replace(pieces, header=_started(header) if chance.random() < 0.8 else header)


def _pieces(data: bytes) -> Pieces:
    """Those of a file; of a damaged one, what stands between its sync words."""
    try:
        return take_apart(data)
    except (InrvError, ConstructError):
        start, *rest = data.split(SYNC)
    header = _started(start[: FILE_HEADER.sizeof()].ljust(FILE_HEADER.sizeof(), b"\0"))
    found = [(piece[:4], piece[HEADER_BYTES - 4 : -4]) for piece in rest if len(piece) >= 4 and piece[:4].isalpha()]
    return Pieces(header, tuple((kind, b"" if kind == END_BOX else content) for kind, content in found) or END)


def _started(header: bytes) -> bytes:
    """A header with its magic number and its length right."""
    return with_field(MAGIC + header[len(MAGIC) :], FILE_HEADER, "header_length", len(header) + 4)


def _boxes(pieces: Pieces, chance: random.Random) -> Pieces:
    """A box more, one less, two the other way round, or one of another type."""
    number, other = chance.randrange(len(pieces.boxes)), chance.randrange(len(pieces.boxes))
    kind, content = pieces.boxes[number]
    if len(pieces.boxes) == 1:
        return pieces
    return chance.choice(
        (
            lambda: pieces.with_boxes(other, other, (kind, content)),
            lambda: pieces.with_boxes(number, number + 1),
            lambda: pieces.with_boxes(number, number + 1, pieces.boxes[other]).with_boxes(
                other, other + 1, (kind, content)
            ),
            lambda: pieces.with_boxes(number, number + 1, (chance.choice(BOX_TYPES), content)),
        )
    )()


def _network(pieces: Pieces, chance: random.Random) -> Pieces:
    """A network of another family or shape, of the same media, with weights of its own."""

    def changed(unit: Unit) -> Unit:
        spec = _spec(unit.spec.MEDIA, chance)
        bits = [chance.randint(2, 24) for _ in range(3)]
        mode = chance.choice((SYMMETRIC, ASYMMETRIC))
        if count_weights(list(spec.tensor_shapes(unit.domain))) > MOST_WEIGHTS:  # a sound may be of any length
            return unit
        symbols = symbols_of(spec, unit.domain, bits, mode, chance.randrange(99))
        return compress_unit(spec, unit.domain, unit.tile, symbols, chance.choice((ZSTD, RANS)))

    return _with_unit(pieces, chance, changed)


def _spec(media: int, chance: random.Random) -> Spec:
    """Small, and mostly one that the format allows; InvalidDataError for another."""
    few, omega = [chance.randint(1, 5) for _ in range(3)], chance.choice((2.0**-20, 1.0, 30.0, 10_000.0))
    if media == VIDEO:
        lengths = chance.choice(((0, 0, 0), (2, 2, 2), (few[0], few[1], few[2])))
        scales = chance.choice(((0.0, 0.0, 0.0), (1.5, 0.5, 2.0), (1e30, 1.0, 1e-30)))
        embedding, activation, motion = (chance.randint(0, top) for top in (3, 1, 2))
        return SirenSpec(few[0], few[1], few[2] - 1, embedding, activation, motion, lengths, scales, omega)
    if media != AUDIO:
        return AvSirenSpec(few[0], few[1], few[2], omega)
    if chance.random() < 0.5:
        waves = chance.randint(64, 80)
        return LappedSpec(waves + few[0], waves, few[1], chance.random() < 0.3, chance.choice((0.25, 1.0, 4.0)))
    return AudioSirenSpec(few[0], few[1], few[2] - 1, chance.randint(0, 3), chance.randint(1, 2), few[0] - 1, omega)


def _with_unit(pieces: Pieces, chance: random.Random, change: Callable[[Unit], Unit]) -> Pieces:
    """The file with one unit of one chunk changed; InvalidDataError where no chunk can be read."""
    numbers = [number for number, (kind, _) in enumerate(pieces.boxes) if kind == CHUNK_BOX]
    if not numbers:
        return pieces
    number = chance.choice(numbers)
    chunk = parse_chunk(pieces.boxes[number][1], _streams(pieces))
    place = chance.randrange(len(chunk.units))
    units = (*chunk.units[:place], change(chunk.units[place]), *chunk.units[place + 1 :])
    return pieces.with_boxes(number, number + 1, (CHUNK_BOX, build_chunk(replace(chunk, units=units))))


def _inflated(unit: Unit) -> bytes:
    """The packed integers, whatever their CRC; of packets the payload."""
    if isinstance(unit.spec, CodedSpec):
        return unit.payload
    return decompress(
        unit.coder, unit.payload, Layout(unit.raw_length, unit.headers, unit.spec.tensor_shapes(unit.domain))
    )


def _streams(pieces: Pieces) -> dict[int, Stream]:
    contents = [content for kind, content in pieces.boxes if kind == STREAM_BOX]
    return dict(parse_stream(content, offset=0, limits=DEFAULT_LIMITS) for content in contents)


def _indexed(pieces: Pieces) -> Pieces:
    """The file with the index of its chunks, where there is an index and all chunks can be read."""
    index, chunks = IndexBuilder(), []
    if INDEX_BOX not in [kind for kind, _ in pieces.boxes]:
        return pieces
    try:
        streams = _streams(pieces)
        chunks = [
            (parse_chunk(content, streams), len(content)) for kind, content in pieces.boxes if kind == CHUNK_BOX
        ]
    except InrvError:
        return pieces
    for chunk, length in chunks:
        index.add(chunk, 0, length + OVERHEAD_BYTES)
    return pieces.with_content(INDEX_BOX, build_index(index.build()))
