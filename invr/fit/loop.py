"""`fit`: the one loop that turns a chunk's samples into a network's weights."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import Enum, auto

import torch
from inrv_format.errors import FitError
from torch import Tensor

from invr.config import FitConfig
from invr.fields.base import Field
from invr.fit.objectives import Objective
from invr.fit.optimizers import build_optimizers, build_schedulers
from invr.fit.pace import Pace
from invr.quant.rate import RateModel

CHECK_BATCHES = 8
DIVERGED_FACTOR = 4.0
# On black frames or silence the error falls so low that jitter alone multiplies it.
HARMLESS_LOSS = 1e-4
RESTART_RATE = 0.3
# Of the rates of a fit, for one that goes on from its result (docs/research/goals.md).
REFIT_RATE = 0.1


class Phase(Enum):
    """What a fit with rate does to its weights before they are evaluated."""

    EXACT = auto()
    NOISY = auto()
    ROUNDED = auto()


@dataclass(frozen=True, slots=True)
class FitProgress:
    """State of a fit after `step` of `steps`: PSNR at fixed random points, estimated, of the weights as they stand:
    exact at first, rounded to their learned steps at last.
    """

    step: int
    steps: int
    psnr_db: float


Report = Callable[[FitProgress], None]


def fit(field: Field, objective: Objective, config: FitConfig, seed: int, report: Report) -> dict[str, float] | None:
    """Fit `field` in place and leave it at the best state seen; return the quantization steps of its tensors.

    With `config.lmbda` the fit minimises error + lmbda x bits per point over weights and steps; without, there are no
    steps (None). A fit that diverges (a loss that is not finite, or far above the best) is restarted once from its
    start with lower rates, but for that of the quantization steps; FitError when that diverges too. The same seed on
    the same machine gives the same weights.
    """
    start = _snapshot(field)
    for rate_factor in (1.0, RESTART_RATE):
        _restore(field, start)
        descent = _Descent(field, objective, config, seed, rate_factor)
        if descent.descend(report):
            return descent.steps()
        config = descent.left()
    raise FitError(f"the fit diverged twice, the second time at {RESTART_RATE} of the learning rate")


def refit(
    field: Field,
    steps: Mapping[str, float],
    objective: Objective,
    config: FitConfig,
    seed: int,
    report: Report,
    rate_factor: float = REFIT_RATE,
) -> dict[str, float]:
    """Go on with a fit from its field and quantization steps, for `config.steps` at `rate_factor` of its rates, but
    for that of the steps; return new steps.

    There are no exact weights any more: noise in the first half, then rounding. With another `config.lmbda` that is
    how a network is moved to another price of bits. Where it diverges all is left as it was.
    """
    start = _snapshot(field)
    config = replace(config, noise_from=0.0, round_from=0.5)
    descent = _Descent(field, objective, config, seed, rate_factor, steps)
    if not descent.descend(report):
        _restore(field, start)
        return dict(steps)
    return descent.steps() or dict(steps)


class _Descent:
    """One whole fit: exact weights first, then noise of a step in their place, then rounded weights.

    `first_steps` are the quantization steps to start with, where they are known.
    """

    def __init__(
        self,
        field: Field,
        objective: Objective,
        config: FitConfig,
        seed: int,
        rate_factor: float,
        first_steps: Mapping[str, float] | None = None,
    ) -> None:
        self._field = field
        field.precision = config.precision
        self._objective = objective
        self._config = config
        self._seed = seed
        self._first_steps = first_steps
        self._generator = torch.Generator().manual_seed(seed)
        self._rate = RateModel(field) if config.lmbda else None
        self._bit_price = config.lmbda * objective.power / objective.points
        self._optimizers = build_optimizers(field, config, rate_factor)
        if self._rate:
            self._optimizers.append(torch.optim.Adam(self._rate.parameters(), config.step_rate, fused=True))
        self._pace = Pace(config, objective.points)
        self._schedulers = build_schedulers(self._optimizers, config, self._pace)
        self._phase = Phase.EXACT
        self._least_error = self._least_cost = math.inf
        self._best = self._state()

    def descend(self, report: Report) -> bool:
        """False as soon as the fit has diverged."""
        pace, checks = self._pace, self._config.checks
        while pace.progress < 1:
            before = pace.progress
            self._enter_phase(before)
            self._step()
            if int(before * checks) == int(pace.progress * checks):
                continue
            error, bits = self._check()
            price = self._bit_price * bits
            if has_diverged(error, self._least_error, price):
                return False
            self._least_error = min(self._least_error, error)
            cost = error + price
            if cost < self._least_cost:
                self._least_cost, self._best = cost, self._state()
            report(FitProgress(pace.step, pace.steps, psnr_db(error, self._objective.peak)))
        self._load(self._best)
        if self._rate and self._phase is Phase.EXACT:
            self._rate.start(self._field, self._first_steps)
        return True

    def steps(self) -> dict[str, float] | None:
        """The learned quantization steps by tensor; None for a fit without rate."""
        return self._rate.steps() if self._rate else None

    def left(self) -> FitConfig:
        """The settings of a fit in the time that this one has not used."""
        limit_s = self._config.limit_s
        return replace(self._config, limit_s=limit_s and max(limit_s - self._pace.elapsed_s, 0.1 * limit_s))

    def _enter_phase(self, progress: float) -> None:
        """Switch phases where it is time; the states of an earlier phase are not compared with a later one's."""
        if self._rate is None:
            return
        phase = phase_at(progress, self._config)
        if phase is self._phase:
            return
        if self._phase is Phase.EXACT:
            self._rate.start(self._field, self._first_steps)
        self._phase, self._least_cost = phase, math.inf

    def _step(self) -> None:
        """One step of every optimizer."""
        loss = self._loss()
        for optimizer in self._optimizers:
            optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        for optimizer in self._optimizers:
            optimizer.step()
        self._pace.advance()
        for scheduler in self._schedulers:
            scheduler.step()

    def _loss(self) -> Tensor:
        objective, field = self._objective, self._field
        if self._rate is None:
            return objective.loss(field, self._generator) + penalty(field, self._config)
        if self._phase is Phase.EXACT:
            return objective.loss(field, self._generator)
        noise = None
        if self._phase is Phase.NOISY:
            noise = torch.rand(self._rate.weights, generator=self._generator).to(self._rate.log_step.device)
        tensors, bits = self._rate.substitutes(field, noise)
        with field.substituted(tensors):
            error = objective.loss(field, self._generator)
        return error + self._bit_price * bits

    @torch.no_grad()
    def _check(self) -> tuple[float, float]:
        """Error at points that are the same at every check, and bits; exact weights until the last phase."""
        if self._rate is None or self._phase is Phase.EXACT:
            return checked_loss(self._field, self._objective, self._seed), 0.0
        tensors, bits = self._rate.substitutes(self._field, None)
        if self._phase is Phase.NOISY:
            return checked_loss(self._field, self._objective, self._seed), float(bits)
        with self._field.substituted(tensors):
            return checked_loss(self._field, self._objective, self._seed), float(bits)

    def _state(self) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
        rate = {} if self._rate is None else self._rate.state_dict()
        return _snapshot(self._field), {name: tensor.clone() for name, tensor in rate.items()}

    def _load(self, state: tuple[dict[str, Tensor], dict[str, Tensor]]) -> None:
        tensors, rate = state
        _restore(self._field, tensors)
        if self._rate:
            self._rate.load_state_dict(rate)


def phase_at(progress: float, config: FitConfig) -> Phase:
    """The phase of a fit with rate at a part of it."""
    if progress >= config.round_from:
        return Phase.ROUNDED
    return Phase.NOISY if progress >= config.noise_from else Phase.EXACT


def has_diverged(error: float, least_error: float, price: float) -> bool:
    """Whether an error is none that a fit may have, with bits that cost `price`.

    Error is rightly given away for bits until it is worth as much as they are.
    """
    return not math.isfinite(error) or error > DIVERGED_FACTOR * max(least_error, price, HARMLESS_LOSS)


def penalty(field: Field, config: FitConfig) -> Tensor | float:
    """What a fit without rate adds to the error: l1 times the sum of absolute weights (INVR eq. 5).

    Tensors that hold frequencies are left out: their size is pitch and detail, not complexity.
    """
    if not config.l1:
        return 0.0
    sizes = [tensor.abs().sum() for name, tensor in field.named_tensors() if field.phase_gain(name) is None]
    return config.l1 * torch.stack(sizes).sum()


@torch.no_grad()
def checked_loss(field: Field, objective: Objective, seed: int) -> float:
    """Error at points that are the same at every check."""
    generator = check_generator(seed)
    losses = [objective.loss(field, generator) for _ in range(CHECK_BATCHES)]
    return float(torch.stack(losses).mean())


def check_generator(seed: int) -> torch.Generator:
    """Draws the points of a check."""
    return torch.Generator().manual_seed(seed ^ 0x5EED)


def psnr_db(loss: float, peak: float) -> float:
    """PSNR of a mean squared error, in dB."""
    return 10 * math.log10(peak * peak / max(loss, 1e-12))


def _snapshot(field: Field) -> dict[str, Tensor]:
    return {name: tensor.detach().clone() for name, tensor in field.named_tensors()}


def _restore(field: Field, state: dict[str, Tensor]) -> None:
    with torch.no_grad():
        for name, tensor in field.named_tensors():
            tensor.copy_(state[name])
