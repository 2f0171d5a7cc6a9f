"""`INDX` boxes, and the description boxes `STRM` and `tags` (`spec/inrv.md` sections 4, 5 and 8)."""

from __future__ import annotations

import math
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from inrv_format.chunk import Chunk, storable_quality
from inrv_format.errors import InvalidDataError, LimitError, UnsupportedError
from inrv_format.limits import Limits
from inrv_format.schema import (
    AUDIO_STREAM,
    INDEX_ENTRY,
    INDEX_HEADER,
    STREAM_HEADER,
    VIDEO_STREAM,
    Cursor,
)
from inrv_format.streams import (
    AUDIO,
    CHROMA_IDS,
    CHROMAS,
    COLOR_RANGES,
    FIELD_ORDERS,
    VIDEO,
    AudioStream,
    Stream,
    VideoStream,
)

ROTATIONS = (0, 90, 180, 270)
MAX_LAYOUT_BYTES = 32
# The same layout as schema.INDEX_ENTRY, unpacked in one call because an index may hold a million entries.
_ENTRY = struct.Struct("<QQIIQqIIQff")
assert _ENTRY.size == INDEX_ENTRY.sizeof()
RESERVED = 7


@dataclass(frozen=True, slots=True)
class IndexEntry:
    """Where one chunk's box lies (bytes) and what it covers; a hint, checked against the box when it is read."""

    offset: int
    length: int
    chunk: int
    frame_count: int
    first_frame: int
    first_pts: int
    sample_count: int
    first_sample: int
    psnr_db: float
    snr_db: float

    def matches(self, chunk: Chunk) -> bool:
        """Whether the box found at `offset` is the one that this entry speaks of."""
        return _pack_entry(self) == _pack_entry(index_entry(chunk, self.offset, self.length))


@dataclass(frozen=True, slots=True)
class Index:
    """All chunks in order, with totals: `video_end` and `audio_end` are the last end times in stream ticks."""

    entries: tuple[IndexEntry, ...]
    frame_count: int
    sample_count: int
    video_end: int
    audio_end: int


def index_entry(chunk: Chunk, offset: int, length: int) -> IndexEntry:
    """The entry for a chunk whose box was written at `offset`."""
    video, audio = chunk.video, chunk.audio
    return IndexEntry(
        offset=offset,
        length=length,
        chunk=chunk.index,
        frame_count=len(video.pts) if video else 0,
        first_frame=video.first_frame if video else 0,
        first_pts=video.pts[0] if video else audio.pts if audio else 0,
        sample_count=audio.sample_count if audio else 0,
        first_sample=audio.first_sample if audio else 0,
        psnr_db=storable_quality(video.psnr_db if video else math.nan),
        snr_db=storable_quality(audio.snr_db if audio else math.nan),
    )


def _pack_entry(entry: IndexEntry) -> bytes:
    return _ENTRY.pack(
        entry.offset,
        entry.length,
        entry.chunk,
        entry.frame_count,
        entry.first_frame,
        entry.first_pts,
        entry.sample_count,
        0,
        entry.first_sample,
        entry.psnr_db,
        entry.snr_db,
    )


def build_index(index: Index) -> bytes:
    """Content of the `INDX` box."""
    header = {
        "entry_count": len(index.entries),
        "frame_count": index.frame_count,
        "sample_count": index.sample_count,
        "video_end": index.video_end,
        "audio_end": index.audio_end,
    }
    entries = [_pack_entry(entry) for entry in index.entries]
    return b"".join([INDEX_HEADER.build(header), *entries])


def parse_index(content: bytes, *, offset: int, limits: Limits) -> Index:
    """Check and parse an `INDX` box: entries in order, inside the file, before the index, without overlap."""
    cursor = Cursor(content, base=offset, section="8")
    header = cursor.fields(INDEX_HEADER)
    if header["entry_count"] > limits.chunks:
        raise LimitError(
            f"index of {header['entry_count']} chunks, the limit is {limits.chunks}", limit="chunks", section="9"
        )
    raw = cursor.take(header["entry_count"] * _ENTRY.size)
    cursor.finish()
    unpacked = [(entry[:RESERVED], entry[RESERVED], entry[RESERVED + 1 :]) for entry in _ENTRY.iter_unpack(raw)]
    if any(reserved for _, reserved, _ in unpacked):
        raise InvalidDataError("a reserved field of the index is not 0", offset=offset, section="8")
    entries = tuple(IndexEntry(*before, *after) for before, _, after in unpacked)
    end = 0
    for entry in entries:
        if entry.offset < end or entry.length == 0 or entry.offset + entry.length > offset:
            raise InvalidDataError("index entry points outside the chunks", offset=offset, section="8")
        end = entry.offset + entry.length
    if header["frame_count"] != sum(entry.frame_count for entry in entries):
        raise InvalidDataError(
            "the index's total of frames is not the sum of its entries", offset=offset, section="8"
        )
    return Index(entries, header["frame_count"], header["sample_count"], header["video_end"], header["audio_end"])


def build_stream(stream_id: int, stream: Stream) -> bytes:
    """Content of a `STRM` box."""
    if isinstance(stream, AudioStream):
        audio = {
            "sample_rate_hz": stream.sample_rate_hz,
            "channels": stream.channels,
            "bit_depth": stream.bit_depth,
            "layout": _storable_layout(stream.layout).ljust(MAX_LAYOUT_BYTES, b"\0"),
        }
        head: bytes = STREAM_HEADER.build({"stream": stream_id, "kind": AUDIO})
        body: bytes = AUDIO_STREAM.build(audio)
        return head + body
    video = {name: getattr(stream, name) for name in _PLAIN_FIELDS}
    video |= {name: _pair(getattr(stream, name)) for name in _RATIOS}
    video["chroma"] = CHROMA_IDS[stream.chroma]
    head = STREAM_HEADER.build({"stream": stream_id, "kind": VIDEO})
    body = VIDEO_STREAM.build(video)
    return head + body


def parse_stream(content: bytes, *, offset: int, limits: Limits) -> tuple[int, Stream]:
    """Check and parse a `STRM` box into (stream id, description)."""
    cursor = Cursor(content, base=offset, section="4")
    header = cursor.fields(STREAM_HEADER)
    if header["kind"] == VIDEO:
        stream: Stream = _parse_video(cursor.fields(VIDEO_STREAM), cursor, limits)
    elif header["kind"] == AUDIO:
        stream = _parse_audio(cursor.fields(AUDIO_STREAM), cursor, limits)
    else:
        raise UnsupportedError(f"stream kind {header['kind']} is not known to this version")
    cursor.finish()
    return header["stream"], stream


_PLAIN_FIELDS = (
    "width",
    "height",
    "rotation",
    "bit_depth",
    "color_range",
    "matrix",
    "primaries",
    "transfer",
    "chroma_location",
    "field_order",
)
_RATIOS = ("time_base", "sample_aspect_ratio", "average_rate")


def _storable_layout(layout: str) -> bytes:
    """The name as the file holds it; nothing for one that it cannot hold."""
    data = layout.encode("ascii", "replace")
    return data if len(data) <= MAX_LAYOUT_BYTES and all(0x20 < byte < 0x7F for byte in data) else b""


def _pair(ratio: Fraction) -> list[int]:
    return [ratio.numerator, ratio.denominator]


def _parse_video(fields: dict[str, Any], cursor: Cursor, limits: Limits) -> VideoStream:
    width, height = fields["width"], fields["height"]
    if not width or not height:
        raise cursor.fail("a picture without pixels")
    for side, name, limit in ((width, "width", limits.width), (height, "height", limits.height)):
        if side > limit:
            raise LimitError(f"picture of {width}x{height}, the limit is {limit}", limit=name, section="9")
    if width * height > limits.pixels_per_frame:
        raise LimitError(f"picture of {width}x{height} pixels", limit="pixels_per_frame", section="9")
    ranges = {
        "chroma": CHROMAS,
        "bit_depth": range(8, 17),
        "color_range": COLOR_RANGES,
        "rotation": ROTATIONS,
        "field_order": FIELD_ORDERS,
        "chroma_location": range(7),
    }
    for name, allowed in ranges.items():
        if fields[name] not in allowed:
            raise cursor.fail(f"{name} {fields[name]} is out of range")
    for name in _RATIOS:
        if 0 in fields[name][0 if name == "time_base" else 1 :] or max(fields[name]) >= 1 << 31:
            raise cursor.fail(f"{name} {fields[name][0]}/{fields[name][1]} is out of range")
    plain = {name: fields[name] for name in _PLAIN_FIELDS}
    ratios: dict[str, Any] = {name: Fraction(*fields[name]) for name in _RATIOS}
    return VideoStream(chroma=CHROMAS[fields["chroma"]], **plain, **ratios)


def _parse_audio(fields: dict[str, Any], cursor: Cursor, limits: Limits) -> AudioStream:
    if not fields["sample_rate_hz"] or not fields["channels"]:
        raise cursor.fail("a sound without a sample rate or channels")
    if fields["sample_rate_hz"] > limits.sample_rate_hz:
        raise LimitError(f"sample rate of {fields['sample_rate_hz']} Hz", limit="sample_rate_hz", section="9")
    if fields["channels"] > limits.audio_channels:
        raise LimitError(f"{fields['channels']} sound channels", limit="audio_channels", section="9")
    layout = fields["layout"].rstrip(b"\0")
    if not all(0x20 < byte < 0x7F for byte in layout) or not 1 <= fields["bit_depth"] <= 64:
        raise cursor.fail("channel layout or bit depth is out of range")
    return AudioStream(fields["sample_rate_hz"], fields["channels"], layout.decode("ascii"), fields["bit_depth"])


def build_tags(tags: Mapping[str, str]) -> bytes:
    """Content of a `tags` box: `key=value` lines in UTF-8."""
    return "\n".join(f"{key}={' '.join(value.split())}" for key, value in tags.items()).encode()


def parse_tags(content: bytes, limits: Limits) -> dict[str, str]:
    """Tags with control characters stripped; anything that is not text is InvalidDataError."""
    if len(content) > limits.metadata_bytes:
        raise LimitError(f"tags of {len(content)} bytes", limit="metadata_bytes", section="9")
    try:
        lines = content.decode().split("\n")
    except UnicodeDecodeError as error:
        raise InvalidDataError("tags are not UTF-8", section="5") from error
    pairs = [line.partition("=") for line in lines if line]
    return {_printable(key): _printable(value) for key, _, value in pairs}


def _printable(text: str) -> str:
    return "".join(character for character in text if character.isprintable())


class IndexBuilder:
    """Collects the entries and totals of a file's chunks, while they are written or read front to back."""

    def __init__(self) -> None:
        self._entries: list[IndexEntry] = []
        self._video_end = self._audio_end = self._overlaps = 0

    def add(self, chunk: Chunk, offset: int, length: int) -> None:
        """The next chunk, whose box of `length` bytes lies at `offset`."""
        self._entries.append(index_entry(chunk, offset, length))
        if chunk.video:
            self._video_end = chunk.video.end_pts
        if chunk.audio:
            self._audio_end = chunk.audio.pts + chunk.audio.sample_count
            self._overlaps += chunk.audio.overlap

    def build(self) -> Index:
        """The index of all chunks so far."""
        frames = sum(entry.frame_count for entry in self._entries)
        samples = sum(entry.sample_count for entry in self._entries) - self._overlaps
        return Index(tuple(self._entries), frames, samples, self._video_end, self._audio_end)
