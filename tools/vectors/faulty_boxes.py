"""`faulty`, first part: header, boxes and their order, streams, tags, index and footer."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from inrv_format.index import build_stream
from inrv_format.schema import (
    AUDIO_STREAM,
    BOX_HEADER,
    FOOTER,
    INDEX_ENTRY,
    INDEX_HEADER,
    STREAM_HEADER,
    VIDEO_STREAM,
)

from vectors.base import STREAMS, Fault, base_file, chunks_of_base, faults
from vectors.surgery import overwritten, put_together, take_apart, with_field, with_header_field, write_file
from vectors.vector import TOO_LARGE, Vector

HEADER_BYTES = 28
LARGEST = (1 << 64) - 1


def vectors() -> Iterator[Vector]:
    """All of them."""
    for group in (_headers, _boxes, _order, _pictures, _sounds, _tags, _indexes, _footers):
        yield from faults(list(group()))


def _headers() -> Iterator[Fault]:
    data = base_file()
    yield "magic", "2", "another magic", overwritten(data, 0, b"\x89INX")
    yield "magic-line-ends", "2", "line ends changed in transit", data.replace(b"\r\n", b"\n", 1)
    yield "empty", "2", "no bytes at all", b""
    yield "cut-header", "2", "the file ends in its header", data[:17]
    short = data[:8] + (24).to_bytes(2, "little") + data[10:20]
    short += zlib.crc32(short).to_bytes(4, "little")
    yield "header-length-24", "2", "a header without may_ignore", short + data[HEADER_BYTES:]
    long = overwritten(data, 8, b"\xff\xff")
    yield "header-length-65535", "2", "a header longer than the file", long
    yield "header-crc", "2", "a wrong CRC of the header", overwritten(data, 24, bytes(4))
    yield "header-reserved", "2", "reserved is not 0", with_header_field(data, "reserved", 1)


def _boxes() -> Iterator[Fault]:
    data = base_file()
    yield "box-sync", "3", "the first box has another sync", _box_header(data, sync=b"\xf7IB\r")
    yield "box-type", "3", "a type with a digit", _box_header(data, type=b"STR0")
    yield "box-flags", "3", "flags that are not 0", _box_header(data, flags=1)
    yield "box-sequence", "3", "the first box is not number 0", _box_header(data, sequence=1)
    yield "box-too-long", "9", "a box of 256 MiB and one byte", _box_header(data, length=(256 << 20) + 1), TOO_LARGE
    yield "box-beyond-the-file", "3", "a box of 200 MiB", _box_header(data, length=200 << 20)
    yield "box-length-64-bits", "9", "a box of 2^64 - 1 bytes", _box_header(data, length=LARGEST), TOO_LARGE
    yield "box-header-crc", "3", "a wrong CRC of a box's header", overwritten(data, HEADER_BYTES + 22, bytes(4))
    yield "box-content-crc", "3", "a wrong CRC of a box's content", overwritten(data, HEADER_BYTES + 30, b"\7")
    yield "between-boxes", "3", "a byte between two boxes", data[:102] + b"\0" + data[102:]
    yield "cut-box", "3", "the file ends in a chunk", data[:400]


def _box_header(data: bytes, **fields: Any) -> bytes:
    """Other fields in the first box's header, whose CRC is right."""
    head = data[HEADER_BYTES : HEADER_BYTES + BOX_HEADER.sizeof()]
    for name, value in fields.items():
        head = head.replace(b"\xf7IB\n", value) if name == "sync" else with_field(head, BOX_HEADER, name, value)
    return overwritten(data, HEADER_BYTES, head + zlib.crc32(head).to_bytes(4, "little"))


def _order() -> Iterator[Fault]:
    pieces = take_apart(base_file())
    streams, (tags, first, second, index, end) = pieces.boxes[:2], pieces.boxes[2:]

    def order(*boxes: tuple[bytes, bytes]) -> bytes:
        return put_together(replace(pieces, boxes=boxes))

    yield "no-stream", "4", "no stream, and no chunk", write_file({}, [])
    yield "chunk-before-stream", "4", "a chunk before the streams", order(first, *streams, tags, second, index, end)
    late = order(streams[0], tags, streams[1], first, second, index, end)
    yield "stream-after-tags", "1", "a stream after the tags", late
    silent = take_apart(_silent())
    late = put_together(silent.with_boxes(3, 3, streams[1]))
    yield "stream-after-chunk", "1", "a stream after a chunk", late
    yield "tags-after-chunk", "1", "tags after a chunk", order(*streams, first, tags, second, index, end)
    short = take_apart(write_file(STREAMS, chunks_of_base()[:1]))
    late = put_together(short.with_boxes(5, 5, second))
    yield "chunk-after-index", "1", "a chunk after the index, which does not list it", late
    yield "chunks-swapped", "6", "chunks in the wrong order", _swapped()
    yield "two-indexes", "1", "the index twice", order(*streams, tags, first, second, index, index, end)
    yield "no-index", "8", "no index", order(*streams, tags, first, second, end)
    yield "no-end", "3", "no end box", order(*streams, tags, first, second, index)
    yield "end-content", "1", "an end box with content", order(*streams, tags, first, second, index, (b"ENDF", b"\0"))
    yield "box-after-end", "8", "a box after the end box", order(*pieces.boxes, (b"abcd", b""))


def _swapped() -> bytes:
    return write_file(STREAMS, chunks_of_base()[::-1])


def _pictures() -> Iterator[Fault]:
    values = {
        "width": 0,
        "height": 0,
        "rotation": 45,
        "chroma": 5,
        "bit_depth": 7,
        "color_range": 3,
        "chroma_location": 7,
        "field_order": 6,
    }
    for name, value in values.items():
        yield f"picture-{name.replace('_', '-')}", "4", f"{name} {value}", _stream(VIDEO_STREAM, name, value)
    yield "picture-17-bits", "4", "a bit depth of 17", _stream(VIDEO_STREAM, "bit_depth", 17)
    yield "picture-wide", "9", "a width of 16,385", _stream(VIDEO_STREAM, "width", 16_385), TOO_LARGE
    yield "picture-high", "9", "a height of 2^32 - 1", _stream(VIDEO_STREAM, "height", (1 << 32) - 1), TOO_LARGE
    ratios: dict[str, list[list[int]]] = {
        "time_base": [[0, 1], [1, 0], [1 << 31, 1]],
        "sample_aspect_ratio": [[1, 0], [0, 0]],
        "average_rate": [[25, 0], [25, 1 << 31]],
    }
    for name, faulty in ratios.items():
        for ratio in faulty:
            data = _stream(VIDEO_STREAM, name, ratio)
            yield f"{name.replace('_', '-')}-{ratio[0]}-{ratio[1]}", "1", f"{name} {ratio[0]} / {ratio[1]}", data
    pieces = take_apart(base_file())
    content = pieces.boxes[0][1]
    yield (
        "stream-cut",
        "4",
        "a stream box that is too short",
        put_together(pieces.with_content(b"STRM", content[:-1])),
    )
    yield (
        "stream-long",
        "1",
        "a byte after a stream's fields",
        put_together(pieces.with_content(b"STRM", content + b"\0")),
    )
    same = (b"STRM", build_stream(0, STREAMS[1]))
    yield "stream-id-twice", "4", "picture and sound of one id", put_together(pieces.with_boxes(1, 2, same))


def _sounds() -> Iterator[Fault]:
    yield "sound-rate", "4", "a sample rate of 0", _sound("sample_rate_hz", 0)
    yield "sound-rate-high", "9", "a sample rate of 768,001 Hz", _sound("sample_rate_hz", 768_001), TOO_LARGE
    yield "sound-channels", "4", "no channels", _sound("channels", 0)
    yield "sound-33-channels", "9", "33 channels", _sound("channels", 33), TOO_LARGE
    yield "sound-bit-depth", "4", "a bit depth of 0", _sound("bit_depth", 0)
    yield "sound-65-bits", "4", "a bit depth of 65", _sound("bit_depth", 65)
    layouts = {"space": b"stereo x", "beyond-ascii": "stéréo".encode(), "hole": b"mono\0x", "escape": b"\x1b[31m"}
    for name, layout in layouts.items():
        yield f"layout-{name}", "4", f"a layout of {layout!r}", _sound("layout", layout.ljust(32, b"\0"))


def _stream(struct: Any, name: str, value: Any) -> bytes:
    return put_together(take_apart(base_file()).with_field(b"STRM", struct, name, value, STREAM_HEADER.sizeof()))


def _sound(name: str, value: Any) -> bytes:
    pieces = take_apart(base_file())
    content = with_field(pieces.boxes[1][1], AUDIO_STREAM, name, value, STREAM_HEADER.sizeof())
    return put_together(pieces.with_boxes(1, 2, (b"STRM", content)))


def _tags() -> Iterator[Fault]:
    pieces = take_apart(base_file())
    yield (
        "tags-not-utf-8",
        "5",
        "tags that are not UTF-8",
        put_together(pieces.with_content(b"tags", b"encoder=\xff")),
    )
    surrogate = pieces.with_content(b"tags", b"encoder=\xed\xa0\x80")
    yield "tags-surrogate", "5", "half a surrogate pair", put_together(surrogate)
    start = b"tags" + bytes(2) + ((1 << 20) + 1).to_bytes(8, "little") + (2).to_bytes(4, "little")
    whole = put_together(pieces)
    at = whole.index(b"tags") - 4
    head = whole[at : at + 4] + start
    long = whole[:at] + head + zlib.crc32(head).to_bytes(4, "little") + whole[at + 26 :]
    yield "tags-too-long", "9", "tags of 1 MiB and one byte", long, TOO_LARGE


def _indexes() -> Iterator[Fault]:
    for name in ("entry_count", "frame_count", "sample_count", "video_end", "audio_end"):
        yield f"index-{name.replace('_', '-')}", "8", f"{name} is one more", _index(INDEX_HEADER, name, 1)
    at = INDEX_HEADER.sizeof()
    for name in ("offset", "length", "chunk", "first_frame", "first_pts", "sample_count", "reserved", "first_sample"):
        yield (
            f"entry-{name.replace('_', '-')}",
            "8",
            f"{name} of an entry is one more",
            _index(INDEX_ENTRY, name, 1, at),
        )
    for name in ("psnr_db", "snr_db"):
        yield (
            f"entry-{name.replace('_', '-')}",
            "8",
            f"{name} of an entry is another",
            _index(INDEX_ENTRY, name, 1, at),
        )
    pieces = take_apart(base_file())
    content = pieces.boxes[-2][1]
    moved = with_field(with_field(content, INDEX_ENTRY, "frame_count", 2, at), INDEX_ENTRY, "frame_count", 4, at + 64)
    yield "entry-frame-count", "8", "a frame moved from entry to entry", _indexed(moved)
    yield (
        "entries-swapped",
        "8",
        "entries in the wrong order",
        _indexed(content[:at] + content[at + 64 :] + content[at : at + 64]),
    )
    yield "entry-twice", "8", "both entries are the first one", _indexed(content[:at] + content[at : at + 64] * 2)
    far = with_field(content, INDEX_ENTRY, "offset", LARGEST, at + 64)
    yield "entry-64-bits", "8", "an entry whose end is beyond 2^64", _indexed(far)
    tags = with_field(content, INDEX_ENTRY, "offset", _offset_of_tags(), at)
    yield "entry-of-tags", "8", "an entry that points to the tags", _indexed(tags)
    fewer = with_field(content[:-64], INDEX_HEADER, "entry_count", 1)
    fewer = with_field(with_field(fewer, INDEX_HEADER, "frame_count", 3), INDEX_HEADER, "sample_count", 60)
    yield "index-lacks-a-chunk", "8", "an index of the first chunk alone", _indexed(fewer)
    yield "index-long", "1", "a byte after the last entry", _indexed(content + b"\0")
    many = with_field(content, INDEX_HEADER, "entry_count", (1 << 20) + 1)
    yield "index-too-many", "9", "an index that claims 2^20 + 1 chunks", _indexed(many), TOO_LARGE
    other_nan = overwritten(_silent_index(), INDEX_HEADER.sizeof() + 60, b"\1\0\xc0\x7f")
    yield "entry-other-nan", "8", "no quality as another NaN than 0x7FC00000", _silent(other_nan)


def _index(struct: Any, name: str, more: int, at: int = 0) -> bytes:
    content = take_apart(base_file()).boxes[-2][1]
    value = struct.parse(content[at:])[name]
    return _indexed(with_field(content, struct, name, value + more, at))


def _indexed(content: bytes) -> bytes:
    return put_together(take_apart(base_file()).with_content(b"INDX", content), repair_index=False)


def _offset_of_tags() -> int:
    return base_file().index(b"tags") - 4


def _silent_index() -> bytes:
    return take_apart(_silent()).boxes[-2][1]


def _silent(index: bytes | None = None) -> bytes:
    """A file without sound, with this index."""
    (first, _) = chunks_of_base()
    data = write_file({0: STREAMS[0]}, [replace(first, audio=None, units=first.units[:1])])
    return data if index is None else put_together(take_apart(data).with_content(b"INDX", index))


def _footers() -> Iterator[Fault]:
    data = base_file()
    for name in ("index_offset", "index_length", "file_length"):
        yield f"footer-{name.replace('_', '-')}", "8", f"{name} is one more", _footer(data, name)
    yield "footer-64-bits", "8", "index_offset + index_length is above 2^64", _footer(data, "index_offset", LARGEST)
    yield "footer-crc", "8", "a wrong CRC of the footer", overwritten(data, -8, bytes(4))
    yield "footer-magic", "8", "another magic of the footer", overwritten(data, -4, b"INRF")
    yield "no-footer", "8", "no footer", data[: -FOOTER.sizeof()]
    yield "trailing-byte", "1", "a byte after the footer", data + b"\0"
    yield "trailing-file", "1", "a second file after the first", data + data


def _footer(data: bytes, name: str, value: int | None = None) -> bytes:
    footer = data[-FOOTER.sizeof() :]
    value = FOOTER.parse(footer)[name] + 1 if value is None else value
    footer = with_field(footer, FOOTER, name, value)
    footer = with_field(footer, FOOTER, "crc", zlib.crc32(footer[:24]))
    return data[: -len(footer)] + footer
