"""`MediaReader`: media in, one `Signal` after the other out."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from fractions import Fraction
from types import TracebackType
from typing import BinaryIO

import av
import av.container
from inrv_format.errors import InputError
from inrv_format.streams import AudioStream, VideoStream

from invr.media.chunk_lengths import FixedLengths, Lengths
from invr.media.chunks import ChunkLayout, Frame, Sound, assemble
from invr.media.config import ReadConfig
from invr.media.copied import source_codec
from invr.media.decode import MICROSECONDS, Decoder
from invr.media.describe import (
    audio_stream,
    fraction,
    is_picture,
    video_stream,
    warn_of_frame,
    warn_of_streams,
)
from invr.media.source import Source, open_source, source_missing_bytes, source_name
from invr.signals import Signal, SourceCodec

__all__ = ["MediaReader", "ReadConfig"]


class MediaReader:
    """An open source; a context manager.

    `video` and `audio` describe the streams that are read (None where there is none); `warnings` names, one short
    sentence each, what is not kept, and grows while the chunks are read. `duration_s` and `frame_count` are
    estimates for a progress bar, None where unknown. Raises InputError, in the constructor or in `chunks`.
    """

    def __init__(self, source: Source, config: ReadConfig) -> None:
        self._config = config
        self._name = source_name(source)
        self._warnings: list[str] = []
        self.video: VideoStream | None = None
        self.audio: AudioStream | None = None
        self._codec: SourceCodec | None = None
        self._spooled: BinaryIO | None = None
        self._container, self._spooled = open_source(source, config.format, self._name)
        try:
            self._check_length(source)
            self._open_streams()
        except BaseException:
            self.close()
            raise

    @property
    def warnings(self) -> tuple[str, ...]:
        """What is not kept or had to be mended, in the order found, each once."""
        return tuple(self._warnings)

    @property
    def duration_s(self) -> float | None:
        """About how long the part that is read lasts, in seconds."""
        length = self._length()
        if length is None or self._config.frames is None or not self._rate:
            return None if length is None else float(length)
        return float(min(length, self._config.frames / self._rate))

    @property
    def frame_count(self) -> int | None:
        """About how many frames are read; exact where the container counts them and the whole is read."""
        if self.video is None:
            return None
        count = self._frames if self._config.start_s == 0 and self._config.duration_s is None else 0
        length = self._length()
        if not count and length is not None and self._rate:
            count = max(1, round(length * self._rate))
        limit = self._config.frames
        if limit is not None:
            return min(limit, count) if count else limit
        return count or None

    def chunks(self, lengths: Lengths | None = None) -> Iterator[Signal]:
        """The source in chunks, in order, decoded while they are asked for; can be called once.

        A chunk is as many frames as `lengths` says (None: `chunk_frames` of the config) and the sound from its first
        frame up to the next chunk's, behind `overlap_s` of the sound before.
        """
        config = self._config
        rate = self.audio.sample_rate_hz if self.audio else 0
        layout = ChunkLayout(
            chunk_samples=max(1, round(config.chunk_s * rate)),
            overlap=round(config.overlap_s * rate),
            time_base=self.video.time_base if self.video else None,
            sample_rate_hz=rate,
            bit_depth=self.video.bit_depth if self.video else 8,
            codec=self._codec,
        )
        return assemble(self._events, layout, lengths or FixedLengths(config.chunk_frames), self._warn)

    def close(self) -> None:
        """Close the container; the source, where it is a file object, stays open."""
        self._container.close()
        if self._spooled is not None:
            self._spooled.close()

    def __enter__(self) -> MediaReader:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _open_streams(self) -> None:
        container, config = self._container, self._config
        videos = [stream for stream in container.streams.video if not is_picture(stream)]
        video = videos[0] if videos and config.video else None
        sounds = [stream for stream in container.streams.audio if stream.codec_context is not None]
        audio = sounds[0] if sounds and config.audio else None
        if video is None and audio is None:
            wanted = " or ".join(name for name in ("video", "audio") if getattr(config, name))
            raise InputError(f"{self._name}: has no {wanted} to read")
        kept = [stream for stream in (video, audio) if stream is not None]
        self._duration = self._known_duration(kept)
        for stream in kept:
            stream.codec_context.thread_count = config.threads
        unwanted = {name for name in ("video", "audio") if not getattr(config, name)}
        warn_of_streams(container, kept, unwanted, self._warn)
        self._rate = fraction(video.average_rate) if video else Fraction(0)
        self._frames = video.frames if video else 0
        if audio is not None:
            self.audio = audio_stream(audio)
            self._codec = source_codec(audio, self._name) if config.packets else None
        self._decoder = Decoder(
            container, video, audio, config, self._name, self._warn, lambda frame: self._on_first(video, frame)
        )
        self._events = self._peek(self._decoder.events(), video is not None)

    def _check_length(self, source: Source) -> None:
        missing = source_missing_bytes(source)
        if missing:
            text = f"is cut short: at least {missing} bytes are missing"
            if not self._config.ignore_errors:
                raise InputError(f"{self._name}: {text}")
            self._warn(text)

    def _on_first(self, stream: av.VideoStream | None, frame: av.VideoFrame) -> None:
        if stream is not None:
            self.video = video_stream(stream, frame, self._config.size, self._warn)
            warn_of_frame(stream, frame, self._warn)

    def _peek(self, events: Iterator[Frame | Sound], has_video: bool) -> Iterator[Frame | Sound]:
        """Decode up to the first frame (without video, the first sound), so that `video` is known."""
        seen: list[Frame | Sound] = []
        for event in events:
            seen.append(event)
            if isinstance(event, Frame) or not has_video:
                break
        if not seen:
            raise InputError(f"{self._name}: nothing to read from {self._config.start_s} s on")
        if has_video and self.video is None:
            self._warn("the video track holds no frames")
        return itertools.chain(seen, events)

    def _known_duration(self, kept: list[av.VideoStream | av.AudioStream]) -> int | None:
        """Of the longest stream that is read where all of them say it, else the container's; in microseconds."""
        lengths = [stream.duration and stream.time_base and stream.duration * stream.time_base for stream in kept]
        known = [length for length in lengths if length]
        return int(max(known) * MICROSECONDS) if len(known) == len(kept) else self._container.duration

    def _length(self) -> Fraction | None:
        duration = self._duration
        limit = self._config.duration_s
        if duration is None:
            return None if limit is None else Fraction(limit)
        rest = max(Fraction(0), Fraction(duration, MICROSECONDS) - Fraction(self._config.start_s))
        return rest if limit is None else min(rest, Fraction(limit))

    def _warn(self, text: str) -> None:
        if text not in self._warnings:
            self._warnings.append(text)
