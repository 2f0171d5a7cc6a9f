"""Bjontegaard's delta rate: how many more bytes one codec needs than another at equal quality."""

from __future__ import annotations

import math
from dataclasses import dataclass

from invr.metrics.optional import imported

FEWEST_POINTS = 4


@dataclass(frozen=True, slots=True)
class Delta:
    """`percent` of bytes, negative where less is needed; None with a `note` that says why.

    `overlap` is the interval of quality that both curves cover, over which it was measured.
    """

    percent: float | None
    overlap: tuple[float, float] | None
    note: str = ""


def bd_rate(anchor: list[tuple[float, float]], test: list[tuple[float, float]]) -> Delta:
    """Delta rate of `test` against `anchor`, both lists of (rate, quality), by piecewise cubics (PCHIP) of log rate
    over quality (Bjontegaard 2001, VCEG-M33; by the `bjontegaard` package).

    Points that cost more than another and are not better do not lie on a codec's curve and are left out. Nothing is
    extrapolated: where the curves share no interval, or one has fewer than four points, there is no number.
    """
    curves = _frontier(anchor), _frontier(test)
    shortest = min(len(curve) for curve in curves)
    if shortest < FEWEST_POINTS:
        return Delta(None, None, f"{shortest} points of rising quality, {FEWEST_POINTS} are needed")
    low, high = max(curve[0][1] for curve in curves), min(curve[-1][1] for curve in curves)
    if low >= high:
        return Delta(None, None, "no overlap")
    library = imported("bjontegaard", "bench", "BD-rate")
    rates = [[rate for rate, _ in curve] for curve in curves]
    qualities = [[quality for _, quality in curve] for curve in curves]
    percent = library.bd_rate(
        rates[0], qualities[0], rates[1], qualities[1], method="pchip", require_matching_points=False, min_overlap=0
    )
    dropped = len(anchor) + len(test) - len(curves[0]) - len(curves[1])
    note = f"{dropped} points off the curve left out" if dropped else ""
    return (
        Delta(float(percent), (low, high), note) if math.isfinite(percent) else Delta(None, (low, high), "no number")
    )


def _frontier(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Points of rising rate and strictly rising quality."""
    kept: list[tuple[float, float]] = []
    for rate, quality in sorted(points, key=lambda point: (point[0], -point[1])):
        if not kept or quality > kept[-1][1]:
            kept.append((rate, quality))
    return kept
