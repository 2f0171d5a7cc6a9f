"""Fine-tuning after quantization: the integers learn, their scales stay."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import torch
from inrv_format.families.base import DELTA_TENSORS
from inrv_format.quantization import TensorHeader
from inrv_format.tensors import Symbols
from torch import Tensor

from invr.fields.base import Field
from invr.fit.loop import FitProgress, checked_loss, psnr_db
from invr.fit.objectives import Objective
from invr.fit.optimizers import cosine

# Adam's rate for a tensor, in steps of its quantizer: 0.05, less where its whole range has few of them.
RATE = 0.05
RATE_OF_RANGE = 1 / 300
CHECKS = 10


def finetune(
    field: Field,
    symbols: Symbols,
    objective: Objective,
    steps: int,
    seed: int,
    report: Callable[[FitProgress], None],
) -> Symbols:
    """Integers of lower error than `symbols`, at the same scales and zero-points (Chalise et al. 2025, algorithm 2).

    The paper only says that a quantized network may be fine-tuned on its data. Here each integer has a real number
    behind it that Adam moves; the network is always evaluated at the rounded ones, and the gradient passes the
    rounding unchanged (straight-through, Bengio et al. 2013). The best integers seen are kept, those of `symbols`
    among them. `field` is the network that they belong to; its own tensors are not used.
    """
    device = next(field.parameters()).device
    reals = [torch.from_numpy(tensor.values.astype(np.float64)).to(device).requires_grad_() for tensor in symbols]
    optimizer = torch.optim.Adam(
        [{"params": [real], "lr": _rate(tensor.header)} for real, tensor in zip(reals, symbols, strict=True)]
    )
    scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: cosine(step / steps))
    generator = torch.Generator().manual_seed(seed)
    least, best = _checked(field, symbols, reals, objective, seed), symbols
    for step in range(1, steps + 1):
        optimizer.zero_grad()
        with field.substituted(_decoded(symbols, reals)):
            objective.loss(field, generator).backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        scheduler.step()
        for tensor, real in zip(symbols, reals, strict=True):
            real.detach().clamp_(*tensor.header.q_range)
        if step % max(1, steps // CHECKS) and step != steps:
            continue
        loss = _checked(field, symbols, reals, objective, seed)
        if loss < least:
            least, best = loss, _rounded(symbols, reals)
        report(FitProgress(step, steps, psnr_db(loss, objective.peak)))
    return best


def _rate(header: TensorHeader) -> float:
    low, high = header.q_range
    return min(RATE, RATE_OF_RANGE * (high - low))


def _checked(field: Field, symbols: Symbols, reals: Sequence[Tensor], objective: Objective, seed: int) -> float:
    with field.substituted(_decoded(symbols, reals)):
        return checked_loss(field, objective, seed)


def _decoded(symbols: Symbols, reals: Sequence[Tensor]) -> dict[str, Tensor]:
    """The weights that the nearest integers stand for, as a decoder computes them (`spec/inrv.md` 6.1)."""
    decoded = {}
    for tensor, real in zip(symbols, reals, strict=True):
        q = real + (real.round() - real).detach()
        whole = q - tensor.header.zero_point
        if tensor.name in DELTA_TENSORS:
            whole = whole.cumsum(0)
        decoded[tensor.name] = whole.float() * tensor.header.scale
    return decoded


def _rounded(symbols: Symbols, reals: Sequence[Tensor]) -> Symbols:
    """The nearest integers."""
    integers = [real.detach().round().cpu().numpy().astype(np.int32) for real in reals]
    return tuple(replace(tensor, values=values) for tensor, values in zip(symbols, integers, strict=True))
