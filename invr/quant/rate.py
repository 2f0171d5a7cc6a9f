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
    operations, not for a dozen in each tensor. Networks that are stacked in one field have a row each.
    """

    def __init__(self, field: Field) -> None:
        super().__init__()
        shapes = field.spec.tensor_shapes(field.domain)
        device = next(field.parameters()).device
        self._networks = field.networks
        self._names = [name for name, _ in shapes]
        self._shapes = [shape for _, shape in shapes]
        self._sizes = [math.prod(shape) for shape in self._shapes]
        owner = torch.repeat_interleave(torch.arange(len(shapes)), torch.tensor(self._sizes))
        # [tensors, K]: a product with it is faster than an index, whose gradient is a sum in no fixed order on a GPU
        self._owned = torch.nn.functional.one_hot(owner).t().float().contiguous().to(device)
        self.log_step = nn.Parameter(torch.zeros(*self._networks, len(shapes), device=device))
        self.log_spread = nn.Parameter(torch.zeros(*self._networks, len(shapes), device=device))

    @torch.no_grad()
    def start(self, field: Field, known: Mapping[str, float] | None = None) -> None:
        """Set steps to those that are `known` by tensor, or else, as spreads are in any case, to what the field's
        tensors ask for as they are now; not for a stack.
        """
        named = list(field.named_tensors())
        steps = [known[name] if known else _first_step(field, name, tensor.detach()) for name, tensor in named]
        stored = self._stored(torch.cat([tensor.reshape(-1) for _, tensor in named]))
        sizes = torch.stack([part.abs().mean() for part in torch.split(stored, self._sizes)])
        self.log_step.copy_(torch.tensor(steps).log())
        self.log_spread.copy_(torch.maximum(sizes.log(), self.log_step + math.log(SMALLEST_SPREAD)))

    @property
    def weights(self) -> int:
        """K, the number of all weights of a network."""
        return sum(self._sizes)

    def substitutes(self, field: Field, noise: Tensor | None) -> tuple[dict[str, Tensor], Tensor]:
        """The tensors as a decoder would see them, differentiable, and the bits of all of them.

        With `noise` [K], uniform on [0, 1), rounding is replaced by noise of one step (Balle et al. 2017); without,
        the integers are exact and the gradient passes them as if they had not been rounded.
        """
        exact = self.log_step.exp()
        step = (exact + (self._stored_steps() - exact).detach()) @ self._owned
        spread = (self.log_spread - self.log_step).exp() @ self._owned
        q = torch.cat([tensor.reshape(*self._networks, -1) for _, tensor in field.named_tensors()], -1) / step
        q = q + ((torch.round(q) - q).detach() if noise is None else noise - 0.5)
        named = zip(self._names, torch.split(q * step, self._sizes, -1), self._shapes, strict=True)
        tensors = {name: part.view(*self._networks, *shape) for name, part, shape in named}
        return tensors, laplace_bits(self._stored(q), spread).sum(-1)

    def _stored(self, q: Tensor) -> Tensor:
        """What the file holds for all weights `q` [..., K] in steps: themselves, or differences of rows."""
        parts = list(torch.split(q, self._sizes, -1))
        for place, (name, shape) in enumerate(zip(self._names, self._shapes, strict=True)):
            if name in DELTA_TENSORS:
                rows = parts[place].view(*q.shape[:-1], *shape)
                moved = torch.cat([rows[..., :1, :], rows[..., 1:, :] - rows[..., :-1, :]], -2)
                parts[place] = moved.view(parts[place].shape)
        return torch.cat(parts, -1)

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
