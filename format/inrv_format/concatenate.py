"""Join files one after the other without decoding them (`spec/inrv.md` section 8.1)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, fields
from fractions import Fraction
from typing import Protocol

from inrv_format.chunk import Chunk, parse_chunk
from inrv_format.errors import InputError, LimitError, named
from inrv_format.limits import DEFAULT_LIMITS, Limits
from inrv_format.order import ChunkOrder
from inrv_format.reader import Reader
from inrv_format.retime import Shift, shifted
from inrv_format.streams import AudioStream, Stream, VideoStream
from inrv_format.writer import Target, Writer

# A hint, which two clips of one camera need not share.
IGNORED = "average_rate"


class Part(Protocol):
    """One of the files to be joined."""

    @property
    def name(self) -> str:
        """For messages."""

    def open(self) -> AbstractContextManager[Reader]:
        """A reader whose chunks have not been read; called twice, and a pipe gives the same one again."""


@dataclass(frozen=True, slots=True)
class JoinResult:
    """What was joined; `warnings` names parts that look as if one before them were missing."""

    bytes_written: int
    chunks: int
    end_s: float
    warnings: tuple[str, ...]


def concatenate(parts: Sequence[Part], target: Target, *, limits: Limits = DEFAULT_LIMITS) -> JoinResult:
    """Write the chunks of all parts to `target` as one file, reading one chunk at a time.

    A part whose first chunk goes on where the part before ended (in index, frame, sample and time) is taken as it is;
    so the parts of one encode give its bytes again. Any other is moved: its picture and sound, together, to the first
    time after the end of both that the coarser time base can express. Streams are those of the first part and must be
    the same in all, but for `average_rate`; tags are those that all have in common. Raises InputError where streams
    differ, InvalidDataError for a damaged part, LimitError where the whole is too large.
    """
    streams, tags = _common(parts)
    writer = Writer(target, streams, tags)
    line = _Line(streams, limits)
    warnings = []
    for part in parts:
        line.start_part()
        with named(part.name), part.open() as reader:
            for chunk, box in reader.chunk_boxes():
                writer.write_content(*line.place(chunk, box.content))
        if line.move is not None and line.first_index:
            follows = f"chunk {line.first_index}, which does not follow on what is before it"
            warnings.append(f"{part.name}: starts with {follows}: moved by {float(line.move):.3f} s")
    writer.close()
    return JoinResult(writer.bytes_written, line.chunks, float(line.end_s), tuple(warnings))


def _common(parts: Sequence[Part]) -> tuple[dict[int, Stream], dict[str, str]]:
    """The streams of all parts, and the tags that they have in common."""
    first, streams, tags = "", {}, {}
    for part in parts:
        with named(part.name), part.open() as reader:
            if not first:
                first, streams, tags = part.name, reader.streams, reader.tags
            difference = _difference(streams, reader.streams)
            if difference:
                raise InputError(f"{part.name}: {difference} in {first}")
            tags = {key: value for key, value in tags.items() if reader.tags.get(key) == value}
    return streams, tags


def _difference(wanted: dict[int, Stream], found: dict[int, Stream]) -> str:
    """The first thing that tells two files' streams apart, if anything does."""
    for stream_id in sorted(wanted | found):
        one, other = wanted.get(stream_id), found.get(stream_id)
        if type(one) is not type(other):
            return f"stream {stream_id} is {_kind(other)}, {_kind(one)}"
        assert one is not None and other is not None
        for field in fields(one):
            values = getattr(one, field.name), getattr(other, field.name)
            if field.name != IGNORED and values[0] != values[1]:
                return f"{_kind(other)} has {field.name} {values[1]}, {values[0]}"
    return ""


def _kind(stream: Stream | None) -> str:
    return {VideoStream: "picture", AudioStream: "sound"}.get(type(stream), "missing")


class _Line:
    """Where the next chunk belongs, and chunks put there.

    `move` is the time by which the part under work is moved, None where it goes on by itself; `first_index` that of
    its first chunk, once known.
    """

    def __init__(self, streams: dict[int, Stream], limits: Limits) -> None:
        self.chunks = 0
        self._streams, self._limits = streams, limits
        self._bases = {type(stream): stream.time_base for stream in streams.values()}
        self._order = ChunkOrder(limits)
        self._macs = self._index = self._frame = self._sample = 0
        self._video_end: int | None = None
        self._audio_end: int | None = None
        self.start_part()

    def start_part(self) -> None:
        """What comes next is another part's."""
        self.move: Fraction | None = None
        self.first_index: int | None = None
        self._indices = 0
        self._frames: int | None = None
        self._samples: int | None = None

    @property
    def end_s(self) -> Fraction:
        """Where all that was placed ends."""
        ends = [(VideoStream, self._video_end), (AudioStream, self._audio_end)]
        return max((self._bases[kind] * end for kind, end in ends if end is not None), default=Fraction(0))

    def place(self, chunk: Chunk, content: bytes) -> tuple[Chunk, bytes]:
        """The chunk and its box's content where it belongs."""
        if self.first_index is None:
            self.first_index = chunk.index
            if self.chunks and not self._follows(chunk):
                self._start_move(chunk)
        if self.move is not None:
            content = self._moved(chunk, content, self.move)
            chunk = parse_chunk(content, self._streams, limits=self._limits)
        self._order.admit(chunk)
        self._advance(chunk)
        return chunk, content

    def _follows(self, chunk: Chunk) -> bool:
        """Whether it goes on where the one before ended."""
        video, audio = chunk.video, chunk.audio
        if chunk.index != self._index:
            return False
        if video and video.first_frame != self._frame:
            return False
        if video and self._video_end is not None and video.pts[0] < self._video_end:
            return False
        if not audio:
            return True
        start = audio.pts + audio.overlap
        gap = start - (start if self._audio_end is None else self._audio_end)
        return audio.first_sample == self._sample and (gap == 0 or (gap > 0 and not audio.overlap))

    def _start_move(self, chunk: Chunk) -> None:
        """To the first time after the end that the coarser time base can express: sound stays with its picture."""
        starts = []
        if chunk.video:
            starts.append(chunk.video.pts[0] * self._bases[VideoStream])
        if chunk.audio:
            starts.append(chunk.audio.pts * self._bases[AudioStream])
        coarse = max(self._bases.values())
        self.move = math.ceil((self.end_s - min(starts)) / coarse) * coarse
        self._indices = self._index - chunk.index

    def _moved(self, chunk: Chunk, content: bytes, move: Fraction) -> bytes:
        """The part's first frame and sample take the next numbers; its first sound overlaps nothing."""
        ticks, sound_ticks = (
            math.ceil(move / self._bases[kind]) if kind in self._bases else 0 for kind in (VideoStream, AudioStream)
        )
        alone = chunk.audio is not None and self._samples is None
        if chunk.video and self._frames is None:
            self._frames = self._frame - chunk.video.first_frame
        if chunk.audio and self._samples is None:
            self._samples = self._sample - chunk.audio.first_sample + chunk.audio.overlap
        shift = Shift(self._indices, self._frames or 0, ticks, self._samples or 0, sound_ticks)
        return shifted(content, chunk, shift, alone=alone)

    def _advance(self, chunk: Chunk) -> None:
        self.chunks, self._index, self._macs = self.chunks + 1, chunk.index + 1, self._macs + chunk.macs
        if chunk.video:
            self._frame = chunk.video.first_frame + len(chunk.video.pts)
            self._video_end = chunk.video.end_pts
        if chunk.audio:
            self._sample = chunk.audio.first_sample + chunk.audio.sample_count - chunk.audio.overlap
            self._audio_end = chunk.audio.pts + chunk.audio.sample_count
        if self.chunks > self._limits.chunks or self._macs > self._limits.macs_per_file:
            raise LimitError(
                f"{self.chunks} chunks take {self._macs:.1e} multiply-adds", limit="macs_per_file", section="9"
            )
