"""`estimate`: read the source, fit a little of it, and say what the encode would come to."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import BinaryIO

from inrv_format.chunk import Chunk
from inrv_format.errors import InputError, OptionError
from inrv_format.streams import VIDEO, Stream
from inrv_format.writer import Writer

from invr.config import EncodeConfig
from invr.device import prepare_device, translated_backend
from invr.encoder import check_storable, chunk_lengths, file_tags, reading, streams_of, with_last
from invr.estimate.probe import Clock, counted_steps
from invr.estimate.survey import Survey, survey
from invr.fit.pace import LEAST_STEPS
from invr.goals.course import check_goal
from invr.goals.laws import gained_db, growth, probe_steps
from invr.goals.trials import REFIT_SHARE
from invr.media import MediaReader, ReadConfig

# Probes and corrections of a pursued quality, on average.
PROBES, CORRECTIONS = 2, 1


@dataclass(frozen=True, slots=True)
class Estimate:
    """What an encode is expected to come to.

    `size_bytes` of the file, `psnr_db` of the picture (NaN without one) and `time_s` of the encode, without the
    program's start; `steps` of each fit, and the `quality` that a goal asks for (None without one). `duration_s` of
    the media; `probed` of the `chunks` were fitted for `probe_steps`. `warnings` name what is not kept of the source.
    """

    size_bytes: int
    psnr_db: float
    time_s: float
    steps: int
    quality: float | None
    chunks: int
    frames: int
    duration_s: float
    probed: int
    probe_steps: int
    warnings: tuple[str, ...] = ()


def estimate(
    source: str | os.PathLike[str] | BinaryIO,
    config: EncodeConfig,
    read: ReadConfig | None = None,
    *,
    tags: dict[str, str] | None = None,
    clock: Clock = time.monotonic,
) -> Estimate:
    """Read the whole source, plan its networks, and fit those of the first chunk and of a later one for a few steps.

    Raises InputError for media that cannot be read, and for a config with a teacher.
    """
    if config.teacher:
        raise OptionError("estimates know fits of one network, not those of a teacher and its student")
    read = reading(config, read)
    device = prepare_device(config.device, config.threads)
    with MediaReader(source, read) as reader, translated_backend():
        streams = streams_of(reader)
        check_goal(config.goal, streams)
        check_storable(config, streams)
        all_tags = file_tags(config, tags)
        signals = with_last(reader.chunks(chunk_lengths(reader, config, read)), known=config.goal.steers)
        framing_bytes = _framing_bytes(streams, all_tags, [])
        found = survey(signals, streams, config, device, reader.duration_s, framing_bytes, clock)
        warnings = reader.warnings
    if not found.loads:
        raise InputError("the source has no frame and no sample in the span that was asked for")
    chunks = [found.probes[0].encoded.chunk] * (len(found.loads) - 1)
    return replace(_foreseen(found, config, _framing_bytes(streams, all_tags, chunks)), warnings=warnings)


def _foreseen(found: Survey, config: EncodeConfig, framing_bytes: int) -> Estimate:
    """What the probes tell of all chunks, by the laws of `invr/goals/laws.py`."""
    short = found.probes[0].steps
    once_s, fits_s = _seconds(found, config)
    time_s, steps = once_s + fits_s, config.fit.steps
    budget_s = config.goal.time_s
    if budget_s is not None and time_s > budget_s and fits_s:
        steps = max(min(LEAST_STEPS, steps), round(steps * (budget_s - once_s) / fits_s))
        time_s = once_s + fits_s * steps / config.fit.steps
    content = sum(len(probe.encoded.content) - sum(probe.bits.values()) / 8 for probe in found.probes)
    grown = growth(short, steps) if config.fit.lmbda or config.goal.steers else 1.0
    every = {media for probe in found.probes for media in probe.bits}
    payload = sum(_payload_bytes(found, media) * (grown if media & VIDEO else 1.0) for media in every)
    levels = [probe.encoded.chunk.video.psnr_db for probe in found.probes if probe.encoded.chunk.video]
    return Estimate(
        size_bytes=round(framing_bytes + content / len(found.probes) * len(found.loads) + payload),
        psnr_db=sum(levels) / len(levels) + gained_db(short, steps) if levels else math.nan,
        time_s=time_s,
        steps=steps,
        quality=found.quality,
        chunks=len(found.loads),
        frames=sum(load.frames for load in found.loads),
        duration_s=found.duration_s,
        probed=len(found.probes),
        probe_steps=short,
    )


def _seconds(found: Survey, config: EncodeConfig) -> tuple[float, float]:
    """What is done once for each chunk, with reading; and the fits, at the speed of the probes."""
    once_s = sum(probe.rest_s for probe in found.probes)
    evaluated = sum(probe.load.evaluation_work for probe in found.probes)
    probed_work = sum(probe.load.step_work for probe in found.probes)
    step_s = sum(probe.step_s for probe in found.probes) / probed_work if probed_work else 0.0
    if evaluated:
        once_s *= sum(load.evaluation_work for load in found.loads) / evaluated
    else:  # packets alone
        once_s *= len(found.loads) / len(found.probes)
    fits_s = step_s * counted_steps(config.fit) * sum(load.step_work for load in found.loads)
    if config.goal.steers:
        fits_s *= 1 + PROBES * probe_steps(config.fit.steps) / config.fit.steps + CORRECTIONS * REFIT_SHARE
        once_s *= 1 + PROBES + CORRECTIONS
    return found.read_s + once_s, fits_s


def _payload_bytes(found: Survey, media: int) -> float:
    """Bytes of all networks of a medium, at the bits of a weight of the probes."""
    bits = sum(probe.bits.get(media, 0) for probe in found.probes)
    weights = sum(probe.load.weights.get(media, 0) for probe in found.probes)
    return bits / weights / 8 * sum(load.weights.get(media, 0) for load in found.loads)


def _framing_bytes(streams: Mapping[int, Stream], tags: Mapping[str, str], chunks: list[Chunk]) -> int:
    """Bytes of a file with one chunk more than these, all of them without content."""
    writer = Writer(_Nowhere(), streams, tags)
    for chunk in chunks:
        writer.write_content(chunk, b"")
    return writer.finished_bytes(0)


class _Nowhere:
    """A target that keeps nothing."""

    def write(self, data: bytes, /) -> int:
        """Take all of `data`."""
        return len(data)
