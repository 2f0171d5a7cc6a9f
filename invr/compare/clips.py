"""Any file, media or `.inrv`, as frames with times and sound."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
from inrv_format.schema import MAGIC
from inrv_format.streams import AudioStream, VideoStream
from numpy.typing import NDArray

from invr.config import DecodeConfig
from invr.decoder import DecodedFrame, Decoding
from invr.device import translated_backend
from invr.media import MediaReader, ReadConfig
from invr.signals import Signal
from invr.source import opened

Frame = NDArray[np.uint8] | NDArray[np.uint16]


@dataclass(frozen=True, slots=True)
class TimedFrame:
    """One upright frame [H, W, C], shown from `time` seconds on."""

    values: Frame
    time: Fraction


@dataclass(slots=True)
class Sound:
    """Samples float32 [N, C] without gaps, the first at `first_sample`."""

    values: NDArray[np.float32]
    first_sample: int


class Clip:
    """An open file: `frames` gives its frames once, in order; after them `sound` holds all its samples."""

    def __init__(
        self,
        name: str,
        video: VideoStream | None,
        audio: AudioStream | None,
        events: Iterator[DecodedFrame | Sound],
    ) -> None:
        self.name = name
        self.video, self.audio = video, audio
        self._events = events
        self._blocks: list[Sound] = []

    def frames(self) -> Iterator[TimedFrame]:
        """The frames, read while they are asked for; the sound between them is kept."""
        for event in self._events:
            if isinstance(event, Sound):
                self._blocks.append(event)
            else:
                assert self.video is not None
                yield TimedFrame(event.values, event.pts * self.video.time_base)

    def sound(self) -> Sound | None:
        """All samples; what is not covered is silent. Asked for after the last frame."""
        if self.audio is None or not self._blocks:
            return None
        first = min(block.first_sample for block in self._blocks)
        end = max(block.first_sample + len(block.values) for block in self._blocks)
        values = np.zeros((end - first, self.audio.channels), np.float32)
        for block in self._blocks:
            start = block.first_sample - first
            values[start : start + len(block.values)] = block.values
        return Sound(values, first)


@contextmanager
def open_clip(path: str | os.PathLike[str], *, read: ReadConfig | None = None, device: str = "cpu") -> Iterator[Clip]:
    """Open media, or an `.inrv` file (told by its first bytes), for one pass.

    `read` cuts media as `ReadConfig` says; of an `.inrv` file its span of time and number of frames are taken.
    """
    read, name = read or ReadConfig(), os.fspath(path)
    with opened(path) as file:
        is_inrv = file.read(len(MAGIC)) == MAGIC
    if not is_inrv:
        with MediaReader(name, read) as reader:
            video = _upright(reader.video) if reader.video else None
            yield Clip(name, video, reader.audio, _media_events(reader))
        return
    config = DecodeConfig(start_s=read.start_s, duration_s=read.duration_s, frames=read.frames, device=device)
    with translated_backend(), opened(path) as file:
        decoding = Decoding(file, config)
        video, audio = decoding.video if read.video else None, decoding.audio if read.audio else None
        events = (
            event if isinstance(event, DecodedFrame) else Sound(event.values, event.pts)
            for event in decoding.events(pictures=read.video, sound=read.audio)
        )
        yield Clip(name, video, audio, events)


def _upright(stream: VideoStream) -> VideoStream:
    turned = stream.rotation in (90, 270)
    width, height = (stream.height, stream.width) if turned else (stream.width, stream.height)
    return replace(stream, width=width, height=height, rotation=0)


def _media_events(reader: MediaReader) -> Iterator[DecodedFrame | Sound]:
    rotation = reader.video.rotation if reader.video else 0
    for signal in reader.chunks():
        yield from _signal_events(signal, rotation)


def _signal_events(signal: Signal, rotation: int) -> Iterator[DecodedFrame | Sound]:
    if signal.audio is not None and len(signal.audio):
        yield Sound(signal.audio.values, signal.audio.pts)
    if signal.video is not None:
        for values, pts in zip(signal.video.values, signal.video.pts, strict=True):
            yield DecodedFrame(np.ascontiguousarray(np.rot90(values, -(rotation // 90))), int(pts), 1)
