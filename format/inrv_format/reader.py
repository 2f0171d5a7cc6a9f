"""Read an `.inrv` file: front to back from a pipe, or any chunk through the index of a seekable file."""

from __future__ import annotations

import io
import zlib
from collections.abc import Iterator, Sequence
from typing import BinaryIO, cast

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


class CountedSource:
    """A source as it is, with `bytes_read` counting what was read of it."""

    def __init__(self, source: BinaryIO) -> None:
        self._source = source
        self.bytes_read = 0

    def read(self, size: int = -1) -> bytes:
        """As for any file."""
        data = self._source.read(size)
        self.bytes_read += len(data)
        return data

    def seek(self, offset: int, whence: int = 0) -> int:
        """As for any file."""
        return self._source.seek(offset, whence)

    def tell(self) -> int:
        """As for any file."""
        return self._source.tell()


class Reader:
    """The header, streams and tags of a file, and its chunks.

    On a seekable source `index` is read first and `chunk(i)` works, which reads no other chunk's box; on a pipe only
    `chunks()` does, once.
    """

    def __init__(self, source: BinaryIO, *, limits: Limits = DEFAULT_LIMITS) -> None:
        self.limits = limits
        self.streams: dict[int, Stream] = {}
        self.tags: dict[str, str] = {}
        self.index: Index | None = None
        self._counted = CountedSource(source)
        self._source = cast(BinaryIO, self._counted)
        self._sequence = 0
        self._macs = 0
        self._weighed: set[int] = set()
        self.file_length = _file_length(source)
        self._unread: int | None = None
        header = read_file_header(self._source, limits)
        self.version_written, self._offset = header.version_written, len(header.data)
        if self.file_length is not None:
            self.index = self._read_index()
            self._unread = self.index.entries[0].offset if self.index.entries else None
        self._first = self._read_descriptions()
        self._unread = None

    @property
    def bytes_read(self) -> int:
        """How many bytes were read of the source so far."""
        return self._counted.bytes_read

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

    def weigh(self, numbers: Sequence[int]) -> None:
        """Refuse to have these chunks of the index decoded if that takes too much, before any of them is evaluated.

        Only so many chunks that they could are read for it.
        """
        if len(numbers) * self.limits.macs_per_chunk > self.limits.macs_per_file:
            for number in numbers:
                self.chunk(number)

    def chunks(self) -> Iterator[Chunk]:
        """All chunks front to back, ending at the end box; TruncatedError where there is none."""
        return (chunk for chunk, _ in self.chunk_boxes())

    def chunk_boxes(self) -> Iterator[tuple[Chunk, Box]]:
        """As `chunks`, each with the box that it was read from."""
        box = self._first
        if self.file_length is not None:
            self._source.seek(box.offset)
            self._offset, self._sequence = box.offset, box.sequence
            box = self._next_box()
        number, found = 0, (0, 0)
        order, index = ChunkOrder(self.limits), IndexBuilder()
        while box.type != END_BOX:
            if box.type == CHUNK_BOX and not any(found):
                number += 1
                if number > self.limits.chunks:
                    raise LimitError(
                        f"more than {self.limits.chunks} chunks", limit="chunks", offset=box.offset, section="9"
                    )
                chunk = self._parse(box)
                order.admit(chunk)
                index.add(chunk, box.offset, box.length)
                yield chunk, box
            elif box.type == INDEX_BOX and not any(found):
                if build_index(index.build()) != box.content:
                    parse_index(box.content, offset=box.offset, limits=self.limits)  # may say more
                    raise InvalidDataError("the index disagrees with the chunks", offset=box.offset, section="8")
                found = box.offset, box.length
            else:
                raise InvalidDataError(
                    f"{box.type.decode()} box after the first chunk or the index", offset=box.offset, section="1"
                )
            box = self._next_box()
        if box.content or not any(found):
            raise InvalidDataError(
                "no index before the end, or content in the end box", offset=box.offset, section="1"
            )
        self._read_footer_after_end(*found)

    def _parse(self, box: Box) -> Chunk:
        chunk = parse_chunk(box.content, self.streams, offset=box.offset, limits=self.limits)
        if box.offset not in self._weighed:
            self._weighed.add(box.offset)
            self._macs += chunk.macs
        if self._macs > self.limits.macs_per_file:
            raise LimitError(
                f"decoding takes over {self.limits.macs_per_file:.1e} multiply-adds",
                limit="macs_per_file",
                section="9",
            )
        return chunk

    def _read_descriptions(self) -> Box:
        """Read `STRM` and `tags` boxes; returns the first box after them."""
        box = self._next_box()
        while box.type == STREAM_BOX:
            self._add_stream(box)
            box = self._next_box()
        if not self.streams:
            raise InvalidDataError("the file describes no stream", offset=box.offset, section="4")
        while box.type == TAGS_BOX:
            self.tags |= parse_tags(box.content, self.limits)
            box = self._next_box()
        if box.type == STREAM_BOX:
            raise InvalidDataError("STRM box after the tags", offset=box.offset, section="1")
        return box

    def _add_stream(self, box: Box) -> None:
        stream_id, stream = parse_stream(box.content, offset=box.offset, limits=self.limits)
        if len(self.streams) >= self.limits.streams:
            raise LimitError(
                f"more than {self.limits.streams} streams", limit="streams", offset=box.offset, section="9"
            )
        if stream_id in self.streams:
            raise InvalidDataError(f"stream {stream_id} twice", offset=box.offset, section="4")
        if any(type(other) is type(stream) for other in self.streams.values()):
            raise UnsupportedError("more than one stream of a kind needs a newer version")
        self.streams[stream_id] = stream

    def _next_box(self) -> Box:
        """The next box that this version knows; unknown ancillary ones are passed over.

        The first chunk's, while nobody asks for it, stays unread and comes without content.
        """
        while True:
            if self._offset == self._unread:
                return Box(CHUNK_BOX, self._sequence, self._offset, b"")
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

    def _read_footer_after_end(self, index_offset: int, index_length: int) -> None:
        data = read_exactly(self._source, FOOTER.sizeof(), self._offset)
        fields = self._check_footer(data, self._offset + len(data))
        if (fields["index_offset"], fields["index_length"]) != (index_offset, index_length):
            raise InvalidDataError("the footer does not point to the index", offset=self._offset, section="8")
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
