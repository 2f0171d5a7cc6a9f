"""`faulty`, third part: tensor records, specs of networks, and payloads."""

from __future__ import annotations

import struct
import zlib
from base64 import b85decode
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from inrv_format.chunk import Chunk, build_chunk
from inrv_format.entropy import rans
from inrv_format.families import AudioSirenSpec, AvSirenSpec, CodedSpec, Domain, LappedSpec, SirenSpec, Spec
from inrv_format.families.siren import GABOR, GRID, POWER
from inrv_format.quantization import ASYMMETRIC, TensorHeader
from inrv_format.schema import UNIT_HEADER
from inrv_format.streams import AUDIO, VIDEO, Stream
from inrv_format.tensors import pack
from inrv_format.unit import Unit, coded_unit

from vectors.base import STREAMS, Fault, chunks_of_base, faults, layout_of, with_unit_bytes, with_units
from vectors.networks import LZMA2, PICTURE, RANS, SOUND, ZSTD, frames, make_chunk, samples
from vectors.surgery import overwritten, with_field, write_file
from vectors.valid import FLAC, FLAC_PACKETS, MONO, unit_of_classes
from vectors.vector import Vector

RECORDS = 27  # bytes of the spec before the first record
ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"


def vectors() -> Iterator[Vector]:
    """All of them."""
    for group in (_records, _siren, _other_specs, _lapped, _coded, _symbols, _lzma2, _zstd, _rans):
        yield from faults(list(group()))


def _records() -> Iterator[Fault]:
    for bits in (0, 1, 25, 127):
        yield f"bits-{bits}", "6.1", f"{bits} bits in mode 0", with_unit_bytes(RECORDS, bytes([bits]))
    yield "bits-0-asymmetric", "6.1", "0 bits in mode 1", _asymmetric(b"\x80")
    yield "bits-25-asymmetric", "6.1", "25 bits in mode 1", _asymmetric(b"\x99")
    yield "zero-point", "6.1", "a zero-point of 2^8 for 8 bits", _asymmetric((256).to_bytes(4, "little"), 3)
    scales = {
        "zero": 0,
        "subnormal": 0x007F,
        "negative": 0xBF80,
        "infinite": 0x7F80,
        "nan": 0x7FC0,
        "beyond-2-64": 0x5F81,
    }
    for name, scale in scales.items():
        data = with_unit_bytes(RECORDS + 1, scale.to_bytes(2, "little"))
        yield f"scale-{name}", "6.1", f"a scale of 0x{scale:04x}0000", data


def _asymmetric(piece: bytes, at: int = 0) -> bytes:
    """The base with the second chunk's picture in mode 1, and other bytes in its first record."""
    first, second = chunks_of_base()
    units = make_chunk(
        STREAMS, second.video, second.audio, [unit.spec for unit in second.units], mode=ASYMMETRIC
    ).units
    chunk = replace(second, units=units)
    at += layout_of(chunk).units[0] + UNIT_HEADER.sizeof() + RECORDS
    return write_file(STREAMS, [first, (chunk, overwritten(build_chunk(chunk), at, piece))])


def _with_spec(spec: Spec, at: int, piece: bytes, streams: dict[int, Stream] | None = None) -> bytes:
    """A file of one chunk with this network, and other bytes in its spec."""
    streams = streams or STREAMS
    video = frames() if spec.MEDIA & VIDEO else None
    audio = samples() if spec.MEDIA & AUDIO else None
    chunk = make_chunk(streams, video, audio, [spec])
    at += layout_of(chunk).units[0] + UNIT_HEADER.sizeof()
    return write_file(streams, [(chunk, overwritten(build_chunk(chunk), at, piece))])


def _f32(value: float) -> bytes:
    return struct.pack("<f", value)


def _u16(value: int) -> bytes:
    return value.to_bytes(2, "little")


def _siren() -> Iterator[Fault]:
    waves, gabor = SirenSpec(3, 3, 1), SirenSpec(3, 3, 1, GABOR)
    power = SirenSpec(3, 3, 1, POWER, lengths=(2, 2, 2), scales=(1.5, 1.5, 1.5))
    grid = SirenSpec(3, 3, 1, motion=GRID, lengths=(2, 2, 2))
    rows = {
        "embedding": ("an embedding of 4", waves, 0, b"\4"),
        "activation": ("an activation of 2", waves, 1, b"\2"),
        "motion": ("a motion of 3", waves, 2, b"\3"),
        "depth": ("65 hidden layers", waves, 3, b"\x41"),
        "first-0": ("a first layer of nothing", waves, 4, _u16(0)),
        "first-4097": ("a first layer of 4,097", waves, 4, _u16(4097)),
        "width-0": ("hidden layers of nothing", waves, 6, _u16(0)),
        "width-4097": ("hidden layers of 4,097", waves, 6, _u16(4097)),
        "lengths": ("lengths without an embedding", waves, 8, b"\1"),
        "motion-power": ("motion before an embedding", power, 2, b"\1"),
        "windows-relu": ("windows on rectified linear units", gabor, 1, b"\1"),
        "grid-length-1": ("a grid of one node along y", grid, 9, b"\1"),
        "scale-nan": ("a scale of an embedding that is no number", power, 11, _f32(float("nan"))),
        "scale-infinite": ("an infinite scale of no length", waves, 15, _f32(float("inf"))),
        "scale-negative": ("a negative scale", waves, 19, _f32(-1.0)),
        "scale-zero": ("a scale of 0 for a length", power, 15, _f32(0.0)),
        "frequency": ("a frequency above 2^40", power, 11, _f32(2.0**41)),
        "omega-zero": ("omega 0", waves, 23, _f32(0.0)),
        "omega-nan": ("omega that is no number", waves, 23, _f32(float("nan"))),
        "omega-infinite": ("an infinite omega", waves, 23, _f32(float("inf"))),
        "omega-high": ("omega above 10,000", waves, 23, _f32(10_001.0)),
    }
    for name, (shows, spec, at, piece) in rows.items():
        yield f"siren-{name}", "7.1", shows, _with_spec(spec, at, piece)


def _other_specs() -> Iterator[Fault]:
    unified, sines = AvSirenSpec(branch=2, width=2, depth=1), AudioSirenSpec(3, 3, 1, head_width=2)
    for name, shows, at, piece in (
        ("depth-0", "no shared layer", 0, b"\0"),
        ("depth-65", "65 shared layers", 0, b"\x41"),
        ("branch", "branches of nothing", 1, _u16(0)),
        ("width", "shared layers of 4,097", 3, _u16(4097)),
        ("omega", "a negative omega", 5, _f32(-30.0)),
    ):
        yield f"unified-{name}", "7.2", shows, _with_spec(unified, at, piece)
    for name, shows, at, piece in (
        ("octaves", "25 octaves", 0, b"\x19"),
        ("heads-0", "no head", 1, b"\0"),
        ("heads-3", "three heads", 1, b"\3"),
        ("depth", "65 hidden layers", 2, b"\x41"),
        ("first", "a first layer of nothing", 3, _u16(0)),
        ("width", "hidden layers of nothing", 5, _u16(0)),
        ("head-width", "heads of 4,097", 7, _u16(4097)),
        ("omega", "omega 0", 9, _f32(0.0)),
    ):
        yield f"sines-{name}", "7.3", shows, _with_spec(sines, at, piece)


def _lapped() -> Iterator[Fault]:
    spec = LappedSpec(hop=20, waves=16, span=2)
    for name, shows, at, piece in (
        ("hop-15", "a hop of 15", 0, _u16(15)),
        ("hop-2049", "a hop of 2,049", 0, _u16(2049)),
        ("waves-15", "15 waves", 2, _u16(15)),
        ("waves-21", "more waves than hop", 2, _u16(21)),
        ("span", "a span of no frames", 4, b"\0"),
        ("joint-2", "joint 2", 5, b"\2"),
        ("exponent-low", "an exponent below 0.25", 6, _f32(0.2499)),
        ("exponent-high", "an exponent above 4", 6, _f32(4.001)),
        ("exponent-nan", "an exponent that is no number", 6, _f32(float("nan"))),
    ):
        yield f"lapped-{name}", "7.4", shows, _with_spec(spec, at, piece)
    mono: dict[int, Stream] = {1: MONO}
    yield "lapped-joint-mono", "7.4", "joint sound of one channel", _with_spec(spec, 5, b"\1", mono)
    three: dict[int, Stream] = {1: replace(SOUND, channels=3)}
    yield "lapped-joint-three", "7.4", "joint sound of three channels", _with_spec(spec, 5, b"\1", three)


def _coded() -> Iterator[Fault]:
    yield "packets-rate-0", "7.8", "packets of no rate", packets_with(at=1, piece=bytes(4))
    yield "packets-rate", "7.8", "packets of 768,001 Hz", packets_with(at=1, piece=(768_001).to_bytes(4, "little"))
    yield (
        "packets-discard",
        "7.8",
        "65,537 samples to discard",
        packets_with(at=5, piece=(65_537).to_bytes(4, "little")),
    )
    data = coded_unit(FLAC, Domain(samples=160, channels=1), tuple(map(b85decode, FLAC_PACKETS))).payload
    yield (
        "packets-crc",
        "7.8",
        "a wrong CRC of the packets",
        packets_with(payload=data[:-1] + b"\0", crc=zlib.crc32(data)),
    )
    yield "packets-empty", "7.8", "a packet of no bytes", packets_with(payload=bytes(4) + data)
    yield "packets-cut", "7.8", "a packet longer than the payload", packets_with(payload=b"\5\0\0\0four")
    yield "packets-4-gib", "7.8", "a packet of 4 GiB", packets_with(payload=b"\xff\xff\xff\xffabc")
    yield "packets-length-cut", "7.8", "a payload that ends in a length", packets_with(payload=data + b"\1\0")
    yield "packets-coder", "7.8", "packets with coder 3", packets_with(header={"coder": 3})
    yield (
        "packets-raw-length",
        "7.8",
        "packets whose raw_length is not stored_length",
        packets_with(header={"raw_length": 9}),
    )
    yield "packets-tensors", "6.1", "packets with a tensor", packets_with(header={"tensor_count": 1})
    yield "packets-contents", "6.1", "packets of a picture", packets_with(header={"contents": 1})
    long = replace(FLAC, extradata=bytes(32_768))
    yield "packets-header", "7.8", "a codec's header of 32,769 bytes", packets_with(spec=long, longer=True)
    yield from _edits()


def _edits() -> Iterator[Fault]:
    """Of two edits, at 11 and 19 bytes of the spec, one broken."""
    edited, place = replace(FLAC, edits=((10, 5), (40, -3))), int.to_bytes
    yield "edits-of-nothing", "7.8", "an edit of no samples", packets_with(spec=edited, at=15, piece=bytes(4))
    yield "edits-falling", "7.8", "an edit before the one before it", packets_with(spec=edited, at=19, piece=bytes(4))
    yield (
        "edits-within",
        "7.8",
        "an edit within the silence of the one before",
        packets_with(spec=edited, at=19, piece=place(14, 4, "little")),
    )
    lost = place((1 << 32) - (1 << 20) - 1, 4, "little")
    yield "edits-dropping", "7.8", "edits that drop 2^20 + 1 samples", packets_with(spec=edited, at=23, piece=lost)
    many = replace(FLAC, edits=tuple((place, 1) for place in range(0, 2048, 2)))
    longer = packets_with(spec=many, at=9, piece=place(1025, 2, "little"))
    yield "edits-many", "7.8", "1,025 edits", longer


def packets_with(
    *,
    spec: CodedSpec = FLAC,
    at: int = 0,
    piece: bytes = b"",
    payload: bytes | None = None,
    crc: int | None = None,
    header: dict[str, int] | None = None,
    longer: bool = False,
) -> bytes:
    """A file of packets of FLAC with other bytes in the spec, the payload, its CRC or the unit's header."""
    unit = coded_unit(spec, Domain(samples=160, channels=1), tuple(map(b85decode, FLAC_PACKETS)))
    if payload is not None:
        crc = zlib.crc32(payload) if crc is None else crc
        unit = replace(unit, payload=payload, raw_length=len(payload), symbols_crc=crc)
    chunk = Chunk(0, None, samples(count=160), (unit,))
    begin = layout_of(chunk).units[0]
    content = overwritten(build_chunk(chunk), begin + UNIT_HEADER.sizeof() + at, piece)
    for name, value in (header or {}).items():
        content = with_field(content, UNIT_HEADER, name, value, begin)
    if longer:
        end = begin + UNIT_HEADER.sizeof() + len(spec.pack())
        content = with_field(
            content[:end] + b"\0" + content[end:],
            UNIT_HEADER,
            "spec_length",
            end - begin - UNIT_HEADER.sizeof() + 1,
            begin,
        )
    return write_file({1: MONO}, [(chunk, content)])


def _unit() -> Unit:
    return chunks_of_base()[1].units[0]


def _with_payload(payload: bytes, coder: int = RANS, crc: int | None = None) -> bytes:
    """The base with another payload of the second chunk's picture."""
    _, sound = chunks_of_base()[1].units
    unit = replace(_unit(), payload=payload, coder=coder)
    return with_units(unit if crc is None else replace(unit, symbols_crc=crc), sound)


def _raw() -> bytes:
    return pack(_unit().symbols())


def _symbols() -> Iterator[Fault]:
    unit = _unit()
    yield "symbols-crc", "6.3", "a wrong CRC of the integers", _with_payload(unit.payload, crc=unit.symbols_crc ^ 1)
    high = b"\xff" + _raw()[1:]
    beyond = _with_payload(_stored(high), LZMA2, zlib.crc32(high))
    yield "symbols-range", "6.2", "an integer above the largest of its width", beyond


def _stored(raw: bytes) -> bytes:
    """LZMA2 of one chunk that is not compressed, and the end marker."""
    return b"\1" + (len(raw) - 1).to_bytes(2, "big") + raw + b"\0"


def _lzma2() -> Iterator[Fault]:
    raw = _raw()
    stored = _stored(raw)
    for name, shows, payload in (
        ("no-end", "LZMA2 without an end marker", stored[:-1]),
        ("cut", "LZMA2 that is cut off", stored[:9]),
        ("empty", "LZMA2 of no bytes", b""),
        ("after-end", "a byte after LZMA2's end marker", stored + b"\0"),
        ("short", "LZMA2 of a byte less than raw_length", _stored(raw[:-1])),
        ("long", "LZMA2 of a byte more than raw_length", _stored(raw + b"\0")),
        ("no-reset", "LZMA2 whose first chunk resets nothing", b"\2" + stored[1:]),
        ("control", "LZMA2 with a control byte that does not exist", b"\3" + stored[1:]),
        ("xz", "a whole .xz file", b"\xfd7zXZ\0" + stored),
    ):
        yield f"lzma2-{name}", "6.3", shows, _with_payload(payload, LZMA2)


def _zstd() -> Iterator[Fault]:
    raw = _raw()
    block = (len(raw) << 3 | 1).to_bytes(3, "little") + raw
    good = ZSTD_MAGIC + b"\x20" + bytes([len(raw)]) + block
    size = len(raw).to_bytes(4, "little")
    repeats = ((128 << 10) << 3 | 2).to_bytes(3, "little") + b"x"
    for name, shows, payload in (
        ("no-size", "Zstandard without a content size", ZSTD_MAGIC + b"\0\0" + block),
        ("size-lies", "Zstandard of another content size", ZSTD_MAGIC + b"\x20" + bytes([len(raw) + 1]) + block),
        ("size-64-bits", "Zstandard that claims 2^64 - 1 bytes", ZSTD_MAGIC + b"\xe0" + b"\xff" * 8 + block),
        (
            "short",
            "a Zstandard frame of fewer bytes than it claims",
            good[:6] + ((len(raw) - 1) << 3 | 1).to_bytes(3, "little") + raw[:-1],
        ),
        ("bomb", "16 MiB in blocks of one byte, claimed to be few", good[:6] + repeats * 128),
        ("two-frames", "a second Zstandard frame", good + ZSTD_MAGIC + b"\x20\0\1\0\0"),
        ("skippable", "a skippable frame first", b"\x50\x2a\x4d\x18\0\0\0\0" + good),
        ("after-end", "a byte after the Zstandard frame", good + b"\0"),
        ("cut", "a Zstandard frame that is cut off", good[:-1]),
        ("empty", "Zstandard of no bytes", b""),
        ("magic", "no Zstandard frame", b"\x29" + good[1:]),
        ("dictionary", "a Zstandard frame with a dictionary", ZSTD_MAGIC + b"\x21\x07" + good[5:]),
        ("window", "a Zstandard window of 16 MiB", ZSTD_MAGIC + b"\x80\x70" + size + block),
        ("checksum", "a wrong checksum of Zstandard", ZSTD_MAGIC + b"\x24" + good[5:] + bytes(4)),
    ):
        yield f"zstd-{name}", "6.3", shows, _with_payload(payload, ZSTD)


def _rans() -> Iterator[Fault]:
    """The payload has four heads, one for each tensor, then the state of one lane."""
    good = _unit().payload
    for name, shows, payload in (
        ("head", "a head of a level that does not exist", overwritten(good, 1, b"\x78")),
        ("head-classes", "classes in a tensor of one dimension", overwritten(good, 1, b"\x39")),
        ("head-neighbours", "neighbours in a matrix", overwritten(good, 0, b"\x3f")),
        ("heads-cut", "a payload that ends in its heads", good[:3]),
        ("states-cut", "a payload that ends in its states", good[:7]),
        ("words-cut", "a payload that ends in its words", good[:9]),
        ("empty", "rANS of no bytes", b""),
        ("state-low", "a state below 65,536", overwritten(good, 4, b"\xff\xff\0\0")),
        ("final-state", "a state that does not end at 65,536", overwritten(good, 4, bytes([good[4] ^ 1]))),
        ("after-end", "a byte after the plain bits", good + b"\0"),
        ("bits-cut", "a byte of plain bits too few", good[:-1]),
        ("spare-bit", "a spare bit that is not 0", good[:-1] + bytes([good[-1] | 1])),
    ):
        yield f"rans-{name}", "6.4", shows, _with_payload(payload)
    unit = unit_of_classes()
    for name, shows, at, head in (
        ("signed-classes", "numbers of classes that are signed", 5, b"\x08"),
        ("nine-classes", "a head of nine classes", 4, b"\x3f"),
        ("class-head", "a head of a class that does not exist", 6, b"\x38"),
    ):
        broken = replace(unit, payload=overwritten(unit.payload, at, head))
        data = write_file({0: PICTURE}, [Chunk(0, frames(), None, (broken,))])
        yield f"rans-{name}", "6.4", shows, data
    yield "rans-range", "6.4", "an integer below the least of its width", _below()


def _below() -> bytes:
    """With zero-point 100 an integer may be 155 above it, but not 120 below it."""
    unit = _unit()
    header = TensorHeader(8, ASYMMETRIC, 100, 2.0**-8)
    symbols = [replace(tensor, header=header, values=tensor.values * 0 + 100) for tensor in unit.symbols()]
    symbols[1] = replace(symbols[1], values=np.array([100, -20, 100], np.int32))
    low = replace(unit, headers=(header,) * 4, payload=rans.compress(tuple(symbols)))
    return with_units(low, chunks_of_base()[1].units[1])
