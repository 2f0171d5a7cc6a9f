"""One fit, many files: a source encoded once and written in several ways, for those who compare them."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from typing import BinaryIO

from inrv_format.errors import InputError

from invr.config import EncodeConfig, Goal, QuantConfig
from invr.device import prepare_device, translated_backend
from invr.encode_chunk import EncodedChunk, FittedChunk, compress_chunk
from invr.encode_progress import EncodeProgress, ProgressMeter
from invr.encoder import (
    check_durations,
    check_storable,
    chunk_lengths,
    estimated_chunks,
    file_tags,
    reading,
    sound_warnings,
    streams_of,
    with_last,
)
from invr.goals import Course
from invr.media import MediaReader, ReadConfig
from invr.output import Target, TargetFile
from invr.outputs import EncodeResult, Output

# Gets each chunk's networks after their fit, and the chunk as every variant wrote it.
Inspect = Callable[[FittedChunk, list[EncodedChunk]], None]


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

    A goal is the first file's. All is done here, one chunk after the other, and nothing is kept of what is not
    finished.
    """
    read = reading(config, read)
    device = prepare_device(config.device, config.threads)
    configs = [replace(config, quant=quant) for quant, _ in variants]
    with MediaReader(source, read) as reader, translated_backend(), ExitStack() as stack:
        lengths, streams = chunk_lengths(reader, config, read), streams_of(reader)
        files = [stack.enter_context(TargetFile(target)) for _, target in variants]
        check_storable(config, streams)
        outputs = [Output(file, streams, file_tags(config, tags)) for file in files]
        first = outputs[0]
        chunks = partial(estimated_chunks, reader, lengths, read)
        progress = ProgressMeter(chunks, reader.duration_s, lambda: first.bytes_written, report)
        course = Course(configs[0], streams, device, reader.duration_s)
        signals = with_last(reader.chunks(lengths), known=config.goal != Goal())
        for number, (signal, last) in enumerate(signals):
            check_durations(signal, first.name)
            told = partial(progress.tell, number)
            fitted, encoded = course.encode(signal, told, framing_bytes=first.framing_bytes, last=last)
            others = [compress_chunk(fitted, signal, streams, each, device, told) for each in configs[1:]]
            written = [encoded, *others]
            for output, chunk in zip(outputs, written, strict=True):
                output.write(chunk)
            if inspect:
                inspect(fitted, written)
            progress.finish_chunk(number)
            progress.written(first.totals.duration_s)
        if not first.totals.chunks:
            raise InputError("the source has no frame and no sample in the span that was asked for")
        results = [output.finish(tuple(reader.warnings)) for output in outputs]
        results = [replace(each, warnings=(*each.warnings, *sound_warnings(each.snr_db, config))) for each in results]
        reached = course.outcomes(results[0].bytes_written, results[0].psnr_db, results[0].duration_s)
        return [replace(results[0], outcomes=reached), *results[1:]]
