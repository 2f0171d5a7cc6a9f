"""Quantized tensors as integers, and their packed form (`spec/inrv.md` sections 6.1 and 6.2)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inrv_format.errors import InvalidDataError
from inrv_format.families.base import DELTA_TENSORS
from inrv_format.quantization import Shapes, TensorHeader


@dataclass(frozen=True, slots=True)
class TensorSymbols:
    """One quantized tensor: `values` is int32 in the tensor's shape, within `header.q_range`."""

    name: str
    header: TensorHeader
    values: NDArray[np.int32]

    def dequantize(self) -> NDArray[np.float32]:
        """Weights as float32: exact integers first, then one float32 multiplication."""
        q = self.values - self.header.zero_point
        if self.name in DELTA_TENSORS:
            q = np.cumsum(q, axis=0, dtype=np.int64)
        return np.float32(self.header.scale) * q.astype(np.float32)


Symbols = tuple[TensorSymbols, ...]


def pack(symbols: Symbols) -> bytes:
    """Packed form: per tensor u = q - q_min as planes of bytes, the highest byte of all values first."""
    planes = []
    for tensor in symbols:
        low, high = tensor.header.q_range
        if tensor.values.size and not (low <= tensor.values.min() and tensor.values.max() <= high):
            raise ValueError(f"tensor {tensor.name} leaves its range {low} to {high}")
        unsigned = (tensor.values - low).astype(np.uint32).ravel()
        for plane in reversed(range(tensor.header.planes)):
            planes.append((unsigned >> 8 * plane & 0xFF).astype(np.uint8).tobytes())
    return b"".join(planes)


def unpack(raw: bytes, headers: Sequence[TensorHeader], shapes: Shapes) -> Symbols:
    """The inverse of `pack`; InvalidDataError for a value outside its tensor's range."""
    symbols = []
    position = 0
    for header, (name, shape) in zip(headers, shapes, strict=True):
        size = math.prod(shape)
        unsigned = np.zeros(size, np.int32)
        for _ in range(header.planes):
            unsigned = (unsigned << 8) | np.frombuffer(raw, np.uint8, size, position)
            position += size
        low, high = header.q_range
        if size and unsigned.max() > high - low:
            raise InvalidDataError(f"tensor {name} holds an integer beyond its bit width", section="6.2")
        symbols.append(TensorSymbols(name, header, (unsigned + low).astype(np.int32).reshape(shape)))
    return tuple(symbols)
