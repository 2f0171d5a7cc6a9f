"""`Field`: what every network module offers to `fit` and `render`."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import ClassVar

import torch
from inrv_format.families import Domain, Spec
from torch import Tensor, nn

from invr.fields.parallel import POINTS_PER_BLOCK, Block, row_blocks
from invr.fields.sine import cosine, sine, sine_


@dataclass(frozen=True, slots=True)
class Rows:
    """R rows of pixels: `frames` [R] positions in frames of the chunk (fractions lie between frames), `y` [R] and
    `x` [W] coordinates in [-1, 1] (cell centres). The points are (frames[r], y[r], x[c]) for all r and c.
    """

    frames: Tensor
    y: Tensor
    x: Tensor


@dataclass(frozen=True, slots=True)
class Layer:
    """A layer whose units may change places: `name` is that of its weight and bias, `readers` are the weights that
    have a column for each unit, with the number of the first one, `unsigned` further tensors with a row for each.
    """

    name: str
    readers: tuple[tuple[str, int], ...]
    unsigned: tuple[str, ...] = ()


class Field(nn.Module):
    """A network from coordinates to values, built from a Spec for a Domain; its parameters are the file's tensors.

    The parameters' names and order are those of `spec.tensor_shapes(domain)`. A subclass fills them in
    `initialise` and evaluates them in `picture`, `sound` or both. It is best asked for SOUND_POINTS times at once.

    `networks` is empty, or how many networks of equal shapes are stacked in one field: a dimension in front of each
    tensor, of coordinates and of values. `precision` is that of a fit (`FitConfig`); without gradients everything is
    float32.
    """

    SOUND_POINTS: ClassVar[int] = POINTS_PER_BLOCK

    def __init__(self, spec: Spec, domain: Domain, networks: tuple[int, ...] = ()) -> None:
        super().__init__()
        self.spec = spec
        self.domain = domain
        self.networks = networks
        self.precision = "float32"
        self._substitutes: Mapping[str, Tensor] | None = None
        shapes = spec.tensor_shapes(domain)
        self.tensors = nn.ParameterDict(
            {_key(name): nn.Parameter(torch.zeros(*networks, *shape)) for name, shape in shapes}
        )

    def __getitem__(self, name: str) -> Tensor:
        """The tensor with this wire name, `first.weight` for example."""
        if self._substitutes is not None:
            return self._substitutes[name]
        tensor: Tensor = self.tensors[_key(name)]
        return tensor

    @contextmanager
    def substituted(self, tensors: Mapping[str, Tensor]) -> Iterator[None]:
        """Within the context the field is evaluated on `tensors`, by wire name, instead of its own."""
        self._substitutes = tensors
        try:
            yield
        finally:
            self._substitutes = None

    def named_tensors(self) -> Iterator[tuple[str, Tensor]]:
        """Wire names and tensors, in wire order."""
        for name, _ in self.spec.tensor_shapes(self.domain):
            yield name, self[name]

    def initialise(self, generator: torch.Generator) -> None:
        """Set every tensor to the start of a fit."""
        raise NotImplementedError

    def picture(self, rows: Rows) -> Tensor:
        """Values [R, W, C] at R x W points, nominally in [-1, 1]."""
        raise NotImplementedError

    @torch.no_grad()
    def blocks(self, position: float, y: Tensor, x: Tensor) -> list[Block]:
        """Blocks of rows, from the top, of the frame at `position` in frames, at y [H] and x [W] in [-1, 1].

        A block is a function that any thread may call, for values [rows, W, C] without gradients.
        """
        return self.blocks_of_frames([position], y, x)

    @torch.no_grad()
    def blocks_of_frames(self, positions: Sequence[float], y: Tensor, x: Tensor) -> list[Block]:
        """The same of several frames, the rows of each below those of the one before: one may be little for a GPU."""
        frames = torch.tensor(positions, dtype=torch.float32, device=y.device).repeat_interleave(len(y))
        rows = y.repeat(len(positions))

        @torch.no_grad()
        def values(part: slice) -> Tensor:
            return self.picture(Rows(frames[part], rows[part], x))

        return [partial(values, part) for part in row_blocks(rows, len(x))]

    def sound(self, t: Tensor) -> Tensor:
        """Amplitudes [heads, N, C] at the N times `t`, float64 in [-1, 1] over the chunk's samples."""
        raise NotImplementedError

    def matrices(self) -> list[Tensor]:
        """The hidden matrices, which an orthogonalising optimizer may take."""
        return [tensor for name, tensor in self.named_tensors() if _is_hidden(name)]

    def layers(self) -> list[Layer]:
        """The layers whose units may change places without changing the function."""
        return []

    @property
    def odd(self) -> bool:
        """Whether a unit's weights (but the unsigned ones) and its readers' may change sign, all together."""
        return True

    def phase_gain(self, name: str) -> float | None:
        """Radians by which a sine's phase moves, at most, for one unit of the tensor `name`; None for most tensors.

        Tensors that hold frequencies, phases or motion have one. They are large by nature, so nothing penalises their
        size, and they are quantized finely enough for their phases.
        """
        del name
        return None

    def sound_outputs(self) -> list[str]:
        """Names of the tensors of the linear layers that give amplitudes: scaling them scales the sound, exactly."""
        return []


class _Sine(torch.autograd.Function):
    """sin(x W^T + b) for x [..., N, I]: one fused product forward, one cosine backward."""

    @staticmethod
    def forward(ctx: torch.autograd.function.FunctionCtx, x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        phase = _affine(x, weight, bias)
        ctx.save_for_backward(x, weight, phase)
        return sine(phase)

    @staticmethod
    def backward(ctx: torch.autograd.function.FunctionCtx, *grads: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        x, weight, phase = ctx.saved_tensors  # type: ignore[attr-defined]
        grad = cosine(phase).mul_(grads[0])
        return grad @ weight, grad.mT @ x, grad.sum(-2)


def sine_layer(x: Tensor, weight: Tensor, bias: Tensor, omega: float) -> Tensor:
    """sin(omega (W x + b)) for x [..., I] (Sitzmann et al. 2020, SIREN, eq. 3).

    W [O, I] and b [O] may have a dimension in front, for as many networks at once; it is the first of x then.
    """
    flat, weight, bias = _points(x, weight), weight * omega, bias * omega
    if not torch.is_grad_enabled():
        waves = sine_(_affine(flat, weight, bias))
    else:
        waves = _Sine.apply(flat, weight, bias)  # type: ignore[no-untyped-call]
    return waves.reshape(*x.shape[:-1], weight.shape[-2])


class _TimeWaves(torch.autograd.Function):
    """sin(omega (t W^T + b)) for times t [N] in float64, W [M, 1] and b [M]; t gets no gradient."""

    @staticmethod
    def forward(
        ctx: torch.autograd.function.FunctionCtx, t: Tensor, weight: Tensor, bias: Tensor, omega: float
    ) -> Tensor:
        per_turn = omega / (2 * math.pi)
        turns = torch.outer(t, weight[:, 0].double().mul_(per_turn))
        turns.add_(bias.double().mul_(per_turn)).frac_()
        phase = turns.float().mul_(2 * math.pi)
        ctx.save_for_backward(t, phase)
        ctx.omega = omega  # type: ignore[attr-defined]
        return sine(phase)

    @staticmethod
    def backward(ctx: torch.autograd.function.FunctionCtx, *grads: Tensor) -> tuple[None, Tensor, Tensor, None]:
        t, phase = ctx.saved_tensors  # type: ignore[attr-defined]
        grad = cosine(phase).mul_(grads[0])
        omega: float = ctx.omega  # type: ignore[attr-defined]
        return None, (omega * (t.float() @ grad))[:, None], omega * grad.sum(0), None


def time_layer(t: Tensor, weight: Tensor, bias: Tensor, omega: float) -> Tensor:
    """sin(omega (W t + b)) [N, M] for times t [N], its phase in float64 (`spec/inrv.md` 7.3).

    A chunk of sound has frequencies of ten thousands of periods; in float32 their phases would be off by hundredths
    of a radian, and differently so on every machine.
    """
    waves: Tensor = _TimeWaves.apply(t.double(), weight, bias, omega)  # type: ignore[no-untyped-call]
    return waves


def linear_layer(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """W x + b for x [..., I], for several networks as in `sine_layer`."""
    if weight.dim() == 2:
        return torch.nn.functional.linear(x, weight, bias)
    return _affine(_points(x, weight), weight, bias).reshape(*x.shape[:-1], weight.shape[-2])


def _points(x: Tensor, weight: Tensor) -> Tensor:
    """x [..., I] with its points in one dimension, and before it those in which networks are told apart."""
    return x.reshape(*weight.shape[:-2], -1, x.shape[-1])


def _affine(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """x W^T + b for x [..., N, I]."""
    if weight.dim() == 2:
        return torch.addmm(bias, x, weight.t())
    return torch.baddbmm(bias.unsqueeze(-2), x, weight.mT)


def uniform_(tensor: Tensor, bound: float, generator: torch.Generator) -> None:
    """Fill in place from U(-bound, bound)."""
    with torch.no_grad():
        tensor.uniform_(-bound, bound, generator=generator)


def siren_hidden_(weight: Tensor, omega: float, generator: torch.Generator) -> None:
    """U(+-sqrt(6 / inputs) / omega) (SIREN, section 3.2); biases stay zero."""
    uniform_(weight, math.sqrt(6 / weight.shape[1]) / omega, generator)


def cell_centres(count: int, device: torch.device | str = "cpu") -> Tensor:
    """Coordinates of the centres of `count` equal cells on [-1, 1], float32 [count]."""
    return sample_times(count, device).float()


def sample_times(count: int, device: torch.device | str = "cpu") -> Tensor:
    """The same in float64, for sound."""
    return (2 * torch.arange(count, dtype=torch.float64, device=device) + 1) / count - 1


def cell_coordinates(cells: Tensor, count: int | Tensor) -> Tensor:
    """Coordinates of cell numbers (fractions too) among `count`, in float64 and rounded once to float32."""
    return ((2 * cells.double() + 1) / count - 1).float()


def _is_hidden(name: str) -> bool:
    layer, _, kind = name.partition(".")
    return kind == "weight" and layer not in ("first", "video_input", "audio_input") and not layer.endswith("output")


def _key(name: str) -> str:
    return name.replace(".", "_")
