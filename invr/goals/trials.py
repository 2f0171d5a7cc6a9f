"""`Trials`: all ways in which one chunk is encoded until its aim is reached."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace

from inrv_format.streams import Stream

from invr.config import EncodeConfig
from invr.encode_chunk import EncodedChunk, FittedChunk, UnitReport, compress_chunk, fit_chunk, planned, refit_chunk
from invr.fit import FitProgress
from invr.fit.pace import LEAST_STEPS
from invr.quality import HIGHEST_QUALITY, LOWEST_QUALITY, POINTS_PER_HALVING, at_quality
from invr.signals import Signal
from invr.workers import Workers

REFIT_SHARE = 0.15
SCAN_POINTS = 3.0


@dataclass(frozen=True, slots=True)
class Trial:
    """A chunk with networks as large as the quality `sized` asks for, fitted last at `quality` and for `steps`."""

    sized: float
    quality: float
    steps: int
    fitted: FittedChunk
    encoded: EncodedChunk


class Trials:
    """Encodes one chunk again and again; `report` gets the progress of all of it as that of one network.

    `config.fit` is that of a whole fit, of `steps`; `expected_steps` are what its time is enough for. `deadline` (of
    `time.monotonic`) ends all of them.
    """

    def __init__(
        self,
        signal: Signal,
        streams: Mapping[int, Stream],
        config: EncodeConfig,
        device: str,
        report: UnitReport,
        deadline: float | None = None,
        workers: Workers | None = None,
    ) -> None:
        self._signal = signal
        self._streams = streams
        self._config = config
        self._device = device
        self._report = report
        self._deadline = deadline
        self._workers = workers
        self._done_steps = self._taken_steps = 0
        self.steps = config.fit.steps
        self.expected_steps = config.fit.steps

    def fit(self, quality: float, steps: int) -> Trial:
        """From the start, for `steps` of the whole fit's; where time is limited, its speed tells `expected_steps`."""
        started = time.monotonic()
        config = self._settings(quality, steps)
        fitted = fit_chunk(self._signal, config, self._device, self._told(steps), workers=self._workers)
        trial = self._trial(quality, quality, fitted, config, steps)
        limit_s = self._config.fit.limit_s
        if limit_s is not None:
            possible = round(limit_s * trial.steps / (time.monotonic() - started))
            self.expected_steps = min(self.steps, max(LEAST_STEPS, possible))
        return trial

    def refit(self, trial: Trial, quality: float) -> Trial:
        """The networks of a trial at another quality. Steps of quantization are as the square root of lambda."""
        steps = max(1, round(REFIT_SHARE * self.steps))
        config = self._settings(quality, steps)
        coarser = 2 ** ((trial.quality - quality) / POINTS_PER_HALVING / 2)
        fitted = refit_chunk(trial.fitted, self._signal, config, self._device, self._told(steps), coarser)
        return self._trial(trial.sized, quality, fitted, config, steps)

    def keeps(self, trial: Trial, quality: float) -> bool:
        """Whether the quality asks for the networks that the trial has."""
        return planned(self._signal, at_quality(self._config, quality)) == trial.fitted.plans

    def resized(self, trial: Trial, quality: float, *, rises: bool) -> float | None:
        """The quality from `quality` on, up or down, that asks for other networks than the trial has, if there is."""
        last = HIGHEST_QUALITY if rises else LOWEST_QUALITY
        while self.keeps(trial, quality):
            if quality == last:
                return None
            quality += SCAN_POINTS if rises else -SCAN_POINTS
            quality = min(max(quality, LOWEST_QUALITY), HIGHEST_QUALITY)
        return quality

    def is_last(self, trial: Trial, *, rises: bool) -> bool:
        """Whether no quality asks for larger networks than the trial's, or for smaller ones."""
        return self.keeps(trial, HIGHEST_QUALITY if rises else LOWEST_QUALITY)

    def affords(self, share: float) -> bool:
        """Whether there is time for such a share of a whole fit."""
        limit_s = self._config.fit.limit_s
        if self._deadline is None or limit_s is None:
            return True
        return time.monotonic() + share * limit_s <= self._deadline

    def _settings(self, quality: float, steps: int) -> EncodeConfig:
        config = at_quality(self._config, quality)
        limit_s = config.fit.limit_s and config.fit.limit_s * steps / config.fit.steps
        return replace(config, fit=replace(config.fit, steps=steps, limit_s=limit_s))

    def _trial(self, sized: float, quality: float, fitted: FittedChunk, config: EncodeConfig, steps: int) -> Trial:
        told = self._told(steps)
        encoded = compress_chunk(fitted, self._signal, self._streams, config, self._device, told)
        self._done_steps += steps
        return Trial(sized, quality, self._taken_steps, fitted, encoded)

    def _told(self, steps: int) -> UnitReport:
        """A report of a fit of `steps` as a part of the whole work, which lasts a whole fit at least."""
        done, total = self._done_steps, max(self.steps, self._done_steps + steps)

        def report(unit: int, units: int, progress: FitProgress) -> None:
            if unit == 0:
                self._taken_steps = progress.step
            inside = (unit + progress.step / progress.steps) / units
            self._report(0, 1, FitProgress(done + round(steps * inside), total, progress.psnr_db))

        return report
