"""The fixed-size headers of the file, declared once for parsing and building (`spec/inrv.md` sections 3 to 6).

Only lengths that are known beforehand are parsed here, and only after they were checked against what is there:
`construct` never sees a count or a length that it would act on.
"""

from __future__ import annotations

from typing import Any

from construct import (
    Array,
    Bytes,
    Const,
    ConstructError,
    Float32l,
    Int8ul,
    Int16ul,
    Int32ul,
    Int64sl,
    Int64ul,
    Struct,
)

from inrv_format.errors import InvalidDataError, TruncatedError

MAGIC = b"\x89INR\r\n\x1a\n"
SYNC = b"\xf7IB\n"
FOOTER_MAGIC = b"INRE"

FILE_HEADER = Struct(
    "magic" / Const(MAGIC),
    "header_length" / Int16ul,
    "version_written" / Int16ul,
    "version_needed" / Int16ul,
    "reserved" / Int16ul,
    "must_understand" / Int32ul,
    "may_ignore" / Int32ul,
)

BOX_HEADER = Struct(
    "sync" / Const(SYNC),
    "type" / Bytes(4),
    "flags" / Int16ul,
    "length" / Int64ul,
    "sequence" / Int32ul,
)

FOOTER = Struct(
    "index_offset" / Int64ul,
    "index_length" / Int64ul,
    "file_length" / Int64ul,
    "crc" / Int32ul,
    "magic" / Const(FOOTER_MAGIC),
)

STREAM_HEADER = Struct("stream" / Int8ul, "kind" / Int8ul)

VIDEO_STREAM = Struct(
    "width" / Int32ul,
    "height" / Int32ul,
    "time_base" / Array(2, Int32ul),
    "sample_aspect_ratio" / Array(2, Int32ul),
    "average_rate" / Array(2, Int32ul),
    "rotation" / Int16ul,
    "chroma" / Int8ul,
    "bit_depth" / Int8ul,
    "color_range" / Int8ul,
    "matrix" / Int8ul,
    "primaries" / Int8ul,
    "transfer" / Int8ul,
    "chroma_location" / Int8ul,
    "field_order" / Int8ul,
)

AUDIO_STREAM = Struct("sample_rate_hz" / Int32ul, "channels" / Int16ul, "bit_depth" / Int8ul, "layout" / Bytes(32))

CHUNK_HEADER = Struct("index" / Int32ul, "contents" / Int8ul, "reserved" / Int8ul, "unit_count" / Int16ul)

VIDEO_SPAN = Struct(
    "stream" / Int8ul,
    "pts_mode" / Int8ul,
    "first_frame" / Int64ul,
    "frame_count" / Int32ul,
    "first_pts" / Int64sl,
    "pts_step" / Int32ul,
    "last_duration" / Int32ul,
    "tile_columns" / Int8ul,
    "tile_rows" / Int8ul,
    "tile_overlap" / Int16ul,
    "psnr_db" / Float32l,
)

AUDIO_SPAN = Struct(
    "stream" / Int8ul,
    "flags" / Int8ul,
    "first_sample" / Int64ul,
    "sample_count" / Int32ul,
    "pts" / Int64sl,
    "overlap" / Int32ul,
    "snr_db" / Float32l,
)

UNIT_HEADER = Struct(
    "contents" / Int8ul,
    "family" / Int8ul,
    "tile" / Int16ul,
    "spec_length" / Int16ul,
    "tensor_count" / Int16ul,
    "coder" / Int8ul,
    "reserved" / Int8ul,
    "raw_length" / Int32ul,
    "stored_length" / Int32ul,
    "symbols_crc" / Int32ul,
)

TENSOR_RECORD = Struct("form" / Int8ul, "scale" / Int16ul)
ZERO_POINT = Struct("zero_point" / Int32ul)

INDEX_HEADER = Struct(
    "entry_count" / Int32ul,
    "frame_count" / Int64ul,
    "sample_count" / Int64ul,
    "video_end" / Int64sl,
    "audio_end" / Int64sl,
)

INDEX_ENTRY = Struct(
    "offset" / Int64ul,
    "length" / Int64ul,
    "chunk" / Int32ul,
    "frame_count" / Int32ul,
    "first_frame" / Int64ul,
    "first_pts" / Int64sl,
    "sample_count" / Int32ul,
    "reserved" / Int32ul,
    "first_sample" / Int64ul,
    "psnr_db" / Float32l,
    "snr_db" / Float32l,
)


class Cursor:
    """Walks over the content of one box; every step is checked against what is left before it is taken.

    `base` is the content's offset in the file, for error messages; `section` the spec section it is read by.
    """

    def __init__(self, data: bytes | memoryview, *, base: int = 0, section: str = "4") -> None:
        self.data = memoryview(data)
        self.base = base
        self.section = section
        self.position = 0

    @property
    def remaining(self) -> int:
        """Bytes not yet taken."""
        return len(self.data) - self.position

    def take(self, length: int) -> memoryview:
        """The next `length` bytes; TruncatedError when there are fewer."""
        if length > self.remaining:
            raise TruncatedError(
                f"needs {length} more bytes, {self.remaining} are left",
                offset=self.base + self.position,
                section=self.section,
            )
        start = self.position
        self.position += length
        return self.data[start : self.position]

    def fields(self, struct: Any) -> dict[str, Any]:
        """The next fixed-size structure, as a dict of its fields."""
        return parse_fields(struct, bytes(self.take(struct.sizeof())), self.base + self.position, self.section)

    def finish(self) -> None:
        """Refuse bytes that nothing claims."""
        if self.remaining:
            raise InvalidDataError(
                f"{self.remaining} bytes after the end of the content",
                offset=self.base + self.position,
                section=self.section,
            )

    def fail(self, message: str) -> InvalidDataError:
        """The error for a field that was just read and is out of range."""
        return InvalidDataError(message, offset=self.base + self.position, section=self.section)


def parse_fields(struct: Any, data: bytes, offset: int, section: str) -> dict[str, Any]:
    """Parse exactly one fixed-size structure; construct's errors become InvalidDataError."""
    try:
        parsed = struct.parse(data)
    except ConstructError as error:
        reason = str(error).splitlines()[-1]
        raise InvalidDataError(f"bad header: {reason}", offset=offset, section=section) from error
    return {name: value for name, value in parsed.items() if name != "_io"}
