"""`pursue`: find the quality at which a chunk reaches its aim, with few fits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from invr.goals.aims import Aim
from invr.goals.laws import probe_steps
from invr.goals.trials import REFIT_SHARE, Trial, Trials
from invr.quality import HIGHEST_QUALITY, LOWEST_QUALITY

CORRECTIONS = 4
NEW_FITS = 2
# So far from the quality that its size belongs to, a network does what a smaller or a larger one does better.
REACH_POINTS = 20.0
LEAST_POINTS = 0.25
# A measured slope counts for no less and no more than these shares of the one that is expected.
SLOPE_SHARES = 0.4, 3.0

NO_MORE, NO_LESS = "the largest networks reach no more", "the smallest networks reach no less"
NO_TIME = "no time was left for corrections"
NOT_FOUND = f"not found with {CORRECTIONS} corrections"

# Quality and level.
Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Pursuit:
    """The best trial of a chunk.

    `why` says what kept it from its aim, None where it got there. `surplus` is how much higher the level of a whole
    fit is than its probes foresaw.
    """

    trial: Trial
    why: str | None
    surplus: float


def pursue(trials: Trials, aim: Aim, quality: float, surplus: float = 0.0) -> Pursuit:
    """Probe around `quality`, fit where the probes promise the aim, then correct that, CORRECTIONS times at most."""
    points = probe(trials, aim, quality, surplus)
    start = solved(points, aim.ideal, aim.slope)
    tried = [trials.fit(start, trials.steps)]
    surplus += aim.level(tried[0].encoded) - foreseen(points, start, aim.slope)
    why = None
    while not aim.holds(aim.level(_best(tried, aim).encoded)) and not why:
        following = _corrected(trials, aim, tried) if len(tried) <= CORRECTIONS else NOT_FOUND
        if isinstance(following, str):
            why = following
        else:
            tried.append(following)
    return Pursuit(_best(tried, aim), why, surplus)


def probe(trials: Trials, aim: Aim, quality: float, surplus: float) -> list[Point]:
    """What whole fits would reach, at `quality` and, if that asks for other networks, where it promises the aim."""
    steps = probe_steps(trials.steps)
    points: list[Point] = []
    for _ in range(2):
        trial = trials.fit(quality, steps)
        gain = aim.gain(trial.steps, trials.expected_steps)
        points.append((quality, aim.level(trial.encoded) + gain + surplus))
        quality = solved(points, aim.ideal, aim.slope)
        if trials.keeps(trial, quality):
            break
    return points


def solved(points: Sequence[Point], level: float, slope: float) -> float:
    """The quality at which the line through the nearest two points, or through one with `slope`, has `level`."""
    (quality, nearest), line = _line(points, level, slope)
    return min(max(quality + (level - nearest) / line, LOWEST_QUALITY), HIGHEST_QUALITY)


def foreseen(points: Sequence[Point], quality: float, slope: float) -> float:
    """The level of that line at a quality."""
    nearest = min(points, key=lambda point: abs(point[0] - quality))
    (at, level), line = _line(points, nearest[1], slope)
    return level + (quality - at) * line


def _line(points: Sequence[Point], level: float, slope: float) -> tuple[Point, float]:
    """The point whose level is nearest, and the slope through the next one; the expected slope bounds it."""
    (quality, nearest), *others = sorted(points, key=lambda point: abs(point[1] - level))
    measured = [(nearest - other) / (quality - at) for at, other in others if abs(at - quality) >= LEAST_POINTS]
    low, high = (part * slope for part in SLOPE_SHARES)
    return (quality, nearest), min(max(measured[0], low), high) if measured else slope


def _corrected(trials: Trials, aim: Aim, tried: list[Trial]) -> Trial | str:
    """Known networks at another price, the nearest to the aim first; new ones where all would be stretched too far.

    What keeps it from both is returned instead.
    """
    moves = _moves(aim, tried)
    near = [(trial, quality) for trial, quality in moves if abs(quality - trial.sized) <= REACH_POINTS]
    fits = [(trial.sized, aim.level(trial.encoded)) for trial in tried if trial.sized == trial.quality]
    nearest = min(tried, key=lambda trial: abs(aim.level(trial.encoded) - aim.ideal))
    rises = aim.level(nearest.encoded) < aim.ideal
    if len(tried) > 1 and not nearest.fitted.plans and tried[-1].encoded.content == tried[-2].encoded.content:
        return NO_MORE if rises else NO_LESS  # packets that follow no quality
    if not near and len(fits) <= NEW_FITS:
        resized = trials.resized(nearest, solved(fits, aim.ideal, aim.slope), rises=rises)
        if resized is not None and not any(trials.keeps(trial, resized) for trial in tried):
            return trials.fit(resized, trials.steps) if trials.affords(1.0) else NO_TIME
    for trial, quality in near or moves:
        return trials.refit(trial, quality) if trials.affords(REFIT_SHARE) else NO_TIME
    if not trials.is_last(nearest, rises=rises):
        return NOT_FOUND
    return NO_MORE if rises else NO_LESS


def _moves(aim: Aim, tried: list[Trial]) -> list[tuple[Trial, float]]:
    """Each trial that another quality could improve, the nearest to the aim first, and that quality."""
    found = []
    for trial in sorted(tried, key=lambda trial: abs(aim.level(trial.encoded) - aim.ideal)):
        relatives = [
            (each.quality, aim.level(each.encoded) + (aim.refit_gain if each.sized == each.quality else 0.0))
            for each in tried
            if each.sized == trial.sized
        ]
        quality = solved(relatives, aim.ideal, aim.staying_slope)
        if all(abs(quality - known) >= LEAST_POINTS for known, _ in relatives):
            found.append((trial, quality))
    return found


def _best(tried: list[Trial], aim: Aim) -> Trial:
    return min(tried, key=lambda trial: aim.rank(aim.level(trial.encoded)))
