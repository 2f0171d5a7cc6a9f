"""Sine layers whose products have factors of bfloat16."""

from __future__ import annotations

import torch
from torch import Tensor

from invr.fields.sine import cosine, sine


def half_sine_layer(x: Tensor, weight: Tensor, bias: Tensor, omega: float) -> Tensor:
    """sin(omega (W x + b)) as bfloat16, for x [..., I] of either type; shapes as of `sine_layer`.

    W and x are rounded to bfloat16, which has 8 bits: that is harmless for sines, which lie in [-1, 1], and for the
    weights of one sum. Products are added up in float32 and phases stay so: they reach tens of radians, where a
    bfloat16 is off by a quarter, and those of the first layer hundreds; so the first layer has no bfloat16 at all.
    """
    flat = x.reshape(*weight.shape[:-2], -1, x.shape[-1])
    waves: Tensor = _HalfSine.apply(flat, weight * omega, bias * omega)  # type: ignore[no-untyped-call]
    return waves.reshape(*x.shape[:-1], weight.shape[-2])


class _HalfSine(torch.autograd.Function):
    @staticmethod
    def forward(ctx: torch.autograd.function.FunctionCtx, x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        x, weight = x.bfloat16(), weight.bfloat16()
        phase = _product(x, weight.mT).add_(bias.unsqueeze(-2))
        ctx.save_for_backward(x, weight, phase)
        return sine(phase).bfloat16()

    @staticmethod
    def backward(ctx: torch.autograd.function.FunctionCtx, *grads: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        x, weight, phase = ctx.saved_tensors  # type: ignore[attr-defined]
        grad = cosine(phase).mul_(grads[0])
        rounded = grad.bfloat16()
        return _product(rounded, weight), _product(rounded.mT, x), grad.sum(-2)


def _product(a: Tensor, b: Tensor) -> Tensor:
    """a b in float32, for factors of bfloat16: a CPU's own products would round the sums as well."""
    if a.device.type == "cpu":
        return a.float() @ b.float()
    product = torch.mm if a.dim() == 2 else torch.bmm
    return product(a, b, out_dtype=torch.float32)
