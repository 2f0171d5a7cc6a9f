"""What every network family's Spec offers, and the domain that a network is evaluated on."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol, Self

from inrv_format.errors import InvalidDataError
from inrv_format.schema import parse_fields

MAX_WIDTH = 4096
MAX_DEPTH = 64
MAX_EMBEDDING = 256
# Tensors whose rows are stored as what changes from one to the next, and that cost no work at a point.
DELTA_TENSORS = frozenset({"motion", "motion.grid", "gain", "floor"})

Shape = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Domain:
    """The grid that one network covers: `frames` x `height` x `width` pixels of `components` values, and
    `samples` sound samples of `channels` values; zero where a medium is absent.
    """

    frames: int = 0
    height: int = 0
    width: int = 0
    components: int = 0
    samples: int = 0
    channels: int = 0

    @property
    def pixels(self) -> int:
        """Pixels of all frames together."""
        return self.frames * self.height * self.width


class Spec(Protocol):
    """A network as the file describes it: bounded numbers from a closed list, never names or code."""

    NAME: ClassVar[str]
    MEDIA: ClassVar[int]

    def pack(self) -> bytes:
        """Wire form."""

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """From the wire form, ranges checked; InvalidDataError."""

    def tensor_shapes(self, domain: Domain) -> list[tuple[str, Shape]]:
        """Names and shapes of the tensors, in wire order."""

    def macs(self, domain: Domain) -> int:
        """Multiply-adds to evaluate the whole domain once (weights times points; sines not counted)."""


def linear_shapes(name: str, outputs: int, inputs: int) -> list[tuple[str, Shape]]:
    """Shapes of a linear layer: `name.weight` [outputs, inputs] and `name.bias` [outputs]."""
    return [(f"{name}.weight", (outputs, inputs)), (f"{name}.bias", (outputs,))]


def count_weights(shapes: list[tuple[str, Shape]]) -> int:
    """How many numbers the tensors hold together."""
    return sum(math.prod(shape) for _, shape in shapes)


def parse_spec(struct: Any, data: bytes) -> dict[str, Any]:
    """Fields of a Spec whose wire form must be exactly `struct`."""
    if len(data) != struct.sizeof():
        raise InvalidDataError(f"network spec of {len(data)} bytes, expected {struct.sizeof()}", section="7")
    return parse_fields(struct, data, 0, "7")


def require(condition: bool, message: str) -> None:
    """InvalidDataError with `message` unless `condition` holds."""
    if not condition:
        raise InvalidDataError(message, section="7")


def require_layers(omega: float, **sizes: tuple[int, int, int]) -> None:
    """Range checks that all families share: omega, and each (value, smallest, largest) by its name."""
    require(math.isfinite(omega) and 0 < omega <= 10_000, f"omega {omega} is out of range")
    for name, (value, low, high) in sizes.items():
        require(low <= value <= high, f"{name} {value} is not in {low} to {high}")
