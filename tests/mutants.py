"""Files taken apart, changed and put together again, and pipes, for tests of readers."""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
from vectors.surgery import Box, Pieces, put_together, take_apart

HEADER_BYTES = 28


class Pipe(io.RawIOBase):
    """Bytes that can be read once, a few at a time."""

    def __init__(self, data: bytes) -> None:
        self._data = io.BytesIO(data)

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        return self._data.read(min(size, 7))

    def seekable(self) -> bool:
        return False

    def seek(self, *_: int) -> int:
        raise OSError("not seekable")

    def tell(self) -> int:
        raise OSError("not seekable")


def boxes_of(data: bytes) -> list[Box]:
    """Type and content of every box of a file without faults."""
    return list(take_apart(data).boxes)


def rebuilt(header: bytes, boxes: Sequence[Box]) -> bytes:
    """A file of these boxes, behind a whole header, with all CRCs and the footer right."""
    return put_together(Pieces(header[:-4], tuple(boxes)), repair_index=False)


def mutants(data: bytes, count: int):
    """Each with one field of one box overwritten: zeros, ones, extremes, or noise, one to eight bytes long."""
    generator = np.random.default_rng(0)
    boxes = boxes_of(data)
    for _ in range(count):
        number = int(generator.integers(len(boxes) - 1))
        content = bytearray(boxes[number][1])
        if not content:
            continue
        length = int(generator.choice([1, 2, 4, 8]))
        place = int(generator.integers(max(1, min(len(content), 400) - length + 1)))
        values = [
            bytes(length),
            b"\xff" * length,
            b"\x7f" * length,
            b"\x80" + bytes(length - 1),
            generator.bytes(length),
        ]
        content[place : place + length] = values[int(generator.integers(5))]
        mutated = [*boxes[:number], (boxes[number][0], bytes(content)), *boxes[number + 1 :]]
        yield rebuilt(data[:HEADER_BYTES], mutated)
