"""What a step of a batched fit draws: points and noise of each of its networks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import torch
from torch import Tensor

from invr.fit.objectives import PictureObjective, Points


class Draws(Protocol):
    """Random numbers for B networks; a network's do not depend on which others are beside it."""

    def noise(self, count: int) -> Tensor:
        """Uniform on [0, 1): [B, count]."""

    def points(self) -> Points:
        """Frames [B, R], rows [B, R] and columns [B, C] of the next step."""


def seeded_generator(seed: int) -> torch.Generator:
    """Draws what the steps of a fit take."""
    return torch.Generator().manual_seed(seed)


class HostDraws:
    """As the fit of one network draws them, noise before points: each network has a generator of its own."""

    def __init__(
        self,
        objectives: Sequence[PictureObjective],
        seeds: Sequence[int],
        seeded: Callable[[int], torch.Generator] = seeded_generator,
    ) -> None:
        self._objectives = objectives
        self._generators = [seeded(seed) for seed in seeds]

    def noise(self, count: int) -> Tensor:
        """Uniform on [0, 1): [B, count]."""
        noise = torch.stack([torch.rand(count, generator=generator) for generator in self._generators])
        return noise.to(self._objectives[0].device)

    def points(self) -> Points:
        """Frames [B, R], rows [B, R] and columns [B, C] of the next step."""
        pairs = zip(self._objectives, self._generators, strict=True)
        drawn = [objective.draw(generator) for objective, generator in pairs]
        return tuple(torch.stack(each) for each in zip(*drawn, strict=True))


# SplitMix64 (Steele, Lea and Flood 2014): the increment, and the factors of the finaliser as signed integers.
INCREMENT = 0x9E3779B97F4A7C15 - (1 << 64)
FACTORS = (0xBF58476D1CE4E5B9 - (1 << 64), 0x94D049BB133111EB - (1 << 64))
SHIFTS = (30, 27, 31)
BITS = 24


class CountedDraws:
    """Draws on the device, as functions of seed, step and place, so that a recorded step draws anew when repeated.

    A generator on the host takes longer for a network's numbers than a GPU for its step.
    """

    def __init__(self, objectives: Sequence[PictureObjective], seeds: Sequence[int]) -> None:
        device = objectives[0].device
        sizes = torch.tensor([one.sizes for one in objectives], device=device)
        self._frames, self._height, self._width = sizes[:, :1], sizes[:, 1:2], sizes[:, 2:]
        self._rows, self._columns = objectives[0].drawn
        self._widest = max(one.sizes[2] for one in objectives)
        self._seeds = _mixed(torch.tensor(seeds, device=device)[:, None])
        self._step = torch.zeros((), dtype=torch.int64, device=device)

    def noise(self, count: int) -> Tensor:
        """Uniform on [0, 1): [B, count]."""
        return self._drawn(3, count).float() * 2.0**-BITS

    def points(self) -> Points:
        """Frames [B, R], rows [B, R] and columns [B, C] of this step; the next call is of the next one."""
        frames = (self._drawn(0, self._rows) * self._frames) >> BITS
        rows = (self._drawn(1, self._rows) * self._height) >> BITS
        places = torch.arange(self._widest, device=self._step.device)
        shuffled = (self._drawn(2, self._widest) << BITS) + places
        shuffled = torch.where(places < self._width, shuffled, torch.iinfo(torch.int64).max)
        columns = shuffled.sort(1).values[:, : self._columns] & ((1 << BITS) - 1)
        self._step.add_(1)
        return frames, rows, columns

    def _drawn(self, kind: int, count: int) -> Tensor:
        """Integers of BITS bits [B, count]."""
        start = _mixed(self._seeds + (4 * self._step + kind) * INCREMENT)
        places = torch.arange(1, count + 1, device=start.device)
        return (_mixed(start + places * INCREMENT) >> (64 - BITS)) & ((1 << BITS) - 1)


def _mixed(z: Tensor) -> Tensor:
    for shift, factor in zip(SHIFTS, (*FACTORS, 1), strict=True):
        z = (z ^ ((z >> shift) & ((1 << (64 - shift)) - 1))) * factor
    return z
