"""How many frames the next chunk has."""

from __future__ import annotations

import math
from typing import Protocol

from invr.media.colour import Pixels


class Lengths(Protocol):
    """Sees every frame of a source in order and says how long the chunks are, one after the other."""

    def add(self, values: Pixels, duration_s: float, /) -> None:
        """See the next frame [H, W, C], shown for `duration_s`."""

    def end(self) -> None:
        """Know that no frame follows."""

    def take(self) -> int | None:
        """Frames of the next chunk, fewer than were seen as long as more may follow; None where it is not decided."""

    def estimate(self, frames: int) -> int:
        """About how many chunks a source of so many frames has, by what was seen of it."""


class FixedLengths:
    """Chunks of `size` frames, whatever they show; a last one under a quarter of that joins the one before."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._enough = size + math.ceil(size / 4)
        self._waiting = 0
        self._ended = False

    def add(self, _values: Pixels, _duration_s: float, /) -> None:
        """See the next frame."""
        self._waiting += 1

    def end(self) -> None:
        """Know that no frame follows."""
        self._ended = True

    def take(self) -> int | None:
        """Frames of the next chunk, None where it is not decided."""
        if self._waiting >= self._enough:
            size = self._size
        elif self._ended and self._waiting:
            size = self._waiting
        else:
            return None
        self._waiting -= size
        return size

    def estimate(self, frames: int) -> int:
        """How many chunks a source of so many frames has."""
        return 1 + max(0, (frames - self._enough) // self._size + 1)
