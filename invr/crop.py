"""`Crop`: the part of a picture that is asked for."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Crop:
    """`width` x `height` pixels of a picture, the top left one at (`x`, `y`)."""

    x: int
    y: int
    width: int
    height: int

    def __str__(self) -> str:
        return f"{self.x}:{self.y}:{self.width}:{self.height}"

    @property
    def rows(self) -> tuple[int, int]:
        """Of the picture, [start, end)."""
        return self.y, self.y + self.height

    @property
    def columns(self) -> tuple[int, int]:
        """Of the picture, [start, end)."""
        return self.x, self.x + self.width

    def before_turning(self, rotation: int, size: tuple[int, int]) -> Crop:
        """The same pixels in the picture that was turned clockwise by `rotation` degrees to this one of `size`
        (width, height).
        """
        right, below = size[0] - self.x - self.width, size[1] - self.y - self.height
        if rotation == 90:
            return Crop(self.y, right, self.height, self.width)
        if rotation == 180:
            return Crop(right, below, self.width, self.height)
        if rotation == 270:
            return Crop(below, self.x, self.height, self.width)
        return self
