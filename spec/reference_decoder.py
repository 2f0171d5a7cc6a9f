"""Decode .inrv files with numpy alone, as inrv.md says (the numbers in brackets are its sections)."""

import lzma
import math
import struct
import sys
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, make_dataclass
from io import BytesIO
from itertools import accumulate, pairwise
from pathlib import Path
from types import SimpleNamespace as Record
from typing import Any

import numpy as np
import numpy.typing as npt
from reference_entropy import EntropyError, decode_integers, q_range
from reference_networks import inputs, lapped, lapped_shapes, layer, windows

Array = npt.NDArray[Any]

# Fields in wire order: name, struct's letters, least and greatest value, and what a value outside is if not damage.
FILE_HEADER = "length H 28 65536 limit, written H, needed H, reserved H, must_understand I, may_ignore I"
BOX = "sync 4s, kind 4s, flags H 0 0, length Q 0 268435456 limit, sequence I, crc I"
VIDEO_STREAM = """width I 1 16384 limit, height I 1 16384 limit, time_base 2I 0 2147483647,
    sample_aspect_ratio 2I 0 2147483647, average_rate 2I 0 2147483647, rotation H, chroma B 0 4, bit_depth B 8 16,
    color_range B 0 2, matrix B, primaries B, transfer B, chroma_location B 0 6, field_order B 0 5"""
AUDIO_STREAM = "sample_rate_hz I 1 768000 limit, channels H 1 32 limit, bit_depth B 1 64, layout 32s"
CHUNK = "index I, contents B 1 3, reserved B 0 0, unit_count H 0 4096 limit"
VIDEO_SPAN = """stream B, pts_mode B 0 1, first_frame Q, frame_count I 1 65536 limit, first_pts q -4611686018427387904
    4611686018427387904, pts_step I, last_duration I 1 4294967295, tile_columns B 1 255, tile_rows B 1 255,
    tile_overlap H, quality I"""
AUDIO_SPAN = """stream B, flags B 0 1, first_sample Q, sample_count I 1 134217728 limit,
    pts q -4611686018427387904 4611686018427387904, overlap I, quality I"""
UNIT = """contents B 1 3, family B 1 5 id, tile H, spec_length H, tensor_count H, coder B 0 3 id, reserved B 0 0,
    raw_length I 0 1073741824 limit, stored_length I, symbols_crc I"""
TENSOR = "form B, scale H 128 24448"  # upper halves of 2^-126 and 2^64 in binary32
SPECS = {
    1: """embedding B 0 3, activation B 0 1, motion B 0 2, depth B 0 64, first H 1 4096, width H 1 4096,
        lengths 3B, scales 3f 0 3.41e38, omega f 1e-45 10000""",
    2: "depth B 1 64, branch H 1 4096, width H 1 4096, omega f 1e-45 10000",
    3: "octaves B 0 24,heads B 1 2,depth B 0 64,first H 1 4096,width H 1 4096,head_width H 0 4096,omega f 1e-45 1e4",
    4: "hop H 16 2048, waves H 16 2048, span B 1 255, joint B 0 1, exponent f 0.25 4",
    5: "codec B 1 8 id, rate_hz I 1 768000, discard I 0 65536, edit_count H 0 1024",
}
EDIT = "place I, samples i"
INDEX = "entries I 0 1048576 limit, frames Q, samples Q, video_end q, audio_end q"
ENTRY = """offset Q, length Q, chunk I, frame_count I, first_frame Q, first_pts q, sample_count I, reserved I 0 0,
    first_sample Q, psnr_db I, snr_db I"""  # the last two as bits
FOOTER = "index_offset Q, index_length Q, file_length Q, crc I, magic 4s"
BOX_ORDER = {"STRM": 0, "tags": 1, "CHNK": 2, "INDX": 3, "ENDF": 4}
UNIT_CONTENTS = {1: 1, 2: 3, 3: 2, 4: 2, 5: 2}  # family: 1 picture, 2 sound, 3 both
UNKNOWN = 0x7FC00000  # a quality, in bits of f32
LZMA2 = [{"id": lzma.FILTER_LZMA2, "dict_size": 8 << 20}]


class DecodeError(Exception):
    """These bytes give no picture or sound; the message says why in one line."""


class Damaged(DecodeError):  # noqa: N818
    """A rule of the format is broken."""


class Unsupported(DecodeError):  # noqa: N818
    """A newer version, an unknown id or an absent library is needed."""


class TooLarge(DecodeError):  # noqa: N818
    """A limit of inrv.md section 9, or this machine's memory, is exceeded."""


VIDEO_NAMES, AUDIO_NAMES = ([item.split()[0] for item in table.split(",")] for table in (VIDEO_STREAM, AUDIO_STREAM))
VideoStream = make_dataclass("VideoStream", ["stream", *VIDEO_NAMES, "components"], frozen=True)
AudioStream = make_dataclass("AudioStream", ["stream", *AUDIO_NAMES], frozen=True)


@dataclass(frozen=True, slots=True)
class File:
    """A whole file, checked, no payload inflated; records have the fields of the tables and those the readers set."""

    streams: dict[int, Any]
    tags: dict[str, str]
    chunks: list[Record]


def check(good: bool, message: str, error: type[DecodeError] = Damaged) -> None:
    """Raise the error unless good."""
    if not good:
        raise error(message)


@contextmanager
def bounded() -> Iterator[None]:
    """Translate what libraries raise, and let floats overflow in silence."""
    try:
        with np.errstate(all="ignore"):
            yield
    except MemoryError as error:
        raise TooLarge("not enough memory for what the file claims") from error
    except (lzma.LZMAError, UnicodeDecodeError, EntropyError) as error:
        raise Damaged(f"tags or payload (5, 6.3): {error}") from error
    except ImportError as error:
        raise Unsupported(f"a Zstandard payload needs the package `zstandard`: {error}") from error


def fields(source: BytesIO, table: str) -> Record:
    """The next fields of a table above, in their ranges; a field of several numbers is a tuple."""
    record = Record()
    for name, letters, *bounds in map(str.split, table.split(",")):
        content = source.read(size := struct.calcsize("<" + letters))
        check(len(content) == size, f"{name}: cut off")
        values = struct.unpack("<" + letters, content)
        setattr(record, name, values[0] if len(values) == 1 else values)
        if bounds and not all(float(bounds[0]) <= value <= float(bounds[1]) for value in values):
            above = any(value > float(bounds[1]) for value in values)
            error = {"id": Unsupported, "limit": TooLarge if above else Damaged}.get(bounds[-1], Damaged)
            raise error(f"{name} {getattr(record, name)} is not within {bounds[0]} to {bounds[1]}")
    return record


@bounded()
def read_file(data: bytes) -> File:
    """Read and check all of a file, front to back, but the payloads' content (see `unit_symbols`)."""
    file, rank, index = File({}, {}, []), 0, (0, 0)
    for kind, content, offset, length in read_boxes(data):
        source, before, rank = BytesIO(content), rank, BOX_ORDER.get(kind, rank)
        ordered = rank >= before and (kind != "INDX" or before < 3) and (kind != "ENDF" or before == 3)
        check(ordered, f"{kind} box out of order (1)")
        if kind == "STRM":
            read_stream(source, file.streams)
        elif kind == "tags":
            lines = (line.partition("=") for line in source.read().decode().split("\n") if line)
            file.tags.update((key, value) for key, _, value in lines)
        elif kind == "CHNK":
            check(len(file.chunks) < 1 << 20, "too many chunks (9)", TooLarge)
            file.chunks.append(read_chunk(source, file, offset, length))
        elif kind == "INDX":
            index = (offset, length)
            check_index(source, file)
        check(kind not in BOX_ORDER or not source.read(1), f"{kind} box with bytes after its fields (1)")
    check(len(data) == offset + length + 32, "no footer after ENDF, or bytes around it (1)")
    check(sum(unit.work for chunk in file.chunks for unit in chunk.units) <= 1 << 54, "file's work (9)", TooLarge)
    footer = fields(BytesIO(data[-32:]), FOOTER)
    check(footer.magic == b"INRE" and footer.crc == zlib.crc32(data[-32:-8]), "footer: wrong CRC or magic (8)")
    check([*vars(footer).values()][:3] == [*index, len(data)], "footer: not the place of INDX or file's length (8)")
    return file


def read_boxes(data: bytes) -> Iterator[tuple[str, bytes, int, int]]:
    """Type, content, offset and whole length of each box up to ENDF, unknown ancillary ones too, after the header."""
    check(data[:8] == b"\x89INR\r\n\x1a\n", "not an .inrv file: wrong magic (2)")
    header = fields(BytesIO(data[8:28]), FILE_HEADER)
    offset, sequence, kind = int(header.length), 0, ""
    check(data[offset - 4 : offset] == zlib.crc32(data[: offset - 4]).to_bytes(4, "little"), "file header: CRC (2)")
    check(header.needed <= 1 and header.must_understand == 0, "needs a later version than 1 (2)", Unsupported)
    check(header.reserved == 0, "file header: reserved is not 0 (2)")
    while kind != "ENDF":
        head = data[offset : offset + 26]
        good = head[:4] == b"\xf7IB\n" and zlib.crc32(head[:22]).to_bytes(4, "little") == head[22:]
        check(good, f"box {sequence}: cut off, wrong sync or wrong header CRC (3)")
        box = fields(BytesIO(head), BOX)
        check(box.kind.isalpha() and box.sequence == sequence, f"box {sequence}: type or sequence (3)")
        kind, end = box.kind.decode("ascii"), offset + 26 + box.length
        check(kind != "tags" or box.length <= 1 << 20, "tags above 1 MiB (9)", TooLarge)
        check(end + 4 <= len(data), f"box {sequence}: cut off (3)")
        content = data[offset + 26 : end]
        check(zlib.crc32(content).to_bytes(4, "little") == data[end : end + 4], f"box {sequence}: content CRC (3)")
        check(kind in BOX_ORDER or kind[0].islower(), f"unknown critical box {kind} (3)", Unsupported)
        yield kind, content, offset, end + 4 - offset
        offset, sequence = end + 4, sequence + 1


def read_stream(source: BytesIO, streams: dict[int, Any]) -> None:
    """Add a stream to those of the file (4)."""
    common = fields(source, "stream B, kind B 1 2 id")
    record = fields(source, VIDEO_STREAM if common.kind == 1 else AUDIO_STREAM)
    if common.kind == 1:
        ratios = (record.time_base, record.sample_aspect_ratio, record.average_rate)
        check(record.time_base[0] > 0 and all(denominator for _, denominator in ratios), "STRM: a ratio (4)")
        check(record.rotation in (0, 90, 180, 270), "STRM: rotation (4)")
        record.components = 1 if record.chroma == 0 else 3
    else:
        record.layout = layout = record.layout.rstrip(b"\0").decode("ascii", "replace")
        check(layout.isascii() and layout.isprintable() and " " not in layout, "STRM: layout (4)")
    stream = (VideoStream if common.kind == 1 else AudioStream)(common.stream, **vars(record))
    check(common.stream not in streams, "STRM: a second one of its id (4)")
    alone = all(type(other) is not type(stream) for other in streams.values())
    check(alone, "STRM: a second one of its kind (4)", Unsupported)
    streams[common.stream] = stream


def read_chunk(source: BytesIO, file: File, offset: int, length: int) -> Record:
    """Spans and units of a chunk (6), checked against the streams and the chunks before."""
    head = fields(source, CHUNK)
    check(not file.chunks or head.index > file.chunks[-1].index, "chunk: index does not increase (6)")
    picture = read_span(source, file.streams, 1) if head.contents & 1 else None
    sound = read_span(source, file.streams, 2) if head.contents & 2 else None
    units = [read_unit(source, picture, sound) for _ in range(head.unit_count)]
    tiles = list(range(picture.tiles)) if picture else []
    check([unit.tile for unit in units if unit.contents & 1] == tiles, "chunk: not one unit for each tile (6.1)")
    check(sum(unit.contents >> 1 for unit in units) == head.contents >> 1, "chunk: not one unit of sound (6.1)")
    check(sum(unit.work for unit in units) <= 1 << 46, "work of a chunk (9)", TooLarge)
    check(sum(t.size for unit in units for t in unit.tensors) <= 1 << 28, "weights (9)", TooLarge)
    return Record(picture=picture, sound=sound, units=units, offset=offset, length=length, **vars(head))


def read_span(source: BytesIO, streams: dict[int, Any], kind: int) -> Record:
    """Picture span, kind 1, or sound span, kind 2 (6)."""
    span = fields(source, VIDEO_SPAN if kind == 1 else AUDIO_SPAN)
    stream: Any = streams.get(span.stream)
    check(isinstance(stream, VideoStream if kind == 1 else AudioStream), "chunk: no such stream (6)")
    span.stream = stream
    check(span.quality & 0x7FFFFFFF <= 0x7F800000 or span.quality == UNKNOWN, "chunk: a NaN but 0x7FC00000 (6)")
    if kind == 2:
        check(span.sample_count * stream.channels <= 1 << 27, "samples of a chunk (9)", TooLarge)
        check(span.overlap < span.sample_count and 10 * span.overlap <= stream.sample_rate_hz, "overlap (6, 7.7)")
        check(max(span.pts, span.first_sample) + span.sample_count <= 1 << 62, "chunk: a time beyond 2^62 (6)")
        return span
    count, first, step = span.frame_count, span.first_pts, span.pts_step
    check(count * stream.width * stream.height * stream.components <= 1 << 34, "picture values (9)", TooLarge)
    steps = np.frombuffer(fields(source, f"steps {4 * count - 4}s").steps if span.pts_mode else b"", "<u4").tolist()
    check((step == 0) == (span.pts_mode == 1) and all(steps), "chunk: pts_step or a frame without duration (6)")
    span.pts = tuple(accumulate(steps, initial=first)) if span.pts_mode else range(first, first + count * step, step)
    check(max(span.pts[-1] + span.last_duration, span.first_frame + count) <= 1 << 62, "a time beyond 2^62 (6)")
    span.tiles = span.tile_columns * span.tile_rows
    room = min(stream.width // span.tile_columns, stream.height // span.tile_rows)
    check(room > 0 and span.tile_overlap <= room, "chunk: empty tiles or tile_overlap (6)")
    return span


def read_unit(source: BytesIO, picture: Any, sound: Any) -> Record:
    """A unit's header, spec and tensor records (6.1, 7), limits first; grid is T, H, W of its tile."""
    unit = fields(source, UNIT)
    gives = UNIT_CONTENTS[unit.family]
    check(unit.raw_length <= max(1 << 24, 1000 * unit.stored_length), "raw_length for its payload (9)", TooLarge)
    room = (1 if picture else 0) + (2 if sound else 0)
    check(unit.contents == gives and gives & room == gives, "unit: wrong contents for its family or chunk (6.1)")
    tiles = picture.tiles if gives & 1 else 1
    check(unit.tile < tiles and (gives < 3 or tiles == 1), "unit: no such tile, or tiles with both (6.1)")
    unit.rows, unit.columns = tile_ranges(picture, unit.tile) if gives & 1 else ((0, 0), (0, 0))
    frames, unit.samples = picture.frame_count if gives & 1 else 0, sound.sample_count if gives & 2 else 0
    unit.grid = (frames, unit.rows[1] - unit.rows[0], unit.columns[1] - unit.columns[0])
    unit.spec = read_spec(BytesIO(fields(source, f"spec {unit.spec_length}s").spec), unit.family)
    values, channels = picture.stream.components if picture else 0, sound.stream.channels if sound else 0
    if unit.family == 4:
        check(unit.spec.joint == 0 or channels == 2, "spec: joint without two channels (7.4)")
        shapes = lapped_shapes(unit.spec, unit.samples, channels)
        unit.work = 2 * unit.spec.waves * unit.samples * channels
    elif unit.family == 5:
        count = -(-unit.samples * unit.spec.rate_hz // sound.stream.sample_rate_hz)
        check(count * channels <= 1 << 27, "samples of packets (9)", TooLarge)
        shapes, unit.work = [], 0
    else:
        shapes = tensor_shapes(unit.family, unit.spec, values, channels)
        unit.work = sum(math.prod(shape) for _, shape in shapes) * (math.prod(unit.grid) + unit.samples)
    shapes += motion_shapes(unit.spec, frames) if unit.family == 1 else []
    check(sum(math.prod(shape) for _, shape in shapes) <= 1 << 28, "weights of a unit (9)", TooLarge)
    check(unit.tensor_count == len(shapes), "unit: tensor_count (6.1)")
    unit.tensors = [read_tensor(source, name, shape) for name, shape in shapes]
    check((unit.coder == 0) == (unit.family == 5), "unit: a coder of other families (7.8)")
    packed = sum(t.size * ((t.bits + 7) // 8) for t in unit.tensors) if unit.coder else unit.stored_length
    check(unit.raw_length == packed, "unit: raw_length (6.2)")
    unit.payload = fields(source, f"payload {unit.stored_length}s").payload
    return unit


def read_tensor(source: BytesIO, name: str, shape: tuple[int, ...]) -> Record:
    """A tensor record (6.1)."""
    record = fields(source, TENSOR)
    (scale,) = struct.unpack("<f", struct.pack("<I", record.scale << 16))
    mode, bits = divmod(record.form, 128)
    zero = fields(source, "zero_point I").zero_point if mode else 0
    check(2 - mode <= bits <= 24 and zero < 1 << bits, "tensor: bits or zero_point (6.1)")
    return Record(name=name, shape=shape, size=math.prod(shape), bits=bits, mode=mode, zero_point=zero, scale=scale)


def read_spec(source: BytesIO, family: int) -> Record:
    """A family's spec with its ranges (7.1 to 7.4, 7.8)."""
    spec = fields(source, SPECS[family])
    edits = [fields(source, EDIT) for _ in range(spec.edit_count)] if family == 5 else []
    ends = [0, *(edit.place + max(edit.samples, 0) for edit in edits)]
    check(all(edit.samples and edit.place >= end for edit, end in zip(edits, ends, strict=False)), "edits (7.8)")
    check(sum(max(-edit.samples, 0) for edit in edits) <= 1 << 20, "edits: samples dropped (7.8)")
    check(len(source.read()) <= (32768 if family == 5 else 0), "spec: longer than its family's (6.1)")
    if family == 1:
        waves = spec.embedding in (0, 3)
        grid = spec.motion == 2 and min(spec.lengths) >= 2
        plain = spec.motion < 2 and not any(spec.lengths)
        check(grid or plain if waves else not spec.motion, "spec: motion or lengths (7.1)")
        check(not (spec.embedding == 3 and spec.activation), "spec: windows without sine (7.1)")
        for length, scale in zip(spec.lengths, spec.scales, strict=True):
            good = length == 0 or (scale > 0 and (spec.embedding != 1 or (length - 1) * math.log2(scale) <= 40))
            check(waves or good, "spec: scale is 0, or scale^(length - 1) above 2^40 (7.1)")
    check(family != 4 or spec.waves <= spec.hop, "spec: more waves than hop (7.4)")
    return spec


def motion_shapes(spec: Record, frames: int) -> list[tuple[str, tuple[int, ...]]]:
    """Tensors of motion (7.1)."""
    across, along, times = spec.lengths
    grid = [("motion.grid", (times, 2 * along * across))] if spec.motion == 2 else []
    return [("motion", (frames, 6)), *grid] if spec.motion else []


def tensor_shapes(family: int, spec: Record, values: int, channels: int) -> list[tuple[str, tuple[int, ...]]]:
    """Name and shape of each weight and bias in wire order, for values of a pixel and channels (7.1 to 7.3)."""
    layers, trunk, widths = [], ["first", *(f"hidden{i}" for i in range(spec.depth))], [spec.width] * spec.depth
    if family == 1:
        widths = [3 + sum(spec.lengths) * {1: 2, 2: 1}.get(spec.embedding, 0), spec.first, *widths]
        heads = [("", 0, values)]
    elif family == 2:
        layers = [("video_input", spec.branch, 3), ("audio_input", spec.branch, 1)]
        trunk, widths = [f"shared{i}" for i in range(spec.depth)], [2 * spec.branch, *widths]
        heads = [("video_", spec.branch, values), *((f"audio{i}_", spec.branch, channels) for i in range(2))]
    else:
        widths = [2 * spec.octaves or 1, spec.first, *widths]
        heads = [(f"head{i}_", spec.head_width, channels) for i in range(spec.heads)]
    layers += zip(trunk, widths[1:], widths[:-1], strict=True)
    for head, inner, outputs in heads:
        layers += [(f"{head}hidden", inner, widths[-1])] if inner else []
        layers.append((f"{head}output", outputs, inner or widths[-1]))
    shapes = [tensor for name, m, n in layers for tensor in ((f"{name}.weight", (m, n)), (f"{name}.bias", (m,)))]
    window = [("first.window", (spec.first, 6))] if family == 1 and spec.embedding == 3 else []
    return [*shapes[:2], *window, *shapes[2:]]


def check_index(source: BytesIO, file: File) -> None:
    """Spans are in order, and the index agrees with them (6, 8)."""
    check(bool(file.streams), "no STRM box (4)")
    pictures = [chunk.picture for chunk in file.chunks if chunk.picture]
    sounds = [chunk.sound for chunk in file.chunks if chunk.sound]
    for before, span in pairwise(pictures):
        later = span.pts[0] > before.pts[-1] and span.first_frame >= before.first_frame + before.frame_count
        check(later, "chunk: picture out of order (1, 6)")
    for before, span in pairwise(sounds):
        gap = span.pts + span.overlap - before.pts - before.sample_count
        check(gap <= 1 << 25, "silence between chunks (9)", TooLarge)
        good = span.overlap <= before.sample_count if gap == 0 else gap > 0 and span.overlap == 0
        later = span.first_sample >= before.first_sample + before.sample_count - before.overlap
        check(good and later, "chunk: sound out of order, or its overlap repeats something else (1, 6)")
    frames, samples = sum(s.frame_count for s in pictures), sum(s.sample_count - s.overlap for s in sounds)
    video_end = pictures[-1].pts[-1] + pictures[-1].last_duration if pictures else 0
    totals = [len(file.chunks), frames, samples, video_end, sounds[-1].pts + sounds[-1].sample_count if sounds else 0]
    check([*vars(fields(source, INDEX)).values()] == totals, "INDX: a total disagrees with the boxes (8)")
    for chunk in file.chunks:
        entry, picture, sound = fields(source, ENTRY), chunk.picture, chunk.sound
        place = (chunk.offset, chunk.length, chunk.index, picture.pts[0] if picture else sound.pts)
        agrees = place == (entry.offset, entry.length, entry.chunk, entry.first_pts)
        seen = (picture.frame_count, picture.first_frame, picture.quality) if picture else (0, 0, UNKNOWN)
        heard = (sound.sample_count, sound.first_sample, sound.quality) if sound else (0, 0, UNKNOWN)
        agrees &= (entry.frame_count, entry.first_frame, entry.psnr_db) == seen
        agrees &= (entry.sample_count, entry.first_sample, entry.snr_db) == heard
        check(agrees, f"INDX: the entry of chunk {chunk.index} disagrees with its box (8)")


@bounded()
def unit_symbols(unit: Record) -> list[tuple[str, npt.NDArray[np.int32]]]:
    """Names and integers q of a unit's tensors, in wire order and in the tensors' shapes (6.2 to 6.4)."""
    raw = inflate(unit) if unit.coder else unit.payload
    check(len(raw) == unit.raw_length and zlib.crc32(raw) == unit.symbols_crc, "payload: length or CRC (6.3)")
    source, symbols = BytesIO(raw), []
    while unit.family == 5 and source.tell() < len(raw):
        check(fields(source, f"packet {fields(source, 'length I').length}s").packet != b"", "an empty packet (7.8)")
    for tensor in unit.tensors:
        shifted = np.zeros(tensor.size, np.int32)
        for _ in range((tensor.bits + 7) // 8):
            shifted = (shifted << 8) | np.frombuffer(fields(source, f"content {tensor.size}s").content, np.uint8)
        q_min, q_max = q_range(tensor)
        check(int(shifted.max()) <= q_max - q_min, f"{tensor.name}: an integer out of range (6.2)")
        symbols.append((tensor.name, (shifted + np.int32(q_min)).reshape(tensor.shape)))
    return symbols


def inflate(unit: Record) -> bytes:
    """A payload's packed integers, at most raw_length + 1 bytes (6.3)."""
    if unit.coder == 1:
        inflater = lzma.LZMADecompressor(lzma.FORMAT_RAW, filters=LZMA2)
        raw = inflater.decompress(unit.payload, unit.raw_length + 1)
        check(inflater.eof and not inflater.unused_data, "payload: LZMA2 does not end where the payload does (6.3)")
        return raw
    if unit.coder == 3:
        pairs = zip(unit.tensors, decode_integers(unit.payload, unit.tensors), strict=True)
        shifted = [(tensor, (q - q_range(tensor)[0]).astype(">u4")) for tensor, q in pairs]
        return b"".join(u.view(np.uint8).reshape(-1, 4).T[-((of.bits + 7) // 8) :].tobytes() for of, u in shifted)
    import zstandard

    check(unit.payload[:4] == b"\x28\xb5\x2f\xfd", "payload: not a Zstandard frame (6.3)")
    try:
        frame = zstandard.get_frame_parameters(unit.payload)
        check(frame.content_size == unit.raw_length, "payload: Zstandard frame's content size (6.3)")
        check(frame.window_size <= 8 << 20 and frame.dict_id == 0, "payload: window or dictionary (6.3)")
        return zstandard.ZstdDecompressor().decompress(unit.payload, unit.raw_length, allow_extra_data=False)
    except zstandard.ZstdError as error:
        raise Damaged(f"payload: not Zstandard: {error} (6.3)") from error


@bounded()
def unit_weights(unit: Record) -> dict[str, Array]:
    """Weights scale x (q - zero_point), some as sums of rows so far; rounded to f32 (6.1, 7.1, 7.4)."""
    weights = {}
    for of, (name, q) in zip(unit.tensors, unit_symbols(unit), strict=True):
        whole = (q - of.zero_point).astype(np.int64)
        whole = np.cumsum(whole, axis=0) if name.startswith(("motion", "gain", "floor")) else whole
        weights[name] = (whole.astype(np.float32) * np.float64(of.scale)).astype(np.float32)
    return weights


def tile_ranges(span: Record, tile: int) -> list[tuple[int, int]]:
    """[a, b) of a tile's rows, and of its columns (6)."""
    ranges, before, after = [], span.tile_overlap // 2, span.tile_overlap - span.tile_overlap // 2
    sizes = ((span.stream.height, span.tile_rows), (span.stream.width, span.tile_columns))
    for place, (size, pieces) in zip(divmod(tile, span.tile_columns), sizes, strict=True):
        ranges.append((max(0, place * size // pieces - before), min(size, (place + 1) * size // pieces + after)))
    return ranges


def unit_values(unit: Record, heads: list[str], count: int) -> Array:
    """Outputs [count, heads, C] at points 0 .. count - 1, in blocks of a few million values in the widest layer."""
    weights, blocks = unit_weights(unit), []
    step = max(
        1, (1 << 22) // max(max(tensor.shape) for tensor in unit.tensors if not tensor.name.startswith("motion"))
    )
    trunk = ["first", *(f"{kind}{i}" for kind in ("hidden", "shared") for i in range(unit.spec.depth))]
    for start in range(0, count, step):
        z = inputs(unit, weights, np.arange(start, min(start + step, count)))
        for name in trunk:
            z = layer(unit, weights, name, z)
            if f"{name}.window" in weights:
                z *= windows(unit, weights, np.arange(start, min(start + step, count)))
        outputs = [layer(unit, weights, f"{head}output", layer(unit, weights, f"{head}hidden", z)) for head in heads]
        blocks.append(np.stack(outputs, axis=1))
    return np.concatenate(blocks)


def fade(ends: tuple[int, int], number: int, count: int, overlap: int) -> Array:
    """Weights at the pixels of tile number of count along an axis (7.6); at a pixel, those of all tiles add to 1."""
    place = np.arange(*ends) + 0.5
    rise = (place - ends[0]) / overlap if number > 0 else np.ones_like(place)  # infinite where overlap is 0
    fall = (ends[1] - place) / overlap if number < count - 1 else np.ones_like(place)
    return np.minimum(1, np.minimum(rise, fall)).astype(np.float32)


@bounded()
def chunk_frames(_file: File, chunk: Record) -> Array:
    """Frames [T, H, W, C], uint8 or uint16, of a chunk with picture, at the stored grid (7.5, 7.6)."""
    span, video, overlap = chunk.picture, chunk.picture.stream, chunk.picture.tile_overlap
    values = np.zeros((span.frame_count, video.height, video.width, video.components), np.float32)
    for unit in (unit for unit in chunk.units if unit.contents & 1):
        row, column = divmod(unit.tile, span.tile_columns)
        weight = fade(unit.rows, row, span.tile_rows, overlap)[:, None]
        weight = weight * fade(unit.columns, column, span.tile_columns, overlap)
        tile = unit_values(unit, ["" if unit.family == 1 else "video_"], math.prod(unit.grid)).reshape(*unit.grid, -1)
        values[:, slice(*unit.rows), slice(*unit.columns)] += tile * weight[..., None]
    frames, peak = np.empty(values.shape, np.uint8 if video.bit_depth == 8 else np.uint16), (1 << video.bit_depth) - 1
    for number, frame in enumerate(values):
        frames[number] = np.nan_to_num(np.clip(np.floor((frame.astype(np.float64) + 1) * peak / 2 + 0.5), 0, peak))
    return frames


@bounded()
def chunk_sound(_file: File, chunk: Record) -> Array:
    """Samples [heads, N, C] of a chunk with sound, before mean and denoising (7.2 to 7.4)."""
    unit = next(unit for unit in chunk.units if unit.contents & 2)
    check(unit.family != 5, "sound in packets, for which a codec is needed (7.8)", Unsupported)
    if unit.family == 4:
        return np.nan_to_num(lapped(unit, unit_weights(unit)), posinf=0, neginf=0)[None]
    heads = ["audio0_", "audio1_"] if unit.family == 2 else [f"head{head}_" for head in range(unit.spec.heads)]
    return np.nan_to_num(unit_values(unit, heads, unit.samples), posinf=0, neginf=0).transpose(1, 0, 2)


@bounded()
def joined_sound(file: File) -> Array:
    """Mean of the heads of all chunks [N, C] from the first sample on, cross-faded, silence in gaps (7.7)."""
    spans = [chunk.sound for chunk in file.chunks if chunk.sound]
    length, channels = spans[-1].pts + spans[-1].sample_count - spans[0].pts, spans[0].stream.channels
    check(length * channels <= 1 << 31, "sound with its gaps is too long", TooLarge)
    joined = np.zeros((length, channels), np.float32)
    for chunk in (chunk for chunk in file.chunks if chunk.sound):
        samples = chunk_sound(file, chunk).mean(axis=0, dtype=np.float64)
        start, shared = chunk.sound.pts - spans[0].pts, 0 if chunk.sound is spans[0] else chunk.sound.overlap
        rise = ((np.arange(shared) + 0.5) / max(1, shared))[:, None]
        samples[:shared] = (1 - rise) * joined[start : start + shared] + rise * samples[:shared]
        joined[start : start + len(samples)] = samples
    return joined


def main() -> int:
    """Decode a file's frames and sound, each if it has them, to .npy arrays; the exit status."""
    if len(sys.argv) != 3:
        sys.exit("usage: reference_decoder.py in.inrv out_prefix")
    try:
        with bounded():
            file = read_file(Path(sys.argv[1]).read_bytes())
            pictures = [chunk_frames(file, chunk) for chunk in file.chunks if chunk.picture]
            if pictures:
                np.save(f"{sys.argv[2]}.frames.npy", np.concatenate(pictures))
            if any(chunk.sound for chunk in file.chunks):
                np.save(f"{sys.argv[2]}.sound.npy", joined_sound(file))
    except (OSError, DecodeError) as error:
        print(f"{sys.argv[1]}: {error}", file=sys.stderr)
        return {"Damaged": 4, "Unsupported": 5, "TooLarge": 6}.get(type(error).__name__, 3)
    return 0


if __name__ == "__main__":
    sys.exit(main())
