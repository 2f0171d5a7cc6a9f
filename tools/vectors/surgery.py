"""Files taken apart and put together with every CRC right, so that one rule of the format alone can be broken."""

from __future__ import annotations

import io
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from inrv_format.boxes import CHUNK_BOX, INDEX_BOX, build_box, read_box
from inrv_format.chunk import Chunk, build_chunk
from inrv_format.limits import DEFAULT_LIMITS
from inrv_format.schema import FILE_HEADER, FOOTER, INDEX_ENTRY, INDEX_HEADER
from inrv_format.streams import Stream
from inrv_format.writer import Writer, build_footer

Box = tuple[bytes, bytes]


@dataclass(frozen=True, slots=True)
class Pieces:
    """A file's header without its CRC, and type and content of each box."""

    header: bytes
    boxes: tuple[Box, ...]

    def place(self, box_type: bytes) -> int:
        """Number of the first box of a type."""
        return [kind for kind, _ in self.boxes].index(box_type)

    def with_boxes(self, first: int, last: int, *boxes: Box) -> Pieces:
        """These in the place of the boxes from `first` to `last` - 1."""
        return replace(self, boxes=(*self.boxes[:first], *boxes, *self.boxes[last:]))

    def with_content(self, box_type: bytes, content: bytes) -> Pieces:
        """Another content in the first box of a type."""
        number = self.place(box_type)
        return self.with_boxes(number, number + 1, (box_type, content))

    def with_field(self, box_type: bytes, struct: Any, name: str, value: Any, at: int = 0) -> Pieces:
        """Another value in a field of the first box of a type, whose structure begins at `at`."""
        content = self.boxes[self.place(box_type)][1]
        return self.with_content(box_type, with_field(content, struct, name, value, at))


def take_apart(data: bytes) -> Pieces:
    """The pieces of a file without faults."""
    length = FILE_HEADER.parse(data)["header_length"]
    source = io.BytesIO(data)
    source.seek(length)
    boxes: list[Box] = []
    while not boxes or boxes[-1][0] != b"ENDF":
        box = read_box(source, 0, DEFAULT_LIMITS)
        boxes.append((box.type, box.content))
    return Pieces(data[: length - 4], tuple(boxes))


def put_together(pieces: Pieces, *, repair_index: bool = True) -> bytes:
    """The file of these pieces with right CRCs, sequence and footer, and an index that points to the chunks."""
    data = pieces.header + zlib.crc32(pieces.header).to_bytes(4, "little")
    spans: list[tuple[int, int]] = []
    index = (0, 0)
    for sequence, (box_type, content) in enumerate(pieces.boxes):
        if box_type == INDEX_BOX and repair_index:
            content = _repaired(content, spans)
        box = build_box(box_type, sequence, content)
        if box_type == CHUNK_BOX:
            spans.append((len(data), len(box)))
        if box_type == INDEX_BOX:
            index = len(data), len(box)
        data += box
    return data + build_footer(*index, len(data) + FOOTER.sizeof())


def _repaired(content: bytes, spans: Iterable[tuple[int, int]]) -> bytes:
    for number, (offset, length) in enumerate(spans):
        at = INDEX_HEADER.sizeof() + number * INDEX_ENTRY.sizeof()
        if at < len(content):
            content = with_field(content, INDEX_ENTRY, "offset", offset, at)
            content = with_field(content, INDEX_ENTRY, "length", length, at)
    return content


def with_field(content: bytes, struct: Any, name: str, value: Any, at: int = 0) -> bytes:
    """The content with another value in a field of the structure that begins at `at`."""
    for field in struct.subcons:
        if field.name == name:
            return overwritten(content, at, field.build(value))
        at += field.sizeof()
    raise KeyError(name)


def overwritten(content: bytes, at: int, piece: bytes) -> bytes:
    """The content with other bytes from `at` on, counted from the end if negative."""
    at += len(content) if at < 0 else 0
    return content[:at] + piece + content[at + len(piece) :]


def with_header_field(data: bytes, name: str, value: int) -> bytes:
    """A file with another value in its header, and the header's CRC right."""
    pieces = take_apart(data)
    return put_together(replace(pieces, header=with_field(pieces.header, FILE_HEADER, name, value)))


def write_file(
    streams: Mapping[int, Stream],
    chunks: Iterable[Chunk | tuple[Chunk, bytes]],
    tags: Mapping[str, str] | None = None,
) -> bytes:
    """A file of these chunks; of a pair the second one is stored, while the index speaks of the first."""
    target = io.BytesIO()
    writer = Writer(target, streams, {"encoder": "vectors"} if tags is None else tags)
    for chunk in chunks:
        writer.write_content(*(chunk if isinstance(chunk, tuple) else (chunk, build_chunk(chunk))))
    writer.close()
    return target.getvalue()
