"""What a sweep varies."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace

from inrv_format.errors import InputError, OptionError

from invr.config import EncodeConfig, require_option

# The widths of Chalise et al. 2025, figure 9-17, and those between them, as far as the format goes.
DEFAULT_BITS = (1, 4, 7, 8, 10, 12, 14, 16)
WIDTHS, DEPTHS = (2, 1024), (1, 64)
DURATION_S = 2.0
# Containers state their length rounded, and that of their longest stream.
LENGTH_SLACK = 1.02


@dataclass(frozen=True, slots=True)
class SizeGrid:
    """Networks to fit: every width with every depth (hidden layers after the first) on the first `durations_s`.

    Without a duration it is the first 2 s, or all where there is less.
    """

    widths: tuple[int, ...] = (32,)
    depths: tuple[int, ...] = (2,)
    durations_s: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        for option, values, (low, high) in (("--widths", self.widths, WIDTHS), ("--depths", self.depths, DEPTHS)):
            for value in values:
                require_option(low <= value <= high, option, value, f"{low} to {high}")
        for length in self.durations_s:
            require_option(0 < length < math.inf, "--durations", length, "more than 0")

    def for_source(self, length_s: float | None) -> SizeGrid:
        """The grid with its durations settled; InputError where the source, of `length_s` seconds, has fewer."""
        if not self.durations_s:
            return replace(self, durations_s=(min(DURATION_S, length_s or DURATION_S),))
        for duration_s in self.durations_s:
            if length_s is not None and duration_s > LENGTH_SLACK * length_s:
                raise InputError(f"--durations {duration_s:g}: {length_s:.2f} s of the source are read")
        return self

    def __len__(self) -> int:
        return len(self.widths) * len(self.depths) * len(self.durations_s)


@dataclass(frozen=True, slots=True)
class SweepConfig:
    """All that a sweep does: `bits` of one fit (none for no such sweep), and the networks of `sizes`.

    `encode.quant` says how to quantize; its own bits hold for the sweep of sizes. `frame` is the one on the contact
    sheet, the middle one if None.
    """

    bits: tuple[int, ...] = DEFAULT_BITS
    sizes: SizeGrid | None = None
    frame: int | None = None
    encode: EncodeConfig = field(default_factory=EncodeConfig)

    def __post_init__(self) -> None:
        for bits in self.bits:
            require_option(1 <= bits <= 16, "--bits", bits, "1 to 16")
        if not self.bits and self.sizes is None:
            raise OptionError("--bits none: then --widths, --depths or --durations must say what to sweep")
