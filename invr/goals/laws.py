"""What a short fit tells of a long one, and one quality of another (fitted: docs/research/goals.md)."""

from __future__ import annotations

# Below so many steps a fit tells little of longer ones.
LEAST_PROBE_STEPS = 200
PROBE_SHARE = 0.04
# PSNR lacks LACK_DB x steps^-LACK_POWER.
LACK_DB = 280.0
LACK_POWER = 0.7
# Bits of a weight grow as steps to this power: a fit that has longer finds more to say.
GROWTH_POWER = 0.025
# For each point of quality, where the networks' sizes follow, and where the networks stay.
DB_PER_POINT = 0.13
DB_PER_POINT_STAYING = 0.02
OCTAVES_PER_POINT = 0.05
OCTAVES_PER_POINT_STAYING = 0.012
# What a refit gives at the same quality, being more steps.
REFIT_DB = 0.05
REFIT_OCTAVES = 0.03


def probe_steps(steps: int) -> int:
    """Of a fit that is to tell what one of `steps` would give."""
    return min(steps, max(LEAST_PROBE_STEPS, round(PROBE_SHARE * steps)))


def gained_db(short: int, steps: int) -> float:
    """How much higher PSNR is after a fit of `steps` than after one of `short`."""
    return float(LACK_DB * (short**-LACK_POWER - steps**-LACK_POWER))


def growth(short: int, steps: int) -> float:
    """How many times as many bytes a fit of `steps` gives as one of `short`; packets alone take no steps."""
    return 1.0 if not short else float((steps / short) ** GROWTH_POWER)
