"""What a payload coder is told about the integers that it decodes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from inrv_format.quantization import Shapes, TensorHeader


@dataclass(frozen=True, slots=True)
class Layout:
    """Length of the packed form in bytes, and of every tensor its header, name and shape."""

    raw_length: int
    headers: Sequence[TensorHeader]
    shapes: Shapes
