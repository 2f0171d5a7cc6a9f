"""`fit`: the one loop that turns a chunk's samples into a network's weights."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from inrv_format.errors import FitError
from torch import Tensor

from invr.config import FitConfig
from invr.fields.base import Field
from invr.fit.objectives import Objective
from invr.fit.optimizers import build_optimizers, build_schedulers

CHECK_BATCHES = 8
DIVERGED_FACTOR = 4.0
# On black frames or silence the error falls so low that jitter alone multiplies it.
HARMLESS_LOSS = 1e-4
RESTART_RATE = 0.3


@dataclass(frozen=True, slots=True)
class FitProgress:
    """State of a fit after `step` of `steps`: PSNR of the float weights at fixed random points, estimated."""

    step: int
    steps: int
    psnr_db: float


Report = Callable[[FitProgress], None]


def fit(field: Field, objective: Objective, config: FitConfig, seed: int, report: Report) -> None:
    """Fit `field` in place and leave it at the best state seen.

    A fit that diverges (a loss that is not finite, or far above the best) is restarted once from its start with a
    lower rate; FitError when that diverges too. The same seed on the same machine gives the same weights.
    """
    start = _snapshot(field)
    for rate_factor in (1.0, RESTART_RATE):
        _restore(field, start)
        if _descend(field, objective, config, seed, rate_factor, report):
            return
    raise FitError(f"the fit diverged twice, the second time at {RESTART_RATE} of the learning rate")


def _descend(
    field: Field, objective: Objective, config: FitConfig, seed: int, rate_factor: float, report: Report
) -> bool:
    """One whole fit; False as soon as it has diverged."""
    generator = torch.Generator().manual_seed(seed)
    optimizers = build_optimizers(field, config, rate_factor)
    schedulers = build_schedulers(optimizers, config)
    best_loss, best = math.inf, _snapshot(field)
    every = max(1, config.steps // config.checks)
    for step in range(1, config.steps + 1):
        loss = objective.loss(field, generator) + penalty(field, config)
        for optimizer in optimizers:
            optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        for optimizer, scheduler in zip(optimizers, schedulers, strict=True):
            optimizer.step()
            scheduler.step()
        if step % every and step != config.steps:
            continue
        checked = _checked_loss(field, objective, seed)
        if not math.isfinite(checked) or checked > DIVERGED_FACTOR * max(best_loss, HARMLESS_LOSS):
            return False
        if checked < best_loss:
            best_loss, best = checked, _snapshot(field)
        report(FitProgress(step, config.steps, _psnr_db(checked, objective.peak)))
    _restore(field, best)
    return True


def penalty(field: Field, config: FitConfig) -> Tensor | float:
    """What is added to the error: l1 times the sum of absolute weights (INVR eq. 5). Rate terms go here.

    Tensors that hold frequencies are left out: their size is pitch and detail, not complexity.
    """
    if not config.l1:
        return 0.0
    sizes = [tensor.abs().sum() for name, tensor in field.named_tensors() if field.phase_gain(name) is None]
    return config.l1 * torch.stack(sizes).sum()


@torch.no_grad()
def _checked_loss(field: Field, objective: Objective, seed: int) -> float:
    """Error at points that are the same at every check."""
    generator = torch.Generator().manual_seed(seed ^ 0x5EED)
    losses = [objective.loss(field, generator) for _ in range(CHECK_BATCHES)]
    return float(torch.stack(losses).mean())


def _psnr_db(loss: float, peak: float) -> float:
    return 10 * math.log10(peak * peak / max(loss, 1e-12))


def _snapshot(field: Field) -> dict[str, Tensor]:
    return {name: tensor.detach().clone() for name, tensor in field.named_tensors()}


def _restore(field: Field, state: dict[str, Tensor]) -> None:
    with torch.no_grad():
        for name, tensor in field.named_tensors():
            tensor.copy_(state[name])
