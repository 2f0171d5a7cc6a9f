"""Decode whole files: to a media sink, or frame by frame through `open`."""

from __future__ import annotations

import os
from bisect import bisect_right
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import accumulate
from typing import BinaryIO

import numpy as np
from inrv_format.chunk import Chunk
from inrv_format.errors import InputError, InvalidDataError, UnsupportedError
from inrv_format.families import SirenSpec
from inrv_format.reader import Reader
from inrv_format.streams import VideoStream

from invr.config import DecodeConfig
from invr.decode_chunk import Frame, build_fields, decode_picture, decode_sound
from invr.device import prepare_device, translated_backend
from invr.fields import Field
from invr.joiner import SoundJoiner
from invr.media import Sink, WriteConfig, open_sink
from invr.source import opened
from invr.timeline import Timeline

Source = str | os.PathLike[str] | BinaryIO


@dataclass(frozen=True, slots=True)
class DecodeProgress:
    """What has been written so far; `chunks` is unknown (None) for a pipe."""

    chunk: int
    chunks: int | None
    frames: int
    samples: int
    time_s: float


@dataclass(frozen=True, slots=True)
class DecodeResult:
    """What a decode wrote, and what could not be kept."""

    frames: int
    samples: int
    warnings: tuple[str, ...]


def decode(
    source: Source,
    target: Source,
    config: DecodeConfig | None = None,
    write: WriteConfig | None = None,
    report: Callable[[DecodeProgress], None] | None = None,
) -> DecodeResult:
    """Evaluate the networks of `source` and write frames and samples to `target`, chunk by chunk.

    Raises InvalidDataError and its kin for a damaged file, OutputError or BrokenPipeError for the target.
    """
    config, write = config or DecodeConfig(), write or WriteConfig()
    device = prepare_device(config.device, config.threads)
    with ExitStack() as stack:
        stack.enter_context(translated_backend())
        reader = Reader(_entered(source, stack), limits=config.limits)
        timeline = Timeline(reader, config)
        video, audio = timeline.video_out, reader.audio
        sink = stack.enter_context(open_sink(target, video, audio, write))
        counter = _Counter(len(timeline.wanted) if timeline.wanted is not None else None)
        joiner = SoundJoiner(audio.sample_rate_hz) if audio else None
        warnings: list[str] = []
        for chunk in timeline.chunks():
            fields = build_fields(chunk, device)
            if not warnings and timeline.resampled and not _smooth(chunk):
                warnings.append("the network's frequencies exceed its grid: at another size or rate it gives noise")
            if video is not None and chunk.video:
                _write_frames(chunk, fields, timeline, sink, counter)
            if joiner is not None and chunk.audio and audio is not None:
                values = decode_sound(chunk, fields, audio, config.denoise)
                for block in joiner.push(chunk, values):
                    counter.samples += timeline.write_sound(sink, *block)
            counter.chunk += 1
            if report:
                report(counter.progress())
        if joiner is not None:
            for block in joiner.flush():
                counter.samples += timeline.write_sound(sink, *block)
        if counter.frames == counter.samples == 0:
            raise InputError(f"nothing lies between {config.start_s} s and the end that was asked for")
        warnings += sink.warnings
    return DecodeResult(counter.frames, counter.samples, tuple(warnings))


def _smooth(chunk: Chunk) -> bool:
    """Whether all picture networks of a chunk can be asked for any grid (`spec/inrv.md` 7.5)."""
    return all(unit.spec.smooth_on(unit.domain) for unit in chunk.units if isinstance(unit.spec, SirenSpec))


class _Counter:
    """Running totals of a decode."""

    def __init__(self, chunks: int | None) -> None:
        self.chunk = self.frames = self.samples = 0
        self.time_s = 0.0
        self.chunks = chunks

    def progress(self) -> DecodeProgress:
        return DecodeProgress(self.chunk, self.chunks, self.frames, self.samples, self.time_s)


def _write_frames(chunk: Chunk, fields: list[Field], timeline: Timeline, sink: Sink, counter: _Counter) -> None:
    """Evaluate and write the wanted frames of a chunk, one at a time."""
    stream = timeline.video
    assert stream is not None
    positions, pts, last_duration = timeline.positions(chunk)
    size = timeline.upright_size
    stored_size = size[::-1] if stream.rotation in (90, 270) else size
    frames = decode_picture(chunk, fields, stream, positions, stored_size)
    for number, frame in enumerate(frames):
        upright = np.rot90(frame, -(stream.rotation // 90)) if stream.rotation else frame
        last = number + 1 == len(pts)
        duration = last_duration if last else int(pts[number + 1] - pts[number])
        sink.write_video(np.ascontiguousarray(upright)[None], pts[number : number + 1], duration)
        counter.frames += 1
    if len(pts):
        counter.time_s = float(pts[-1] * (timeline.video_out or stream).time_base)


class VideoReader:
    """Frames of a file by number, without decoding the others: `len(video)`, `video[i]`, `for frame in video`.

    Frames are [H, W, C] integers of the stream's bit depth, full-range RGB (or grey), in the stored orientation.
    """

    def __init__(self, source: BinaryIO, *, device: str = "cpu", threads: int = 0) -> None:
        self._source = source
        self._device = prepare_device(device, threads)
        self._reader = Reader(source)
        if self._reader.index is None:
            raise UnsupportedError("frames by number need a file that can be sought, not a pipe")
        if self._reader.video is None:
            raise InvalidDataError("the file has sound only")
        self.video: VideoStream = self._reader.video
        entries = self._reader.index.entries
        self._places = [k for k, entry in enumerate(entries) if entry.frame_count]
        self._first_frames = [0, *accumulate(entries[k].frame_count for k in self._places)][:-1]
        self._cached: tuple[int, Chunk, list[Field]] | None = None

    def __enter__(self) -> VideoReader:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._source.close()

    def __len__(self) -> int:
        assert self._reader.index is not None
        return self._reader.index.frame_count

    def __getitem__(self, number: int) -> Frame:
        """Frame `number`, negative from the end; IndexError outside."""
        place, position = self._place(number)
        chunk, fields = self._chunk(self._places[place])
        size = (self.video.width, self.video.height)
        return next(decode_picture(chunk, fields, self.video, np.array([float(position)]), size))

    def __iter__(self) -> Iterator[Frame]:
        return (self[number] for number in range(len(self)))

    def pts_s(self, number: int) -> float:
        """When frame `number` is shown, in seconds; negative from the end, IndexError outside."""
        place, position = self._place(number)
        chunk, _ = self._chunk(self._places[place])
        assert chunk.video is not None
        return float(chunk.video.pts[position] * self.video.time_base)

    def _place(self, number: int) -> tuple[int, int]:
        """Which chunk with frames a frame lies in, and its position there."""
        if not -len(self) <= number < len(self):
            raise IndexError(f"frame {number} of {len(self)}")
        place = bisect_right(self._first_frames, number % len(self)) - 1
        return place, number % len(self) - self._first_frames[place]

    def _chunk(self, place: int) -> tuple[Chunk, list[Field]]:
        if self._cached is None or self._cached[0] != place:
            chunk = self._reader.chunk(place)
            self._cached = (place, chunk, build_fields(chunk, self._device))
        return self._cached[1], self._cached[2]


def open_video(path: str | os.PathLike[str], *, device: str = "cpu", threads: int = 0) -> VideoReader:
    """Open an `.inrv` file for frames by number; close it, or use it in a `with` block."""
    return VideoReader(opened(path), device=device, threads=threads)


def _entered(source: Source, stack: ExitStack) -> BinaryIO:
    """The source as a file object; one that was opened here is closed with the stack."""
    return stack.enter_context(opened(source)) if isinstance(source, (str, os.PathLike)) else source
