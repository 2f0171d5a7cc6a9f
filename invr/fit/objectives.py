"""What a fit minimises: the error at random points of a chunk, drawn anew at each step."""

from __future__ import annotations

from typing import Protocol

import numpy as np
import torch
from inrv_format.families import Domain
from numpy.typing import NDArray
from torch import Tensor

from invr.config import FitConfig
from invr.fields.av_siren import AvSiren
from invr.fields.base import Field, Rows, cell_centres, sample_times


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


class PictureObjective:
    """Mean squared error over scattered rows: R random rows of random frames at the same C random columns.

    With `sampling` frame, over all points of one random frame (INVR, section 3.1.2).
    `values` is [T, H, W, C] as integers of `bit_depth`; targets are in [-1, 1].
    """

    peak = 2.0

    def __init__(self, values: NDArray[np.integer], bit_depth: int, config: FitConfig, device: str) -> None:
        dtype = torch.uint8 if bit_depth == 8 else torch.int32
        self._values = torch.from_numpy(np.ascontiguousarray(values)).to(dtype).to(device)
        self._largest = float((1 << bit_depth) - 1)
        self._config = config
        frames, height, width, _ = values.shape
        self.points, self.power = frames * height * width, 1.0
        self._y, self._x = cell_centres(height, device), cell_centres(width, device)

    def loss(self, field: Field, generator: torch.Generator) -> Tensor:
        """Mean squared error at R x C points."""
        frames, rows, columns = self._draw(generator)
        target = self._values[frames[:, None], rows[:, None], columns[None]].float() * (2 / self._largest) - 1
        predicted = field.picture(Rows(frames, self._y[rows], self._x[columns]))
        return torch.nn.functional.mse_loss(predicted, target)

    def _draw(self, generator: torch.Generator) -> tuple[Tensor, Tensor, Tensor]:
        count, height, width, _ = self._values.shape
        if self._config.sampling == "frame":
            whole = torch.randint(count, (1,), generator=generator).expand(height)
            drawn = (whole, torch.arange(height), torch.arange(width))
        else:
            columns = min(width, self._config.columns)
            rows = max(1, self._config.rows * self._config.columns // columns)
            drawn = (
                torch.randint(count, (rows,), generator=generator),
                torch.randint(height, (rows,), generator=generator),
                torch.randperm(width, generator=generator)[:columns],
            )
        frame, row, column = (index.to(self._values.device) for index in drawn)
        return frame, row, column


class SoundObjective:
    """Mean squared error of every head over random samples; `values` is [N, C], scaled to a peak of one."""

    peak = 2.0

    def __init__(self, values: NDArray[np.float32], config: FitConfig, device: str) -> None:
        self._values = torch.from_numpy(np.ascontiguousarray(values)).to(device)
        self._t = sample_times(len(values), device)
        self._count = min(config.samples, len(values))
        self.points, self.power = len(values), float(np.mean(np.square(values)))

    def loss(self, field: Field, generator: torch.Generator) -> Tensor:
        """Mean squared error, the heads' mean (Chalise et al. 2025, eq. 6-1, with squares)."""
        index = torch.randint(len(self._values), (self._count,), generator=generator).to(self._values.device)
        predicted = field.sound(self._t[index])
        return torch.nn.functional.mse_loss(predicted, self._values[index].expand_as(predicted))


class PairedObjective:
    """Picture and sound of one unified network (Chalise et al. 2025, eq. 6-3 and algorithm 3).

    A step draws random pairs: indices into the longer list, the shorter one's index being the remainder, so
    nothing is repeated in memory.
    """

    peak = 2.0

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
        self._config = config
        self.points, self.power = len(flat), 1.0

    def loss(self, field: Field, generator: torch.Generator) -> Tensor:
        """lambda_video x picture error + lambda_audio x sound error."""
        assert isinstance(field, AvSiren)
        longer = max(len(self._picture), len(self._sound))
        index = torch.randint(longer, (self._config.samples,), generator=generator).to(self._sound.device)
        pixels, samples = pair_indices(index, field.domain)
        target = self._picture[pixels].float() * (2 / self._largest) - 1
        picture, sound = field.pairs(pixels, samples)
        picture_error = torch.nn.functional.mse_loss(picture, target)
        sound_error = torch.nn.functional.mse_loss(sound, self._sound[samples].expand_as(sound))
        return self._config.picture_weight * picture_error + self._config.sound_weight * sound_error


def pair_indices(index: Tensor, domain: Domain) -> tuple[Tensor, Tensor]:
    """Pixel and sample of each pair: the index itself in the longer list, its remainder in the shorter one."""
    return index % domain.pixels, index % domain.samples
