"""Encode several chunks whose networks are fitted together, so that a device is full: again a pure function."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from inrv_format.streams import Stream

from invr.config import EncodeConfig
from invr.encode_chunk import (
    EncodedChunk,
    FittedChunk,
    UnitReport,
    compress_chunk,
    encode_chunk,
    fitted_chunk,
    units_of,
)
from invr.fit import FitProgress
from invr.fit_unit import as_one, fit_units, fits_together
from invr.signals import Signal


def encode_chunks(
    signals: Sequence[Signal],
    streams: Mapping[int, Stream],
    config: EncodeConfig,
    device: str,
    report: UnitReport,
) -> list[EncodedChunk]:
    """Encode chunks as `encode_chunk` does each, their picture networks in batches of `config.fit.batch`.

    Networks are batched with others of their form, whichever chunks and tiles they are of; what a chunk gets does not
    depend on those beside it but for rounding. `report` gets (unit, units, progress) of all chunks. With a goal, a
    teacher or a batch of one, chunks are encoded one after the other, and `report` gets each one's own.
    """
    if not fits_together(config, device):
        return [encode_chunk(signal, streams, config, device, report) for signal in signals]
    fitted = _fit_chunks(signals, config, device, report)
    total, done = sum(len(chunk.plans) for chunk in fitted), 0
    encoded = []
    for chunk, signal in zip(fitted, signals, strict=True):
        own = len(chunk.plans)

        def told(unit: int, _units: int, progress: FitProgress, first: int = total + done - own) -> None:
            # compressing counts a chunk's networks from `own` on, as each has been fitted once
            report(first + unit, 2 * total, progress)

        encoded.append(compress_chunk(chunk, signal, streams, config, device, told))
        done += own
    return encoded


def _fit_chunks(
    signals: Sequence[Signal], config: EncodeConfig, device: str, report: UnitReport
) -> list[FittedChunk]:
    """All networks of all chunks, fitted together."""
    parts = [units_of(signal, config, device) for signal in signals]
    units = [unit for part in parts for unit in part]
    rounds = 2 if config.quant.finetune_steps else 1
    found = iter(fit_units(units, as_one(units, report, rounds * len(units))) if units else [])
    return [fitted_chunk(part, [next(found) for _ in part]) for part in parts]
