"""`SirenStack`: several picture networks of one shape, evaluated at once."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from inrv_format.families import SirenSpec
from inrv_format.families.base import Shape
from inrv_format.families.siren import PLANE_WAVES
from torch import Tensor

from invr.fields.base import Field
from invr.fields.siren import Siren

# What fields must have in common to be stacked.
Form = tuple[SirenSpec, int, tuple[tuple[str, Shape], ...]]


def form(field: Field) -> Form | None:
    """What fields that can be stacked have in common; None for a field that cannot be.

    Networks of plane waves can; the heights and widths of their domains may differ, their frames may not.
    """
    spec, domain = field.spec, field.domain
    if not isinstance(field, Siren) or field.networks or field.spec.embedding not in PLANE_WAVES:
        return None
    return field.spec, domain.frames, tuple(spec.tensor_shapes(domain))


class SirenStack(Siren):
    """B networks of one `form`, with a dimension [B] in front of every tensor.

    It is evaluated at `Rows` of frames [B, R], y [B, R] and x [B, C], each network at its own, and gives
    [B, R, C, components]. Frames are whole numbers.
    """

    def __init__(self, fields: Sequence[Field]) -> None:
        first = fields[0]
        assert isinstance(first, Siren) and form(first) and {form(field) for field in fields} == {form(first)}
        super().__init__(first.spec, first.domain, (len(fields),))
        self.to(first["first.weight"].device)
        with torch.no_grad():
            for name, tensor in self.named_tensors():
                tensor.copy_(torch.stack([field[name] for field in fields]))

    @torch.no_grad()
    def unstack(self, fields: Sequence[Field]) -> None:
        """Copy the tensors of each network into a field of its own."""
        for name, tensor in self.named_tensors():
            for field, own in zip(fields, tensor, strict=True):
                field[name].copy_(own)

    def _motion(self, frames: Tensor) -> Tensor:
        """The six motion numbers [B, R, 6]."""
        motion = self["motion"]
        first = motion.shape[1] * torch.arange(len(motion), device=motion.device)
        return motion.flatten(0, 1)[frames + first[:, None]]
