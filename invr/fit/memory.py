"""`networks_at_once`: how many networks a batched fit has memory for."""

from __future__ import annotations

import torch
from inrv_format.families import SirenSpec
from inrv_format.families.base import count_weights

from invr.config import FitConfig
from invr.fields.base import Field
from invr.fit.objectives import PictureObjective

# Of what a GPU has free; the rest is for what its libraries keep and for gaps.
MEMORY_SHARE = 0.7
# Numbers that a point needs beside those of its layers, and a weight in all: the optimizers' two, the gradient, the
# best state, a copy, and what the rate model keeps of it.
NUMBERS_PER_POINT, NUMBERS_PER_WEIGHT = 40, 40


def networks_at_once(field: Field, objective: PictureObjective, config: FitConfig) -> int:
    """`config.batch`; where that is 0, one on a CPU and as many as fit into MEMORY_SHARE of a GPU's free memory."""
    device = next(field.parameters()).device
    if config.batch or device.type == "cpu":
        return config.batch or 1
    free_bytes, _ = torch.cuda.mem_get_info(device)
    return max(1, int(MEMORY_SHARE * free_bytes / bytes_of_fit(field, objective)))


def bytes_of_fit(field: Field, objective: PictureObjective) -> int:
    """What a network of plane waves takes, about: its points in a step, its weights, and the picture twice."""
    spec = field.spec
    assert isinstance(spec, SirenSpec)
    rows, columns = objective.drawn
    kept = 3 * spec.first + 2 * spec.width * spec.depth  # phases and sines, and windowed waves
    passing = 4 * max(spec.first, spec.width)  # of the layer whose gradients are taken
    weights = count_weights(spec.tensor_shapes(field.domain))
    numbers = rows * columns * (kept + passing + NUMBERS_PER_POINT) + weights * NUMBERS_PER_WEIGHT
    return 4 * numbers + 2 * objective.value_bytes
