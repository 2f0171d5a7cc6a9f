"""The file header (`spec/inrv.md` section 2)."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import BinaryIO

from inrv_format.boxes import read_exactly
from inrv_format.errors import InvalidDataError, TruncatedError, UnsupportedError
from inrv_format.limits import Limits
from inrv_format.schema import FILE_HEADER, MAGIC, parse_fields

VERSION = 1


@dataclass(frozen=True, slots=True)
class FileHeader:
    """A checked header of a version that this program reads; `data` are its bytes as they stand."""

    data: bytes
    version_written: int


def build_file_header() -> bytes:
    """The file header of this version with its CRC."""
    fields = {
        "header_length": FILE_HEADER.sizeof() + 4,
        "version_written": VERSION,
        "version_needed": VERSION,
        "reserved": 0,
        "must_understand": 0,
        "may_ignore": 0,
    }
    header: bytes = FILE_HEADER.build(fields)
    return header + zlib.crc32(header).to_bytes(4, "little")


def read_file_header(source: BinaryIO, limits: Limits) -> FileHeader:
    """Read and check the header of a file or a pipe that stands at its start."""
    size = FILE_HEADER.sizeof()
    start = source.read(1)
    while start and len(start) < len(MAGIC) and (piece := source.read(len(MAGIC) - len(start))):
        start += piece
    if start != MAGIC:
        raise _magic_error(start)
    data = start + read_exactly(source, size - 8, 8)
    fields = parse_fields(FILE_HEADER, data, 0, "2")
    length = fields["header_length"]
    if not size + 4 <= length <= limits.header_bytes:
        raise InvalidDataError(f"header length {length} is out of range", offset=8, section="2")
    rest = read_exactly(source, length - size, size)
    if zlib.crc32(data + rest[:-4]).to_bytes(4, "little") != rest[-4:]:
        raise InvalidDataError("file header CRC does not match", offset=0, section="2")
    _check_version(fields)
    return FileHeader(data + rest, fields["version_written"])


def _check_version(fields: dict[str, int]) -> None:
    if fields["version_needed"] > VERSION:
        raise UnsupportedError(
            f"the file needs version {fields['version_needed']} of the format, this program reads {VERSION}"
        )
    if fields["must_understand"]:
        raise UnsupportedError(f"the file needs features {fields['must_understand']:#x} of a newer version")
    if fields["reserved"]:
        raise InvalidDataError("reserved header field is not zero", offset=14, section="2")


def _magic_error(start: bytes) -> InvalidDataError:
    if MAGIC.startswith(start):
        return TruncatedError("the file ends within its magic number", offset=len(start), section="2")
    damaged = start[1:4] == b"INR"
    hint = "its line ends were changed in transit" if damaged else "this is not an .inrv file"
    return InvalidDataError(f"bad magic number: {hint}", offset=0, section="2")
