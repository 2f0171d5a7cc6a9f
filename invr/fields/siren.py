"""`siren`: coordinates of the picture in, pixel values out, with plane waves or an embedding first."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from itertools import pairwise

import torch
from inrv_format.families import SirenSpec
from inrv_format.families.base import DELTA_TENSORS
from inrv_format.families.siren import AFFINE, GABOR, GRID, PLANE_WAVES, RELU, STILL, WAVES
from torch import Tensor

from invr.fields.base import Field, Layer, Rows, cell_coordinates, linear_layer, sine_layer, siren_hidden_, uniform_
from invr.fields.embed import embed_axis
from invr.fields.half import half_sine_layer
from invr.fields.parallel import Block, row_blocks
from invr.fields.sine import cosine, sine, sine_
from invr.fields.waves import hats, phases, plane_waves, windowed_waves

# Highest start frequency as a share of the picture's Nyquist frequency, and the deviation of temporal frequencies in
# radians per half chunk: chunks are as long as their motion allows, so it does not grow with their frames
# (docs/research/rate.md).
SPATIAL_REACH = 0.45
TEMPORAL_SPREAD = 3.0
# Windows start anywhere and wide: at a distance of the whole picture they fall to exp(-1).
SHARPNESS = (0.5, 0.5, 0.3)


class Siren(Field):
    """A SIREN over (x, y, t) (Sitzmann et al. 2020), optionally with plane waves first, windows and motion.

    With plane waves the first layer is sin(omega (W (x', y', t) + b)) where (x', y') is the affine warp of (x, y)
    that the frame's six `motion` numbers a..f give: x' = (1 + a) x + b y + c, y' = d x + (1 + e) y + f. A grid of
    motion adds to that what is interpolated, linearly along each axis, between the displacements at its nodes, which
    lie evenly on [-1, 1] of x, y and t. Windows, if there are any, stay where they are.
    """

    spec: SirenSpec

    def initialise(self, generator: torch.Generator) -> None:
        """SIREN's start; plane waves point anywhere, with frequencies log-uniform up to `SPATIAL_REACH`."""
        spec = self.spec
        first = self["first.weight"]
        if spec.embedding in PLANE_WAVES:
            self._initialise_waves(generator)
        elif spec.activation == RELU:
            uniform_(first, math.sqrt(6 / first.shape[1]), generator)
        else:
            uniform_(first, 1 / first.shape[1], generator)
        for weight in [*self.matrices(), self["output.weight"]]:
            if spec.activation == RELU:
                uniform_(weight, math.sqrt(6 / weight.shape[1]), generator)
            else:
                siren_hidden_(weight, spec.omega, generator)

    def layers(self) -> list[Layer]:
        """The first layer, with its windows, and the hidden ones."""
        names = ["first", *(f"hidden{i}" for i in range(self.spec.depth)), "output"]
        windows = ("first.window",) if self.spec.embedding == GABOR else ()
        return [
            Layer(name, ((f"{reader}.weight", 0),), windows if name == "first" else ())
            for name, reader in pairwise(names)
        ]

    @property
    def odd(self) -> bool:
        """Sine is odd, ReLU is not."""
        return self.spec.activation != RELU

    def phase_gain(self, name: str) -> float | None:
        """Of the plane waves and the motion; with an embedding the first layer is like the others."""
        if self.spec.embedding not in PLANE_WAVES or self.spec.activation == RELU:
            return None
        if name in DELTA_TENSORS:
            return self.spec.omega * float(self["first.weight"].detach()[..., :2].abs().max())
        return self.spec.omega if name in ("first.weight", "first.bias") else None

    def _initialise_waves(self, generator: torch.Generator) -> None:
        domain, omega, count = self.domain, self.spec.omega, self.spec.first
        direction = torch.nn.functional.normalize(torch.randn(count, 2, generator=generator), dim=1)
        longest = max(domain.width, domain.height)
        reach = max(2.0, SPATIAL_REACH * longest)
        half_cycles = torch.exp(torch.rand(count, generator=generator) * math.log(reach))
        shape = torch.tensor([domain.width / longest, domain.height / longest])
        spatial = direction * half_cycles[:, None] * (math.pi / 2) * shape
        temporal = torch.randn(count, 1, generator=generator) * TEMPORAL_SPREAD
        phase = torch.rand(count, generator=generator) * (2 * math.pi)
        with torch.no_grad():
            self["first.weight"].copy_(torch.cat([spatial, temporal * (domain.frames > 1)], 1) / omega)
            self["first.bias"].copy_(phase / omega)
            if self.spec.embedding == GABOR:
                centres = 2 * torch.rand(count, 3, generator=generator) - 1
                self["first.window"].copy_(torch.cat([centres, torch.tensor(SHARPNESS).expand(count, -1)], 1))

    def picture(self, rows: Rows) -> Tensor:
        """Values [R, W, C] at the points of `rows`."""
        spec = self.spec
        t = cell_coordinates(rows.frames, self.domain.frames)
        if spec.embedding in PLANE_WAVES:
            hidden = self._waves(rows, t)
        else:
            hidden = self._embedded(rows, t)
        for i in range(spec.depth):
            weight, bias = self[f"hidden{i}.weight"], self[f"hidden{i}.bias"]
            if spec.activation == RELU:
                hidden = torch.relu(linear_layer(hidden, weight, bias))
            elif self.precision == "bfloat16" and torch.is_grad_enabled():
                hidden = half_sine_layer(hidden, weight, bias, spec.omega)
            else:
                hidden = sine_layer(hidden, weight, bias, spec.omega)
        return linear_layer(hidden.float(), self["output.weight"], self["output.bias"])

    @torch.no_grad()
    def blocks(self, position: float, y: Tensor, x: Tensor) -> list[Block]:
        """As the base class, but points are columns: so products of narrow layers are as fast as of wide ones."""
        spec = self.spec
        if spec.embedding not in PLANE_WAVES or spec.activation == RELU:
            return super().blocks(position, y, x)
        first = self._warped_waves(position, y, x) if spec.motion == GRID else self._crossed_waves(position, y, x)
        names = [f"hidden{i}" for i in range(spec.depth)]
        hidden = [(self[f"{n}.weight"] * spec.omega, self[f"{n}.bias"][:, None] * spec.omega) for n in names]
        weight, bias = self["output.weight"], self["output.bias"][:, None]

        @torch.no_grad()
        def values(part: slice) -> Tensor:
            waves = first(part)
            points = waves.flatten(1)
            for layer_weight, layer_bias in hidden:
                points = sine_(torch.addmm(layer_bias, layer_weight, points))
            return torch.addmm(bias, weight, points).t().reshape(*waves.shape[1:], len(bias))

        return [partial(values, part) for part in row_blocks(y, len(x))]

    def _crossed_waves(self, position: float, y: Tensor, x: Tensor) -> Callable[[slice], Tensor]:
        """The first layer [M, R, W] of rows of a frame without a grid of motion: only waves along x and along y are
        evaluated, sin(a + b) = sin a cos b + cos a sin b.
        """
        frames = torch.full((len(y),), position, device=y.device)
        t = cell_coordinates(frames, self.domain.frames)
        wx, wy = self.spec.omega * self["first.weight"][:, :2].t()
        if self.spec.motion == AFFINE:
            a, b, c, d, e, f = self._motion(torch.full((1,), position, device=y.device))[0]
            slope = wx * (1 + a) + wy * d
            offset = wx * (b * y[:, None] + c) + wy * ((1 + e) * y[:, None] + f)
        else:
            slope, offset = wx, wy * y[:, None]
        along, down = torch.outer(slope, x), (offset + self._offset(t)).t().contiguous()
        waves = [sine(along), cosine(along), sine(down), cosine(down)]
        if self.spec.embedding == GABOR:
            column, row = self._windows(x, y, t)
            waves = [wave * window.t() for wave, window in zip(waves, (column, column, row, row), strict=True)]
        column_sine, column_cosine, row_sine, row_cosine = waves

        def first(part: slice) -> Tensor:
            crossed = column_sine[:, None] * row_cosine[:, part, None]
            return crossed.addcmul_(column_cosine[:, None], row_sine[:, part, None])

        return first

    def _warped_waves(self, position: float, y: Tensor, x: Tensor) -> Callable[[slice], Tensor]:
        """The same of a frame with a grid of motion."""
        frames = torch.full((len(y),), position, device=y.device)
        t = cell_coordinates(frames, self.domain.frames)
        places = self._places(frames, y, x).movedim(2, 0)  # [2, H, W]
        weight = self.spec.omega * self["first.weight"][:, :2]
        offset = self._offset(cell_coordinates(frames.new_tensor([position]), self.domain.frames)).t()
        windows = []
        if self.spec.embedding == GABOR:
            column, row = (window.t().contiguous() for window in self._windows(x, y, t))
            windows = [column[:, None].expand(-1, len(y), -1), row[:, :, None]]

        def first(part: slice) -> Tensor:
            block = places[:, part]
            waves = sine_(torch.addmm(offset, weight, block.flatten(1))).view(len(weight), *block.shape[1:])
            for window in windows:
                waves.mul_(window[:, part])
            return waves

        return first

    def _waves(self, rows: Rows, t: Tensor) -> Tensor:
        """First layer [R, C, M]."""
        points, offset = self._places(rows.frames, rows.y, rows.x), self._offset(t)
        weight = self._scale() * self["first.weight"][..., :2]
        if self.spec.activation == RELU:
            return torch.relu(phases(points, weight, offset))
        if self.spec.embedding == WAVES:
            return plane_waves(points, weight, offset)
        column, row = self._windows(rows.x, rows.y, t)
        return windowed_waves(points, weight, offset, row, column)

    def _scale(self) -> float:
        """Of a layer's sums, before the activation."""
        return 1.0 if self.spec.activation == RELU else self.spec.omega

    def _offset(self, t: Tensor) -> Tensor:
        """What time and bias add to the first layer's sums [R, M], scaled."""
        slope, bias = self["first.weight"][..., 2], self["first.bias"]
        return self._scale() * (slope.unsqueeze(-2) * t[..., None] + bias.unsqueeze(-2))

    def _places(self, frames: Tensor, y: Tensor, x: Tensor) -> Tensor:
        """Where the first layer sees the points: [R, C, 2]."""
        right, down = x.unsqueeze(-2), y[..., None]
        if self.spec.motion == STILL:
            shape = (*y.shape, x.shape[-1])
            return torch.stack([right.expand(shape), down.expand(shape)], -1)
        a, b, c, d, e, f = torch.split(self._motion(frames), 1, dim=-1)
        places = torch.stack([(1 + a) * right + (b * down + c), d * right + ((1 + e) * down + f)], -1)
        if self.spec.motion == GRID:
            across, along, times = self.spec.lengths
            nodes = hats(cell_coordinates(frames, self.domain.frames), times) @ self["motion.grid"]
            rows = nodes.view(*y.shape, 2, along, across).mul(hats(y, along)[..., None, :, None]).sum(-2)
            moved = rows.flatten(-3, -2) @ hats(x, across).mT  # [R 2, C]
            places = places + moved.view(*y.shape, 2, x.shape[-1]).mT
        return places

    def _windows(self, x: Tensor, y: Tensor, t: Tensor) -> tuple[Tensor, Tensor]:
        """The waves' windows along x [C, M] and for each row (y, t) [R, M]: exp of -(sharpness (p - centre))^2."""
        cx, cy, ct, sx, sy, st = self["first.window"].unsqueeze(-3).unbind(-1)
        column = torch.square((x[..., None] - cx) * sx)
        row = torch.square((y[..., None] - cy) * sy) + torch.square((t[..., None] - ct) * st)
        return torch.exp(-column), torch.exp(-row)

    def _motion(self, frames: Tensor) -> Tensor:
        """The six motion numbers [R, 6] at each position; between two frames they are interpolated linearly."""
        motion = self["motion"]
        if not frames.is_floating_point():
            return motion[frames]
        position = frames.clamp(0, self.domain.frames - 1)
        before = position.long()
        after = (before + 1).clamp(max=self.domain.frames - 1)
        return torch.lerp(motion[before], motion[after], (position - before)[:, None])

    def _embedded(self, rows: Rows, t: Tensor) -> Tensor:
        """First layer as a sum of one small product per axis; the full [pixels, inputs] matrix never exists."""
        spec = self.spec
        weight = self["first.weight"]
        scale = 1.0 if spec.activation == RELU else spec.omega
        terms = []
        steps = [(spec.inputs - 3) // sum(spec.lengths) * n if n else 0 for n in spec.lengths]
        columns = torch.split(weight[:, 3:], steps, dim=1)
        for axis, p in enumerate((rows.x, rows.y, t)):
            embedded = embed_axis(spec.embedding, p, spec.lengths[axis], spec.scales[axis])
            axis_weight = torch.cat([weight[:, axis : axis + 1], columns[axis]], 1) * scale
            terms.append(torch.cat([p[:, None], embedded], 1) @ axis_weight.t())
        row_term = terms[1] + terms[2] + self["first.bias"] * scale
        return self._activate(row_term[:, None] + terms[0][None])

    def _activate(self, phase: Tensor) -> Tensor:
        return torch.relu(phase) if self.spec.activation == RELU else torch.sin(phase)
