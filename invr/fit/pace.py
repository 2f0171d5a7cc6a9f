"""`Pace`: how far a fit is, by its steps and, where its time is limited, by that."""

from __future__ import annotations

import time

from invr.config import FitConfig

# No fit is shorter than that, whatever the time.
LEAST_STEPS = 50
# Evaluating a point costs about this share of a step's work on it: forward, of forward and backward.
EVALUATION_SHARE = 1 / 3


class Pace:
    """Counts steps, and says which part of the fit they are.

    With `config.limit_s` the fit takes no more steps than the time allows at the speed measured so far, with as much
    left as it takes to evaluate all `points`; never fewer than LEAST_STEPS and never more than `config.steps`.
    """

    def __init__(self, config: FitConfig, points: int) -> None:
        self._limit_s = config.limit_s
        self._most = config.steps
        self._evaluation_steps = EVALUATION_SHARE * points / (config.rows * config.columns)
        self._started = time.monotonic()
        self.step = 0
        self.steps = config.steps
        self.progress = 0.0

    @property
    def elapsed_s(self) -> float:
        """Since the start."""
        return time.monotonic() - self._started

    def advance(self) -> None:
        """Count a step; where time is limited it is a LEAST_STEPS-th of the fit at most, so that all phases come."""
        self.step += 1
        if self._limit_s is None:
            self.progress = self.step / self.steps
            return
        possible = round(self._limit_s * self.step / self.elapsed_s - self._evaluation_steps)
        least = min(LEAST_STEPS, self._most)
        self.steps = min(self._most, max(least, possible))
        self.progress = max(self.progress, min(self.step / self.steps, self.progress + 1 / least))
