"""Decode whole files: to a media sink, or frame by frame through `open`."""

from __future__ import annotations

import os
from bisect import bisect_right
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import Any, BinaryIO

import numpy as np
from inrv_format.chunk import Chunk
from inrv_format.errors import InputError, InvalidDataError, UnsupportedError
from inrv_format.families import SirenSpec
from inrv_format.losses import Loss
from inrv_format.mend import Mending
from inrv_format.reader import Reader
from inrv_format.streams import VideoStream
from numpy.typing import NDArray

from invr.config import DecodeConfig
from invr.decode_chunk import Fields, Frame, build_fields, decode_picture, decode_sound
from invr.device import prepare_device, translated_backend
from invr.fields.render import Evaluation
from invr.joiner import SoundJoiner
from invr.media import RateChange, WriteConfig, layout_name, open_sink
from invr.source import opened
from invr.timeline import Timeline
from invr.work import Work, WorkCount, foreseen_share, frame_work

Source = str | os.PathLike[str] | BinaryIO
NOT_SMOOTH = "the network's frequencies exceed its grid: at another size or rate it gives noise"


@dataclass(frozen=True, slots=True)
class DecodeProgress:
    """What has been written so far; `chunks`, and about which `share` of the whole file's work all of it takes, are
    unknown (None) for a pipe.
    """

    chunk: int
    chunks: int | None
    frames: int
    samples: int
    time_s: float
    share: float | None = None


@dataclass(frozen=True, slots=True)
class DecodeResult:
    """What a decode wrote, what could not be kept, what it took, and what of a damaged file was passed over."""

    frames: int
    samples: int
    warnings: tuple[str, ...]
    work: Work
    losses: tuple[Loss, ...] = ()


@dataclass(frozen=True, slots=True)
class DecodedFrame:
    """One upright frame [H, W, C] to be shown from `pts` for `duration`, in ticks of the output's time base."""

    values: NDArray[Any]
    pts: int
    duration: int


@dataclass(frozen=True, slots=True)
class DecodedSound:
    """Samples float32 [N, C] in [-1, 1], the first at `pts` samples."""

    values: NDArray[np.float32]
    pts: int


class Decoding:
    """An `.inrv` file while it is evaluated, as `config` asks: `video` and `audio` describe what `events` gives."""

    def __init__(self, source: BinaryIO | Reader, config: DecodeConfig) -> None:
        self._device = prepare_device("cpu" if config.bitexact else config.device, config.threads)
        self._evaluation = Evaluation(config.batch, config.bitexact)
        self._denoise = config.denoise
        self._mending = None
        if config.salvage and not isinstance(source, Reader):
            self._mending = Mending(source, config.limits)
            source = self._mending.source()
        reader = source if isinstance(source, Reader) else Reader(source, limits=config.limits)
        self._timeline = Timeline(reader, config)
        reader.weigh(self._timeline.wanted or ())
        self._count = WorkCount(reader)
        self.video = self._timeline.video_out
        self.audio = self._source_audio = None if config.single else reader.audio
        if self.audio and config.sample_rate_hz:
            self.audio = replace(self.audio, sample_rate_hz=config.sample_rate_hz)
        self.chunks_done = 0
        self.warnings: list[str] = []

    @property
    def chunks(self) -> int | None:
        """How many chunks are evaluated in all; None for a pipe."""
        wanted = self._timeline.wanted
        return len(wanted) if wanted is not None else None

    @property
    def work(self) -> Work:
        """What was evaluated and read so far."""
        return self._count.result(whole=self._timeline.whole)

    @property
    def foreseen_share(self) -> float | None:
        """About which share of the whole file's work all events take; None for a pipe."""
        return foreseen_share(self._timeline)

    @property
    def losses(self) -> tuple[Loss, ...]:
        """What was damaged so far, where that is passed over."""
        return tuple(self._mending.losses) if self._mending else ()

    def time_s(self, frame: DecodedFrame) -> float:
        """When a frame is shown, in seconds."""
        assert self.video is not None
        return float(frame.pts * self.video.time_base)

    def events(self, *, pictures: bool = True, sound: bool = True) -> Iterator[DecodedFrame | DecodedSound]:
        """Frames and sound in the order of the chunks, evaluated while they are asked for; or one of them alone."""
        timeline, audio = self._timeline, self._source_audio if sound else None
        joiner = SoundJoiner(audio.sample_rate_hz) if audio else None
        line = self._rate_change() if audio else None
        for chunk in timeline.chunks():
            self._count.add_chunk(chunk)
            fields = build_fields(chunk, self._device)
            if not self.warnings and timeline.resampled and not _smooth(chunk):
                self.warnings.append(NOT_SMOOTH)
            if pictures and self.video is not None and chunk.video:
                yield from _frames(chunk, fields, timeline, self._count, self._evaluation)
            if joiner is not None and chunk.audio and audio is not None:
                self._count.add_sound(chunk)
                for block in joiner.push(chunk, decode_sound(chunk, fields, audio, self._denoise)):
                    yield from _sound(timeline, block, line)
            self.chunks_done += 1
        if joiner is not None and audio is not None:
            for block in joiner.flush():
                yield from _sound(timeline, block, line)
            if line is not None:
                values, pts = line.flush()
                if len(values):
                    yield DecodedSound(values, pts)

    def _rate_change(self) -> RateChange | None:
        """From the file's sample rate to that of `audio`; None where they are one."""
        source, wanted = self._source_audio, self.audio
        if source is None or wanted is None or source == wanted:
            return None
        return RateChange(layout_name(source.layout, source.channels), source.sample_rate_hz, wanted.sample_rate_hz)


def decode(
    source: Source,
    target: Source,
    config: DecodeConfig | None = None,
    write: WriteConfig | None = None,
    report: Callable[[DecodeProgress], None] | None = None,
) -> DecodeResult:
    """Evaluate the networks of `source` and write frames and samples to `target`, chunk by chunk.

    Raises InvalidDataError and its kin for a damaged file, with `salvage` only where no chunk of it is whole, and
    OutputError or BrokenPipeError for the target.
    """
    config, write = config or DecodeConfig(), write or WriteConfig()
    with ExitStack() as stack:
        stack.enter_context(translated_backend())
        decoding = Decoding(_entered(source, stack), config)
        sink = stack.enter_context(open_sink(target, decoding.video, decoding.audio, write))
        frames = samples = reported = 0
        time_s, share = 0.0, decoding.foreseen_share
        if report:
            report(DecodeProgress(0, decoding.chunks, 0, 0, time_s, share))
        # frames are counted by evaluating them
        pictures = sink.takes_video or config.frames is not None
        for event in decoding.events(pictures=pictures, sound=sink.takes_audio):
            if report and decoding.chunks_done > reported:
                reported = decoding.chunks_done
                report(DecodeProgress(reported, decoding.chunks, frames, samples, time_s, share))
            if isinstance(event, DecodedFrame):
                sink.write_video(event.values[None], np.array([event.pts]), event.duration)
                frames, time_s = frames + 1, decoding.time_s(event)
            else:
                sink.write_audio(event.values, event.pts)
                samples += len(event.values)
        if report and decoding.chunks_done > reported:
            report(DecodeProgress(decoding.chunks_done, decoding.chunks, frames, samples, time_s, share))
        if frames == samples == 0:
            raise InputError(f"nothing lies between {config.start_s} s and the end that was asked for")
        warnings = (*decoding.warnings, *sink.warnings)
    return DecodeResult(frames, samples, warnings, decoding.work, decoding.losses)


def _smooth(chunk: Chunk) -> bool:
    """Whether all picture networks of a chunk can be asked for any grid (`spec/inrv.md` 7.6)."""
    return all(unit.spec.smooth_on(unit.domain) for unit in chunk.units if isinstance(unit.spec, SirenSpec))


def _frames(
    chunk: Chunk, fields: Fields, timeline: Timeline, count: WorkCount, evaluation: Evaluation
) -> Iterator[DecodedFrame]:
    """The wanted frames of a chunk, one at a time."""
    stream = timeline.video
    assert stream is not None
    positions, pts, last_duration = timeline.positions(chunk)
    size = timeline.upright_size
    stored_size = size[::-1] if stream.rotation in (90, 270) else size
    crop = timeline.crop.before_turning(stream.rotation, size)
    macs, pixels = frame_work(chunk, stream, stored_size, crop)
    pictures = decode_picture(chunk, fields, stream, positions, stored_size, crop, evaluation)
    for number, frame in enumerate(pictures):
        count.add_frame(macs, pixels)
        upright = np.ascontiguousarray(np.rot90(frame, -(stream.rotation // 90)))
        last = number + 1 == len(pts)
        duration = last_duration if last else int(pts[number + 1] - pts[number])
        yield DecodedFrame(upright, int(pts[number]), duration)


def _sound(
    timeline: Timeline, block: tuple[NDArray[np.float32], int], line: RateChange | None
) -> Iterator[DecodedSound]:
    """The part of a block of samples that is wanted, if any, at the rate that is."""
    values, pts = timeline.cut_sound(*block)
    if line is not None and len(values):
        values, pts = line.push(values, pts)
    if len(values):
        yield DecodedSound(values, pts)


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
        self._cached: tuple[int, Chunk, Fields] | None = None

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

    def _chunk(self, place: int) -> tuple[Chunk, Fields]:
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
