"""What of a file is decoded, and when it is shown: spans of time, frame rates, sizes."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from functools import cached_property

import numpy as np
from inrv_format.chunk import Chunk, VideoSpan
from inrv_format.errors import InputError, LimitError
from inrv_format.order import ChunkOrder
from inrv_format.reader import Reader
from inrv_format.streams import AudioStream, VideoStream
from numpy.typing import NDArray

from invr.config import DecodeConfig, require_of_input
from invr.crop import Crop

# Ticks a second in which single pictures are timed, and their rate where the file states none.
TICKS_AT = 1_000_000
LONE_RATE = 25


class Timeline:
    """Maps what was asked for (a span, a frame rate) to chunks, positions in them, and output times.

    Times are exact fractions of a second from the file's first sample or frame; output starts at zero when a start
    was asked for, and keeps the file's own times otherwise.
    """

    def __init__(self, reader: Reader, config: DecodeConfig) -> None:
        self.reader = reader
        self.config = config
        self.video, self.audio = reader.video, reader.audio
        self._frames_left = config.frames
        self._sound_end = 0
        self._start = Fraction(config.start_s).limit_denominator(1_000_000)
        self._duration = Fraction(config.duration_s or 0).limit_denominator(1_000_000)
        self._at = [Fraction(at_s).limit_denominator(TICKS_AT) for at_s in config.at_s]
        self._zero = self._at[0] if self._at else Fraction(0)
        self._due: dict[int, list[Fraction]] = {}
        self._first: Chunk | None = None
        self.origin: Fraction | None = None
        self.wanted: list[int] | None = None
        self._check_picture()
        if reader.index is not None:
            self.wanted = self._wanted_entries()

    @property
    def start(self) -> Fraction:
        """When the wanted span starts, in the file's own time."""
        assert self.origin is not None
        return self.origin + self._start

    @property
    def end(self) -> Fraction | None:
        """When it ends; None where that is the file's end."""
        if self.config.duration_s is None:
            return None
        return self.start + self._duration

    @property
    def shift(self) -> Fraction:
        """What is taken off the file's times on output."""
        return self.start if self.config.start_s else Fraction(0)

    @property
    def resampled(self) -> bool:
        """Whether pictures are asked for at points that were not fitted."""
        config = self.config
        return config.size is not None or config.scale != 1.0 or config.fps is not None or bool(config.at_s)

    @property
    def video_out(self) -> VideoStream | None:
        """The picture stream as it is written: upright, at the asked size and rate, and cropped."""
        if self.video is None:
            return None
        width, height = self.upright_size
        turned = self.video.rotation in (90, 270)
        native = (self.video.height, self.video.width) if turned else (self.video.width, self.video.height)
        aspect = self.video.sample_aspect_ratio or Fraction(1)  # zero is unknown
        aspect = 1 / aspect if turned else aspect
        if (width, height) != native:
            aspect = (aspect * native[0] * height / (native[1] * width)).limit_denominator(1000)
        crop = self.crop
        out = replace(self.video, width=crop.width, height=crop.height, sample_aspect_ratio=aspect, rotation=0)
        if self.config.single:
            return replace(out, time_base=Fraction(1, TICKS_AT))
        if self.config.fps is None:
            return out
        return replace(out, time_base=1 / self.config.fps, average_rate=self.config.fps)

    @property
    def upright_size(self) -> tuple[int, int]:
        """Width and height on output, after rotation, of the whole picture."""
        assert self.video is not None
        if self.config.size:
            return self.config.size
        scaled = [max(1, round(side * self.config.scale)) for side in (self.video.width, self.video.height)]
        if self.video.rotation in (90, 270):
            scaled.reverse()
        return scaled[0], scaled[1]

    @property
    def crop(self) -> Crop:
        """What is wanted of the upright picture."""
        return self.config.crop or Crop(0, 0, *self.upright_size)

    @property
    def whole(self) -> bool:
        """Whether all chunks of the file are wanted."""
        config = self.config
        return (config.start_s, config.duration_s, config.frames, config.single) == (0.0, None, None, False)

    def chunks(self) -> Iterator[Chunk]:
        """The chunks that are needed, in order; only their boxes are read from a seekable file, and the first one's
        where it alone tells when the file starts.

        A pipe is read no further than the wanted span.
        """
        if self.wanted is not None:
            order = ChunkOrder(self.config.limits)
            for number in self.wanted:
                if self._frames_left == 0:
                    return
                chunk = self._first if self._first and number == 0 else self.reader.chunk(number)
                self._first = None
                order.admit(chunk)
                yield chunk
            return
        for chunk in self.reader.chunks():
            first, last = _chunk_span(chunk, self.video, self.audio)
            self.origin = first if self.origin is None else self.origin
            if self._frames_left == 0 or (self.end is not None and first >= self.end):
                return
            if self._take_due(chunk) if self.config.single else last > self.start:
                yield chunk
            if self.config.single and not self._at:
                return
        if self._at:
            raise InputError(f"--at {float(self._at[0])} s: the picture ends before that")

    def positions(self, chunk: Chunk) -> tuple[NDArray[np.float64], NDArray[np.int64], int]:
        """Positions [F] in frames of the chunk, output pts [F], and the last one's duration."""
        assert chunk.video is not None and self.video is not None
        if self.config.single:
            positions, pts, last = self._single_positions(chunk, chunk.video, self.video)
        elif self.config.fps is None:
            positions, pts, last = self._stored_positions(chunk.video, self.video.time_base)
        else:
            positions, pts, last = self._rate_positions(chunk, chunk.video, self.video.time_base, self.config.fps)
        if self._frames_left is not None:
            self._frames_left -= len(positions)
        return np.array(positions, np.float64), np.array(pts, np.int64), last

    def _stored_positions(self, span: VideoSpan, base: Fraction) -> tuple[list[float], list[int], int]:
        kept = [k for k, pts in enumerate(span.pts) if self._inside(pts * base)][: self._frames_left]
        if not kept:
            return [], [], 1
        offset = round(self.shift / base)
        last = kept[-1]
        following = span.pts[last + 1] if last + 1 < len(span.pts) else span.end_pts
        return [float(k) for k in kept], [span.pts[k] - offset for k in kept], following - span.pts[last]

    def _rate_positions(
        self, chunk: Chunk, span: VideoSpan, base: Fraction, fps: Fraction
    ) -> tuple[list[float], list[int], int]:
        """Ticks of 1/fps that fall into the chunk; between two frames the position is linear in time."""
        assert self.origin is not None
        origin = self.shift if self.config.start_s else self.origin
        begin, end = span.pts[0] * base, span.end_pts * base
        begin = max(begin, self.start) if self.config.start_s else begin
        end = end if self.end is None else min(end, self.end)
        ticks = range(math.ceil((begin - origin) * fps), math.ceil((end - origin) * fps))[: self._frames_left]
        if len(ticks) * chunk.macs > len(span.pts) * self.config.limits.macs_per_chunk:
            raise LimitError(
                f"--fps {fps} asks for {len(ticks)} frames of chunk {chunk.index}", limit="macs_per_chunk"
            )
        positions = [_position(float((origin + tick / fps) / base), span.pts, span.last_duration) for tick in ticks]
        offset = 0 if self.config.start_s else round(origin * fps)
        return positions, [tick + offset for tick in ticks], 1

    def _single_positions(
        self, chunk: Chunk, span: VideoSpan, video: VideoStream
    ) -> tuple[list[float], list[int], int]:
        """Those of the single pictures that lie in the chunk; times on output start at the first one asked for."""
        assert self.origin is not None
        due = self._due[chunk.index]
        times = [float((self.origin + at) / video.time_base) for at in due]
        positions = [max(0.0, _position(time, span.pts, span.last_duration)) for time in times]
        if self.config.stills:
            positions = [float(math.floor(position)) for position in positions]
        pts = [round((at - self._zero) * TICKS_AT) for at in due]
        return positions, pts, round(TICKS_AT / (video.average_rate or LONE_RATE))

    def foreseen_frames(self, place: int) -> Fraction:
        """About how many frames of the chunk at this place in the index are asked for, but for `frames`."""
        index = self.reader.index
        assert index is not None and self.video is not None
        entry, start = index.entries[place], self._starts[place]
        if self.config.single:
            return Fraction(len(self._due[entry.chunk]))
        ends = [*self._starts[place + 1 : place + 2], index.video_end * self.video.time_base]
        if ends[0] <= start:
            return Fraction(entry.frame_count)
        rate = self.config.fps or entry.frame_count / (ends[0] - start)
        begin = max(start, self.start) if self.config.start_s else start
        return max(Fraction(0), min(ends[0], self.end or ends[0]) - begin) * rate

    def cut_sound(self, values: NDArray[np.float32], pts: int) -> tuple[NDArray[np.float32], int]:
        """The part of samples [N, C], the first at `pts`, that lies in the wanted span, and its time on output."""
        if self.audio is None or not len(values):
            return values[:0], 0
        rate = self.audio.sample_rate_hz
        start = max(0, round(self.start * rate) - pts) if self.config.start_s else 0
        end = len(values) if self.end is None else min(len(values), round(self.end * rate) - pts)
        if end <= start:
            return values[:0], 0
        time = pts + start - round(self.shift * rate)
        if abs(time - self._sound_end) > self.config.limits.silence_samples:
            raise LimitError(f"sound at {time / rate:.0f} s, with silence before it", limit="silence_samples")
        self._sound_end = time + end - start
        return values[start:end], time

    def _inside(self, time: Fraction) -> bool:
        if self.config.start_s and time < self.start:
            return False
        return self.end is None or time < self.end

    def _check_picture(self) -> None:
        """Refuse a crop that lies outside, and one or single pictures where there is none."""
        crop, config = self.config.crop, self.config
        for option, asked in (("--crop", crop), ("--at", config.at_s), ("stills", config.stills)):
            require_of_input(self.video is not None or not asked, option, asked, "files with a picture")
        seekable = self.reader.index is not None
        require_of_input(seekable or not config.stills, "stills", config.stills, "files that can be sought, no pipes")
        if crop is not None:
            width, height = self.upright_size
            inside = crop.columns[1] <= width and crop.rows[1] <= height
            require_of_input(inside, "--crop", crop, f"x + w up to {width} and y + h up to {height}")

    def _wanted_entries(self) -> list[int]:
        """Places in the index of the chunks that the span touches."""
        starts = self._starts
        if not starts:
            return []
        self.origin = self._found_origin()
        if self.config.single:
            return self._entries_at()
        low = max(0, bisect_right(starts, self.start) - 1) if self.config.start_s else 0
        end = self.end
        return [k for k in range(low, len(starts)) if end is None or k == low or starts[k] < end]

    @cached_property
    def _starts(self) -> list[Fraction]:
        """When each chunk of the index starts: of its picture, if it has one, the first frame."""
        assert self.reader.index is not None
        video, audio = self.video, self.audio
        bases = [video.time_base if video else Fraction(1), audio.time_base if audio else Fraction(1)]
        return [entry.first_pts * bases[0 if entry.frame_count else 1] for entry in self.reader.index.entries]

    def _found_origin(self) -> Fraction:
        """When the file starts: its sound may begin before the first frame, which the first chunk alone tells."""
        if self.video is None or self.audio is None:
            return self._starts[0]
        self._first = self.reader.chunk(0)
        return _chunk_span(self._first, self.video, self.audio)[0]

    def _entries_at(self) -> list[int]:
        """Places of the chunks with frames in which the single pictures lie."""
        index = self.reader.index
        assert index is not None and self.video is not None and self.origin is not None
        end = index.video_end * self.video.time_base - self.origin
        places = [place for place, entry in enumerate(index.entries) if entry.frame_count]
        starts = [self._starts[place] for place in places]
        if not places:
            return []
        if self.config.stills:
            self._at = _midpoints(starts[0] - self.origin, end, min(self.config.stills, index.frame_count))
        late = [float(at) for at in self._at if at >= end]
        require_of_input(not late, "--at", late and late[0], f"times before the picture's end at {float(end):.6g} s")
        for at in self._at:
            place = places[max(0, bisect_right(starts, self.origin + at) - 1)]
            self._due.setdefault(index.entries[place].chunk, []).append(at)
        return [place for place in places if index.entries[place].chunk in self._due]

    def _take_due(self, chunk: Chunk) -> bool:
        """Whether single pictures lie in this chunk of a pipe or before it; they are no longer waited for."""
        assert self.origin is not None
        if not chunk.video or not self.video:
            return False
        end = chunk.video.end_pts * self.video.time_base - self.origin
        due = [at for at in self._at if at < end]
        self._at = self._at[len(due) :]
        self._due[chunk.index] = due
        return bool(due)


def _midpoints(start: Fraction, end: Fraction, count: int) -> list[Fraction]:
    """The middles of `count` equal parts."""
    return [start + (end - start) * Fraction(2 * k + 1, 2 * count) for k in range(count)]


def _position(time: float, pts: Sequence[int], last_duration: int) -> float:
    """Position in frames of a time in ticks: whole at each pts, linear between, up to half a frame past the last."""
    k = max(0, bisect_right(pts, time) - 1)
    following = pts[k + 1] if k + 1 < len(pts) else pts[k] + last_duration
    position = k + (time - pts[k]) / (following - pts[k])
    return min(position, len(pts) - 0.5)


def _chunk_span(chunk: Chunk, video: VideoStream | None, audio: AudioStream | None) -> tuple[Fraction, Fraction]:
    """First and last moment of a chunk in the file's own time."""
    spans = []
    if chunk.video and video:
        spans.append((chunk.video.pts[0] * video.time_base, chunk.video.end_pts * video.time_base))
    if chunk.audio and audio:
        end = chunk.audio.pts + chunk.audio.sample_count
        spans.append((chunk.audio.pts * audio.time_base, end * audio.time_base))
    return min(start for start, _ in spans), max(end for _, end in spans)
