"""Demuxing and decoding: from an open container to frames and sound on one corrected timeline."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from fractions import Fraction

import av
import av.container
import av.error
import av.stream
import numpy as np
from inrv_format.errors import InputError

from invr.media.chunks import Frame, Sound
from invr.media.colour import frame_values
from invr.media.config import ReadConfig
from invr.media.copied import MOST_PACKETS
from invr.media.describe import fraction
from invr.media.sound import Samples, frame_samples
from invr.media.source import reason
from invr.signals import SourcePacket

MICROSECONDS = 1_000_000
SEEK_MARGIN_S = 1
LATE_SOUND_S = 10
SIZED_FORMATS = {"mov", "mp4", "matroska", "webm", "avi", "wav", "flac"}


class Decoder:
    """One pass over a container: `events` gives what lies between the config's start and end, once.

    `on_first` is shown the first frame, before its pixels are copied; `warn` is told each fault that is mended.
    """

    def __init__(
        self,
        container: av.container.InputContainer,
        video: av.VideoStream | None,
        audio: av.AudioStream | None,
        config: ReadConfig,
        name: str,
        warn: Callable[[str], None],
        on_first: Callable[[av.VideoFrame], None],
    ) -> None:
        self._container = container
        self._video = video
        self._audio = audio
        self._config = config
        self._name = name
        self._warn = warn
        self._on_first = on_first
        self._start = Fraction(config.start_s).limit_denominator(MICROSECONDS)
        self._origin = _container_start(container, video) + self._start
        self._end = None if config.duration_s is None else Fraction(config.duration_s).limit_denominator(MICROSECONDS)
        self._tick = fraction(video.time_base) if video else Fraction(0)
        self._rate = audio.codec_context.sample_rate if audio else 0
        self._layout = audio.codec_context.layout if audio else None  # the context's own follows what it decodes
        self._pending: Frame | None = None
        self._gap = 0
        self._previous_pts: int | None = None
        self._held: list[Sound] = []
        self._source_packets: list[SourcePacket] = []
        self._sound_end: int | None = None
        self._video_done = video is None
        self._audio_done = audio is None
        self._decoded = self._samples = 0
        self._packets_end = Fraction(-1)
        self._frames_end = Fraction(-1)
        self.frames_read = 0

    def events(self) -> Iterator[Frame | Sound]:
        """Frames and sound in decoding order, `pts` counted from the config's start.

        Raises InputError at damage or where the source ends before its header says, unless errors are ignored.
        """
        self._seek()
        if self._end is not None and self._video is None:
            self._sound_end = math.ceil(self._end * self._rate)
        for packet in self._packets():
            if packet.stream is self._video and not self._video_done:
                yield from self._frames(packet)
            elif packet.stream is self._audio and not self._audio_done:
                yield from self._sounds(packet)
            if self._video_done and (self._audio_done or self._is_past_end(packet)):
                return
        yield from self._finish_video(None)
        self._check_complete()

    def _seek(self) -> None:
        if self._start == 0:
            return
        target = max(Fraction(0), self._start - SEEK_MARGIN_S) + self._origin - self._start
        try:
            self._container.seek(int(target * MICROSECONDS))
        except av.error.FFmpegError:
            self._warn("the source cannot seek and is decoded from its beginning")

    def _packets(self) -> Iterator[av.Packet[av.stream.Stream]]:
        try:
            for packet in self._container.demux():
                first = packet.pts if packet.pts is not None else packet.dts
                if first is not None and packet.time_base:
                    end = (first + (packet.duration or 0)) * fraction(packet.time_base)
                    self._packets_end = max(self._packets_end, end)
                yield packet
        except (av.error.FFmpegError, OSError) as error:
            self._damage(f"reading failed after {self._progress()} ({reason(error)})")

    def _frames(self, packet: av.Packet[av.stream.Stream]) -> Iterator[Frame | Sound]:
        for frame in self._decode(packet):
            if not isinstance(frame, av.VideoFrame):
                continue
            self._decoded += 1
            if frame.is_corrupt:
                self._warn("some frames are marked as damaged")
            pts = self._frame_pts(frame)
            self._frames_end = max(self._frames_end, (pts + self._length(frame)) * self._tick)
            pts -= round(self._origin / self._tick)
            if self._start and pts < 0:
                continue
            limit = self._config.frames
            full = limit is not None and self.frames_read >= limit
            if full or (self._end is not None and pts * self._tick >= self._end):
                yield from self._finish_video(pts)
                return
            yield from self._release(pts)
            if self.frames_read == 0:
                self._on_first(frame)
            self.frames_read += 1
            self._pending = Frame(frame_values(frame, self._config.size), pts, self._length(frame))

    def _frame_pts(self, frame: av.VideoFrame) -> int:
        """The frame's time in the stream's ticks, strictly after the previous frame's."""
        last = self._previous_pts
        pts = frame.pts if frame.pts is not None else frame.dts
        if frame.pts is None:
            self._warn("frames without a timestamp are placed after one another")
        if pts is None:
            pts = 0 if last is None else last + self._length(frame)
        if last is not None and pts <= last:
            self._warn("timestamps that do not increase are moved on by one tick")
            pts = last + 1
        self._previous_pts = pts
        return pts

    def _length(self, frame: av.VideoFrame) -> int:
        """How long the frame is shown where no other follows, in ticks."""
        duration = int(getattr(frame, "duration", 0) or 0)  # PyAV 14 does not tell
        if duration:
            return duration
        rate = fraction(self._video.average_rate) if self._video else Fraction(0)
        return max(1, round(1 / (rate * self._tick))) if rate else 1

    def _release(self, next_pts: int) -> Iterator[Frame | Sound]:
        """Give out the frame before `next_pts`, whose duration is known now, and sound held back for it."""
        if self._pending is not None:
            self._gap = next_pts - self._pending.pts
            yield Frame(self._pending.values, self._pending.pts, self._gap)
            self._pending = None
        limit = next_pts * self._tick * self._rate
        while self._held and self._held[0].end <= limit:
            yield self._held.pop(0)

    def _finish_video(self, next_pts: int | None) -> Iterator[Frame | Sound]:
        """Give out the last frame; `next_pts` is the time of the first frame left out, None at the source's end."""
        self._video_done = True
        last = self._pending
        if last is not None:
            guess = last.duration
            if guess == 1 and self._tick <= Fraction(1, 1000):  # what muxers write for an unknown duration
                guess = max(guess, self._gap)
            end = last.pts + guess if next_pts is None else next_pts
            if self._end is not None:
                end = min(end, max(last.pts + 1, round(self._end / self._tick)))
            yield Frame(last.values, last.pts, end - last.pts)
            self._pending = None
            if self._end is not None:
                self._sound_end = math.ceil(self._end * self._rate)
            elif next_pts is not None:
                self._sound_end = math.ceil(end * self._tick * self._rate)
        for sound in self._held:
            yield sound.cut(None, self._sound_end)
        self._held.clear()

    def _sounds(self, packet: av.Packet[av.stream.Stream]) -> Iterator[Sound]:
        frames = [frame for frame in self._decode(packet) if isinstance(frame, av.AudioFrame) and frame.samples]
        if not frames:
            self._keep(packet, self._samples, 0)
        for number, frame in enumerate(frames):
            values = self._alike(frame)
            pts = self._samples
            if frame.pts is not None:
                base = fraction(frame.time_base) or Fraction(1, frame.sample_rate)
                pts = round(frame.pts * base * self._rate) - round(self._origin * self._rate)
            if number == 0:
                self._keep(packet, pts, sum(each.samples for each in frames))
            self._samples = pts + len(values)
            sound_end = self._sound_end
            if self._end is not None:
                sound_end = math.ceil(self._end * self._rate)
            sound = Sound(values, pts, tuple(self._source_packets)).cut(0 if self._start else None, sound_end)
            self._audio_done = sound_end is not None and self._samples >= sound_end
            if len(sound.values) == 0:
                continue
            self._source_packets.clear()
            if self._config.frames is not None and not self._video_done:
                self._held.append(sound)
            else:
                yield sound

    def _keep(self, packet: av.Packet[av.stream.Stream], pts: int, samples: int) -> None:
        """Have the packet go with the next sound, if packets are wanted; `pts` is the time of its first sample."""
        if self._config.packets and packet.size:
            self._source_packets.append(SourcePacket(bytes(packet), pts, samples))
            del self._source_packets[:-MOST_PACKETS]

    def _alike(self, frame: av.AudioFrame) -> Samples:
        """The frame's samples at the rate and in the channels of the stream's header."""
        layout = self._layout
        assert layout is not None
        if frame.sample_rate == self._rate and len(frame.layout.channels) == len(layout.channels):
            return frame_samples(frame)
        if self._config.packets:
            raise InputError("--audio copy: the sound changes its rate or channels, which a copy cannot")
        self._warn("the sound changes its rate or channels and is converted to those at its start")
        resampler = av.AudioResampler("fltp", layout.name, self._rate)
        parts = [frame_samples(part) for part in [*resampler.resample(frame), *resampler.resample(None)]]
        return np.concatenate(parts)

    def _decode(self, packet: av.Packet[av.stream.Stream]) -> list[object]:
        try:
            return list(packet.decode())
        except av.error.EOFError:
            return []
        except av.error.FFmpegError as error:
            if self._start and packet.stream is self._audio and self._samples == 0:
                return []
            self._damage(f"decoding failed after {self._progress()} ({reason(error)})")
            return []

    def _progress(self) -> str:
        return f"{self._decoded} frames" if self._video else f"{self._samples} samples"

    def _is_past_end(self, packet: av.Packet[av.stream.Stream]) -> bool:
        """Whether sound up to the end cannot be expected any more."""
        if self._sound_end is None or self._audio is None:
            return False
        end = Fraction(self._sound_end, self._rate) + self._origin
        return packet.stream is not self._audio and self._packets_end > end + LATE_SOUND_S

    def _check_complete(self) -> None:
        """Compare what was read with the header, since FFmpeg takes a file cut short for a short file."""
        names = set(self._container.format.name.split(","))
        if not names & SIZED_FORMATS:
            return
        length = Fraction(self._container.duration or 0, MICROSECONDS)
        # Matroska counts from zero, and does not tell how long the last packet lasts.
        start = Fraction(0) if "matroska" in names else self._origin - self._start
        missing = start + length - self._packets_end
        if length and missing > (2 if "matroska" in names else Fraction(1, 5)):
            self._damage(f"{float(missing):.2f} s are missing at its end ({self._progress()} read)")
        stream = self._video
        if stream is None or self._start or not stream.frames or not stream.duration:
            return
        end = ((stream.start_time or 0) + stream.duration) * self._tick
        if self._decoded < stream.frames and self._frames_end < end - self._tick:
            self._damage(f"ends after {self._decoded} of {stream.frames} frames")

    def _damage(self, text: str) -> None:
        if not self._config.ignore_errors:
            raise InputError(f"{self._name}: {text}")
        self._warn(text)


def _container_start(container: av.container.InputContainer, video: av.VideoStream | None) -> Fraction:
    """The time in seconds that is to become 0.

    A start before 0 counts only for the picture: in sound it is the encoder's delay, which FFmpeg cuts off.
    """
    start = Fraction(container.start_time or 0, MICROSECONDS)
    if start >= 0:
        return start
    first = (video.start_time or 0) * fraction(video.time_base) if video else Fraction(0)
    return min(Fraction(0), first)
