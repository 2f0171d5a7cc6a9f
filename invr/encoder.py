"""Encode a whole file: media in, chunks fitted side by side, an `.inrv` file out."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from importlib.metadata import version
from itertools import islice
from typing import Any, BinaryIO

import numpy as np
from inrv_format.chunk import parse_chunk
from inrv_format.errors import InputError, InvalidDataError, OptionError
from inrv_format.header import VERSION
from inrv_format.index import build_stream, parse_stream
from inrv_format.limits import DEFAULT_LIMITS
from inrv_format.streams import Stream, VideoStream

from invr.config import EncodeConfig, Goal, WorkConfig
from invr.device import prepare_device, translated_backend
from invr.encode_batch import encode_chunks
from invr.encode_chunk import AUDIO_ID, VIDEO_ID, EncodedChunk, encode_chunk
from invr.encode_progress import EncodeProgress, ProgressMeter
from invr.fit_unit import fits_together
from invr.goals import Course
from invr.journal import Entry, Journal, digest_of, journal_path, key_of
from invr.media import LIVELY_FRAMES, FixedLengths, Lengths, MediaReader, ReadConfig, ShotLengths
from invr.output import Target, TargetFile
from invr.outputs import EncodeResult, Output
from invr.presets import PRESETS
from invr.signals import Signal
from invr.workers import Done, Task, Workers, ignore, never, open_workers

__all__ = ["EncodeProgress", "EncodeResult", "encode"]

PIXELS_PER_CHUNK = 1 << 26
# Chunks whose networks are fitted in the same batches.
CHUNKS_AT_ONCE = 8
# Below, the sound of a network is worth a warning.
SOUND_FLOOR_DB = 8.0


def encode(
    source: str | os.PathLike[str] | BinaryIO,
    target: Target,
    config: EncodeConfig | None = None,
    read: ReadConfig | None = None,
    report: Callable[[EncodeProgress], None] | None = None,
    *,
    tags: dict[str, str] | None = None,
    work: WorkConfig | None = None,
    say: Callable[[str], None] = ignore,
    stopping: Callable[[], bool] = never,
) -> EncodeResult:
    """Fit networks to `source` and write them to `target`, a path (replaced only when all is written) or a pipe.

    Beside a path, finished chunks are kept in a journal until the whole is written; `say` is told what becomes of one
    that is there already. Once `stopping` says so, the chunks under work are finished and kept, and KeyboardInterrupt
    is raised. Raises InputError for media that cannot be read, FitError, OutputError or BrokenPipeError.
    """
    config, work = config or PRESETS["medium"].config, work or WorkConfig()
    read = reading(config, read)
    check_part(config, work)
    device = prepare_device(config.device, config.threads)
    with MediaReader(source, read) as reader, translated_backend(), ExitStack() as stack:
        streams = streams_of(reader)
        check_storable(config, streams)
        all_tags = file_tags(config, tags)
        journal = None
        path = journal_path(target) if isinstance(target, (str, os.PathLike)) else None
        if path is not None:
            key = _key(config, read, streams, all_tags)
            journal = stack.enter_context(Journal(path, key, say, resume=work.resume))
        workers = stack.enter_context(open_workers(work.workers, config.threads, device))
        with TargetFile(target, alone=journal is not None) as file:
            output = Output(file, streams, all_tags)
            course = Course(config, streams, device, reader.duration_s, workers)
            encoding = _Encoding(
                reader, read, config, work, device, streams, output, course, workers, journal, report
            )
            result = encoding.whole(stopping)
        if journal is not None:
            journal.remove()
        return result


class _Encoding:
    """One encode under way."""

    def __init__(
        self,
        reader: MediaReader,
        read: ReadConfig,
        config: EncodeConfig,
        work: WorkConfig,
        device: str,
        streams: dict[int, Stream],
        output: Output,
        course: Course,
        workers: Workers,
        journal: Journal | None,
        report: Callable[[EncodeProgress], None] | None,
    ) -> None:
        self._reader, self._config, self._work, self._device = reader, config, work, device
        self._streams, self._output, self._course = streams, output, course
        self._workers, self._journal = workers, journal
        self._digests: dict[int, bytes] = {}  # of chunks that are not finished
        self._lengths = chunk_lengths(reader, config, read)
        chunks = partial(estimated_chunks, reader, self._lengths, read, work.chunks)
        self._progress = ProgressMeter(chunks, reader.duration_s, lambda: output.bytes_written, report)

    def whole(self, stopping: Callable[[], bool]) -> EncodeResult:
        """Do all of it; KeyboardInterrupt where it was to stop."""
        output, resumed = self._output, 0
        if self._config.goal.steers:
            ordered = self._in_turn
        elif fits_together(self._config, self._device):
            ordered = self._in_batches
        else:
            ordered = self._side_by_side
        for encoded, was_there in ordered(stopping):
            output.write(encoded)
            self._progress.written(output.totals.duration_s)
            resumed += was_there
        if stopping():
            raise KeyboardInterrupt
        if not output.totals.chunks:
            raise InputError("the source has no frame and no sample in the span that was asked for")
        result = output.finish(tuple(self._reader.warnings))
        warnings = (*result.warnings, *sound_warnings(result.snr_db, self._config))
        outcomes = self._course.outcomes(result.bytes_written, result.psnr_db, result.duration_s)
        return replace(result, warnings=warnings, outcomes=outcomes, resumed=resumed)

    def _signals(self) -> Iterator[tuple[int, Signal, bool]]:
        """The chunks that are wanted, counted from 0, and whether each is the last."""
        signals = part_of_chunks(self._reader.chunks(self._lengths), self._work.chunks)
        for number, (signal, last) in enumerate(with_last(signals, known=self._config.goal != Goal())):
            check_durations(signal, self._output.name)
            yield number, signal, last

    def _in_turn(self, stopping: Callable[[], bool]) -> Iterator[tuple[EncodedChunk, bool]]:
        """Chunks one after the other, as a goal must have it; their networks side by side."""
        for number, signal, last in self._signals():
            found = self._found(signal)
            if found is not None:
                yield found, True
                continue
            if stopping():
                return
            told = partial(self._progress.tell, number)
            _, encoded = self._course.encode(signal, told, framing_bytes=self._output.framing_bytes, last=last)
            self._keep(signal, encoded, self._course.notes)
            self._progress.finish_chunk(number)
            yield encoded, False

    def _side_by_side(self, stopping: Callable[[], bool]) -> Iterator[tuple[EncodedChunk, bool]]:
        """Chunks side by side on the workers; the networks of one that is alone likewise."""
        signals = self._signals()
        ahead = [each for each in (next(signals, None), next(signals, None)) if each is not None]
        if len(ahead) == 1 and not stopping():
            yield self._alone(*ahead[0])
            return
        under_work: dict[int, tuple[Signal, float]] = {}
        kept: set[int] = set()

        def argument(number: int, signal: Signal, last: bool) -> tuple[Signal, dict[int, Stream], EncodeConfig, str]:
            under_work[number] = signal, time.monotonic()
            config = self._course.timed(signal, self._workers.count, last=last)
            return signal, self._streams, config, self._device

        def tasks() -> Iterator[Task | Done]:
            for number, signal, last in _chained(ahead, signals):
                found = self._found(signal)
                if found is None:
                    yield Task(f"chunk {signal.index}", partial(argument, number, signal, last))
                else:
                    kept.add(number)
                    yield Done(found)

        def done(number: int, encoded: EncodedChunk) -> None:
            signal, started = under_work.pop(number)
            self._keep(signal, encoded, {"chunk_s": (time.monotonic() - started) / self._workers.count})
            self._progress.finish_chunk(number)

        results = self._workers.map(encode_job, tasks(), told=self._progress.tell, done=done, stopping=stopping)
        for number, encoded in enumerate(results):
            yield encoded, number in kept

    def _in_batches(self, stopping: Callable[[], bool]) -> Iterator[tuple[EncodedChunk, bool]]:
        """As many chunks at once as are read together, their networks in batches on one device."""
        signals = self._signals()
        while (group := list(islice(signals, CHUNKS_AT_ONCE))) and not stopping():
            found = {number: self._found(signal) for number, signal, _ in group}
            wanted = [(number, signal) for number, signal, _ in group if found[number] is None]
            started, first = time.monotonic(), group[0][0]
            told = partial(self._progress.tell, first)
            made = encode_chunks([signal for _, signal in wanted], self._streams, self._config, self._device, told)
            for (number, signal), encoded in zip(wanted, made, strict=True):
                self._keep(signal, encoded, {"chunk_s": (time.monotonic() - started) / len(wanted)})
                self._progress.finish_chunk(number)
                found[number] = encoded
            left = {number for number, _ in wanted}
            yield from ((encoded, number not in left) for number, encoded in found.items() if encoded)

    def _alone(self, number: int, signal: Signal, last: bool) -> tuple[EncodedChunk, bool]:
        found, started = self._found(signal), time.monotonic()
        if found is not None:
            return found, True
        config = self._course.timed(signal, 1, last=last)
        told = partial(self._progress.tell, number)
        encoded = encode_chunk(signal, self._streams, config, self._device, told, self._workers)
        self._keep(signal, encoded, {"chunk_s": time.monotonic() - started})
        self._progress.finish_chunk(number)
        return encoded, False

    def _found(self, signal: Signal) -> EncodedChunk | None:
        """What an earlier start made of this signal, if it did."""
        if self._journal is None:
            return None
        digest = digest_of(signal)
        entry = self._journal.find(signal.index, digest)
        if entry is None:
            self._digests[signal.index] = digest
            return None
        self._course.resume(signal, entry.notes)
        self._progress.resume_chunk()
        return EncodedChunk(entry.content, parse_chunk(entry.content, self._streams))

    def _keep(self, signal: Signal, encoded: EncodedChunk, notes: dict[str, Any]) -> None:
        if self._journal is not None:
            self._journal.add(signal.index, self._digests.pop(signal.index), Entry(encoded.content, notes))


def encode_job(
    argument: tuple[Signal, dict[int, Stream], EncodeConfig, str], told: Callable[..., None]
) -> EncodedChunk:
    """A chunk on a worker: signal, streams, settings and device in, its bytes out."""
    return encode_chunk(*argument, told)


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


def reading(config: EncodeConfig, read: ReadConfig | None) -> ReadConfig:
    """`read` with what the sound of `config` asks of it: what is exact needs no fading, and copies need packets."""
    read = read or ReadConfig()
    if config.audio not in ("flac", "copy"):
        return read
    return replace(read, overlap_s=0.0, packets=config.audio == "copy")


def file_tags(config: EncodeConfig, tags: dict[str, str] | None) -> dict[str, str]:
    """What a file says of how it was made."""
    return {"encoder": f"invr {version('invr')}"} | (tags or {}) if config.tags else {}


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


def part_of_chunks(signals: Iterator[Signal], part: tuple[int, int | None] | None) -> Iterator[Signal]:
    """The chunks from the first one of a part on, up to its end; no more is read than that."""
    first, end = part or (0, None)
    for signal in signals:
        if end is not None and signal.index >= end:
            return
        if signal.index >= first:
            yield signal


def check_part(config: EncodeConfig, work: WorkConfig) -> None:
    """OptionError for a part of a file that was to reach what only the whole can."""
    goal = config.goal
    if work.chunks is not None and goal != Goal(psnr_db=goal.psnr_db):
        raise OptionError("--chunks makes a part: --target-size, --bitrate and --time-budget are for a whole file")


def sound_warnings(snr_db: float, config: EncodeConfig) -> tuple[str, ...]:
    """What an ordinary codec would do better."""
    if config.audio != "inr" or not snr_db < SOUND_FLOOR_DB:
        return ()
    return (f"the sound's SNR of {snr_db:.1f} dB is under {SOUND_FLOOR_DB:.0f} dB: --audio opus keeps more of it",)


def check_durations(signal: Signal, name: str) -> None:
    """InputError for frames that last longer than the format's 2^32 ticks."""
    if signal.video is not None:
        gaps = [*np.diff(signal.video.pts), signal.video.last_duration]
        if max(gaps) >= 1 << 32:
            raise InputError(
                f"{name}: a frame of the source lasts {max(gaps)} ticks, the format holds {(1 << 32) - 1}"
            )


def estimated_chunks(
    reader: MediaReader, lengths: Lengths, read: ReadConfig, part: tuple[int, int | None] | None = None
) -> int | None:
    """About how many chunks a source, or a part of it, will have; None where nothing tells."""
    whole = None
    if reader.frame_count:
        whole = lengths.estimate(reader.frame_count)
    elif reader.video is None and reader.duration_s:
        whole = math.ceil(reader.duration_s / read.chunk_s)
    if part is None or whole is None:
        return whole
    first, end = part
    return max(1, min(whole, end or whole) - first)


def _key(config: EncodeConfig, read: ReadConfig, streams: dict[int, Stream], tags: dict[str, str]) -> bytes:
    """Of a journal: settings, and the versions of what turns them into bytes; not how many do it."""
    versions = [version(name) for name in ("invr", "torch", "numpy")]
    return key_of(VERSION, versions, replace(config, threads=0, verify=False), read, streams, tags)


def _chained(
    ahead: list[tuple[int, Signal, bool]], rest: Iterator[tuple[int, Signal, bool]]
) -> Iterator[tuple[int, Signal, bool]]:
    """Those that were taken already, then the others; none is held longer than it must be."""
    while ahead:
        yield ahead.pop(0)
    yield from rest
