"""Chunk assembly: from frames and sound blocks in demuxing order to one `Signal` after the other."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import numpy as np
from inrv_format.errors import InputError
from numpy.typing import NDArray

from invr.media.chunk_lengths import Lengths
from invr.media.copied import edits_within, end_needed, first_needed
from invr.signals import AudioSignal, Signal, SourceCodec, SourcePacket, VideoSignal

MAX_GAP_S = 600
# Late sound is waited for while so much of the picture comes, in seconds and in frames.
WAIT_S = 2
WAIT_FRAMES = 64


@dataclass(frozen=True, slots=True)
class Frame:
    """One picture [H, W, C]; `pts` and `duration` (until the next frame) are in the video's time base."""

    values: NDArray[np.uint8] | NDArray[np.uint16]
    pts: int
    duration: int


@dataclass(frozen=True, slots=True)
class Sound:
    """A block of samples, float32 [N, C]; `pts` is the time of the first one, in samples.

    `packets` are those that were decoded since the block before, if they were asked for.
    """

    values: NDArray[np.float32]
    pts: int
    packets: Sequence[SourcePacket] = ()

    @property
    def end(self) -> int:
        """The time just after the last sample, in samples."""
        return self.pts + len(self.values)

    def cut(self, first: int | None, end: int | None) -> Sound:
        """Keep the samples from time `first` up to but without time `end`, in samples; None is no bound."""
        skip = 0 if first is None else min(max(0, first - self.pts), len(self.values))
        stop = len(self.values) if end is None else max(skip, min(end - self.pts, len(self.values)))
        return Sound(self.values[skip:stop], self.pts + skip, self.packets)


@dataclass(frozen=True, slots=True)
class ChunkLayout:
    """How to cut: `time_base` is the video's (None: no video), `sample_rate_hz` the sound's (0: no sound).

    `chunk_samples` is the length of a chunk without video, `overlap` the samples shared by neighbours, `codec` the
    sound's where its packets are wanted.
    """

    chunk_samples: int
    overlap: int
    time_base: Fraction | None
    sample_rate_hz: int
    bit_depth: int = 8
    codec: SourceCodec | None = None


class SoundLine:
    """Sound waiting for its chunk, as one gapless run of samples, and the packets that it came from."""

    def __init__(
        self, sample_rate_hz: int, overlap: int, warn: Callable[[str], None], codec: SourceCodec | None = None
    ) -> None:
        self._rate = sample_rate_hz
        self._overlap = overlap
        self._warn = warn
        self._codec = codec
        self._packets: list[SourcePacket] = []
        self._edits: list[tuple[int, int]] = []
        self._blocks: list[NDArray[np.float32]] = []
        self._origin: int | None = None
        self._tail: NDArray[np.float32] | None = None
        self._longest = 0
        self.start = 0
        self.end = 0

    def append(self, sound: Sound) -> None:
        """Add a block: a gap before it is filled with silence, an overlap is trimmed off its start.

        A deviation of up to half of the longest block or 2 ms, whichever is more, is the rounding of a container's
        clock, or Ogg's at a block shorter than the one before, and is ignored. Raises InputError where the gap is
        longer than `MAX_GAP_S`.
        """
        if len(sound.values) == 0:
            return
        if self._origin is None:
            self._origin = self.start = self.end = sound.pts
        gap = sound.pts - self.end
        self._longest = max(self._longest, len(sound.values))
        tolerance = max(self._longest // 2, self._rate // 500)
        values = sound.values
        if gap > MAX_GAP_S * self._rate:
            raise InputError(f"the sound has a gap of {gap / self._rate:.0f} s, allowed is {MAX_GAP_S} s")
        if gap > tolerance:
            self._warn("gaps in the sound are filled with silence")
            self._edits.append((self.end, gap))
            self._push(np.zeros((gap, values.shape[1]), np.float32))
        elif gap < -tolerance:
            self._warn("sound that overlaps in time is trimmed")
            values = values[-gap:]
            self._edits.append((self.end, len(values) - len(sound.values)))
        moved = self.end + len(values) - sound.end
        self._packets += [replace(packet, pts=packet.pts + moved) for packet in sound.packets]
        self._push(values)

    def take(self, until: int | None) -> AudioSignal | None:
        """Remove the samples before time `until` (None: all) as a chunk's sound; None where there are none."""
        count = self.end - self.start if until is None else min(until, self.end) - self.start
        if count <= 0 or self._origin is None:
            return None
        joined = np.concatenate(self._blocks)
        self._blocks = [joined[count:].copy()]
        values, shared = joined[:count], 0
        if self._tail is not None and self._overlap:
            shared = len(self._tail)
            values = np.concatenate([self._tail, values])
        pts = self.start - shared
        self.start += count
        self._tail = values[-self._overlap :].copy() if self._overlap else None
        packets, edits = self._take_packets(pts, self.start)
        first = pts + shared - self._origin
        return AudioSignal(values, pts, first, shared, self._rate, self._codec, packets, edits)

    def _take_packets(self, start: int, end: int) -> tuple[list[SourcePacket], list[tuple[int, int]]]:
        """What is needed for the samples from `start` to `end`; what is not needed after that is forgotten."""
        following = end - self._overlap
        edits = edits_within(self._edits, start, end)
        self._edits = [(time, samples) for time, samples in self._edits if time + max(samples, 0) >= following]
        if self._codec is None:
            return [], []
        packets = self._packets
        self._packets = packets[first_needed(self._codec, packets, following) :]
        return packets[first_needed(self._codec, packets, start) : end_needed(packets, end)], edits

    def _push(self, values: NDArray[np.float32]) -> None:
        self._blocks.append(values)
        self.end += len(values)


def assemble(
    events: Iterable[Frame | Sound], layout: ChunkLayout, lengths: Lengths, warn: Callable[[str], None]
) -> Iterator[Signal]:
    """Cut a source into chunks while it is read, holding little more than what `lengths` looks ahead.

    Sound that the container delivers more than `WAIT_S` behind the picture goes into a later chunk.
    """
    line = SoundLine(layout.sample_rate_hz, layout.overlap, warn, layout.codec)
    if layout.time_base is None:
        return _sound_chunks(events, line, layout)
    return _video_chunks(events, line, layout, layout.time_base, lengths)


def _sound_chunks(events: Iterable[Frame | Sound], line: SoundLine, layout: ChunkLayout) -> Iterator[Signal]:
    index, size = 0, layout.chunk_samples
    enough = size + math.ceil(size / 4)
    for event in events:
        if isinstance(event, Sound):
            line.append(event)
        while line.end - line.start >= enough:
            yield Signal(index, None, line.take(line.start + size))
            index += 1
    while line.end - line.start >= enough:
        yield Signal(index, None, line.take(line.start + size))
        index += 1
    rest = line.take(None)
    if rest is not None:
        yield Signal(index, None, rest)


def _video_chunks(
    events: Iterable[Frame | Sound], line: SoundLine, layout: ChunkLayout, time_base: Fraction, lengths: Lengths
) -> Iterator[Signal]:
    frames: list[Frame] = []
    size: int | None = None
    index = first_frame = 0

    def cut(size: int) -> Signal:
        until = _sample_at(frames[size].pts, time_base, layout)
        video = _stack(frames[:size], first_frame, layout.bit_depth)
        del frames[:size]
        return Signal(index, video, line.take(until))

    for event in events:
        if isinstance(event, Sound):
            line.append(event)
        else:
            frames.append(event)
            lengths.add(event.values, float(event.duration * time_base))
        while (size := size or lengths.take()) and _sound_is_there(frames, size, line, layout, time_base):
            yield cut(size)
            index, first_frame, size = index + 1, first_frame + size, None
    lengths.end()
    while (size := size or lengths.take()) and size < len(frames):
        yield cut(size)
        index, first_frame, size = index + 1, first_frame + size, None
    if not frames:
        return
    end = _sample_at(frames[-1].pts + frames[-1].duration, time_base, layout)
    longer = line.end - end > layout.chunk_samples
    yield Signal(index, _stack(frames, first_frame, layout.bit_depth), line.take(end if longer else None))
    if longer:  # sound that outlasts the picture goes on in chunks of its own
        yield from (replace(signal, index=index + 1 + signal.index) for signal in _sound_chunks((), line, layout))


def _sound_is_there(
    frames: list[Frame], size: int, line: SoundLine, layout: ChunkLayout, time_base: Fraction
) -> bool:
    """Whether all sound of the first `size` frames has come, or is so late that it cannot be waited for."""
    boundary = frames[size].pts
    if layout.sample_rate_hz == 0 or line.end >= _sample_at(boundary, time_base, layout):
        return True
    late = (frames[-1].pts - boundary) * time_base >= WAIT_S
    return late and len(frames) - size >= min(2 * size, WAIT_FRAMES)


def _sample_at(pts: int, time_base: Fraction, layout: ChunkLayout) -> int:
    return math.ceil(pts * time_base * layout.sample_rate_hz)


def _stack(frames: list[Frame], first_frame: int, bit_depth: int) -> VideoSignal:
    values: NDArray[Any] = np.stack([frame.values for frame in frames])
    pts = np.array([frame.pts for frame in frames], np.int64)
    return VideoSignal(values, pts, frames[-1].duration, first_frame, bit_depth)
