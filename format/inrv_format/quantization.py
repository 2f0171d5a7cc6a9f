"""How the integers of a tensor stand for weights, without the integers themselves (`spec/inrv.md` section 6.1)."""

from __future__ import annotations

import math
import struct
from collections.abc import Sequence
from dataclasses import dataclass

from inrv_format.errors import InvalidDataError
from inrv_format.schema import TENSOR_RECORD, ZERO_POINT, Cursor

SYMMETRIC, ASYMMETRIC = 0, 1
MAX_BITS = 24
SMALLEST_SCALE, LARGEST_SCALE = 2.0**-126, 2.0**64


@dataclass(frozen=True, slots=True)
class TensorHeader:
    """How the integers q of one tensor become weights: w = float32(scale) * float32(q - zero_point)."""

    bits: int
    mode: int
    zero_point: int
    scale: float

    @property
    def q_range(self) -> tuple[int, int]:
        """Smallest and largest integer: symmetric +-(2^(bits-1) - 1), asymmetric 0 to 2^bits - 1."""
        if self.mode == SYMMETRIC:
            return 1 - (1 << (self.bits - 1)), (1 << (self.bits - 1)) - 1
        return 0, (1 << self.bits) - 1

    @property
    def planes(self) -> int:
        """Bytes that each integer takes in the packed form."""
        return (self.bits + 7) // 8

    def pack(self) -> bytes:
        """The record: bits and mode in a byte, the upper half of the scale's binary32, mode 1's zero-point."""
        form, (scale,) = self.bits | self.mode << 7, struct.unpack("<I", struct.pack("<f", self.scale))
        record: bytes = TENSOR_RECORD.build({"form": form, "scale": scale >> 16})
        return record + (ZERO_POINT.build({"zero_point": self.zero_point}) if self.mode == ASYMMETRIC else b"")

    @classmethod
    def parse(cls, cursor: Cursor) -> TensorHeader:
        """The next record, checked."""
        record = cursor.fields(TENSOR_RECORD)
        bits, mode = record["form"] & 0x7F, record["form"] >> 7
        zero_point = cursor.fields(ZERO_POINT)["zero_point"] if mode == ASYMMETRIC else 0
        (scale,) = struct.unpack("<f", struct.pack("<I", record["scale"] << 16))
        header = cls(bits, mode, zero_point, scale)
        header.check()
        return header

    def check(self) -> None:
        """Refuse a header out of range: bits, mode, a scale that cannot be stored, a zero-point."""
        if self.mode not in (SYMMETRIC, ASYMMETRIC):
            raise InvalidDataError(f"quantization mode {self.mode} is not 0 or 1", section="6.1")
        if not (1 if self.mode == ASYMMETRIC else 2) <= self.bits <= MAX_BITS:
            raise InvalidDataError(f"bit width {self.bits} is out of range", section="6.1")
        if not (math.isfinite(self.scale) and SMALLEST_SCALE <= self.scale <= LARGEST_SCALE):
            raise InvalidDataError(f"scale {self.scale} is out of range", section="6.1")
        if self.scale != storable_scale(self.scale):
            raise InvalidDataError(f"scale {self.scale} has more than 8 significant bits", section="6.1")
        largest = 0 if self.mode == SYMMETRIC else self.q_range[1]
        if not 0 <= self.zero_point <= largest:
            raise InvalidDataError(f"zero-point {self.zero_point} is not in 0 to {largest}", section="6.1")


def storable_scale(scale: float) -> float:
    """The nearest scale that a record holds, eight significant bits, from 2^-126 to 2^64."""
    mantissa, exponent = math.frexp(min(max(scale, SMALLEST_SCALE), LARGEST_SCALE))
    return math.ldexp(round(mantissa * 256), exponent - 8)


Shapes = Sequence[tuple[str, tuple[int, ...]]]


def packed_length(headers: Sequence[TensorHeader], shapes: Shapes) -> int:
    """Bytes of the packed form, computed without allocating."""
    sizes = [math.prod(shape) for _, shape in shapes]
    return sum(size * header.planes for header, size in zip(headers, sizes, strict=True))
