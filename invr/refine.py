"""`refine`: a finished file fitted on, its weights being the state; it never gets worse."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial

from inrv_format.chunk import Chunk, build_chunk
from inrv_format.errors import InputError
from inrv_format.reader import Reader
from inrv_format.writer import Writer

from invr.config import REFERENCE_LMBDA, FitConfig, WorkConfig
from invr.device import prepare_device, translated_backend
from invr.encode_chunk import EncodedChunk
from invr.encode_progress import EncodeProgress, ProgressMeter
from invr.matching import SourceChunks
from invr.media import MediaReader, ReadConfig
from invr.output import Target, TargetFile, translated
from invr.outputs import Totals
from invr.refine_chunk import ChunkRefinement, can_refine, refine_job
from invr.signals import Signal
from invr.source import opened
from invr.workers import Done, Task, Workers, never, open_workers


@dataclass(frozen=True, slots=True)
class RefineConfig:
    """How long a file is fitted on: `steps` for every network and round, or `time_s` seconds for all of it.

    `lmbda` is the price of a bit to begin with; None takes the file's own, if its tags say it.
    """

    steps: int = 2000
    time_s: float | None = None
    lmbda: float | None = None
    seed: int = 0
    device: str = "cpu"
    threads: int = 0


@dataclass(frozen=True, slots=True)
class RefineResult:
    """Bytes and PSNR (mean over frames) before and after, and how many of the chunks got better."""

    bytes_before: int
    bytes_written: int
    psnr_before_db: float
    psnr_db: float
    chunks: int
    better: int


def refine(
    path: str | os.PathLike[str],
    source: str | os.PathLike[str],
    target: Target,
    config: RefineConfig | None = None,
    read: ReadConfig | None = None,
    report: Callable[[EncodeProgress], None] | None = None,
    *,
    work: WorkConfig | None = None,
) -> RefineResult:
    """Fit the picture networks of the file at `path` on to its `source` and write the result to `target`.

    A chunk is taken only where it has more PSNR in no more bytes; networks of sound are solved for and stay as they
    are. `read` must cut the source as the encode did. Raises InputError where the source is not what the file shows.
    """
    config, work = config or RefineConfig(), work or WorkConfig()
    device = prepare_device(config.device, config.threads)
    at_work = open_workers(work.workers, config.threads, device)
    with opened(path) as file, translated_backend(), at_work as workers:
        reader = Reader(file)
        if reader.video is None:
            raise InputError(f"{os.fspath(path)}: has sound alone, whose network is solved for and not fitted")
        before = list(reader.chunks())
        with MediaReader(source, replace(read or ReadConfig(), audio=False)) as media:
            this = _Refining(before, reader, media, config, device, report)
            renewed = list(this.chunks(workers))
    with TargetFile(target) as output, translated(output.name):
        writer = Writer(output, reader.streams, reader.tags)
        for each in renewed:
            writer.write_content(each.chunk, each.content)
        writer.close()
    assert reader.file_length is not None
    better = sum(each.chunk != chunk for each, chunk in zip(renewed, before, strict=True))
    psnr_before_db, psnr_db = (_psnr_db(chunks, reader) for chunks in (before, [each.chunk for each in renewed]))
    return RefineResult(reader.file_length, writer.bytes_written, psnr_before_db, psnr_db, len(before), better)


class _Refining:
    """One refinement under way."""

    def __init__(
        self,
        before: list[Chunk],
        reader: Reader,
        media: MediaReader,
        config: RefineConfig,
        device: str,
        report: Callable[[EncodeProgress], None] | None,
    ) -> None:
        self._before, self._streams, self._device = before, reader.streams, device
        self._source = SourceChunks(reader, before, media)
        self._seed = config.seed
        lmbda = config.lmbda or _tagged_lmbda(reader.tags) or REFERENCE_LMBDA
        self._fit = FitConfig(steps=config.steps if config.time_s is None else 10_000_000, lmbda=lmbda)
        self._time_s, self._started = config.time_s, time.monotonic()
        self._frames_left = sum(len(chunk.video.pts) for chunk in before if chunk.video)
        self._progress = ProgressMeter(lambda: len(before), None, lambda: 0, report)

    def chunks(self, workers: Workers) -> Iterator[EncodedChunk]:
        """All chunks of the file, in order, those that got better in the place of what they were."""

        def tasks() -> Iterator[Task | Done]:
            for chunk in self._before:
                encoded = EncodedChunk(build_chunk(chunk), chunk)
                if chunk.video is None:
                    yield Done(encoded)
                    continue
                signal = self._source.of(chunk)
                if any(map(can_refine, chunk.units)):
                    yield Task(f"chunk {chunk.index}", partial(self._argument, encoded, signal, workers.count))
                else:
                    yield Done(encoded)

        def done(number: int, _: EncodedChunk) -> None:
            self._progress.finish_chunk(number)

        return workers.map(refine_job, tasks(), told=self._progress.tell, done=done, stopping=never)

    def _argument(self, encoded: EncodedChunk, signal: Signal, count: int) -> ChunkRefinement:
        """Of a job that starts now, with its share of the time."""
        fit = self._fit
        if self._time_s is not None and signal.video is not None:
            left_s = max(0.1, self._time_s - (time.monotonic() - self._started))
            share = len(signal.video) / self._frames_left
            self._frames_left -= len(signal.video)
            fit = replace(fit, limit_s=min(left_s, count * left_s * share))
        return ChunkRefinement(encoded.content, signal, self._streams, fit, self._seed, self._device)


def _tagged_lmbda(tags: dict[str, str]) -> float | None:
    """The price of a bit that a file's tags name; None where they do not."""
    match = re.search(r"\blambda=(\d+(?:\.\d*)?(?:e-?\d+)?)(?:\s|$)", tags.get("settings", ""))
    lmbda = float(match[1]) if match else 0.0
    return lmbda if 0 < lmbda <= 1 else None


def _psnr_db(chunks: list[Chunk], reader: Reader) -> float:
    totals = Totals(reader.streams)
    for chunk in chunks:
        totals.add(chunk)
    return totals.result(0, ()).psnr_db
