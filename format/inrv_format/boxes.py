"""Boxes: the one frame that everything after the file header is stored in (`spec/inrv.md` section 3)."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import Any, BinaryIO

from inrv_format.errors import InvalidDataError, LimitError, TruncatedError
from inrv_format.limits import Limits
from inrv_format.schema import BOX_HEADER, SYNC, parse_fields

STREAM_BOX = b"STRM"
CHUNK_BOX = b"CHNK"
INDEX_BOX = b"INDX"
END_BOX = b"ENDF"
TAGS_BOX = b"tags"
KNOWN_BOXES = frozenset({STREAM_BOX, TAGS_BOX, CHUNK_BOX, INDEX_BOX, END_BOX})

HEADER_BYTES: int = BOX_HEADER.sizeof() + 4
OVERHEAD_BYTES = HEADER_BYTES + 4


@dataclass(frozen=True, slots=True)
class Box:
    """One checked box; `offset` is where its header starts in the file, in bytes."""

    type: bytes
    sequence: int
    offset: int
    content: bytes

    @property
    def critical(self) -> bool:
        """Whether a reader that does not know the type must stop (upper-case first letter)."""
        return self.type[:1].isupper()

    @property
    def length(self) -> int:
        """Bytes of the whole box, header and CRCs included."""
        return len(self.content) + OVERHEAD_BYTES


def build_box(box_type: bytes, sequence: int, content: bytes) -> bytes:
    """The bytes of one box."""
    fields = {"type": box_type, "flags": 0, "length": len(content), "sequence": sequence}
    header: bytes = BOX_HEADER.build(fields)
    return header + _crc(header) + content + _crc(content)


def read_box(source: BinaryIO, offset: int, limits: Limits) -> Box:
    """Read and check the box that starts at the source's position, which is `offset` bytes into the file."""
    fields = parse_header(read_exactly(source, HEADER_BYTES, offset), offset, limits)
    content = read_exactly(source, fields["length"], offset + HEADER_BYTES)
    if read_exactly(source, 4, offset + HEADER_BYTES + len(content)) != _crc(content):
        name = fields["type"].decode()
        raise InvalidDataError(f"{name} box content CRC does not match", offset=offset, section="3")
    return Box(fields["type"], fields["sequence"], offset, content)


def has_header(data: bytes) -> bool:
    """Whether these bytes begin with a sync word and a header whose CRC is right."""
    return data[:4] == SYNC and data[HEADER_BYTES - 4 : HEADER_BYTES] == _crc(data[: HEADER_BYTES - 4])


def parse_header(header: bytes, offset: int, limits: Limits) -> dict[str, Any]:
    """The checked fields of a box header: `type`, `length` of the content, `sequence`."""
    if header[:4] != SYNC:
        raise InvalidDataError("no box starts here", offset=offset, section="3")
    if not has_header(header):
        raise InvalidDataError("box header CRC does not match", offset=offset, section="3")
    fields = parse_fields(BOX_HEADER, header[:-4], offset, "3")
    if not fields["type"].isalpha() or not fields["type"].isascii():
        raise InvalidDataError("box type is not four ASCII letters", offset=offset, section="3")
    if fields["flags"]:
        raise InvalidDataError(f"box flags {fields['flags']:#06x} are reserved", offset=offset, section="3")
    names = ["box_bytes", "metadata_bytes"] if fields["type"] == TAGS_BOX else ["box_bytes"]
    least, name = min((getattr(limits, name), name) for name in names)
    if fields["length"] > least:
        raise LimitError(
            f"box of {fields['length']} bytes, the limit is {least}", limit=name, offset=offset, section="9"
        )
    return fields


def read_exactly(source: BinaryIO, length: int, offset: int) -> bytes:
    """`length` bytes from a file or a pipe, in pieces, so that a lying length allocates no more than is there."""
    pieces = []
    missing = length
    while missing:
        piece = source.read(min(missing, 1 << 20))
        if not piece:
            raise TruncatedError(f"the file ends, {missing} bytes are missing", offset=offset + length - missing)
        pieces.append(piece)
        missing -= len(piece)
    return b"".join(pieces)


def _crc(data: bytes) -> bytes:
    return zlib.crc32(data).to_bytes(4, "little")
