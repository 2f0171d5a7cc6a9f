"""`Outcome`: what a file was to be, what it is, and what counts as reached."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from invr.config import Goal
from invr.fit.pace import LEAST_STEPS
from invr.goals.pursuit import NO_LESS, NO_MORE, NOT_FOUND

# PSNR is reached from so much below the target on, to so much above it.
BELOW_DB, ABOVE_DB = 0.05, 0.5
# Sizes and bitrates are reached from this share of the target on; nothing above it counts.
LEAST_SHARE = 0.9
# A time is kept up to this many times the target.
MOST_TIME = 1.1
TOO_SHORT = f"the machine slowed down, or it is too short for {LEAST_STEPS} steps of each fit"


@dataclass(frozen=True, slots=True)
class Outcome:
    """`name` is psnr (dB), size (bytes), bitrate (bits a second) or time (s); `why` is None where it was reached."""

    name: str
    wanted: float
    reached: float
    why: str | None


@dataclass(frozen=True, slots=True)
class Written:
    """What an encode came to: bytes of the file, its PSNR and length, and the time that it took."""

    size_bytes: int
    psnr_db: float
    duration_s: float
    time_s: float


def judge(goal: Goal, written: Written, whys: Sequence[str], chunks: int) -> tuple[Outcome, ...]:
    """An outcome for each part of the goal; `whys` are what kept some of the `chunks` from theirs.

    More quality than asked for is no miss where the smallest networks reach no less, nor are fewer bytes where the
    largest of every chunk reach no more.
    """
    found = []
    if goal.psnr_db is not None:
        low, high = goal.psnr_db - BELOW_DB, goal.psnr_db + ABOVE_DB
        why = _why(low <= written.psnr_db <= high, whys, NO_LESS)
        found.append(Outcome("psnr", goal.psnr_db, written.psnr_db, why))
    rate = 8 * written.size_bytes / written.duration_s if written.duration_s else 0.0
    for name, target, reached in (("size", goal.size_bytes, written.size_bytes), ("bitrate", goal.bits_per_s, rate)):
        if target is not None:
            excuse = NO_MORE if len(whys) == chunks else None
            why = _why(LEAST_SHARE * target <= reached <= target, whys, excuse)
            found.append(Outcome(name, target, reached, why))
    if goal.time_s is not None:
        kept = written.time_s <= MOST_TIME * goal.time_s
        found.append(Outcome("time", goal.time_s, written.time_s, None if kept else TOO_SHORT))
    return tuple(found)


def _why(reached: bool, whys: Sequence[str], excuse: str | None) -> str | None:
    """None where the target was reached, or where all that was in the way is an excuse."""
    if reached or (whys and set(whys) == {excuse}):
        return None
    return next((why for why in whys if why != excuse), NOT_FOUND)
