"""Frame numbers for muxers that know a frame rate and no times."""

from __future__ import annotations

from fractions import Fraction

# Of a frame: how far a time may lie from its number's and be called kept.
TOLERANCE = Fraction(1, 4)


class FrameGrid:
    """Numbers at `rate` frames a second for the pts of a stream, whose ticks last `tick_s`.

    With `gaps`, numbers are left out where a frame is shown for longer; without, frames are counted.
    """

    def __init__(self, rate: Fraction, tick_s: Fraction, *, gaps: bool) -> None:
        self._frames_per_tick = rate * tick_s
        self._gaps = gaps
        self._first: Fraction | None = None
        self._next = 0
        self.keeps_times = True

    def number(self, pts: int) -> int:
        """Of the next frame, which is larger than the one before."""
        place = pts * self._frames_per_tick
        if self._first is None:
            self._first = Fraction(0) if self._gaps else place
        place -= self._first
        number = max(self._next, round(place)) if self._gaps else self._next
        self.keeps_times &= abs(place - number) <= TOLERANCE
        self._next = number + 1
        return number

    def duration(self, ticks: int) -> int:
        """In frames, one at least."""
        return max(1, round(ticks * self._frames_per_tick))
