"""`EncodeProgress`: reports of single fits as reports of the whole encode."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from invr.fit import FitProgress


@dataclass(frozen=True, slots=True)
class EncodeProgress:
    """State of an encode: a chunk under work (counted from 0) of an estimated `chunks` (None if unknown).

    `fit` is the state of network `unit` of `units` of that chunk; `encoded_s` is the media time of the chunks that
    are written of `duration_s` (None if unknown), `bytes_written` their bytes. `done` is the share of the whole work
    that is finished, 0 to 1, by this chunk alone where the total is unknown; `resumed` that which an earlier start
    had done.
    """

    chunk: int
    chunks: int | None
    unit: int
    units: int
    fit: FitProgress
    bytes_written: int
    encoded_s: float
    duration_s: float | None
    elapsed_s: float
    done: float
    resumed: float = 0.0

    @property
    def eta_s(self) -> float | None:
        """About how long it takes from now on; None where that cannot be told."""
        if self.chunks is None or self.done <= self.resumed:
            return None
        return self.elapsed_s * (1 - self.done) / (self.done - self.resumed)


class ProgressMeter:
    """Counts what is done of all chunks under work, and tells `report` of it.

    `chunks` estimates how many there are; `bytes_written` says how many bytes are.
    """

    def __init__(
        self,
        chunks: Callable[[], int | None],
        duration_s: float | None,
        bytes_written: Callable[[], int],
        report: Callable[[EncodeProgress], None] | None,
    ) -> None:
        self._report = report
        self._bytes_written = bytes_written
        self._duration_s = duration_s
        self._chunks = chunks
        self._started = time.monotonic()
        self._inside: dict[int, float] = {}
        self._finished = self._resumed = 0
        self._encoded_s = 0.0

    def tell(self, chunk: int, unit: int, units: int, fit: FitProgress) -> None:
        """A fit of a chunk has come so far."""
        self._inside[chunk] = (unit + fit.step / fit.steps) / units
        if self._report is None:
            return
        expected = self._chunks()
        chunks = max(expected, chunk + 1, self._finished + len(self._inside)) if expected else None
        done = self._inside[chunk]
        if chunks:
            done = min(1.0, (self._finished + sum(self._inside.values())) / chunks)
        self._report(
            EncodeProgress(
                chunk,
                chunks,
                unit,
                units,
                fit,
                self._bytes_written(),
                self._encoded_s,
                self._duration_s,
                time.monotonic() - self._started,
                done,
                self._resumed / chunks if chunks else 0.0,
            )
        )

    def finish_chunk(self, chunk: int) -> None:
        """A chunk is done."""
        self._inside.pop(chunk, None)
        self._finished += 1

    def resume_chunk(self) -> None:
        """A chunk was done before the start."""
        self._finished += 1
        self._resumed += 1

    def written(self, encoded_s: float) -> None:
        """The file has got so far."""
        self._encoded_s = encoded_s
