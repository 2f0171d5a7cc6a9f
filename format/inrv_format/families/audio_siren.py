"""Family 3, `audio-siren`: one network for the sound (`spec/inrv.md` section 7.3)."""

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
from inrv_format.streams import AUDIO

MAX_OCTAVES = 24

_WIRE = Struct(
    "octaves" / Int8ul,
    "heads" / Int8ul,
    "depth" / Int8ul,
    "first" / Int16ul,
    "width" / Int16ul,
    "head_width" / Int16ul,
    "omega" / Float32l,
)


@dataclass(frozen=True, slots=True)
class AudioSirenSpec:
    """Time in, amplitudes out, with Siamese heads (Mahdi 2025, section 4.4.1).

    With `octaves` > 0 the first layer sees sin and cos of 2^k pi t for k < octaves; with 0 it sees t itself (learned
    frequencies). Then `first` units, `depth` shared hidden layers of `width`, and `heads` (1 or 2) heads, each
    `head_width` sine units (none if 0) and a linear layer.
    """

    first: int
    width: int
    depth: int
    head_width: int = 0
    heads: int = 2
    octaves: int = 0
    omega: float = 30.0

    NAME: ClassVar[str] = "audio-siren"
    MEDIA: ClassVar[int] = AUDIO

    def __post_init__(self) -> None:
        require_layers(
            self.omega,
            first=(self.first, 1, MAX_WIDTH),
            width=(self.width, 1, MAX_WIDTH),
            depth=(self.depth, 0, MAX_DEPTH),
            head_width=(self.head_width, 0, MAX_WIDTH),
            heads=(self.heads, 1, 2),
            octaves=(self.octaves, 0, MAX_OCTAVES),
        )

    @property
    def inputs(self) -> int:
        """Values that the first layer sees for each sample."""
        return 2 * self.octaves or 1

    def pack(self) -> bytes:
        """Wire form."""
        data: bytes = _WIRE.build({name: getattr(self, name) for name in _FIELDS})
        return data

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """From the wire form, ranges checked."""
        return cls(**parse_spec(_WIRE, data))

    def tensor_shapes(self, domain: Domain) -> list[tuple[str, Shape]]:
        """Names and shapes of the tensors, in wire order."""
        shapes = linear_shapes("first", self.first, self.inputs)
        widths = [self.first, *[self.width] * self.depth]
        for i in range(self.depth):
            shapes += linear_shapes(f"hidden{i}", widths[i + 1], widths[i])
        for head in range(self.heads):
            if self.head_width:
                shapes += linear_shapes(f"head{head}_hidden", self.head_width, widths[-1])
            shapes += linear_shapes(f"head{head}_output", domain.channels, self.head_width or widths[-1])
        return shapes

    def macs(self, domain: Domain) -> int:
        """Weights times samples."""
        return count_weights(self.tensor_shapes(domain)) * domain.samples


_FIELDS = ("octaves", "heads", "depth", "first", "width", "head_width", "omega")
