"""Fit the networks of a finished chunk on, and take what is better: more PSNR in no more bytes."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from inrv_format.chunk import Chunk, TileGrid, build_chunk, parse_chunk
from inrv_format.families import CodedSpec, SirenSpec
from inrv_format.quantization import SYMMETRIC
from inrv_format.streams import Stream
from inrv_format.unit import Unit, compress_unit
from numpy.random import SeedSequence

from invr.config import FitConfig, QuantConfig
from invr.decode_chunk import build_fields
from invr.encode_chunk import EncodedChunk, with_quality
from invr.fields import Field
from invr.fit import FitProgress, PictureObjective, UnitPlan, refit
from invr.fit_unit import fitting_threads, part_of
from invr.quant import order_units, quantize
from invr.signals import Signal

# Of the rates of a first fit to begin with, and the time for a chunk in so many rounds (docs/research/refine.md).
RATE = 0.3
ROUNDS = 3
# The share of its bytes that a chunk is to fill; by which power of what it fills the price of a bit moves; how far at
# once.
FILL, REACTION, FARTHEST = 0.99, 6.0, 2.0


@dataclass(frozen=True, slots=True)
class ChunkRefinement:
    """A chunk as it is, the part of the source that it shows, and how long its networks may be fitted on.

    `fit.lmbda` is where the price of a bit begins, `rate` where the rates do, as a share of those of a first fit.
    """

    content: bytes
    signal: Signal
    streams: Mapping[int, Stream]
    fit: FitConfig
    seed: int
    device: str
    rate: float = RATE


def can_refine(unit: Unit) -> bool:
    """Whether a unit's weights are found by steps, and stand on a grid that a fit can start from."""
    return isinstance(unit.spec, SirenSpec) and all(header.mode == SYMMETRIC for header in unit.headers)


def refine_job(argument: ChunkRefinement, told: Callable[[int, int, FitProgress], None]) -> EncodedChunk:
    """The chunk with more PSNR in no more bytes, or as it was.

    Rounds of a fit start from the most PSNR so far, in too many bytes or not, each for its share of `fit.limit_s`, or
    with `fit.steps` where that is None. The bytes of a round make a bit cheaper or dearer for the next one; where no
    PSNR was gained, rates are halved.
    """
    chunk = parse_chunk(argument.content, argument.streams)
    best = latest = EncodedChunk(argument.content, chunk)
    fit, limit_s, rate = argument.fit, argument.fit.limit_s, argument.rate
    deadline = None if limit_s is None else time.monotonic() + limit_s
    for number in range(ROUNDS):
        if deadline is not None:
            left_s = deadline - time.monotonic()
            if left_s <= 0:
                break
            fit = replace(fit, limit_s=left_s / (ROUNDS - number))
        found = _round(latest.chunk, replace(argument, fit=fit, rate=rate), number, told)
        filled = len(found.content) / len(argument.content)
        if filled <= 1 and _psnr_db(found.chunk) > _psnr_db(best.chunk):
            best = found
        if _psnr_db(found.chunk) > _psnr_db(latest.chunk):
            latest = found
        else:
            rate /= 2
        dearer = min(FARTHEST, max(1 / FARTHEST, (filled / FILL) ** REACTION))
        fit = replace(fit, lmbda=min(1.0, fit.lmbda * dearer))
    return best


def _round(
    chunk: Chunk, argument: ChunkRefinement, number: int, told: Callable[[int, int, FitProgress], None]
) -> EncodedChunk:
    """All networks of a chunk fitted on once, whatever becomes of it."""
    wanted = [place for place, unit in enumerate(chunk.units) if can_refine(unit)]
    built = build_fields(chunk, argument.device)
    fields = {place: built[number] for number, place in enumerate(_networks(chunk)) if place in wanted}
    weights = {place: sum(tensor.numel() for _, tensor in fields[place].named_tensors()) for place in wanted}
    units = list(chunk.units)
    total = sum(weights.values())
    for done, place in enumerate(wanted):
        fit = argument.fit
        if fit.limit_s is not None:
            fit = replace(fit, limit_s=fit.limit_s * weights[place] / total)
        units[place] = _refitted(
            chunk,
            place,
            fields[place],
            replace(argument, fit=fit),
            number,
            lambda progress, done=done: told(number * len(wanted) + done, ROUNDS * len(wanted), progress),  # type: ignore[misc]
        )
    renewed = with_quality(replace(chunk, units=tuple(units)), argument.signal, argument.streams, argument.device)
    content = build_chunk(renewed)
    return EncodedChunk(content, parse_chunk(content, argument.streams))


def _refitted(
    chunk: Chunk,
    place: int,
    field: Field,
    argument: ChunkRefinement,
    number: int,
    report: Callable[[FitProgress], None],
) -> Unit:
    unit, video = chunk.units[place], argument.signal.video
    assert video is not None
    plan = UnitPlan(unit.spec, unit.domain, unit.tile)
    part = part_of(argument.signal, plan, chunk.video.tiles if chunk.video else TileGrid()).video
    assert part is not None
    steps = {name: header.scale for (name, _), header in zip(field.named_tensors(), unit.headers, strict=True)}
    seed = int(SeedSequence([argument.seed, chunk.index, place, number]).generate_state(1)[0])
    with fitting_threads(plan):
        objective = PictureObjective(part.values, part.bit_depth, argument.fit, argument.device)
        steps = refit(field, steps, objective, argument.fit, seed, report, argument.rate)
    order_units(field)
    return compress_unit(unit.spec, unit.domain, unit.tile, quantize(field, QuantConfig(), steps), unit.coder)


def _networks(chunk: Chunk) -> list[int]:
    """Places of the units that are networks, which `build_fields` counts alone."""
    return [place for place, unit in enumerate(chunk.units) if not isinstance(unit.spec, CodedSpec)]


def _psnr_db(chunk: Chunk) -> float:
    return chunk.video.psnr_db if chunk.video else 0.0
