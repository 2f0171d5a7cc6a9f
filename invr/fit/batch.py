"""`fit_together`: many networks fitted at once, as one problem whose parts do not touch."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor

from invr.config import FitConfig
from invr.fields.base import Field
from invr.fields.stack import SirenStack, form
from invr.fit.draws import CountedDraws, Draws, HostDraws
from invr.fit.graphs import GraphRecorder, Recorder, Repeated
from invr.fit.loop import (
    CHECK_BATCHES,
    FitProgress,
    Phase,
    check_generator,
    fit,
    has_diverged,
    penalty,
    phase_at,
    psnr_db,
)
from invr.fit.memory import networks_at_once
from invr.fit.objectives import Objective, PictureBatch, PictureObjective, Points
from invr.fit.optimizers import build_optimizers, build_schedulers
from invr.fit.pace import Pace
from invr.quant.rate import RateModel

Steps = dict[str, float] | None
# Gets the number of a problem and how far its fit is.
BatchReport = Callable[[int, FitProgress], None]
# Tensors with a row for each problem.
State = dict[str, Tensor]


@dataclass(frozen=True, slots=True)
class Problem:
    """A field at its start, what it is fitted to, and the seed of all that its fit draws."""

    field: Field
    objective: Objective
    seed: int


def fit_together(problems: Sequence[Problem], config: FitConfig, report: BatchReport) -> list[Steps]:
    """Fit the field of every problem in place, as `fit` does; return the quantization steps of each.

    Picture networks of plane waves, of one form and with as many points a step, are fitted `config.batch` at once;
    what is left is fitted one after the other by `fit`. `config.limit_s` is not for batches.
    """
    assert config.limit_s is None
    kinds: dict[object, list[int]] = {}
    for number, problem in enumerate(problems):
        kinds.setdefault(_kind(problem), []).append(number)
    found: dict[int, Steps] = {}
    for kind, numbers in kinds.items():
        size = 1 if kind is None else _at_once(problems[numbers[0]], config)
        for start in range(0, len(numbers), size):
            group = numbers[start : start + size]
            parts = [problems[number] for number in group]
            told = partial(_renumbered, report, group)
            alone = kind is None or (len(group) == 1 and not _on_gpu(parts[0]))
            steps = [_alone(parts[0], config, told, 0)] if alone else fit_batch(parts, config, told)
            found |= zip(group, steps, strict=True)
    return [found[number] for number in range(len(problems))]


def fit_batch(
    problems: Sequence[Problem],
    config: FitConfig,
    report: BatchReport,
    draws: Draws | None = None,
    recorder: Recorder | None = None,
) -> list[Steps]:
    """The same for problems of one kind, all at once; one that diverges is fitted again, alone.

    Without `draws` they are `HostDraws` on a CPU, so that each network gets what it gets alone but for rounding, and
    `CountedDraws` on a GPU. With a `recorder` (CUDA graphs, where `config.graphs` and there is a GPU) steps are
    recorded, one for each phase.
    """
    if draws is None:
        kind = CountedDraws if _on_gpu(problems[0]) else HostDraws
        draws = kind(_objectives(problems), [problem.seed for problem in problems])
    if recorder is None and _on_gpu(problems[0]) and config.graphs:
        recorder = GraphRecorder()
    descents = _Descents(problems, config, draws, recorder)
    descents.descend(report)
    steps = descents.finish()
    return [
        _alone(problem, config, report, number) if number in descents.diverged else steps[number]
        for number, problem in enumerate(problems)
    ]


class _Descents:
    """As `_Descent` of the loop, of several networks: what is a number there has a place for each problem here."""

    def __init__(
        self, problems: Sequence[Problem], config: FitConfig, draws: Draws, recorder: Recorder | None
    ) -> None:
        self._problems, self._config, self._draws = problems, config, draws
        # The problems' own fields stay as they are until the end, for those that are fitted again.
        self._fields = [deepcopy(problem.field) for problem in problems]
        self._stack = SirenStack(self._fields)
        self._stack.precision = config.precision
        objectives = _objectives(problems)
        self._batch = PictureBatch(objectives)
        self._check_points = _check_points(problems)
        self._prices = [config.lmbda * one.power / one.points for one in objectives]
        self._bit_price = torch.tensor(self._prices, device=objectives[0].device)
        self._optimizers = build_optimizers(self._stack, config, 1.0)
        self._rate = RateModel(self._stack) if config.lmbda else None
        self._rates = [RateModel(field) for field in self._fields] if config.lmbda else []
        if self._rate:
            self._optimizers.append(torch.optim.Adam(self._rate.parameters(), config.step_rate, fused=True))
        self._work = Repeated(self._advance, self._optimizers, recorder) if recorder else None
        self._pace = Pace(config, objectives[0].points)
        self._schedulers = build_schedulers(self._optimizers, config, self._pace)
        self._phase = Phase.EXACT
        self._least_errors = [math.inf] * len(problems)
        self._least_costs = [math.inf] * len(problems)
        self._best = {name: tensor.clone() for name, tensor in self._state().items()}
        self.diverged: set[int] = set()

    def descend(self, report: BatchReport) -> None:
        """All steps, unless no problem is left."""
        pace, checks = self._pace, self._config.checks
        while pace.progress < 1 and len(self.diverged) < len(self._problems):
            before = pace.progress
            self._enter_phase(before)
            self._step()
            if int(before * checks) != int(pace.progress * checks):
                self._judge(report)

    def finish(self) -> list[Steps]:
        """Put the best states into the fields of the problems that have not diverged; return all steps."""
        with torch.no_grad():
            for name, tensor in self._state().items():
                tensor.copy_(self._best[name])
        whole = enumerate(self._problems)
        fields = [self._fields[i] if i in self.diverged else problem.field for i, problem in whole]
        self._stack.unstack(fields)
        if self._rate is None:
            return [None] * len(fields)
        for i, (rate, field) in enumerate(zip(self._rates, fields, strict=True)):
            if self._phase is Phase.EXACT:
                rate.start(field)
            else:
                rate.load_state_dict({name: tensor[i] for name, tensor in self._rate.state_dict().items()})
        return [rate.steps() for rate in self._rates]

    def _enter_phase(self, progress: float) -> None:
        phase = phase_at(progress, self._config)
        if self._rate is None or phase is self._phase:
            return
        if self._phase is Phase.EXACT:
            self._stack.unstack(self._fields)
            for i, (rate, field) in enumerate(zip(self._rates, self._fields, strict=True)):
                rate.start(field)
                for name, tensor in self._rate.state_dict().items():
                    tensor[i] = rate.state_dict()[name]
        self._phase = phase
        self._least_costs = [math.inf] * len(self._problems)
        if self._work:
            self._work.anew()

    def _step(self) -> None:
        """One step of every optimizer."""
        if self._work:
            self._work()
        else:
            self._advance()
        self._pace.advance()
        for scheduler in self._schedulers:
            scheduler.step()

    def _advance(self) -> None:
        """What a step does on the device; the host is not asked."""
        loss = self._loss()
        for optimizer in self._optimizers:
            optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        for optimizer in self._optimizers:
            optimizer.step()

    def _loss(self) -> Tensor:
        """The sum of the problems' losses: none of their gradients meets another's."""
        if self._rate is None:
            return self._batch.losses(self._stack, self._draws.points()).sum() + penalty(self._stack, self._config)
        if self._phase is Phase.EXACT:
            return self._batch.losses(self._stack, self._draws.points()).sum()
        noise = self._draws.noise(self._rate.weights) if self._phase is Phase.NOISY else None
        tensors, bits = self._rate.substitutes(self._stack, noise)
        with self._stack.substituted(tensors):
            errors = self._batch.losses(self._stack, self._draws.points())
        return (errors + self._bit_price * bits).sum()

    def _judge(self, report: BatchReport) -> None:
        """Check every problem that has not diverged; keep its state where that is its best."""
        errors, bits = self._check()
        better = []
        for i, (error, price) in enumerate(zip(errors, self._prices, strict=True)):
            price *= bits[i]
            if i in self.diverged or has_diverged(error, self._least_errors[i], price):
                self.diverged.add(i)
                continue
            self._least_errors[i] = min(self._least_errors[i], error)
            if error + price < self._least_costs[i]:
                self._least_costs[i] = error + price
                better.append(i)
            peak = self._problems[i].objective.peak
            report(i, FitProgress(self._pace.step, self._pace.steps, psnr_db(error, peak)))
        for name, tensor in self._state().items():
            self._best[name][better] = tensor[better]

    @torch.no_grad()
    def _check(self) -> tuple[list[float], list[float]]:
        """Errors at points that are the same at every check, and bits; exact weights until the last phase."""
        if self._rate is None or self._phase is Phase.EXACT:
            return self._checked_losses(), [0.0] * len(self._problems)
        tensors, bits = self._rate.substitutes(self._stack, None)
        if self._phase is Phase.NOISY:
            return self._checked_losses(), bits.tolist()
        with self._stack.substituted(tensors):
            return self._checked_losses(), bits.tolist()

    def _checked_losses(self) -> list[float]:
        losses = [self._batch.losses(self._stack, points) for points in self._check_points]
        means: list[float] = torch.stack(losses).mean(0).tolist()
        return means

    def _state(self) -> State:
        """The tensors of the stack and of its rate, as they are."""
        rate = {} if self._rate is None else self._rate.state_dict()
        return {**self._stack.state_dict(), **rate}


def _check_points(problems: Sequence[Problem]) -> list[Points]:
    """Of CHECK_BATCHES batches, those of each problem as `checked_loss` draws them."""
    draws = HostDraws(_objectives(problems), [problem.seed for problem in problems], check_generator)
    return [draws.points() for _ in range(CHECK_BATCHES)]


def _objectives(problems: Sequence[Problem]) -> list[PictureObjective]:
    objectives = []
    for problem in problems:
        assert isinstance(problem.objective, PictureObjective)
        objectives.append(problem.objective)
    return objectives


def _kind(problem: Problem) -> object:
    """What problems that can be batched have in common; None for one that cannot be."""
    objective, shape = problem.objective, form(problem.field)
    if not isinstance(objective, PictureObjective) or shape is None or objective.kind is None:
        return None
    return shape, objective.kind


def _at_once(problem: Problem, config: FitConfig) -> int:
    (objective,) = _objectives([problem])
    return networks_at_once(problem.field, objective, config)


def _on_gpu(problem: Problem) -> bool:
    return next(problem.field.parameters()).device.type != "cpu"


def _alone(problem: Problem, config: FitConfig, report: BatchReport, number: int) -> Steps:
    return fit(problem.field, problem.objective, config, problem.seed, partial(report, number))


def _renumbered(report: BatchReport, numbers: Sequence[int], number: int, progress: FitProgress) -> None:
    report(numbers[number], progress)
