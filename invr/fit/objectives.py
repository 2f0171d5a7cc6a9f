"""What a fit minimises: the error at random points of a chunk, drawn anew at each step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import torch
from inrv_format.families import Domain
from numpy.typing import NDArray
from torch import Tensor

from invr.config import FitConfig
from invr.fields.av_siren import AvSiren
from invr.fields.base import Field, Rows, cell_centres, cell_coordinates, sample_times
from invr.fields.stack import SirenStack

# Indices of points, and values there: one tensor for each medium.
Points = tuple[Tensor, ...]
Values = tuple[Tensor, ...]


# A bit of sound costs this share of the signal's power, times lambda: a first guess, not tuned.
SOUND_PRICE = 0.3


class Objective(Protocol):
    """Error of a field on one chunk.

    `peak` is the span of the values, for PSNR; `points` the number of all points that the error is a mean over, and
    `power` the error that a bit's price is relative to: quality is absolute for pictures (PSNR), relative for sound
    (SNR).
    """

    peak: float
    points: int
    power: float

    def loss(self, field: Field, generator: torch.Generator) -> Tensor:
        """Differentiable error at points drawn from `generator`."""


class PointObjective:
    """Weighted mean squared errors at points that are drawn, in the parts that a distillation puts together anew.

    `weights` has one number for each medium, in the order of `predict` and `target`.
    """

    peak = 2.0
    points: int
    power: float
    weights: tuple[float, ...] = (1.0,)

    def draw(self, generator: torch.Generator) -> Points:
        """Points of one step."""
        raise NotImplementedError

    def predict(self, field: Field, points: Points) -> Values:
        """What the field gives at the points."""
        raise NotImplementedError

    def target(self, points: Points) -> Values:
        """What the source has at the points, in the shapes of `predict` or such as broadcast to them."""
        raise NotImplementedError

    def loss(self, field: Field, generator: torch.Generator) -> Tensor:
        """Error against the source at points drawn from `generator`."""
        points = self.draw(generator)
        return self.error(self.predict(field, points), self.target(points))

    def error(self, predicted: Values, wanted: Values) -> Tensor:
        """Sum over the media of weight x mean squared error."""
        terms = [
            weight * torch.nn.functional.mse_loss(one, other.expand_as(one))
            for weight, one, other in zip(self.weights, predicted, wanted, strict=True)
        ]
        return torch.stack(terms).sum()


class PictureObjective(PointObjective):
    """Mean squared error over scattered rows: R random rows of random frames at the same C random columns.

    With `sampling` frame, over all points of one random frame (INVR, section 3.1.2).
    `values` is [T, H, W, C] as integers of `bit_depth`; targets are in [-1, 1].
    """

    def __init__(self, values: NDArray[np.integer], bit_depth: int, config: FitConfig, device: str) -> None:
        dtype = torch.uint8 if bit_depth == 8 else torch.int32
        self._values = torch.from_numpy(np.ascontiguousarray(values)).to(dtype).to(device)
        self._largest = float((1 << bit_depth) - 1)
        self._config = config
        frames, height, width, _ = values.shape
        self.points, self.power = frames * height * width, 1.0
        self._y, self._x = cell_centres(height, device), cell_centres(width, device)

    @property
    def sizes(self) -> tuple[int, int, int]:
        """Frames, height and width."""
        frames, height, width, _ = self._values.shape
        return frames, height, width

    @property
    def device(self) -> torch.device:
        """Where the values lie."""
        return self._values.device

    @property
    def value_bytes(self) -> int:
        """Of all values."""
        return self._values.nbytes

    @property
    def drawn(self) -> tuple[int, int]:
        """Rows and columns of a step."""
        _, height, width = self.sizes
        if self._config.sampling == "frame":
            return height, width
        columns = min(width, self._config.columns)
        return max(1, self._config.rows * self._config.columns // columns), columns

    @property
    def kind(self) -> tuple[object, ...] | None:
        """What objectives that can be batched have in common; None for one of whole frames."""
        scattered = self._config.sampling == "scattered"
        return (self.drawn, self._largest, self._values.shape[3]) if scattered else None

    def draw(self, generator: torch.Generator) -> Points:
        """Frames [R] and rows [R], and the columns [C] that all of them share."""
        count, height, width = self.sizes
        rows, columns = self.drawn
        if self._config.sampling == "frame":
            whole = torch.randint(count, (1,), generator=generator).expand(height)
            drawn = (whole, torch.arange(height), torch.arange(width))
        else:
            drawn = (
                torch.randint(count, (rows,), generator=generator),
                torch.randint(height, (rows,), generator=generator),
                torch.randperm(width, generator=generator)[:columns],
            )
        return tuple(index.to(self._values.device) for index in drawn)

    def predict(self, field: Field, points: Points) -> Values:
        """Pixels at R x C points."""
        frames, rows, columns = points
        return (field.picture(Rows(frames, self._y[rows], self._x[columns])),)

    def target(self, points: Points) -> Values:
        """Pixels at R x C points."""
        frames, rows, columns = points
        return (self._values[frames[:, None], rows[:, None], columns[None]].float() * (2 / self._largest) - 1,)


class PictureBatch:
    """B objectives of one `kind` at once; they keep their pixels in one tensor from now on."""

    def __init__(self, objectives: Sequence[PictureObjective]) -> None:
        counts = [one.points for one in objectives]
        flat = [one._values.flatten(0, 2) for one in objectives]
        self._values, self._scale = torch.cat(flat), 2 / objectives[0]._largest
        for one, part in zip(objectives, torch.split(self._values, counts), strict=True):
            one._values = part.view(one._values.shape)
        device = self._values.device
        sizes = torch.tensor([one.sizes for one in objectives], device=device)
        self._height, self._width = sizes[:, 1, None], sizes[:, 2, None]
        self._first = torch.tensor([0, *counts[:-1]], device=device).cumsum(0)[:, None, None]

    def losses(self, stack: SirenStack, points: Points) -> Tensor:
        """Mean squared error [B] of each network at its frames [B, R] and rows [B, R], and its columns [B, C]."""
        frames, rows, columns = points
        y, x = cell_coordinates(rows, self._height), cell_coordinates(columns, self._width)
        predicted = stack.picture(Rows(frames, y, x))
        lines = (frames * self._height + rows) * self._width
        target = self._values[self._first + lines[..., None] + columns[:, None]].float() * self._scale - 1
        return torch.nn.functional.mse_loss(predicted, target, reduction="none").mean((1, 2, 3))


class SoundObjective(PointObjective):
    """Mean squared error of every head over random samples; `values` is [N, C], scaled to a peak of one.

    That is the heads' mean of Chalise et al. 2025, eq. 6-1, with squares.
    """

    def __init__(self, values: NDArray[np.float32], config: FitConfig, device: str) -> None:
        self._values = torch.from_numpy(np.ascontiguousarray(values)).to(device)
        self._t = sample_times(len(values), device)
        self._count = min(config.samples, len(values))
        self.points, self.power = len(values), SOUND_PRICE * float(np.mean(np.square(values)))

    def draw(self, generator: torch.Generator) -> Points:
        """Samples [N]."""
        return (torch.randint(len(self._values), (self._count,), generator=generator).to(self._values.device),)

    def predict(self, field: Field, points: Points) -> Values:
        """Amplitudes [heads, N, C]."""
        return (field.sound(self._t[points[0]]),)

    def target(self, points: Points) -> Values:
        """Amplitudes [N, C], the same for all heads."""
        return (self._values[points[0]],)


class PairedObjective(PointObjective):
    """Picture and sound of one unified network (Chalise et al. 2025, eq. 6-3 and algorithm 3).

    A step draws random pairs: indices into the longer list, the shorter one's index being the remainder, so
    nothing is repeated in memory. The weights are lambda_video and lambda_audio.
    """

    def __init__(
        self,
        picture: NDArray[np.integer],
        bit_depth: int,
        sound: NDArray[np.float32],
        config: FitConfig,
        device: str,
    ) -> None:
        dtype = torch.uint8 if bit_depth == 8 else torch.int32
        flat = np.ascontiguousarray(picture).reshape(-1, picture.shape[-1])
        self._picture = torch.from_numpy(flat).to(dtype).to(device)
        self._sound = torch.from_numpy(np.ascontiguousarray(sound)).to(device)
        self._largest = float((1 << bit_depth) - 1)
        self._domain = Domain(*picture.shape, *sound.shape)
        self._count = min(config.samples, max(len(flat), len(sound)))
        self.points, self.power = len(flat), 1.0
        self.weights = (config.picture_weight, config.sound_weight)

    def draw(self, generator: torch.Generator) -> Points:
        """Pixels [N] and samples [N]."""
        longer = max(len(self._picture), len(self._sound))
        index = torch.randint(longer, (self._count,), generator=generator).to(self._sound.device)
        return pair_indices(index, self._domain)

    def predict(self, field: Field, points: Points) -> Values:
        """Pixels [N, components] and amplitudes [2, N, C] of a unified network."""
        assert isinstance(field, AvSiren)
        pixels, samples = points
        return field.pairs(pixels, samples)

    def target(self, points: Points) -> Values:
        """Pixels [N, components], and amplitudes [N, C] for both heads."""
        pixels, samples = points
        return self._picture[pixels].float() * (2 / self._largest) - 1, self._sound[samples]


def pair_indices(index: Tensor, domain: Domain) -> tuple[Tensor, Tensor]:
    """Pixel and sample of each pair: the index itself in the longer list, its remainder in the shorter one."""
    return index % domain.pixels, index % domain.samples
