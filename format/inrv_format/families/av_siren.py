"""Family 2, `av-siren`: one network for picture and sound (`spec/inrv.md` section 7.2)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self

from construct import Float32l, Int8ul, Int16ul, Struct

from inrv_format.families.base import (
    MAX_DEPTH,
    MAX_WIDTH,
    Domain,
    Shape,
    count_weights,
    linear_shapes,
    parse_spec,
    require_layers,
)
from inrv_format.streams import AUDIO, VIDEO

_WIRE = Struct("depth" / Int8ul, "branch" / Int16ul, "width" / Int16ul, "omega" / Float32l)


@dataclass(frozen=True, slots=True)
class AvSirenSpec:
    """Unified audio-video network (Chalise et al. 2025, fig. 8-1 and table 8-2).

    Two first layers of `branch` units, for (x, y, t) and for the sound's time; their outputs side by side enter
    `depth` shared layers of `width`; a picture head and two Siamese sound heads, each `branch` sine units and a
    linear layer. Teacher: branch 512, width 512, depth 5. Student: branch 300, width 512, depth 3.
    """

    branch: int
    width: int
    depth: int
    omega: float = 30.0

    NAME: ClassVar[str] = "av-siren"
    MEDIA: ClassVar[int] = VIDEO | AUDIO

    def __post_init__(self) -> None:
        require_layers(
            self.omega,
            branch=(self.branch, 1, MAX_WIDTH),
            width=(self.width, 1, MAX_WIDTH),
            depth=(self.depth, 1, MAX_DEPTH),
        )

    def pack(self) -> bytes:
        """Wire form."""
        fields = {"depth": self.depth, "branch": self.branch, "width": self.width, "omega": self.omega}
        data: bytes = _WIRE.build(fields)
        return data

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """From the wire form, ranges checked."""
        return cls(**parse_spec(_WIRE, data))

    def tensor_shapes(self, domain: Domain) -> list[tuple[str, Shape]]:
        """Names and shapes of the tensors, in wire order (that of table 8-2, picture before sound)."""
        shapes = linear_shapes("video_input", self.branch, 3) + linear_shapes("audio_input", self.branch, 1)
        for i in range(self.depth):
            shapes += linear_shapes(f"shared{i}", self.width, 2 * self.branch if i == 0 else self.width)
        for head, outputs in (("video", domain.components), ("audio0", domain.channels), ("audio1", domain.channels)):
            shapes += linear_shapes(f"{head}_hidden", self.branch, self.width)
            shapes += linear_shapes(f"{head}_output", outputs, self.branch)
        return shapes

    def macs(self, domain: Domain) -> int:
        """Weights times points, pixels and sound samples each evaluated once."""
        return count_weights(self.tensor_shapes(domain)) * (domain.pixels + domain.samples)
