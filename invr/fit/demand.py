"""`transform_bits`: what an ideal transform coder would spend on a picture, from which its network's size follows."""

from __future__ import annotations

import math

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from invr.config import REFERENCE_LMBDA
from invr.fit.sizing import SOUND_DENSITY

BLOCK, BLOCK_FRAMES = 16, 32
MOST_BLOCKS = 1500
# Fitted to the best widths found for foreman, carphone, calendar and akiyo (docs/research/rate.md).
DISTORTION_PER_LMBDA = 1 / 3
WEIGHTS_PER_BIT = 0.08
LUMA = (0.299, 0.587, 0.114)  # ITU-R BT.601


def transform_bits(values: NDArray[np.integer], bit_depth: int, distortion: float) -> float:
    """Bits for the luma of [T, H, W, C] at a mean squared error of `distortion`, values in [-1, 1].

    Reverse water-filling (Cover and Thomas, section 10.3.3) over the coefficients c of three-dimensional cosine
    transforms of random blocks: the sum of max(0, log2(c^2 / distortion) / 2), scaled to the whole picture. It sees
    detail, noise and change, but not that what changes may only have moved.
    """
    frames, height, width, _ = values.shape
    shape = min(frames, BLOCK_FRAMES), min(height, BLOCK), min(width, BLOCK)
    size: int = math.prod(shape)
    whole: int = frames * height * width
    blocks = _blocks(values, shape, max(1, min(MOST_BLOCKS, whole // size)))
    luma = blocks @ torch.tensor(LUMA if values.shape[3] == 3 else (1.0,)) * (2 / ((1 << bit_depth) - 1)) - 1
    for axis, count in enumerate(shape, start=1):
        luma = torch.movedim(torch.movedim(luma, axis, -1) @ cosines(count).t(), -1, axis)
    logarithms = (luma.square() / distortion).clamp(min=1).log2()
    return float(logarithms.sum()) / 2 * (whole / (size * len(blocks)))


def wanted_weights(values: NDArray[np.integer], bit_depth: int, lmbda: float) -> float:
    """Weights of the network that is fitted to [T, H, W, C] when a bit costs `lmbda` (`FitConfig`); at least one."""
    return max(1.0, WEIGHTS_PER_BIT * transform_bits(values, bit_depth, DISTORTION_PER_LMBDA * lmbda))


def wanted_sound_density(lmbda: float) -> float:
    """Weights for each sample of each channel of the network that is fitted to sound when a bit costs `lmbda`."""
    return SOUND_DENSITY * math.sqrt(REFERENCE_LMBDA / lmbda)


def cosines(count: int) -> Tensor:
    """The orthonormal cosine transform (DCT-II) of `count` samples as a matrix."""
    k, n = torch.arange(count)[:, None], torch.arange(count)
    matrix = torch.cos(math.pi * (2 * n + 1) * k / (2 * count)) * math.sqrt(2 / count)
    matrix[0] /= math.sqrt(2)
    return matrix


def _blocks(values: NDArray[np.integer], shape: tuple[int, int, int], count: int) -> Tensor:
    """`count` blocks [N, *shape, C] at places that are the same for the same picture."""
    generator = np.random.default_rng(0)
    ends = [size - block + 1 for size, block in zip(values.shape[:3], shape, strict=True)]
    places = zip(*(generator.integers(0, end, count) for end in ends), strict=True)
    pieces = [values[tuple(slice(at, at + n) for at, n in zip(place, shape, strict=True))] for place in places]
    return torch.from_numpy(np.stack(pieces).astype(np.float32))
