"""Find the whole boxes of a damaged or cut file (`spec/inrv.md` section 3.1)."""

from __future__ import annotations

import hashlib
import io
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, BinaryIO

from inrv_format.boxes import END_BOX, HEADER_BYTES, Box, has_header, parse_header
from inrv_format.errors import InvalidDataError, LimitError
from inrv_format.header import FileHeader, read_file_header
from inrv_format.limits import DEFAULT_LIMITS, Limits
from inrv_format.schema import FOOTER, FOOTER_MAGIC, SYNC

PIECE_BYTES = 1 << 20
# Bytes of content that may be checked in vain for each byte of the file, and one box; damage alone needs one.
VAIN_RATIO = 16
NO_HEADER: Mapping[str, Any] = {}


@dataclass(frozen=True, slots=True)
class Gap:
    """Bytes [start, end) that are no whole box; `type` and `sequence` where they begin with the header of one."""

    start: int
    end: int
    type: bytes = b""
    sequence: int = -1

    @property
    def reason(self) -> str:
        """What is wrong with them."""
        return f"{self.type.decode()} box damaged or cut off" if self.type else "no box starts here"


class Scanner:
    """Reads a file or a pipe once, front to back, and gives its whole boxes and what lies between them.

    A box is whole if both its CRCs are right; its length is believed only then. Takes time in proportion to the
    file's length and memory for one box. Raises LimitError where boxes that are not whole claim each other's bytes
    over and over, which no damage does. `sha256` is of all that was read.
    """

    def __init__(self, source: BinaryIO, limits: Limits = DEFAULT_LIMITS) -> None:
        self.sha256 = hashlib.sha256()
        self.position = 0
        self._source = source
        self._limits = limits
        self._window = bytearray()  # what was read and lies from `position` on
        self._ended = False
        self._vain = 0

    def file_header(self) -> FileHeader | None:
        """The file header, to be asked for first; None where it is damaged. UnsupportedError for a newer version."""
        self._fill(self._limits.header_bytes)
        try:
            header = read_file_header(io.BytesIO(self._window[: self._limits.header_bytes]), self._limits)
        except InvalidDataError:
            return None
        self._pass_over(len(header.data))
        return header

    def __iter__(self) -> Iterator[Box | Gap]:
        """Boxes and gaps in order; a new gap starts at each header, even of a box that is not whole."""
        start, header = self.position, NO_HEADER
        while self._seek_sync():
            found = self._header()
            if found is not NO_HEADER:
                yield from self._gap(start, header)
                start, header = self.position, found
                box = self._box(header)
                if box is not None:
                    yield box
                    self._pass_over(box.length)
                    self._pass_over_footer(box)
                    start, header = self.position, NO_HEADER
                    continue
            self._pass_over(1)
        self._pass_over(len(self._window))
        yield from self._gap(start, header)

    def _gap(self, start: int, header: Mapping[str, Any]) -> Iterator[Gap]:
        if self.position > start:
            yield Gap(start, self.position, header.get("type", b""), header.get("sequence", -1))

    def _seek_sync(self) -> bool:
        """Pass over what is before the next sync word; False at the end."""
        while self._fill(len(SYNC)):
            place = self._window.find(SYNC)
            if place == 0:
                return True
            self._pass_over(place if place > 0 else len(self._window) - len(SYNC) + 1)
        return False

    def _header(self) -> Mapping[str, Any]:
        """Fields of the box header that starts here; NO_HEADER where none does that a reader would take."""
        if not self._fill(HEADER_BYTES) or not has_header(data := bytes(self._window[:HEADER_BYTES])):
            return NO_HEADER
        try:
            return parse_header(data, self.position, self._limits)
        except InvalidDataError:
            return NO_HEADER

    def _box(self, header: Mapping[str, Any]) -> Box | None:
        """The box that starts here, if all of it is there and its content is undamaged."""
        length = header["length"]
        end = HEADER_BYTES + length
        if not self._fill(end + 4):
            return None
        checked = zlib.crc32(memoryview(self._window)[HEADER_BYTES:end])
        if checked.to_bytes(4, "little") != self._window[end : end + 4]:
            self._vain += length
            if self._vain > self._limits.box_bytes + VAIN_RATIO * (self.position + len(self._window)):
                raise LimitError("boxes that are not whole claim the same bytes over and over", section="3.1")
            return None
        return Box(header["type"], header["sequence"], self.position, bytes(self._window[HEADER_BYTES:end]))

    def _pass_over_footer(self, box: Box) -> None:
        """Where the box was the end box and a whole footer follows, that belongs to it."""
        size = FOOTER.sizeof()
        if box.type != END_BOX or not self._fill(size):
            return
        data = bytes(self._window[:size])
        fields, crc = data[: size - 8], data[size - 8 : size - 4]
        if data.endswith(FOOTER_MAGIC) and zlib.crc32(fields).to_bytes(4, "little") == crc:
            self._pass_over(size)

    def _fill(self, size: int) -> bool:
        """Read on until `size` bytes lie in the window; False where there are fewer."""
        while len(self._window) < size and not self._ended:
            piece = self._source.read(PIECE_BYTES)
            self._ended = not piece
            self.sha256.update(piece)
            self._window += piece
        return len(self._window) >= size

    def _pass_over(self, size: int) -> None:
        del self._window[:size]
        self.position += size
