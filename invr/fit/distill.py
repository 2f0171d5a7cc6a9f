"""Response-based distillation: a small network learns from the source and from a larger network at once."""

from __future__ import annotations

import torch
from torch import Tensor

from invr.fields.base import Field
from invr.fit.objectives import PointObjective


class DistilledObjective:
    """L_KD = alpha L_hard + (1 - alpha) L_soft (Chalise et al. 2025, eq. 6-4 and algorithm 6).

    L_hard is the error of `source` against the values of the chunk, L_soft the same error against what `teacher`
    gives at the same points. With weights of 0.5 for picture and sound they are eq. 6-5 and 6-6: the sound's error is
    the mean of its two Siamese heads, each head following its own in the teacher. Eq. 4-6 lets alpha weigh the soft
    loss instead; 6-4 and algorithm 6 agree on the hard one.
    """

    def __init__(self, source: PointObjective, teacher: Field, alpha: float) -> None:
        self.peak, self.points, self.power = source.peak, source.points, source.power
        self._source = source
        self._teacher = teacher
        self._alpha = alpha

    def loss(self, field: Field, generator: torch.Generator) -> Tensor:
        """L_KD at points drawn from `generator`; the teacher gets no gradient."""
        points = self._source.draw(generator)
        predicted = self._source.predict(field, points)
        with torch.no_grad():
            taught = self._source.predict(self._teacher, points)
        hard = self._source.error(predicted, self._source.target(points))
        soft = self._source.error(predicted, taught)
        return self._alpha * hard + (1 - self._alpha) * soft
