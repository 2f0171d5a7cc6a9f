"""`Load`: how much work the networks of a chunk are, without fitting them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from inrv_format.families import LappedSpec
from inrv_format.families.base import count_weights
from inrv_format.streams import VIDEO

from invr.fit import UnitPlan

# What a step does whatever the network's size takes as long as so many weights (docs/research/estimate.md).
FIXED_WEIGHTS = 6000


@dataclass(frozen=True, slots=True)
class Load:
    """Of one chunk.

    `weights` of each medium or pair of media (a Spec's MEDIA), `step_work` of one step of all networks and
    `evaluation_work` of evaluating them everywhere, in arbitrary units; `frames` of picture.
    """

    weights: dict[int, int]
    step_work: float
    evaluation_work: float
    frames: int


def load_of(plans: Iterable[UnitPlan]) -> Load:
    """The load of planned networks."""
    weights: dict[int, int] = {}
    step_work = evaluation_work = 0.0
    frames = 0
    for plan in plans:
        count = count_weights(plan.spec.tensor_shapes(plan.domain))
        weights[plan.spec.MEDIA] = weights.get(plan.spec.MEDIA, 0) + count
        points = plan.domain.pixels + plan.domain.samples
        step_work += 0 if isinstance(plan.spec, LappedSpec) else FIXED_WEIGHTS + plan.spec.macs(plan.domain) / points
        evaluation_work += FIXED_WEIGHTS * points + plan.spec.macs(plan.domain)
        frames = max(frames, plan.domain.frames if plan.spec.MEDIA & VIDEO else 0)
    return Load(weights, step_work, evaluation_work, frames)
