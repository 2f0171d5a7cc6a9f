"""`survey`: see every chunk of a source once, and probe two of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from inrv_format.streams import Stream

from invr.config import EncodeConfig
from invr.encode_chunk import planned
from invr.estimate.load import Load, load_of
from invr.estimate.probe import Clock, Probe, probe_chunk
from invr.goals.aims import aim_at_psnr, aim_at_size
from invr.goals.laws import probe_steps
from invr.goals.pursuit import probe, solved
from invr.goals.shares import end_of, room
from invr.goals.trials import Trials
from invr.quality import DEFAULT_QUALITY, at_quality
from invr.signals import Signal


@dataclass(frozen=True, slots=True)
class Survey:
    """The loads of all chunks, and probes of the first and of a later one.

    `quality` is what a goal asks for, None without one. `read_s` is how long reading and planning took.
    """

    loads: tuple[Load, ...]
    probes: tuple[Probe, ...]
    quality: float | None
    read_s: float
    duration_s: float


def survey(
    signals: Iterable[tuple[Signal, bool]],
    streams: Mapping[int, Stream],
    config: EncodeConfig,
    device: str,
    duration_s: float | None,
    framing_bytes: int,
    clock: Clock,
) -> Survey:
    """Each signal comes with whether it is the last; `framing_bytes` are those of a file of one chunk.

    The later chunk is the last one whose number is a power of two: a pipe can do that as well as a file.
    """
    started, probing_s, end_s = clock(), 0.0, 0.0
    steps = probe_steps(config.fit.steps)
    loads: list[Load] = []
    probes: list[Probe] = []
    quality, later = None, None
    for signal, last in signals:
        end_s = max(end_s, end_of(signal, streams))
        if not loads:
            now = clock()
            if config.goal.steers:
                quality = _quality(signal, streams, config, device, (end_s, duration_s, framing_bytes), last=last)
                config = at_quality(config, quality)
            probes.append(probe_chunk(signal, streams, config, steps, device, clock))
            probing_s += clock() - now
        elif not signal.index & (signal.index - 1):
            later = signal
        loads.append(load_of(planned(signal, config)))
    read_s = clock() - started - probing_s
    if later is not None:
        probes.append(probe_chunk(later, streams, config, steps, device, clock))
    return Survey(tuple(loads), tuple(probes), quality, read_s, end_s)


def _quality(
    signal: Signal,
    streams: Mapping[int, Stream],
    config: EncodeConfig,
    device: str,
    span: tuple[float, float | None, int],
    *,
    last: bool,
) -> float:
    """Where an encode of the first chunk would start. `span`: its end, the source's length, the framing's bytes."""
    end_s, duration_s, framing_bytes = span
    goal = config.goal
    if goal.psnr_db is not None:
        aim = aim_at_psnr(goal.psnr_db)
    else:
        aim = aim_at_size(room(goal, framing_bytes, 0.0, end_s, duration_s, last=last))
    trials = Trials(signal, streams, config, device, lambda *_: None)
    return solved(probe(trials, aim, DEFAULT_QUALITY, 0.0), aim.ideal, aim.slope)
