"""Read an `.inrv` file: front to back from a pipe, or any chunk through the index of a seekable file."""

from __future__ import annotations

import io
import zlib
from collections.abc import Iterator
from typing import BinaryIO

from inrv_format.boxes import (
    CHUNK_BOX,
    END_BOX,
    INDEX_BOX,
    KNOWN_BOXES,
    STREAM_BOX,
    TAGS_BOX,
    Box,
    read_box,
    read_exactly,
)
from inrv_format.chunk import Chunk, parse_chunk
from inrv_format.errors import InvalidDataError, LimitError, TruncatedError, UnsupportedError
from inrv_format.header import read_file_header
from inrv_format.index import Index, IndexBuilder, build_index, parse_index, parse_stream, parse_tags
from inrv_format.limits import DEFAULT_LIMITS, Limits
from inrv_format.order import ChunkOrder
from inrv_format.schema import FOOTER, parse_fields
from inrv_format.streams import AudioStream, Stream, VideoStream


class Reader:
    """The header, streams and tags of a file, and its chunks.

    On a seekable source `index` is read first and `chunk(i)` works; on a pipe only `chunks()` does, once.
    """

    def __init__(self, source: BinaryIO, *, limits: Limits = DEFAULT_LIMITS) -> None:
        self.limits = limits
        self.streams: dict[int, Stream] = {}
        self.tags: dict[str, str] = {}
        self.index: Index | None = None
        self._source = source
        self._sequence = 0
        self._macs = 0
        self._counted: set[int] = set()
        self.file_length = _file_length(source)
        header = read_file_header(source, limits)
        self.version_written, self._offset = header.version_written, len(header.data)
        self._first = self._read_descriptions()
        if self.file_length is not None:
            self.index = self._read_index()

    @property
    def video(self) -> VideoStream | None:
        """The picture stream, if there is one."""
        return next((s for s in self.streams.values() if isinstance(s, VideoStream)), None)

    @property
    def audio(self) -> AudioStream | None:
        """The sound stream, if there is one."""
        return next((s for s in self.streams.values() if isinstance(s, AudioStream)), None)

    def chunk(self, number: int) -> Chunk:
        """The chunk at this place in the index; needs a seekable source."""
        if self.index is None:
            raise InvalidDataError("random access needs a file that can be sought, not a pipe")
        entry = self.index.entries[number]
        self._source.seek(entry.offset)
        box = read_box(self._source, entry.offset, self.limits)
        if box.type != CHUNK_BOX or box.length != entry.length:
            raise InvalidDataError("the index points to something else", offset=entry.offset, section="8")
        chunk = self._parse(box)
        if not entry.matches(chunk):
            raise InvalidDataError(f"index entry {number} disagrees with its chunk", offset=entry.offset, section="8")
        return chunk

    def chunks(self) -> Iterator[Chunk]:
        """All chunks front to back, ending at the end box; TruncatedError where there is none."""
        return (chunk for chunk, _ in self.chunk_boxes())

    def chunk_boxes(self) -> Iterator[tuple[Chunk, Box]]:
        """As `chunks`, each with the box that it was read from."""
        box = self._first
        if self.file_length is not None:
            self._source.seek(box.offset + box.length)
            self._offset, self._sequence = box.offset + box.length, box.sequence + 1
        number, indexed = 0, False
        order, index = ChunkOrder(self.limits), IndexBuilder()
        while box.type != END_BOX:
            if box.type == CHUNK_BOX:
                number += 1
                if number > self.limits.chunks:
                    raise LimitError(f"more than {self.limits.chunks} chunks", offset=box.offset, section="9")
                chunk = self._parse(box)
                order.admit(chunk)
                index.add(chunk, box.offset, box.length)
                yield chunk, box
            elif box.type == INDEX_BOX and not indexed:
                indexed = build_index(index.build()) == box.content
                if not indexed:
                    raise InvalidDataError("the index disagrees with the chunks", offset=box.offset, section="8")
            else:
                raise InvalidDataError(
                    f"{box.type.decode()} box after the first chunk", offset=box.offset, section="1"
                )
            box = self._next_box()
        if box.content or not indexed:
            raise InvalidDataError(
                "no index before the end, or content in the end box", offset=box.offset, section="1"
            )
        self._read_footer_after_end()

    def _parse(self, box: Box) -> Chunk:
        chunk = parse_chunk(box.content, self.streams, offset=box.offset, limits=self.limits)
        if box.offset not in self._counted:
            self._counted.add(box.offset)
            self._macs += chunk.macs
        if self._macs > self.limits.macs_per_file:
            raise LimitError(f"decoding takes over {self.limits.macs_per_file:.1e} multiply-adds", section="9")
        return chunk

    def _read_descriptions(self) -> Box:
        """Read `STRM` and `tags` boxes; returns the first box after them."""
        while True:
            box = self._next_box()
            if box.type == STREAM_BOX:
                stream_id, stream = parse_stream(box.content, offset=box.offset, limits=self.limits)
                if stream_id in self.streams or len(self.streams) >= self.limits.streams:
                    raise InvalidDataError("too many streams or one twice", offset=box.offset, section="4")
                self.streams[stream_id] = stream
            elif box.type == TAGS_BOX:
                self.tags |= parse_tags(box.content, self.limits)
            elif box.type in (CHUNK_BOX, INDEX_BOX, END_BOX):
                break
        if not self.streams:
            raise InvalidDataError("the file describes no stream", offset=box.offset, section="4")
        kinds = [type(stream) for stream in self.streams.values()]
        if len(set(kinds)) != len(kinds):
            raise UnsupportedError("more than one stream of a kind needs a newer version")
        return box

    def _next_box(self) -> Box:
        """The next box that this version knows; unknown ancillary ones are passed over."""
        while True:
            box = read_box(self._source, self._offset, self.limits)
            if box.sequence != self._sequence:
                raise InvalidDataError(
                    f"box {box.sequence} where box {self._sequence} belongs", offset=box.offset, section="3"
                )
            self._offset += box.length
            self._sequence += 1
            if box.type in KNOWN_BOXES:
                return box
            if box.critical:
                raise UnsupportedError(f"box type {box.type.decode()} needs a newer version of this program")

    def _read_index(self) -> Index:
        assert self.file_length is not None
        footer = self._footer_at(self.file_length)
        self._source.seek(footer["index_offset"])
        box = read_box(self._source, footer["index_offset"], self.limits)
        if box.type != INDEX_BOX or box.length != footer["index_length"]:
            raise InvalidDataError("the footer does not point to an index", offset=box.offset, section="8")
        index = parse_index(box.content, offset=box.offset, limits=self.limits)
        self._source.seek(self._offset)
        return index

    def _footer_at(self, end: int) -> dict[str, int]:
        size = FOOTER.sizeof()
        self._source.seek(max(0, end - size))
        return self._check_footer(self._source.read(size), end)

    def _check_footer(self, data: bytes, end: int) -> dict[str, int]:
        offset = max(0, end - FOOTER.sizeof())
        if len(data) < FOOTER.sizeof() or data[-4:] != b"INRE":
            raise TruncatedError("the file has no footer: it was cut off", offset=end, section="8")
        fields = parse_fields(FOOTER, data, offset, "8")
        if fields["crc"] != zlib.crc32(data[:24]) or fields["file_length"] != end:
            raise InvalidDataError("footer does not match the file", offset=offset, section="8")
        if fields["index_offset"] + fields["index_length"] > end:
            raise InvalidDataError("the footer points outside the file", offset=offset, section="8")
        return fields

    def _read_footer_after_end(self) -> None:
        data = read_exactly(self._source, FOOTER.sizeof(), self._offset)
        self._check_footer(data, self._offset + len(data))
        if self._source.read(1):
            raise InvalidDataError("bytes after the footer", offset=self._offset + len(data), section="8")


def _file_length(source: BinaryIO) -> int | None:
    """Bytes of a seekable source that is positioned at its start; None for a pipe."""
    try:
        start = source.tell()
        end = source.seek(0, io.SEEK_END)
        source.seek(start)
    except (OSError, AttributeError):
        return None
    return end if start == 0 else None
