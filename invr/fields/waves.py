"""Plane waves at warped points, with gradients that keep no more than they must."""

from __future__ import annotations

import torch
from torch import Tensor

from invr.fields.sine import cosine, sine


def plane_waves(points: Tensor, weight: Tensor, offset: Tensor) -> Tensor:
    """sin(points weight^T + offset) [R, C, M] for points [R, C, 2], weight [M, 2] and offset [R, M]."""
    waves: Tensor = _Waves.apply(points, weight, offset)  # type: ignore[no-untyped-call]
    return waves


def windowed_waves(points: Tensor, weight: Tensor, offset: Tensor, row: Tensor, column: Tensor) -> Tensor:
    """The same times row column for windows row [R, M] and column [C, M]."""
    waves: Tensor = _WindowedWaves.apply(points, weight, offset, row, column)  # type: ignore[no-untyped-call]
    return waves


def phases(points: Tensor, weight: Tensor, offset: Tensor) -> Tensor:
    """points weight^T + offset [R, C, M]."""
    rows, columns, _ = points.shape
    return torch.baddbmm(offset[:, None].expand(-1, columns, -1), points, weight.t().expand(rows, -1, -1))


def hats(p: Tensor, count: int) -> Tensor:
    """Weights [N, count] with which values at `count` even nodes on [-1, 1] are interpolated linearly at `p` [N]."""
    place = (p.clamp(-1, 1) + 1) * ((count - 1) / 2)
    return (1 - (place[:, None] - torch.arange(count, device=p.device)).abs()).clamp(min=0)


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
        return (waves * column).mul_(row[:, None])

    @staticmethod
    def backward(
        ctx: torch.autograd.function.FunctionCtx, *grads: Tensor
    ) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
        phase, waves, points, weight, row, column = ctx.saved_tensors  # type: ignore[attr-defined]
        by_window = grads[0] * waves
        row_grad = (by_window * column).sum(1)
        column_grad = by_window.mul_(row[:, None]).sum(0)
        grad = cosine(phase).mul_(grads[0]).mul_(column).mul_(row[:, None])
        return *_phase_grads(grad, points, weight), row_grad, column_grad


def _phase_grads(grad: Tensor, points: Tensor, weight: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Gradients of points, weight and offset, from that of the phase."""
    return grad @ weight, grad.flatten(0, 1).t() @ points.flatten(0, 1), grad.sum(1)
