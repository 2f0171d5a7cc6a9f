"""`RateModel`: what a fit pays for its weights, with quantization steps that are learned with them."""

from __future__ import annotations

import math
from collections.abc import Mapping

import torch
from inrv_format.families.base import DELTA_TENSORS
from torch import Tensor, nn

from invr.fields.base import Field

# A start that costs little quality: steps of a tenth of a tensor's deviation, or of a hundredth of a sine's turn.
STEPS_PER_DEVIATION = 10
STEPS_PER_TURN = 64
SMALLEST_STEP = 1e-6
SMALLEST_SPREAD = 0.02


class RateModel(nn.Module):
    """Learned step and Laplace spread of each tensor of a field, as logarithms; the bits that its integers take.

    All tensors are treated as one vector of K weights, so that a step of the fit pays for a handful of small
    operations, not for a dozen in each tensor.
    """

    def __init__(self, field: Field) -> None:
        super().__init__()
        named = list(field.named_tensors())
        device = named[0][1].device
        self._names = [name for name, _ in named]
        self._shapes = [tensor.shape for _, tensor in named]
        self._sizes = [tensor.numel() for _, tensor in named]
        owner = torch.repeat_interleave(torch.arange(len(named)), torch.tensor(self._sizes))
        self._owner = owner.to(device)
        self.log_step = nn.Parameter(torch.zeros(len(named), device=device))
        self.log_spread = nn.Parameter(torch.zeros(len(named), device=device))

    @torch.no_grad()
    def start(self, field: Field, known: Mapping[str, float] | None = None) -> None:
        """Set steps to those that are `known` by tensor, or else, as spreads are in any case, to what the field's
        tensors ask for as they are now.
        """
        named = list(field.named_tensors())
        steps = [known[name] if known else _first_step(field, name, tensor.detach()) for name, tensor in named]
        stored = self._stored(torch.cat([tensor.reshape(-1) for _, tensor in named]))
        sizes = torch.stack([part.abs().mean() for part in torch.split(stored, self._sizes)])
        self.log_step.copy_(torch.tensor(steps).log())
        self.log_spread.copy_(torch.maximum(sizes.log(), self.log_step + math.log(SMALLEST_SPREAD)))

    def substitutes(self, field: Field, noise: torch.Generator | None) -> tuple[dict[str, Tensor], Tensor]:
        """The tensors as a decoder would see them, differentiable, and the bits of all of them.

        With `noise`, rounding is replaced by uniform noise of one step (Balle et al. 2017); without, the integers are
        exact and the gradient passes them as if they had not been rounded.
        """
        exact = self.log_step.exp()
        step = (exact + (self._stored_steps() - exact).detach())[self._owner]
        spread = (self.log_spread - self.log_step).exp()[self._owner]
        q = torch.cat([tensor.reshape(-1) for _, tensor in field.named_tensors()]) / step
        if noise is None:
            q = q + (torch.round(q) - q).detach()
        else:
            q = q + (torch.rand(q.shape, generator=noise).to(q.device) - 0.5)
        parts = torch.split(q * step, self._sizes)
        tensors = {name: part.view(shape) for name, part, shape in zip(self._names, parts, self._shapes, strict=True)}
        return tensors, laplace_bits(self._stored(q), spread).sum()

    def _stored(self, q: Tensor) -> Tensor:
        """What the file holds for all weights `q` [K] in steps: themselves, or differences of rows."""
        parts = list(torch.split(q, self._sizes))
        for place, (name, shape) in enumerate(zip(self._names, self._shapes, strict=True)):
            if name in DELTA_TENSORS:
                rows = parts[place].view(shape)
                parts[place] = torch.cat([rows[:1], rows[1:] - rows[:-1]]).view(-1)
        return torch.cat(parts)

    def steps(self) -> dict[str, float]:
        """The step of each tensor as a file holds it, by its wire name."""
        return dict(zip(self._names, self._stored_steps().tolist(), strict=True))

    def _stored_steps(self) -> Tensor:
        mantissa, exponent = torch.frexp(self.log_step.detach().exp())  # as storable_scale
        return torch.ldexp(torch.round(mantissa * 256), exponent - 8)


def laplace_bits(q: Tensor, spread: Tensor) -> Tensor:
    """-log2 of the mass of a Laplace distribution of scale `spread` on [q - 1/2, q + 1/2], elementwise."""
    spread = spread.clamp(min=SMALLEST_SPREAD)
    size = q.abs()
    outside = math.log(0.5) - (size - 0.5) / spread + torch.log(-torch.expm1(-1 / spread))
    within = size.clamp(max=0.5)
    tails = 0.5 * (torch.exp((within - 0.5) / spread) + torch.exp((-within - 0.5) / spread))
    inside = torch.log1p(-tails.clamp(max=1 - 1e-6))
    return torch.where(size > 0.5, outside, inside) / -math.log(2)


def _first_step(field: Field, name: str, tensor: Tensor) -> float:
    gain = field.phase_gain(name)
    if gain is not None:
        return max(SMALLEST_STEP, 2 * math.pi / STEPS_PER_TURN / gain)
    spread = float(tensor.std()) if tensor.numel() > 1 else float(tensor.abs().max())
    return max(SMALLEST_STEP, spread / STEPS_PER_DEVIATION)
