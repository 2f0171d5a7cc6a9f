"""Family 1, `siren`: one network for the picture (`spec/inrv.md` section 7.1)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar, Self

from construct import Array, Float32l, Int8ul, Int16ul, Struct

from inrv_format.families.base import (
    DELTA_TENSORS,
    MAX_DEPTH,
    MAX_EMBEDDING,
    MAX_WIDTH,
    Domain,
    Shape,
    count_weights,
    linear_shapes,
    parse_spec,
    require,
    require_layers,
)
from inrv_format.streams import VIDEO

WAVES, POWER, GAUSSIAN, GABOR = 0, 1, 2, 3
PLANE_WAVES = (WAVES, GABOR)
SINE, RELU = 0, 1
STILL, AFFINE, GRID = 0, 1, 2
MAX_FREQUENCY = 2.0**40

_WIRE = Struct(
    "embedding" / Int8ul,
    "activation" / Int8ul,
    "motion" / Int8ul,
    "depth" / Int8ul,
    "first" / Int16ul,
    "width" / Int16ul,
    "lengths" / Array(3, Int8ul),
    "scales" / Array(3, Float32l),
    "omega" / Float32l,
)


@dataclass(frozen=True, slots=True)
class SirenSpec:
    """A multilayer perceptron from (x, y, t) to pixel values.

    `embedding` is WAVES (the first layer sees the coordinates), GABOR (the same, each wave under a Gaussian window;
    Fathony et al. 2021, section 3.2, with a window for each axis), POWER (Singh and Iacob, INVR, eq. 2) or GAUSSIAN
    (eq. 3), with `lengths` and `scales` for (x, y, t): the frequency base sigma of POWER, the width sigma of
    GAUSSIAN. `first` is the width of the first layer, followed by `depth` hidden layers of `width` and a linear
    output. With WAVES and GABOR only, `motion` warps (x, y) before the first layer: AFFINE by six numbers a frame,
    GRID by these and by displacements at the nodes of a grid, whose numbers along x, y and t then are the `lengths`.
    """

    first: int
    width: int
    depth: int
    embedding: int = WAVES
    activation: int = SINE
    motion: int = STILL
    lengths: tuple[int, int, int] = (0, 0, 0)
    scales: tuple[float, float, float] = (0.0, 0.0, 0.0)
    omega: float = 30.0

    NAME: ClassVar[str] = "siren"
    MEDIA: ClassVar[int] = VIDEO

    def __post_init__(self) -> None:
        require_layers(
            self.omega,
            first=(self.first, 1, MAX_WIDTH),
            width=(self.width, 1, MAX_WIDTH),
            depth=(self.depth, 0, MAX_DEPTH),
            embedding=(self.embedding, WAVES, GABOR),
            activation=(self.activation, SINE, RELU),
            motion=(self.motion, STILL, GRID),
        )
        waves = self.embedding in PLANE_WAVES
        require(self.motion == STILL or waves, "motion needs the plane-wave embedding")
        if self.motion == GRID:
            require(min(self.lengths) >= 2, "a grid of motion has two nodes or more along each axis")
        else:
            require(not (waves and any(self.lengths)), "plane waves have no embedding lengths")
        require(self.embedding != GABOR or self.activation == SINE, "windowed waves need the sine activation")
        for length, scale in zip(self.lengths, self.scales, strict=True):
            require(length <= MAX_EMBEDDING, f"embedding length {length} is over {MAX_EMBEDDING}")
            require(math.isfinite(scale) and scale >= 0, f"embedding scale {scale} is out of range")
            require(waves or length == 0 or scale > 0, "an embedding has scale zero")
            if self.embedding == POWER and length:
                require((length - 1) * math.log(scale) <= math.log(MAX_FREQUENCY), "embedding frequency too high")

    @property
    def inputs(self) -> int:
        """Values that the first layer sees for each pixel."""
        per_step = {WAVES: 0, GABOR: 0, POWER: 2, GAUSSIAN: 1}[self.embedding]
        return 3 + per_step * sum(self.lengths)

    def smooth_on(self, domain: Domain) -> bool:
        """Whether the function between the stored points means something: no frequency above the grid's Nyquist."""
        cells = (domain.width, domain.height, domain.frames)
        return self.embedding != POWER or all(
            length < 2 or (length - 1) * math.log(scale) <= math.log(max(1.0, count / 2)) + 1e-6
            for length, scale, count in zip(self.lengths, self.scales, cells, strict=True)
        )

    def pack(self) -> bytes:
        """Wire form."""
        data: bytes = _WIRE.build({name: getattr(self, name) for name in _FIELDS})
        return data

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """From the wire form, ranges checked."""
        fields = parse_spec(_WIRE, data)
        fields["lengths"], fields["scales"] = tuple(fields["lengths"]), tuple(fields["scales"])
        return cls(**fields)

    def tensor_shapes(self, domain: Domain) -> list[tuple[str, Shape]]:
        """Names and shapes of the tensors, in wire order.

        `first.window` is [first, 6]: centre (x, y, t) and sharpness (x, y, t); `motion` is [frames, 6];
        `motion.grid` has for each of its times the displacements along x of all nodes, row by row, then along y.
        """
        shapes = linear_shapes("first", self.first, self.inputs)
        if self.embedding == GABOR:
            shapes.append(("first.window", (self.first, 6)))
        widths = [self.first, *[self.width] * self.depth]
        for i in range(self.depth):
            shapes += linear_shapes(f"hidden{i}", widths[i + 1], widths[i])
        shapes += linear_shapes("output", domain.components, widths[-1])
        if self.motion != STILL:
            shapes.append(("motion", (domain.frames, 6)))
        if self.motion == GRID:
            across, down, times = self.lengths
            shapes.append(("motion.grid", (times, 2 * down * across)))
        return shapes

    def macs(self, domain: Domain) -> int:
        """Weights (without motion) times pixels."""
        weights = count_weights([shape for shape in self.tensor_shapes(domain) if shape[0] not in DELTA_TENSORS])
        return weights * domain.pixels


_FIELDS = ("embedding", "activation", "motion", "depth", "first", "width", "lengths", "scales", "omega")
