"""Encode whole files: media in, chunks fitted one after the other, an `.inrv` file out."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from importlib.metadata import version
from typing import BinaryIO

import numpy as np
from inrv_format.chunk import Chunk
from inrv_format.errors import InputError, InvalidDataError
from inrv_format.index import build_stream, parse_stream
from inrv_format.limits import DEFAULT_LIMITS
from inrv_format.streams import Stream, VideoStream
from inrv_format.writer import Writer

from invr.config import EncodeConfig, Goal, QuantConfig
from invr.device import prepare_device, translated_backend
from invr.encode_chunk import AUDIO_ID, VIDEO_ID, EncodedChunk, FittedChunk, UnitReport, compress_chunk
from invr.fit import FitProgress
from invr.goals import Course, Outcome
from invr.media import LIVELY_FRAMES, FixedLengths, Lengths, MediaReader, ReadConfig, ShotLengths
from invr.metrics.fidelity import CEILING_DB
from invr.output import Target, TargetFile, translated
from invr.presets import PRESETS
from invr.signals import Signal

# Gets each chunk's networks after their fit, and the chunk as every variant wrote it.
Inspect = Callable[[FittedChunk, list[EncodedChunk]], None]

PIXELS_PER_CHUNK = 1 << 26
# Below, the sound of a network is worth a warning.
SOUND_FLOOR_DB = 8.0


@dataclass(frozen=True, slots=True)
class EncodeProgress:
    """State of an encode: the chunk under work (counted from 0) of an estimated `chunks` (None if unknown).

    `fit` is the state of network `unit` of `units`; `encoded_s` is the media time of the finished chunks of
    `duration_s` (None if unknown), `bytes_written` their bytes.
    """

    chunk: int
    chunks: int | None
    unit: int
    units: int
    fit: FitProgress
    bytes_written: int
    encoded_s: float
    duration_s: float | None
    elapsed_s: float

    @property
    def done(self) -> float:
        """Share of the whole work that is finished, 0 to 1; by this chunk alone where the total is unknown."""
        inside = (self.unit + self.fit.step / self.fit.steps) / self.units
        return min(1.0, (self.chunk + inside) / self.chunks) if self.chunks else inside


@dataclass(frozen=True, slots=True)
class EncodeResult:
    """What an encode wrote: bytes of the whole file, quality as its bytes decode, and what could not be kept.

    `psnr_db` is the mean over frames, `snr_db` the mean over chunks that are not silent; NaN without any. `outcomes`
    says of each part of a goal whether it was reached; a file that missed it is complete all the same.
    """

    bytes_written: int
    chunks: int
    frames: int
    samples: int
    psnr_db: float
    snr_db: float
    duration_s: float
    warnings: tuple[str, ...]
    outcomes: tuple[Outcome, ...] = ()


def encode(
    source: str | os.PathLike[str] | BinaryIO,
    target: Target,
    config: EncodeConfig | None = None,
    read: ReadConfig | None = None,
    report: Callable[[EncodeProgress], None] | None = None,
    *,
    tags: dict[str, str] | None = None,
) -> EncodeResult:
    """Fit networks to `source` and write them to `target`, a path (replaced only when all is written) or a pipe.

    Raises InputError for media that cannot be read, FitError, OutputError or BrokenPipeError.
    """
    config = config or PRESETS["medium"].config
    return encode_variants(source, [(config.quant, target)], config, read, report, tags=tags)[0]


def chunk_lengths(reader: MediaReader, config: EncodeConfig, read: ReadConfig) -> Lengths:
    """How long chunks are: `chunk_frames` of the config, exactly; with 0 by content, as long as memory allows.

    Where fewer than LIVELY_FRAMES pictures fit in PIXELS_PER_CHUNK, each chunk is as many as do.
    """
    if config.chunk_frames or reader.video is None:
        return FixedLengths(config.chunk_frames or LIVELY_FRAMES)
    longest = PIXELS_PER_CHUNK // (reader.video.width * reader.video.height)
    if longest < LIVELY_FRAMES:
        return FixedLengths(max(1, longest))
    return ShotLengths(longest, reader.video.bit_depth, read.chunk_s if reader.audio else None)


def reading(config: EncodeConfig, read: ReadConfig) -> ReadConfig:
    """`read` with what the sound of `config` asks of it: what is exact needs no fading, and copies need packets."""
    if config.audio not in ("flac", "copy"):
        return read
    return replace(read, overlap_s=0.0, packets=config.audio == "copy")


def file_tags(config: EncodeConfig, tags: dict[str, str] | None) -> dict[str, str]:
    """What a file says of how it was made."""
    return {"encoder": f"invr {version('invr')}"} | (tags or {}) if config.tags else {}


def encode_variants(
    source: str | os.PathLike[str] | BinaryIO,
    variants: Sequence[tuple[QuantConfig, Target]],
    config: EncodeConfig,
    read: ReadConfig | None = None,
    report: Callable[[EncodeProgress], None] | None = None,
    *,
    tags: dict[str, str] | None = None,
    inspect: Inspect | None = None,
) -> list[EncodeResult]:
    """As `encode`, but fit once and write a file for each way to quantize; `config.quant` is not used.

    A goal is the first file's.
    """
    read = reading(config, read or ReadConfig())
    device = prepare_device(config.device, config.threads)
    with MediaReader(source, read) as reader, translated_backend(), ExitStack() as stack:
        lengths = chunk_lengths(reader, config, read)
        streams = streams_of(reader)
        all_tags = file_tags(config, tags)
        files = [stack.enter_context(TargetFile(target)) for _, target in variants]
        check_storable(config, streams)
        outputs = [
            _Output(file, streams, all_tags, replace(config, quant=quant))
            for (quant, _), file in zip(variants, files, strict=True)
        ]
        chunks = partial(_estimated_chunks, reader, lengths, read)
        progress = _Progress(chunks, reader.duration_s, outputs, report)
        course = Course(outputs[0].config, streams, device, reader.duration_s)
        for signal, last in with_last(reader.chunks(lengths), known=config.goal != Goal()):
            _check_durations(signal, outputs[0].name)
            framing_bytes = outputs[0].framing_bytes
            fitted, first = course.encode(signal, progress.unit_report, framing_bytes=framing_bytes, last=last)
            others = [output.compress(fitted, signal, device, progress.unit_report) for output in outputs[1:]]
            encoded = [first, *others]
            for output, chunk in zip(outputs, encoded, strict=True):
                output.write(chunk)
            if inspect:
                inspect(fitted, encoded)
            progress.finish_chunk(outputs[0].duration_s)
        if not outputs[0].totals.chunks:
            raise InputError("the source has no frame and no sample in the span that was asked for")
        results = [output.finish(tuple(reader.warnings)) for output in outputs]
        results = [
            replace(each, warnings=(*each.warnings, *_sound_warnings(each.snr_db, config))) for each in results
        ]
        first_result = results[0]
        reached = course.outcomes(first_result.bytes_written, first_result.psnr_db, first_result.duration_s)
        return [replace(first_result, outcomes=reached), *results[1:]]


class _Output:
    """One file that is written, and the sums over its chunks."""

    def __init__(
        self, file: TargetFile, streams: dict[int, Stream], tags: dict[str, str], config: EncodeConfig
    ) -> None:
        self._file = file
        self._streams = streams
        self.config = config
        self.totals = _Totals(streams)
        with translated(file.name):
            self._writer = Writer(file, streams, tags)

    @property
    def name(self) -> str:
        """Of the file."""
        return self._file.name

    @property
    def bytes_written(self) -> int:
        """So far."""
        return self._writer.bytes_written

    @property
    def duration_s(self) -> float:
        """Media time covered."""
        return self.totals.duration_s

    @property
    def framing_bytes(self) -> int:
        """Of the whole file if it ended after a chunk without content."""
        return self._writer.finished_bytes(0)

    def compress(self, fitted: FittedChunk, signal: Signal, device: str, report: UnitReport) -> EncodedChunk:
        """One chunk as this file holds it."""
        return compress_chunk(fitted, signal, self._streams, self.config, device, report)

    def write(self, encoded: EncodedChunk) -> None:
        """Write one chunk."""
        with translated(self._file.name):
            self._writer.write_content(encoded.chunk, encoded.content)
            self._file.flush()
        self.totals.add(encoded.chunk)

    def finish(self, warnings: tuple[str, ...]) -> EncodeResult:
        """Write what comes last."""
        with translated(self._file.name):
            self._writer.close()
        result = self.totals.result(self._writer.bytes_written, warnings)
        return replace(result, warnings=(*warnings, *_sound_warnings(result.snr_db, self.config)))


class _Progress:
    """Turns reports of one fit into reports of the whole encode."""

    def __init__(
        self,
        chunks: Callable[[], int | None],
        duration_s: float | None,
        outputs: list[_Output],
        report: Callable[[EncodeProgress], None] | None,
    ) -> None:
        self._report = report
        self._outputs = outputs
        self._duration_s = duration_s
        self._chunks = chunks
        self._started = time.monotonic()
        self._chunk = 0
        self._encoded_s = 0.0

    def unit_report(self, unit: int, units: int, fit: FitProgress) -> None:
        if self._report:
            chunks = self._chunks()
            self._report(
                EncodeProgress(
                    self._chunk,
                    max(chunks, self._chunk + 1) if chunks else None,
                    unit,
                    units,
                    fit,
                    self._outputs[0].bytes_written,
                    self._encoded_s,
                    self._duration_s,
                    time.monotonic() - self._started,
                )
            )

    def finish_chunk(self, encoded_s: float) -> None:
        self._chunk += 1
        self._encoded_s = encoded_s


class _Totals:
    """Sums over the chunks written so far."""

    def __init__(self, streams: dict[int, Stream]) -> None:
        self._streams = streams
        self.chunks = self.frames = self.samples = 0
        self._psnr: list[tuple[int, float]] = []
        self._snr: list[float] = []
        self._video_s = self._sound_s = 0.0

    @property
    def duration_s(self) -> float:
        """Media time covered."""
        return max(self._video_s, self._sound_s)

    def add(self, chunk: Chunk) -> None:
        self.chunks += 1
        if chunk.video:
            self.frames += len(chunk.video.pts)
            self._psnr.append((len(chunk.video.pts), chunk.video.psnr_db))
            self._video_s = float(chunk.video.end_pts * self._streams[VIDEO_ID].time_base)
        if chunk.audio:
            self.samples += chunk.audio.sample_count - chunk.audio.overlap
            if chunk.audio.snr_db < CEILING_DB:  # not silence
                self._snr.append(chunk.audio.snr_db)
            end = chunk.audio.pts + chunk.audio.sample_count
            self._sound_s = float(end * self._streams[AUDIO_ID].time_base)

    def result(self, bytes_written: int, warnings: tuple[str, ...]) -> EncodeResult:
        frames = sum(count for count, _ in self._psnr)
        psnr_db = sum(count * psnr for count, psnr in self._psnr) / frames if frames else math.nan
        snr_db = sum(self._snr) / len(self._snr) if self._snr else math.nan
        return EncodeResult(
            bytes_written, self.chunks, self.frames, self.samples, psnr_db, snr_db, self.duration_s, warnings
        )


def with_last(signals: Iterator[Signal], *, known: bool) -> Iterator[tuple[Signal, bool]]:
    """Each signal, and whether it is the last; to know that, one more must be held in memory."""
    if not known:
        yield from ((signal, False) for signal in signals)
        return
    waiting = next(signals, None)
    while waiting is not None:
        following = next(signals, None)
        yield waiting, following is None
        waiting = following


def streams_of(reader: MediaReader) -> dict[int, Stream]:
    """The streams that a file of this source will have, by their ids."""
    streams: dict[int, Stream] = {}
    if reader.video:
        streams[VIDEO_ID] = reader.video
    if reader.audio:
        streams[AUDIO_ID] = reader.audio
    return streams


def check_storable(config: EncodeConfig, streams: dict[int, Stream]) -> None:
    """InputError for what the format cannot hold."""
    try:
        for stream_id, stream in streams.items():
            parse_stream(build_stream(stream_id, stream), offset=0, limits=DEFAULT_LIMITS)
    except InvalidDataError as error:
        raise InputError(f"the source cannot be stored: {error}") from error
    video, tiles = streams.get(VIDEO_ID), config.tiles
    if not isinstance(video, VideoStream) or tiles is None:
        return
    cell = min(video.width // tiles.columns, video.height // tiles.rows)
    if cell < 1 or max(tiles.columns, tiles.rows) > 255:
        raise InputError(f"--tiles {tiles.columns}x{tiles.rows}: allowed are 255 a side, and no more than pixels")


def _sound_warnings(snr_db: float, config: EncodeConfig) -> tuple[str, ...]:
    """What an ordinary codec would do better."""
    if config.audio != "inr" or not snr_db < SOUND_FLOOR_DB:
        return ()
    return (f"the sound's SNR of {snr_db:.1f} dB is under {SOUND_FLOOR_DB:.0f} dB: --audio opus keeps more of it",)


def _check_durations(signal: Signal, name: str) -> None:
    """InputError for frames that last longer than the format's 2^32 ticks."""
    if signal.video is not None:
        gaps = [*np.diff(signal.video.pts), signal.video.last_duration]
        if max(gaps) >= 1 << 32:
            raise InputError(
                f"{name}: a frame of the source lasts {max(gaps)} ticks, the format holds {(1 << 32) - 1}"
            )


def _estimated_chunks(reader: MediaReader, lengths: Lengths, read: ReadConfig) -> int | None:
    if reader.frame_count:
        return lengths.estimate(reader.frame_count)
    if reader.video is None and reader.duration_s:
        return math.ceil(reader.duration_s / read.chunk_s)
    return None
