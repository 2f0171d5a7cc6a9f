"""What a damaged file has lost: spans of bytes, and the chunks, frames and times that went with them."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from inrv_format.boxes import CHUNK_BOX, END_BOX, INDEX_BOX, Box
from inrv_format.scan import Gap


@dataclass(frozen=True, slots=True)
class Place:
    """Between two chunks: the index of the one that follows, its first frame (None without picture), its time."""

    chunk: int
    frame: int | None
    time_s: Fraction


@dataclass(frozen=True, slots=True)
class Loss:
    """Bytes [start, end) that could not be kept, and why; none at all where bytes are missing.

    `before` is where the whole chunk before them ends, `after` where the next one starts, None where there is none.
    `chunks` says whether chunks may be lost between the two.
    """

    start: int
    end: int
    reason: str
    before: Place | None
    after: Place | None
    chunks: bool

    def __str__(self) -> str:
        where = f"bytes {self.start} to {self.end - 1}" if self.end > self.start else f"at byte {self.start}"
        return f"{where}: {self.reason}; {self._lost()}"

    def _lost(self) -> str:
        before, after = self.before, self.after
        if not self.chunks:
            return "no chunk is lost"
        if before and after and after.chunk <= before.chunk:
            return f"lost: what stood between chunks {before.chunk - 1} and {after.chunk}"
        if before and after:
            parts = [_numbers("chunk", before.chunk, after.chunk)]
            if before.frame is not None and after.frame is not None and after.frame > before.frame:
                parts.append(_numbers("frame", before.frame, after.frame))
            return f"lost: {', '.join(parts)}, {float(before.time_s):.3f} to {float(after.time_s):.3f} s"
        place = before or after
        if place is None:
            return "lost: all chunks"
        frame = "" if place.frame is None else f", frame {place.frame - (after is None)}"
        last = f"chunk {place.chunk - (after is None)}{frame}, {float(place.time_s):.3f} s"
        return f"lost: whatever came {'after' if after is None else 'before'} {last}"


class LossLog:
    """Joins what is lost between two whole chunks to one Loss, and tells from sequence numbers what it was."""

    def __init__(self) -> None:
        self.losses: list[Loss] = []
        self._open: tuple[int, int, str] | None = None
        self._refused = False  # whether a whole chunk is in what is open
        self._place: Place | None = None
        self._sequence = -1  # of the last whole box before what is open
        self._known = 0  # boxes since then that are no chunks
        self._last_sequence: int | None = None  # of the index, or where it should be
        self._complete = False

    def lose(self, start: int, end: int, reason: str) -> None:
        """Bytes that are not kept."""
        if self._open:
            start, reason = self._open[0], self._open[2]
        self._open = (start, end, reason)

    def refuse(self, box: Box, reason: str) -> None:
        """A whole box that is not kept; this reason goes before others."""
        self.lose(box.offset, box.offset + box.length, reason)
        if self._open and not self._refused:
            self._open = (*self._open[:2], reason)
        self._refused = self._refused or box.type == CHUNK_BOX

    def gap(self, gap: Gap) -> None:
        """Bytes that are no whole box."""
        self.lose(gap.start, gap.end, gap.reason)
        if gap.type == INDEX_BOX:
            self._last_sequence = gap.sequence
        elif gap.type not in (b"", CHUNK_BOX, END_BOX):
            self._known += 1

    def other(self, box: Box) -> None:
        """A whole box that is no chunk."""
        self._check_sequence(box)
        if box.type == END_BOX:
            self._last_sequence = box.sequence - 1 if self._last_sequence is None else self._last_sequence
        elif self._open:
            self._known += 1
        else:
            self._sequence = box.sequence

    def chunk(self, box: Box, start: Place, end: Place) -> None:
        """A chunk that is kept, and what it spans."""
        self._check_sequence(box)
        self._close(start, box.sequence)
        self._place, self._sequence = end, box.sequence

    def index(self, box: Box, end: Place | None) -> None:
        """A whole index, and where the last chunk that it lists ends; what follows is no chunk."""
        self._check_sequence(box)
        self._close(end, box.sequence)
        self._sequence, self._complete = box.sequence, True

    def finish(self) -> None:
        """The end of the file."""
        self._close(None, self._last_sequence)

    def _check_sequence(self, box: Box) -> None:
        if self._open is None and box.sequence != self._sequence + 1:
            self.lose(box.offset, box.offset, f"box {box.sequence} where box {self._sequence + 1} belongs")

    def _close(self, after: Place | None, sequence: int | None) -> None:
        if self._open is not None:
            before = self._place
            room = (before.chunk if before else 0) < after.chunk if after else True
            missing = sequence is None or sequence - self._sequence - 1 > self._known
            chunks = self._refused or (room and missing and not self._complete)
            self.losses.append(Loss(*self._open, before, after, chunks))
        self._open, self._known, self._refused = None, 0, False


def _numbers(name: str, first: int, end: int) -> str:
    """`chunk 3` or `chunks 3 to 5`."""
    return f"{name} {first}" if end - first == 1 else f"{name}s {first} to {end - 1}"
