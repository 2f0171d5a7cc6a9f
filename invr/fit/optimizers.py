"""Muon for the hidden matrices, Adam for everything else, one learning-rate schedule over both."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any

import torch
from inrv_format.streams import AUDIO
from torch import Tensor

from invr.config import FitConfig
from invr.fields.base import Field
from invr.fit.pace import Pace

NEWTON_SCHULZ = (3.4445, -4.7750, 2.0315)
NEWTON_SCHULZ_STEPS = 5
FLOOR = 0.01


class Muon(torch.optim.Optimizer):
    """Momentum whose update is orthogonalised (Jordan et al. 2024), Nesterov form, momentum 0.95.

    The update is scaled by sqrt(max(1, rows / columns)), so one rate serves matrices of any shape. Matrices may be
    stacked, [..., rows, columns].
    """

    def __init__(self, params: Iterable[Tensor], lr: float, momentum: float = 0.95) -> None:
        super().__init__(params, {"lr": lr, "momentum": momentum})

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]
        """One update of every matrix that has a gradient; a closure is not used."""
        del closure
        for group in self.param_groups:
            by_shape: dict[torch.Size, list[Tensor]] = {}
            for matrix in group["params"]:
                if matrix.grad is not None:
                    by_shape.setdefault(matrix.shape, []).append(matrix)
            for (*_, rows, columns), matrices in by_shape.items():
                updates = orthogonalise(torch.stack([self._direction(matrix, group) for matrix in matrices]))
                rate = group["lr"] * math.sqrt(max(1.0, rows / columns))
                for matrix, update in zip(matrices, updates, strict=True):
                    # a rate that lies on the device is read by a recorded step, as a number it would be fixed
                    matrix.sub_(update * rate) if isinstance(rate, Tensor) else matrix.add_(update, alpha=-rate)

    def _direction(self, matrix: Tensor, group: dict[str, Any]) -> Tensor:
        """Gradient plus momentum, Nesterov's form."""
        assert matrix.grad is not None
        state = self.state[matrix]
        if not state:
            state["momentum"] = torch.zeros_like(matrix)
        momentum: Tensor = state["momentum"]
        momentum.mul_(group["momentum"]).add_(matrix.grad)
        return matrix.grad.add(momentum, alpha=group["momentum"])


def orthogonalise(matrices: Tensor) -> Tensor:
    """The nearest semi-orthogonal matrices to [..., R, C], roughly: five Newton-Schulz steps of degree five."""
    a, b, c = NEWTON_SCHULZ
    x: Tensor = matrices / (torch.linalg.matrix_norm(matrices, keepdim=True) + 1e-7)
    tall = x.shape[-2] > x.shape[-1]
    if tall:
        x = x.mT
    for _ in range(NEWTON_SCHULZ_STEPS):
        gram = x @ x.mT
        x = a * x + (b * gram + c * gram @ gram) @ x
    return x.mT if tall else x


def build_optimizers(field: Field, config: FitConfig, rate_factor: float) -> list[torch.optim.Optimizer]:
    """Muon on `field.matrices()`; Adam on the first layer, on motion, and on the rest, each at its own rate."""
    matrices = field.matrices() if config.optimizer == "muon" else []
    taken = {id(matrix) for matrix in matrices}
    groups: dict[str, list[Tensor]] = {"first": [], "motion": [], "rest": []}
    for name, tensor in field.named_tensors():
        if id(tensor) not in taken:
            layer = name.partition(".")[0]
            groups[layer if layer in groups else "rest"].append(tensor)
    first_rate = config.sound_first_rate if field.spec.MEDIA == AUDIO else config.first_rate
    rates = {"first": first_rate, "motion": config.motion_rate, "rest": config.adam_rate}
    adam_groups = [{"params": groups[name], "lr": rates[name] * rate_factor} for name in groups if groups[name]]
    optimizers: list[torch.optim.Optimizer] = [torch.optim.Adam(adam_groups, fused=True)]
    if matrices:
        optimizers.append(Muon(matrices, config.muon_rate * rate_factor))
    return optimizers


def cosine(progress: float) -> float:
    """Rate factor from 1 to FLOOR as `progress` goes from 0 to 1."""
    return FLOOR + (1 - FLOOR) * 0.5 * (1 + math.cos(math.pi * progress))


def drop(progress: float) -> float:
    """1 for the first sixth, a tenth after it (Chalise et al. 2025, table 8-3: the student's 1,000 of 6,000)."""
    return 1.0 if progress < 1 / 6 else 0.1


FACTORS: dict[str, Callable[[float], float]] = {"cosine": cosine, "constant": lambda _: 1.0, "drop": drop}


def build_schedulers(
    optimizers: list[torch.optim.Optimizer], config: FitConfig, pace: Pace
) -> list[torch.optim.lr_scheduler.LRScheduler]:
    """The schedule for each optimizer, by the part of the fit that is done."""

    def factor(_step: int) -> float:
        return FACTORS[config.schedule](pace.progress)

    return [torch.optim.lr_scheduler.LambdaLR(optimizer, factor) for optimizer in optimizers]
