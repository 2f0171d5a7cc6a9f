"""How long a file says it is, by the sizes in its boxes: the sure sign of one that was cut short."""

from __future__ import annotations

import os
from typing import BinaryIO

EBML, SEGMENT = b"\x1a\x45\xdf\xa3", b"\x18\x53\x80\x67"
MOV_DATA = (b"mdat", b"moov", b"moof")
UNKNOWN_RIFF_SIZE = 0x7FFFFF00
MAX_BOXES = 100_000


def missing_bytes(file: BinaryIO) -> int:
    """How many bytes the boxes of an MP4, MOV, Matroska, AVI or WAV file promise beyond its end; else 0.

    `file` must be seekable; its position is kept.
    """
    place = file.tell()
    try:
        size = file.seek(0, os.SEEK_END)
        file.seek(0)
        head = file.read(64)
        if head[:4] == EBML:
            return max(0, _matroska_end(head) - size)
        if head[:4] == b"RIFF":
            promised = int.from_bytes(head[4:8], "little")
            return max(0, promised + 8 - size) if promised < UNKNOWN_RIFF_SIZE else 0
        if head[4:8] == b"ftyp":
            return max(0, _mov_end(file, size) - size)
        return 0
    finally:
        file.seek(place)


def _matroska_end(head: bytes) -> int:
    """Where the segment ends; 0 where that is not known."""
    length, width = _vint(head[4:])
    at = 4 + width + length
    if head[at : at + 4] != SEGMENT:
        return 0
    length, width = _vint(head[at + 4 :])
    unknown = length == (1 << 7 * width) - 1
    return 0 if unknown else at + 4 + width + length


def _vint(data: bytes) -> tuple[int, int]:
    """An EBML variable-size integer (RFC 8794, section 4) and its width in bytes; (0, 0) for none."""
    if not data or data[0] == 0:
        return 0, 0
    width = 9 - data[0].bit_length()
    return int.from_bytes(data[:width], "big") & ((1 << 7 * width) - 1), width


def _mov_end(file: BinaryIO, size: int) -> int:
    """Where the last box with data ends, following the boxes from the file's start."""
    offset = 0
    for _ in range(MAX_BOXES):
        if offset + 8 > size:
            break
        file.seek(offset)
        header = file.read(16)
        length = int.from_bytes(header[:4], "big")
        length = int.from_bytes(header[8:16], "big") if length == 1 else length
        if length < 8 or (offset + length > size and header[4:8] not in MOV_DATA):
            return 0
        offset += length
    return offset
