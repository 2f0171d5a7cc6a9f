"""Plane waves at warped points, with gradients that keep no more than they must.

Everything may have a dimension in front, for as many networks at once; `weight` has it too then.
"""

from __future__ import annotations

import torch
from torch import Tensor

from invr.fields.sine import cosine, sine, sine_


def plane_waves(points: Tensor, weight: Tensor, offset: Tensor) -> Tensor:
    """sin(points weight^T + offset) [R, C, M] for points [R, C, 2], weight [M, 2] and offset [R, M]."""
    waves: Tensor = _Waves.apply(points, weight, offset)  # type: ignore[no-untyped-call]
    return waves


def windowed_waves(points: Tensor, weight: Tensor, offset: Tensor, row: Tensor, column: Tensor) -> Tensor:
    """The same times row column for windows row [R, M] and column [C, M]."""
    if not torch.is_grad_enabled():
        bare = sine_(phases(points, weight, offset))
        return bare.mul_(column.unsqueeze(-3)).mul_(row.unsqueeze(-2))
    waves: Tensor = _WindowedWaves.apply(points, weight, offset, row, column)  # type: ignore[no-untyped-call]
    return waves


def phases(points: Tensor, weight: Tensor, offset: Tensor) -> Tensor:
    """points weight^T + offset [R, C, M]."""
    *networks, rows, columns, _ = points.shape
    offset = offset.unsqueeze(-2).expand(*networks, -1, columns, -1)
    factors = weight.mT.unsqueeze(-3).expand(*networks, rows, -1, -1)
    if not networks:
        return torch.baddbmm(offset, points, factors)
    each = (part.flatten(0, 1) for part in (offset, points, factors))
    return torch.baddbmm(*each).view(*networks, rows, columns, -1)


def hats(p: Tensor, count: int) -> Tensor:
    """Weights [..., count] with which values at `count` even nodes on [-1, 1] become those at p [...], linearly."""
    place = (p.clamp(-1, 1) + 1) * ((count - 1) / 2)
    return (1 - (place[..., None] - torch.arange(count, device=p.device)).abs()).clamp(min=0)


class _Waves(torch.autograd.Function):
    @staticmethod
    def forward(ctx: torch.autograd.function.FunctionCtx, points: Tensor, weight: Tensor, offset: Tensor) -> Tensor:
        phase = phases(points, weight, offset)
        ctx.save_for_backward(phase, points, weight)
        return sine(phase)

    @staticmethod
    def backward(ctx: torch.autograd.function.FunctionCtx, *grads: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        phase, points, weight = ctx.saved_tensors  # type: ignore[attr-defined]
        return _phase_grads(cosine(phase).mul_(grads[0]), points, weight)


class _WindowedWaves(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: torch.autograd.function.FunctionCtx,
        points: Tensor,
        weight: Tensor,
        offset: Tensor,
        row: Tensor,
        column: Tensor,
    ) -> Tensor:
        phase = phases(points, weight, offset)
        waves = sine(phase)
        ctx.save_for_backward(phase, waves, points, weight, row, column)
        return (waves * column.unsqueeze(-3)).mul_(row.unsqueeze(-2))

    @staticmethod
    def backward(
        ctx: torch.autograd.function.FunctionCtx, *grads: Tensor
    ) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
        phase, waves, points, weight, row, column = ctx.saved_tensors  # type: ignore[attr-defined]
        row, column = row.unsqueeze(-2), column.unsqueeze(-3)
        by_window = grads[0] * waves
        row_grad = (by_window * column).sum(-2)
        column_grad = by_window.mul_(row).sum(-3)
        grad = cosine(phase).mul_(grads[0]).mul_(column).mul_(row)
        return *_phase_grads(grad, points, weight), row_grad, column_grad


def _phase_grads(grad: Tensor, points: Tensor, weight: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Gradients of points, weight and offset, from that of the phase."""
    flat = grad.flatten(-3, -2)
    return (flat @ weight).view(points.shape), flat.mT @ points.flatten(-3, -2), grad.sum(-2)
