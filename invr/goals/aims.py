"""`Aim`: the span that a chunk's PSNR, or its bytes, must fall into."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from invr.encode_chunk import EncodedChunk
from invr.goals.laws import (
    DB_PER_POINT,
    DB_PER_POINT_STAYING,
    OCTAVES_PER_POINT,
    OCTAVES_PER_POINT_STAYING,
    REFIT_DB,
    REFIT_OCTAVES,
    gained_db,
    growth,
)

# What is sought of a chunk lies well within what counts for the whole file (invr/goals/outcome.py).
LOWEST_SHARE, IDEAL_SHARE = 0.92, 0.965
BELOW_DB, IDEAL_DB, ABOVE_DB = 0.03, 0.12, 0.45


@dataclass(frozen=True, slots=True)
class Aim:
    """A span from `low` to `high` of a chunk's level, a number that rises with quality.

    `edge` is the end that matters, `low` or `high`. A point of quality raises the level by about `slope` where the
    networks follow it, by `staying_slope` where they stay, and a refit by `refit_gain` at the same quality; `gain` is
    how much a fit of some steps falls short of one of more.
    """

    low: float
    ideal: float
    high: float
    edge: float
    slope: float
    staying_slope: float
    refit_gain: float
    level: Callable[[EncodedChunk], float]
    gain: Callable[[int, int], float]

    def holds(self, level: float) -> bool:
        """Whether the level lies in the span."""
        return self.low <= level <= self.high

    def rank(self, level: float) -> tuple[bool, float]:
        """Less is better: first the end that matters, then nearness to it."""
        beyond = level > self.high if self.edge == self.high else level < self.low
        return beyond, abs(level - self.edge)


def aim_at_psnr(psnr_db: float) -> Aim:
    """PSNR of the picture."""
    low = psnr_db - BELOW_DB
    return Aim(
        low,
        psnr_db + IDEAL_DB,
        psnr_db + ABOVE_DB,
        edge=low,
        slope=DB_PER_POINT,
        staying_slope=DB_PER_POINT_STAYING,
        refit_gain=REFIT_DB,
        level=_psnr_db,
        gain=gained_db,
    )


def aim_at_size(content_bytes: float) -> Aim:
    """Bytes of a chunk's content, in octaves."""
    high = math.log2(max(1.0, content_bytes))
    return Aim(
        high + math.log2(LOWEST_SHARE),
        high + math.log2(IDEAL_SHARE),
        high,
        edge=high,
        slope=OCTAVES_PER_POINT,
        staying_slope=OCTAVES_PER_POINT_STAYING,
        refit_gain=REFIT_OCTAVES,
        level=_octaves,
        gain=lambda short, steps: math.log2(growth(short, steps)),
    )


def _psnr_db(encoded: EncodedChunk) -> float:
    assert encoded.chunk.video is not None
    return encoded.chunk.video.psnr_db


def _octaves(encoded: EncodedChunk) -> float:
    return math.log2(len(encoded.content))
