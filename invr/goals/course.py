"""`Course`: a goal on its way through the chunks of a file."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from inrv_format.errors import InputError
from inrv_format.streams import Stream

from invr.config import EncodeConfig, Goal
from invr.encode_chunk import VIDEO_ID, EncodedChunk, FittedChunk, UnitReport, compress_chunk, fit_chunk
from invr.goals.aims import Aim, aim_at_psnr, aim_at_size
from invr.goals.outcome import Outcome, Written, judge
from invr.goals.pursuit import pursue
from invr.goals.shares import end_of, room, share
from invr.goals.trials import Trials
from invr.quality import DEFAULT_QUALITY, at_quality
from invr.signals import Signal
from invr.workers import Workers

# Of all the time: the rest is for opening and closing files.
PLANNED_SHARE = 0.96
# Of a chunk's time, with a quality to be found: the rest is for probes and corrections.
WHOLE_FIT_SHARE = 0.65


def check_goal(goal: Goal, streams: Mapping[int, Stream]) -> None:
    """InputError for a PSNR without a picture."""
    if goal.psnr_db is not None and VIDEO_ID not in streams:
        raise InputError(f"--target-psnr {goal.psnr_db}: the source has no picture")


class Course:
    """Encodes one chunk after the other as `config.goal` says; without a goal, each as `config` says.

    `duration_s` is how long the source is, None if unknown. What a chunk leaves of bytes or time, or takes too much,
    is shared by those that follow; the quality that one needed is where the next one starts. Networks of a chunk are
    fitted side by side on `workers`. Raises InputError for a PSNR without a picture.
    """

    def __init__(
        self,
        config: EncodeConfig,
        streams: Mapping[int, Stream],
        device: str,
        duration_s: float | None,
        workers: Workers | None = None,
    ) -> None:
        check_goal(config.goal, streams)
        self._config = config
        self._workers = workers
        self._streams = streams
        self._device = device
        self._duration_s = duration_s
        self._started = time.monotonic()
        self._end_s = 0.0
        self._quality, self._surplus = DEFAULT_QUALITY, 0.0
        self._chunks, self._whys = 0, list[str]()
        self._chunk_started = self._started

    @property
    def notes(self) -> dict[str, Any]:
        """Where the course stands after its last chunk, for `resume`."""
        return {
            "quality": self._quality,
            "surplus": self._surplus,
            "chunks": self._chunks,
            "whys": self._whys,
            "chunk_s": time.monotonic() - self._chunk_started,
        }

    def resume(self, signal: Signal, notes: Mapping[str, Any]) -> None:
        """Go on behind a chunk that an earlier start had finished, with the time that it took taken off."""
        self._end_s = max(self._end_s, end_of(signal, self._streams))
        self._started -= notes["chunk_s"]
        self._quality, self._surplus = notes.get("quality", self._quality), notes.get("surplus", self._surplus)
        self._chunks, self._whys = notes.get("chunks", self._chunks), list(notes.get("whys", self._whys))

    def timed(self, signal: Signal, workers: int, *, last: bool) -> EncodeConfig:
        """The settings of a chunk that is fitted beside others, on one of `workers`, and starts now."""
        start_s, self._end_s = self._end_s, max(self._end_s, end_of(signal, self._streams))
        return self._in_time(start_s, last=last, workers=workers)[0]

    def encode(
        self, signal: Signal, report: UnitReport, *, framing_bytes: int, last: bool
    ) -> tuple[FittedChunk, EncodedChunk]:
        """The next chunk. `framing_bytes` is the file's size if it ended after a chunk without content."""
        start_s, self._chunk_started = self._end_s, time.monotonic()
        self._end_s = max(self._end_s, end_of(signal, self._streams))
        config, deadline = self._in_time(start_s, last=last)
        # sound that outlasts the picture has no PSNR to reach
        without_psnr = config.goal.psnr_db is not None and signal.video is None
        if without_psnr:
            config = at_quality(config, self._quality)
        if without_psnr or not config.goal.steers:
            fitted = fit_chunk(signal, config, self._device, report, workers=self._workers)
            return fitted, compress_chunk(fitted, signal, self._streams, config, self._device, report)
        aim = self._aim(framing_bytes, start_s, last=last)
        trials = Trials(signal, self._streams, config, self._device, report, deadline, self._workers)
        pursuit = pursue(trials, aim, self._quality, self._surplus)
        self._quality, self._surplus = pursuit.trial.sized, pursuit.surplus
        self._chunks += 1
        if pursuit.why:
            self._whys.append(pursuit.why)
        return pursuit.trial.fitted, pursuit.trial.encoded

    def outcomes(self, size_bytes: int, psnr_db: float, duration_s: float) -> tuple[Outcome, ...]:
        """What became of the goal, with the file finished."""
        written = Written(size_bytes, psnr_db, duration_s, time.monotonic() - self._started)
        return judge(self._config.goal, written, self._whys, self._chunks)

    def _in_time(self, start_s: float, *, last: bool, workers: int = 1) -> tuple[EncodeConfig, float | None]:
        """The settings with the time of a whole fit, and when the chunk must be done, if the goal has a time."""
        config, now = self._config, time.monotonic()
        if config.goal.time_s is None:
            return config, None
        left = PLANNED_SHARE * config.goal.time_s - (now - self._started)
        left_s = None if self._duration_s is None else self._duration_s - start_s
        chunk_s = max(1e-3, min(left, workers * share(left, self._end_s - start_s, left_s, last=last)))
        limit_s = chunk_s * (WHOLE_FIT_SHARE if config.goal.steers else 1.0)
        return replace(config, fit=replace(config.fit, limit_s=limit_s)), now + chunk_s

    def _aim(self, framing_bytes: int, start_s: float, *, last: bool) -> Aim:
        goal = self._config.goal
        if goal.psnr_db is not None:
            return aim_at_psnr(goal.psnr_db)
        content_bytes = room(goal, framing_bytes, start_s, self._end_s, self._duration_s, last=last)
        if content_bytes < 1:
            self._whys.append(f"headers and index take {framing_bytes} bytes")
        return aim_at_size(content_bytes)
