"""`Probe`: one chunk fitted for few steps, with what that took."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from inrv_format.streams import Stream

from invr.config import EncodeConfig, FitConfig
from invr.encode_chunk import EncodedChunk, compress_chunk, fit_chunk
from invr.estimate.load import Load, load_of
from invr.fit import FitProgress
from invr.fit.loop import CHECK_BATCHES
from invr.fit.pace import EVALUATION_SHARE
from invr.signals import Signal

# Enough to see the speed after the first, slower steps.
CHECKS = 4
# A check takes as long as so many steps.
CHECK_STEPS = CHECK_BATCHES * EVALUATION_SHARE

Clock = Callable[[], float]


@dataclass(frozen=True, slots=True)
class Probe:
    """The chunk as `steps` gave it.

    `step_s` is one step of all networks, `rest_s` what is done once: planning, quantizing, evaluating. `bits` are the
    payloads' of each medium (a Spec's MEDIA).
    """

    load: Load
    steps: int
    step_s: float
    rest_s: float
    bits: dict[int, int]
    encoded: EncodedChunk


def probe_chunk(
    signal: Signal, streams: Mapping[int, Stream], config: EncodeConfig, steps: int, device: str, clock: Clock
) -> Probe:
    """Fit one chunk for `steps`, one network after the other, and time that by `clock`."""
    config = replace(config, fit=replace(config.fit, steps=steps, checks=CHECKS, limit_s=None, batch=1))
    seen: dict[int, list[tuple[float, int]]] = {}

    def watch(unit: int, _units: int, progress: FitProgress) -> None:
        seen.setdefault(unit, []).append((clock(), progress.step))

    started = clock()
    fitted = fit_chunk(signal, config, device, watch)
    encoded = compress_chunk(fitted, signal, streams, config, device, lambda *_: None)
    took_s = clock() - started
    step_s = sum(_step_s(states) for states in seen.values())
    bits: dict[int, int] = {}
    for plan, unit in zip(fitted.plans, encoded.chunk.units, strict=False):  # packets have no plan, and come last
        bits[plan.spec.MEDIA] = bits.get(plan.spec.MEDIA, 0) + 8 * len(unit.payload)
    rest_s = max(0.0, took_s - step_s * counted_steps(config.fit))
    return Probe(load_of(fitted.plans), steps, step_s, rest_s, bits, encoded)


def counted_steps(config: FitConfig) -> float:
    """Steps of a fit, its checks counted as the steps that they take as long as."""
    return config.steps + CHECK_STEPS * min(config.checks, config.steps)


def _step_s(states: list[tuple[float, int]]) -> float:
    """Seconds for a step from the times of the checks; the first steps are slower."""
    (start_s, first), (end_s, last) = states[0], states[-1]
    if last == first:
        return 0.0
    return (end_s - start_s) / (last - first + CHECK_STEPS * (len(states) - 1))
