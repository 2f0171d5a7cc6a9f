"""Family 4, `lapped`: windowed cosines for the sound (`spec/inrv.md` section 7.4)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar, Self

from construct import Float32l, Int8ul, Int16ul, Struct

from inrv_format.families.base import Domain, Shape, parse_spec, require
from inrv_format.streams import AUDIO

SMALLEST_HOP, LARGEST_HOP = 16, 2048
SMALLEST_EXPONENT, LARGEST_EXPONENT = 0.25, 4.0
# A band has four waves at least, and a quarter of those below it.
NARROWEST_BAND = 4

_WIRE = Struct("hop" / Int16ul, "waves" / Int16ul, "span" / Int8ul, "joint" / Int8ul, "exponent" / Float32l)


@dataclass(frozen=True, slots=True)
class LappedSpec:
    """One layer: for every `hop` samples the `waves` lowest of `hop` cosines under a window of 2 x `hop` samples.

    Their amplitudes are the weights (Princen and Bradley 1986; Malvar 1990).

    A weight w gives the amplitude sign(w) |w|^`exponent`, times the gain of its band; a weight that is 0 gives noise
    at the floor of its band. Gain and floor have a weight each for every band and every `span` frames. With `joint`
    the two channels of the weights are the sum and the difference of left and right.
    """

    hop: int
    waves: int
    span: int = 4
    joint: bool = False
    exponent: float = 1.0

    NAME: ClassVar[str] = "lapped"
    MEDIA: ClassVar[int] = AUDIO

    def __post_init__(self) -> None:
        require(self.hop <= LARGEST_HOP, f"hop {self.hop} is above {LARGEST_HOP}")
        require(SMALLEST_HOP <= self.waves <= self.hop, f"{self.waves} waves for a hop of {self.hop}")
        require(self.span >= 1, "span 0")
        require(self.joint in (0, 1), f"joint {self.joint} is not 0 or 1")
        exponent = self.exponent
        require(SMALLEST_EXPONENT <= exponent <= LARGEST_EXPONENT, f"exponent {exponent} is out of range")

    @property
    def bands(self) -> list[tuple[int, int]]:
        """The first and last + 1 wave of each band."""
        found, begin = [], 0
        while begin < self.waves:
            end = min(self.waves, begin + max(NARROWEST_BAND, begin // 4))
            found.append((begin, end))
            begin = end
        return found

    def frames(self, domain: Domain) -> int:
        """Windows that reach into the chunk: the first begins a hop before it."""
        return -(-domain.samples // self.hop) + 1

    def pack(self) -> bytes:
        """Wire form."""
        data: bytes = _WIRE.build({name: getattr(self, name) for name in _FIELDS})
        return data

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """From the wire form, ranges checked."""
        fields = parse_spec(_WIRE, data)
        require(fields["joint"] in (0, 1), f"joint {fields['joint']} is not 0 or 1")
        return cls(**fields | {"joint": bool(fields["joint"])})

    def tensor_shapes(self, domain: Domain) -> list[tuple[str, Shape]]:
        """Names and shapes of the tensors, in wire order; joint sound must have two channels."""
        require(not self.joint or domain.channels == 2, f"joint sound of {domain.channels} channels")
        frames = self.frames(domain)
        by_band = math.ceil(frames / self.span), domain.channels * len(self.bands)
        amplitudes = domain.channels, frames, self.waves
        return [("gain", by_band), ("amplitude", amplitudes), ("floor", by_band)]

    def macs(self, domain: Domain) -> int:
        """Every sample lies under two windows."""
        return 2 * self.waves * domain.samples * domain.channels


_FIELDS = ("hop", "waves", "span", "joint", "exponent")
