"""What a sweep says while it works."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from invr.encode_progress import EncodeProgress


@dataclass(frozen=True, slots=True)
class SweepProgress:
    """Fit `number` (from 0) of `count`, what is done in it, and the state of its encode (None while it is scored)."""

    number: int
    count: int
    task: str
    encode: EncodeProgress | None

    @property
    def done(self) -> float:
        """Share of the fits that is finished, 0 to 1."""
        return (self.number + (self.encode.done if self.encode else 1.0)) / self.count


Report = Callable[[SweepProgress], None]
