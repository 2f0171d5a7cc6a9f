"""LPIPS: distance of two images in the features of AlexNet (Zhang et al. 2018, eq. 1), version 0.1.

The `lpips` package brings the learned weights of the features, torchvision's file those of AlexNet. The network
itself is evaluated here: importing `lpips` needs a torchvision whose build matches torch, which CPU machines often
lack.
"""

from __future__ import annotations

from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

import torch
from inrv_format.errors import InputError, UnsupportedError
from torch import Tensor
from torch.nn import functional

from invr.metrics.optional import existing

ALEXNET_FILE = "alexnet-owt-7be5be79.pth"
LINEAR_FILE = "weights/v0.1/alex.pth"
# (index in torchvision's AlexNet.features, stride, padding, whether a max-pooling comes before)
LAYERS = ((0, 4, 2, False), (3, 1, 2, True), (6, 1, 1, True), (8, 1, 1, False), (10, 1, 1, False))
# Mean and deviation of ImageNet's colours, for images in [-1, 1].
SHIFT = (-0.030, -0.088, -0.188)
SCALE = (0.458, 0.448, 0.450)
SMALLEST_SIDE = 63
EPSILON = 1e-10

Weights = tuple[dict[str, Tensor], dict[str, Tensor]]


@torch.no_grad()
def lpips_distance(reference: Tensor, decoded: Tensor) -> float:
    """LPIPS (AlexNet) of two images [1, 3, H, W] in [0, 1]; 0 is equal.

    UnsupportedError names the package or the file of weights that is missing.
    """
    if min(reference.shape[2:]) < SMALLEST_SIDE:
        raise InputError(f"LPIPS needs pictures of at least {SMALLEST_SIDE} pixels a side")
    alexnet, linear = _weights(str(_alexnet_path()), str(_linear_path()))
    pairs = zip(_features(reference, alexnet), _features(decoded, alexnet), strict=True)
    distance = torch.zeros(())
    for number, (one, other) in enumerate(pairs):
        difference = (_unit(one) - _unit(other)) ** 2
        distance = distance + functional.conv2d(difference, linear[f"lin{number}.model.1.weight"]).mean()
    return float(distance)


def _features(image: Tensor, weights: dict[str, Tensor]) -> list[Tensor]:
    """Activations [1, C, H, W] after each of AlexNet's five convolutions."""
    shift, scale = (torch.tensor(values)[:, None, None] for values in (SHIFT, SCALE))
    x = (2 * image - 1 - shift) / scale
    found = []
    for index, stride, padding, pooled in LAYERS:
        if pooled:
            x = functional.max_pool2d(x, 3, 2)
        x = functional.conv2d(
            x, weights[f"features.{index}.weight"], weights[f"features.{index}.bias"], stride, padding
        )
        x = torch.relu(x)
        found.append(x)
    return found


def _unit(features: Tensor) -> Tensor:
    return features / (features.square().sum(1, keepdim=True).sqrt() + EPSILON)


@lru_cache(maxsize=1)
def _weights(alexnet: str, linear: str) -> Weights:
    return tuple(torch.load(path, map_location="cpu", weights_only=True) for path in (alexnet, linear))


def _alexnet_path() -> Path:
    """Where torchvision keeps its AlexNet."""
    return existing(Path(torch.hub.get_dir()) / "checkpoints" / ALEXNET_FILE, "LPIPS")


def _linear_path() -> Path:
    package = find_spec("lpips")
    if package is None or not package.submodule_search_locations:
        raise UnsupportedError("LPIPS needs lpips: pip install 'invr[metrics]'")
    return existing(Path(package.submodule_search_locations[0]) / LINEAR_FILE, "LPIPS")
