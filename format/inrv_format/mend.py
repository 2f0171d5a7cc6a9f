"""A whole file made of what is whole in a damaged or cut one (`spec/inrv.md` section 3.1)."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Iterator
from fractions import Fraction
from typing import Any, BinaryIO

from inrv_format.boxes import (
    CHUNK_BOX,
    END_BOX,
    INDEX_BOX,
    KNOWN_BOXES,
    OVERHEAD_BYTES,
    STREAM_BOX,
    TAGS_BOX,
    Box,
    build_box,
)
from inrv_format.chunk import Chunk, parse_chunk
from inrv_format.errors import InvalidDataError, LimitError, UnsupportedError
from inrv_format.header import build_file_header
from inrv_format.index import IndexBuilder, build_index, parse_index, parse_stream, parse_tags
from inrv_format.limits import DEFAULT_LIMITS, Limits
from inrv_format.losses import Loss, LossLog, Place
from inrv_format.order import ChunkOrder
from inrv_format.retime import Shift, shifted
from inrv_format.scan import Gap, Scanner
from inrv_format.schema import CHUNK_HEADER, FOOTER
from inrv_format.streams import AUDIO, VIDEO, AudioStream, Stream, VideoStream
from inrv_format.writer import build_footer

KINDS = ((VIDEO, VideoStream, "picture"), (AUDIO, AudioStream, "sound"))


class Mending:
    """Reads a file or a pipe once and gives the bytes of a whole file: all its boxes that are whole, no others.

    A chunk counts as whole if its payloads inflate and a reader takes it where it stands; sound after a hole of more
    silence than `limits` allow is no such chunk. Boxes are numbered anew, index, end and footer are written anew; a
    chunk that overlaps sound that is lost overlaps nothing. `losses` grows while the bytes are asked for; when all
    were, `unchanged` says whether they are those of the source.
    """

    def __init__(self, source: BinaryIO, limits: Limits = DEFAULT_LIMITS) -> None:
        self.chunks = 0
        self.unchanged = False
        self._limits = limits
        self._scanner = Scanner(source, limits)
        self._log = LossLog()
        self._streams: dict[int, Stream] = {}
        self._order, self._index = ChunkOrder(limits), IndexBuilder()
        self._index_place: tuple[int, int] | None = None
        self._macs = self._offset = self._sequence = 0
        self._tagged = False
        self._orphaned = ""

    @property
    def losses(self) -> list[Loss]:
        """What was lost so far, in order."""
        return self._log.losses

    def pieces(self) -> Iterator[bytes]:
        """The bytes, box by box.

        Raises InvalidDataError where no chunk is whole, UnsupportedError for a newer version, LimitError for a file
        that is too large.
        """
        sha256 = hashlib.sha256()
        for piece in self._pieces():
            sha256.update(piece)
            yield piece
        self.unchanged = sha256.digest() == self._scanner.sha256.digest()

    def source(self) -> BinaryIO:
        """The same as a pipe that can be read."""
        return io.BufferedReader(_PieceSource(self.pieces()))

    def _pieces(self) -> Iterator[bytes]:
        header = self._scanner.file_header()
        yield self._placed(header.data if header else build_file_header())
        end: Box | None = None
        for found in self._scanner:
            if isinstance(found, Gap):
                self._log.gap(found)
            elif found.type == END_BOX:
                self._log.other(found)
                end = found
            elif (content := self._kept(found)) is not None:
                self._check_limits()
                yield self._box(found.type, content)
        if end is None or self._scanner.position == end.offset + end.length:
            self._log.lose(self._scanner.position, self._scanner.position, "the file ends here")
        self._log.finish()
        self._check_saved()
        if self._index_place is None:
            yield self._box(INDEX_BOX, self._index_content())
        yield self._box(END_BOX, b"")
        assert self._index_place is not None
        yield self._placed(build_footer(*self._index_place, self._offset + FOOTER.sizeof()))

    def _check_limits(self) -> None:
        if self.chunks > self._limits.chunks or self._macs > self._limits.macs_per_file:
            raise LimitError(
                f"{self.chunks} chunks take {self._macs:.1e} multiply-adds", limit="macs_per_file", section="9"
            )

    def _check_saved(self) -> None:
        if not self._streams:
            reason = self.losses[0] if self.losses else "there is none"
            raise InvalidDataError(f"no STRM box is whole, without which no chunk can be read: {reason}")
        if not self.chunks and self._orphaned:
            raise InvalidDataError(f"no chunk can be read: {self._orphaned}", section="4")
        if not self.chunks and self.losses:
            raise InvalidDataError(f"no chunk is whole: {self.losses[0]}")

    def _kept(self, box: Box) -> bytes | None:
        """What the new file holds of a whole box; None for a box that it cannot hold."""
        if box.type not in KNOWN_BOXES and box.critical:
            raise UnsupportedError(f"box type {box.type.decode()} needs a newer version of this program")
        try:
            if box.type == CHUNK_BOX:
                return self._admitted(box)
            if box.type == INDEX_BOX:
                return self._new_index(box)
            self._describe(box)
        except InvalidDataError as error:
            self._log.refuse(box, str(error))
            return None
        self._log.other(box)
        return box.content

    def _describe(self, box: Box) -> None:
        """Take in what a box that is no chunk says; InvalidDataError for one that must not stand here."""
        if box.type in (STREAM_BOX, TAGS_BOX) and (self.chunks or self._index_place):
            raise InvalidDataError(f"{box.type.decode()} box after the first chunk", section="1")
        if box.type == TAGS_BOX:
            parse_tags(box.content, self._limits)
            self._tagged = True
        if box.type == STREAM_BOX:
            if self._tagged:
                raise InvalidDataError("STRM box after the tags", section="1")
            stream_id, stream = parse_stream(box.content, offset=box.offset, limits=self._limits)
            if stream_id in self._streams or type(stream) in map(type, self._streams.values()):
                raise InvalidDataError("a second stream of its kind", section="4")
            self._streams[stream_id] = stream

    def _admitted(self, box: Box) -> bytes:
        """The content of a chunk's box, if all of it can be decoded where it stands."""
        if self._index_place:
            raise InvalidDataError("a chunk after the index", section="1")
        content = box.content
        self._check_described(content)
        chunk = self._parsed(content, box.offset)
        for unit in chunk.units:
            unit.symbols()
        try:
            self._order.admit(chunk)
        except InvalidDataError:
            if not chunk.audio or not chunk.audio.overlap:
                raise
            content = shifted(content, chunk, Shift(), alone=True)
            chunk = self._parsed(content, box.offset)
            self._order.admit(chunk)
        self._log.chunk(box, *self._places(chunk))
        self._index.add(chunk, self._offset, len(content) + OVERHEAD_BYTES)
        self.chunks += 1
        self._macs += chunk.macs
        return content

    def _parsed(self, content: bytes, offset: int) -> Chunk:
        return parse_chunk(content, self._streams, offset=offset, limits=self._limits)

    def _check_described(self, content: bytes) -> None:
        """InvalidDataError for a chunk of a medium whose description is lost."""
        size = CHUNK_HEADER.sizeof()
        contents = CHUNK_HEADER.parse(content[:size]).contents if len(content) >= size else 0
        for bit, kind, name in KINDS:
            if contents & bit and not any(isinstance(stream, kind) for stream in self._streams.values()):
                self._orphaned = f"the STRM box of its {name} is lost"
                raise InvalidDataError(self._orphaned, section="4")

    def _places(self, chunk: Chunk) -> tuple[Place, Place]:
        """Where a chunk starts and where it ends, by its picture if it has one."""
        video, audio = chunk.video, chunk.audio
        if video:
            base = self._streams[video.stream].time_base
            start = Place(chunk.index, video.first_frame, video.pts[0] * base)
            return start, Place(chunk.index + 1, video.first_frame + len(video.pts), video.end_pts * base)
        assert audio is not None
        base = self._streams[audio.stream].time_base
        start = Place(chunk.index, None, (audio.pts + audio.overlap) * base)
        return start, Place(chunk.index + 1, None, (audio.pts + audio.sample_count) * base)

    def _new_index(self, box: Box) -> bytes:
        """The index of what was kept, in the place of the one that was found."""
        if self._index_place:
            raise InvalidDataError("a second index", section="1")
        self._log.index(box, self._index_end(box))
        return self._index_content()

    def _index_content(self) -> bytes:
        content = build_index(self._index.build())
        self._index_place = self._offset, len(content) + OVERHEAD_BYTES
        return content

    def _index_end(self, box: Box) -> Place | None:
        """Where the last chunk that an index lists ends, if that can be told."""
        try:
            # its offsets are those of the undamaged file, which may have been longer
            index = parse_index(box.content, offset=1 << 64, limits=self._limits)
        except InvalidDataError:  # a lie, which the new index replaces
            return None
        bases = {type(stream): stream.time_base for stream in self._streams.values()}
        if not index.entries or not bases:
            return None
        last = index.entries[-1]
        if last.frame_count and VideoStream in bases:
            frame = last.first_frame + last.frame_count
            return Place(last.chunk + 1, frame, index.video_end * bases[VideoStream])
        return Place(last.chunk + 1, None, index.audio_end * bases.get(AudioStream, Fraction(0)))

    def _box(self, box_type: bytes, content: bytes) -> bytes:
        box = build_box(box_type, self._sequence, content)
        self._sequence += 1
        return self._placed(box)

    def _placed(self, data: bytes) -> bytes:
        self._offset += len(data)
        return data


class _PieceSource(io.RawIOBase):
    """Pieces as a file that is read front to back."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._left = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._left:
            piece = next(self._pieces, None)
            if piece is None:
                return 0
            self._left = memoryview(piece)
        size = min(len(buffer), len(self._left))
        buffer[:size] = self._left[:size]
        self._left = self._left[size:]
        return size
