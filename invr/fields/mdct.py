"""Windowed cosines, and the transforms between samples and what these have of them (MDCT)."""

from __future__ import annotations

import math
from functools import lru_cache

import torch
from torch import Tensor
from torch.nn.functional import pad


def windowed_cosines(places: Tensor, hop: int, waves: int) -> Tensor:
    """Windowed cosines [N, waves] at places [N] of a window of 2 x hop samples: the rows of an orthonormal lapped
    transform where places are whole.
    """
    m = places.double() + 0.5
    wave = torch.arange(waves, dtype=torch.float64, device=places.device) + 0.5
    return (window(m, hop)[:, None] * torch.cos(math.pi / hop * torch.outer(m + hop / 2, wave))).float()


def to_windows(waves: Tensor, hop: int) -> Tensor:
    """What windows [..., 2 hop] have at their samples of waves [..., B]: the product with `windowed_cosines`.

    Where the hop is even, that is a DCT-IV unfolded (Princen, Johnson and Bradley 1987; Malvar 1990).
    """
    if hop % 2:
        return waves @ _lattice(hop, waves.shape[-1]).to(waves.device).t()
    folded = _dct4(pad(waves, (0, hop - waves.shape[-1])))
    low, high = folded[..., : hop // 2], folded[..., hop // 2 :]
    unfolded = torch.cat([high, -high.flip(-1), -low.flip(-1), -low], dim=-1)
    return unfolded * _sample_window(hop).to(waves.device)


def to_waves(windows: Tensor, waves: int) -> Tensor:
    """What windows [..., 2 hop] of samples have of the lowest waves, [..., waves]: `to_windows` transposed."""
    hop = windows.shape[-1] // 2
    if hop % 2:
        return windows @ _lattice(hop, waves).to(windows.device)
    first, second, third, fourth = torch.split(windows * _sample_window(hop).to(windows.device), hop // 2, dim=-1)
    return _dct4(torch.cat([-third.flip(-1) - fourth, first - second.flip(-1)], dim=-1))[..., :waves]


def window(m: Tensor, hop: int) -> Tensor:
    """The sine window at m = sample + 1/2, times the norm of the cosines."""
    return torch.sin(math.pi / (2 * hop) * m) * math.sqrt(2 / hop)


def _dct4(values: Tensor) -> Tensor:
    """The sum over n of values [..., N] x cos(pi / N (n + 1/2) (k + 1/2)), for an even N; computed in float64.

    By one complex FFT of N / 2 points between two rotations (Duhamel, Mahieux and Petit 1991, section 3).
    """
    turns = _rotation(values.shape[-1]).to(values.device)
    wide = values.double()
    turned = torch.fft.fft(torch.complex(wide[..., ::2], wide.flip(-1)[..., ::2]) * turns) * turns
    return torch.stack([turned.real, -turned.imag.flip(-1)], dim=-1).flatten(-2).float()


@lru_cache(maxsize=4)
def _rotation(count: int) -> Tensor:
    """exp(-i pi / count (n + 1/8)) [count / 2]."""
    angles = -math.pi / count * (torch.arange(count // 2, dtype=torch.float64) + 0.125)
    return torch.polar(torch.ones_like(angles), angles)


@lru_cache(maxsize=4)
def _sample_window(hop: int) -> Tensor:
    return window(torch.arange(2 * hop, dtype=torch.float64) + 0.5, hop).float()


@lru_cache(maxsize=4)
def _lattice(hop: int, waves: int) -> Tensor:
    """`windowed_cosines` at all samples of a window: [2 hop, waves]."""
    return windowed_cosines(torch.arange(2 * hop), hop, waves)
