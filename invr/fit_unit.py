"""The fit of one network of a chunk, here, on a worker or with others: a pure function of what `UnitFit` holds."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from inrv_format.chunk import TileGrid
from inrv_format.families import LappedSpec
from inrv_format.families.base import count_weights
from inrv_format.streams import AUDIO, VIDEO
from numpy.typing import NDArray

from invr.config import EncodeConfig, Goal
from invr.device import torch_threads
from invr.encode_sound import is_silence, normalised, scaled_sound, silenced, solved
from invr.fields import Field, build_field
from invr.fields.audio_siren import AudioSiren, dominant_cycles
from invr.fields.lapped import Lapped
from invr.fit import (
    DistilledObjective,
    FitProgress,
    PairedObjective,
    PictureObjective,
    PointObjective,
    Problem,
    SoundObjective,
    UnitPlan,
    fit,
    fit_together,
)
from invr.fit.objectives import Objective
from invr.quant import order_units
from invr.signals import Signal
from invr.workers import Task, Workers, ignore, never

if TYPE_CHECKING:
    from invr.encode_chunk import FittedChunk

# Quantization steps by tensor; None without rate in the fit.
Steps = dict[str, float] | None

# Networks of fewer units gain little from threads within an operation, which would change the last bits of what they
# become: they are fitted on one, whatever the machine has (docs/scaling.md).
WIDE = 128


@dataclass(frozen=True, slots=True)
class UnitFit:
    """One network to be fitted to `part`, what it covers of a chunk's signal, and all that this depends on."""

    plan: UnitPlan
    part: Signal
    config: EncodeConfig
    seed: int
    device: str

    def limited(self, left_s: float | None, plans: Sequence[UnitPlan]) -> UnitFit:
        """With its share, by weights, of the time that is left for `plans`, this one and those after it."""
        weights = [weights_to_fit(plan) for plan in plans]
        if left_s is None or not weights[0]:
            return self
        limit_s = left_s * weights[0] / sum(weights)
        return replace(self, config=replace(self.config, fit=replace(self.config.fit, limit_s=limit_s)))


def weights_to_fit(plan: UnitPlan) -> int:
    """How many weights are found by steps."""
    return 0 if isinstance(plan.spec, LappedSpec) else count_weights(plan.spec.tensor_shapes(plan.domain))


def part_of(signal: Signal, plan: UnitPlan, tiles: TileGrid) -> Signal:
    """What a network covers of a chunk's signal."""
    media, video = plan.spec.MEDIA, signal.video
    if media & VIDEO and video is not None:
        video = replace(video, values=tile_values(video.values, tiles, plan.tile))
    return Signal(signal.index, video if media & VIDEO else None, signal.audio if media & AUDIO else None)


def tile_values(values: NDArray[Any], tiles: TileGrid, tile: int) -> NDArray[Any]:
    """The tile's part of a picture [T, H, W, C]."""
    (top, bottom), (left, right) = tiles.tile(tile, *values.shape[1:3])
    return values[:, top:bottom, left:right]


def fit_unit(
    unit: UnitFit, report: Callable[[FitProgress], None], teacher: FittedChunk | None = None
) -> tuple[Field, Steps]:
    """A field fitted to its part of the signal, and its learned steps."""
    start = _start(unit, report, teacher)
    if start.problem is None:
        return start.field, start.steps
    with fitting_threads(unit.plan):
        steps = fit(start.field, start.problem.objective, unit.config.fit, unit.seed, report)
    return _finished(start, steps)


def fit_units(units: Sequence[UnitFit], report: Callable[[int, FitProgress], None]) -> list[tuple[Field, Steps]]:
    """The same for networks of one or several chunks, as many at once as `config.fit.batch` says, without teachers.

    `report` gets the number of a network and its progress.
    """
    starts = [_start(unit, partial(report, number), None) for number, unit in enumerate(units)]
    found = [(start.field, start.steps) for start in starts]
    for wide in (False, True):
        pairs = [(number, start.problem) for number, start in enumerate(starts) if start.problem]
        waiting = [(number, problem) for number, problem in pairs if _is_wide(units[number].plan) == wide]
        if not waiting:
            continue
        numbers, problems = zip(*waiting, strict=True)
        with fitting_threads(units[numbers[0]].plan):
            told = partial(_renumbered, report, numbers)
            fitted = fit_together(problems, units[0].config.fit, told)
        for number, steps in zip(numbers, fitted, strict=True):
            found[number] = _finished(starts[number], steps)
    return found


def fits_together(config: EncodeConfig, device: str) -> bool:
    """Whether networks are fitted in batches: not with a goal or a teacher, and on a CPU only where asked for."""
    several = config.fit.batch > 1 or (config.fit.batch == 0 and device != "cpu")
    return several and config.teacher is None and config.goal == Goal() and config.fit.limit_s is None


@dataclass(frozen=True, slots=True)
class _Start:
    """A network before its fit, and the gain of its sound; without a `problem` it is finished, with these steps."""

    field: Field
    problem: Problem | None
    gain: float = 1.0
    steps: Steps = None


def _start(unit: UnitFit, report: Callable[[FitProgress], None], teacher: FittedChunk | None) -> _Start:
    plan, signal, config = unit.plan, unit.part, unit.config
    generator = torch.Generator().manual_seed(unit.seed)
    field = build_field(plan.spec, plan.domain)
    field.initialise(generator)
    if isinstance(field, Lapped):
        return _Start(field, None, steps=solved(field, signal, config, report))
    sound, gain = normalised(signal.audio) if plan.spec.MEDIA & AUDIO else (None, 1.0)
    if is_silence(plan, gain):
        steps = dict.fromkeys(dict(field.named_tensors()), 1.0) if config.fit.lmbda else None
        return _Start(silenced(field), None, steps=steps)
    if isinstance(field, AudioSiren) and sound is not None and not field.spec.octaves:
        field.start_at(dominant_cycles(torch.from_numpy(sound), field.spec.first, generator), generator)
    field.to(unit.device)
    source = objective_of(plan, signal, sound, config, unit.device)
    objective: Objective = source
    if config.teacher and teacher:
        objective = DistilledObjective(source, _teacher_of(plan, teacher, gain), config.teacher.alpha)
    return _Start(field, Problem(field, objective, unit.seed), gain)


def _finished(start: _Start, steps: Steps) -> tuple[Field, Steps]:
    """A fitted network with its units in order and the source's own loudness."""
    order_units(start.field)
    scaled = scaled_sound(start.field, steps or {}, start.gain)
    return start.field, scaled if steps else None


@contextmanager
def fitting_threads(plan: UnitPlan) -> Iterator[None]:
    """Within the context torch has as many threads as the fit of such a network gets."""
    with torch_threads(torch.get_num_threads() if _is_wide(plan) else 1):
        yield


def _is_wide(plan: UnitPlan) -> bool:
    shapes = [shape for _, shape in plan.spec.tensor_shapes(plan.domain)]
    return max(max(shape, default=0) for shape in shapes if len(shape) == 2) >= WIDE


def objective_of(
    plan: UnitPlan, part: Signal, sound: NDArray[np.float32] | None, config: EncodeConfig, device: str
) -> PointObjective:
    """The error of such a network on its part of a signal, whose sound may be scaled to `sound`."""
    video = part.video
    if plan.spec.MEDIA == AUDIO:
        assert sound is not None
        return SoundObjective(sound, config.fit, device)
    assert video is not None
    if sound is not None:
        return PairedObjective(video.values, video.bit_depth, sound, config.fit, device)
    return PictureObjective(video.values, video.bit_depth, config.fit, device)


def side_by_side(
    units: Sequence[UnitFit], workers: Workers, report: Callable[[int, int, FitProgress], None], total: int
) -> list[tuple[Field, Steps]]:
    """Fit networks on workers; `report` gets the progress of all of them as of the first of `total` / their number.

    Time that is limited is shared as if `workers.count` went on side by side until it ends.
    """
    clock = _Clock(units, workers.count)
    tasks = [
        Task(f"chunk {unit.part.index}, network {number}", lambda number=number: clock.limited(number))  # type: ignore[misc]
        for number, unit in enumerate(units)
    ]
    told = as_one(units, report, total)
    results = workers.map(_fit_apart, tasks, told=told, done=ignore, stopping=never)
    return [_joined(unit, *result) for unit, result in zip(units, results, strict=True)]


def as_one(
    units: Sequence[UnitFit], report: Callable[[int, int, FitProgress], None], total: int
) -> Callable[[int, FitProgress], None]:
    """Takes the progress of each network, and tells that of all as of the first of `total` / their number."""
    inside = [0.0] * len(units)

    def told(number: int, progress: FitProgress) -> None:
        inside[number] = progress.step / progress.steps
        steps = units[0].config.fit.steps
        report(0, total // len(units), FitProgress(round(sum(inside) * steps), steps * len(units), progress.psnr_db))

    return told


class _Clock:
    """Shares time among networks that are fitted side by side."""

    def __init__(self, units: Sequence[UnitFit], count: int) -> None:
        self._units = units
        self._count = count
        self._started = time.monotonic()

    def limited(self, number: int) -> UnitFit:
        """One that starts now."""
        unit = self._units[number]
        limit_s = unit.config.fit.limit_s
        left_s = limit_s and max(limit_s - (time.monotonic() - self._started), 0.1 * limit_s)
        limited = unit.limited(left_s and left_s * self._count, [each.plan for each in self._units[number:]])
        if left_s is None or limited.config.fit.limit_s is None:
            return limited
        fit_config = replace(limited.config.fit, limit_s=min(left_s, limited.config.fit.limit_s))
        return replace(limited, config=replace(limited.config, fit=fit_config))


def _fit_apart(unit: UnitFit, told: Callable[..., None]) -> tuple[dict[str, NDArray[np.float32]], Steps]:
    """The job of a worker: tensors travel as arrays."""
    field, steps = fit_unit(unit, told)
    return {name: tensor.detach().cpu().numpy() for name, tensor in field.named_tensors()}, steps


def _joined(unit: UnitFit, tensors: dict[str, NDArray[np.float32]], steps: Steps) -> tuple[Field, Steps]:
    field = build_field(unit.plan.spec, unit.plan.domain)
    with torch.no_grad():
        for name, tensor in field.named_tensors():
            tensor.copy_(torch.from_numpy(tensors[name]))
    return field.to(unit.device), steps


def _renumbered(
    report: Callable[[int, FitProgress], None], numbers: Sequence[int], number: int, progress: FitProgress
) -> None:
    report(numbers[number], progress)


def _teacher_of(plan: UnitPlan, teacher: FittedChunk, gain: float) -> Field:
    """A copy of the network that covers the plan's media and tile, its sound scaled as that of the fit is."""
    media = plan.spec.MEDIA
    known = zip(teacher.plans, teacher.fields, strict=True)
    field = deepcopy(next(it for each, it in known if each.spec.MEDIA & media == media and each.tile == plan.tile))
    for name in field.sound_outputs():
        field[name].detach().div_(gain or 1.0)
    return field
