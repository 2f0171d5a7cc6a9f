"""Write an `.inrv` file front to back, to a file or a pipe."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from typing import Protocol

from inrv_format.boxes import CHUNK_BOX, END_BOX, INDEX_BOX, STREAM_BOX, TAGS_BOX, build_box
from inrv_format.chunk import Chunk, build_chunk
from inrv_format.header import build_file_header
from inrv_format.index import IndexBuilder, build_index, build_stream, build_tags
from inrv_format.schema import FOOTER, INDEX_ENTRY
from inrv_format.streams import Stream


class Target(Protocol):
    """Where a file goes: anything that takes bytes."""

    def write(self, data: bytes, /) -> object:
        """Take all of `data`."""


class Writer:
    """Writes the header at once, each chunk as it comes, and the index, end and footer on `close`.

    `target` needs only `write`; nothing is sought. Chunks must come in order of their index.
    """

    def __init__(self, target: Target, streams: Mapping[int, Stream], tags: Mapping[str, str]) -> None:
        self.bytes_written = 0
        self._target = target
        self._sequence = 0
        self._index = IndexBuilder()
        self._put(build_file_header())
        for stream_id, stream in streams.items():
            self._put_box(STREAM_BOX, build_stream(stream_id, stream))
        if tags:
            self._put_box(TAGS_BOX, build_tags(tags))

    def write(self, chunk: Chunk) -> int:
        """Append a chunk; returns the bytes of its box."""
        return self.write_content(chunk, build_chunk(chunk))

    def write_content(self, chunk: Chunk, content: bytes) -> int:
        """Append a chunk whose content is built already (by a worker, say)."""
        offset = self.bytes_written
        self._put_box(CHUNK_BOX, content)
        self._index.add(chunk, offset, self.bytes_written - offset)
        return self.bytes_written - offset

    def finished_bytes(self, content: int) -> int:
        """Bytes of the whole file if it ended after one more chunk, of `content` bytes."""
        boxes = (
            len(build_box(CHUNK_BOX, 0, b"")) + len(build_box(INDEX_BOX, 0, b"")) + len(build_box(END_BOX, 0, b""))
        )
        index: int = len(build_index(self._index.build())) + INDEX_ENTRY.sizeof() + FOOTER.sizeof()
        return self.bytes_written + boxes + content + index

    def close(self) -> None:
        """Finish the file; the target itself stays open."""
        offset = self.bytes_written
        self._put_box(INDEX_BOX, build_index(self._index.build()))
        length = self.bytes_written - offset
        self._put_box(END_BOX, b"")
        self._put(build_footer(offset, length, self.bytes_written + FOOTER.sizeof()))

    def _put_box(self, box_type: bytes, content: bytes) -> None:
        self._put(build_box(box_type, self._sequence, content))
        self._sequence += 1

    def _put(self, data: bytes) -> None:
        self._target.write(data)
        self.bytes_written += len(data)


def build_footer(index_offset: int, index_length: int, file_length: int) -> bytes:
    """The last bytes of the file, by which a reader that can seek finds the index."""
    fields = {"index_offset": index_offset, "index_length": index_length, "file_length": file_length, "crc": 0}
    unsigned = FOOTER.build(fields)[:24]
    footer: bytes = FOOTER.build(fields | {"crc": zlib.crc32(unsigned)})
    return footer
