"""Sound on its way into an encoder: gapless, at the encoder's rate, in blocks of the encoder's size."""

from __future__ import annotations

from collections.abc import Iterator

import av
import numpy as np

from invr.media.sound import Samples, frame_samples, samples_frame

PCM_BLOCK = 1024


class SampleLine:
    """Makes one gapless run of blocks with times: a gap becomes silence, an overlap is cut off."""

    def __init__(self, starts_at_zero: bool) -> None:
        self._position: int | None = 0 if starts_at_zero else None

    def joined(self, values: Samples, pts: int) -> tuple[Samples, int]:
        """The samples that follow what came before, and the time of the first of them, in samples."""
        if self._position is None:
            self._position = pts
        position = self._position
        if pts > position:
            values = np.concatenate([np.zeros((pts - position, values.shape[1]), np.float32), values])
        else:
            values = values[position - pts :]
        self._position = position + len(values)
        return values, position


class RateChange:
    """Makes sound gapless and brings it to another rate and layout (FFmpeg's swresample), if they are others."""

    def __init__(
        self, layout: str, from_hz: int, to_hz: int, *, to_layout: str | None = None, starts_at_zero: bool = False
    ) -> None:
        self._layout, self._from_hz, self._to_hz = layout, from_hz, to_hz
        self._line = SampleLine(starts_at_zero)
        to_layout = to_layout or layout
        self._channels = len(av.AudioLayout(to_layout).channels)
        same = (layout, from_hz) == (to_layout, to_hz)
        self._resampler = None if same else av.AudioResampler("fltp", to_layout, to_hz)
        self._pts: int | None = None

    def push(self, values: Samples, pts: int) -> tuple[Samples, int]:
        """What follows at the new rate, and its time in samples of that; `pts` is in samples of the old one."""
        values, position = self._line.joined(values, pts)
        if self._pts is None:
            self._pts = round(position * self._to_hz / self._from_hz)
        if self._resampler is not None and len(values):
            frame = samples_frame(values, "fltp", self._layout, self._from_hz)
            values = self._joined(self._resampler.resample(frame))
        elif self._resampler is not None:
            values = self._joined([])
        return self._placed(values)

    def flush(self) -> tuple[Samples, int]:
        """What still waits; nothing may be pushed after."""
        if self._resampler is None or self._pts is None:
            return self._placed(self._joined([]))
        return self._placed(self._joined(self._resampler.resample(None)))

    def _joined(self, frames: list[av.AudioFrame]) -> Samples:
        return np.concatenate([np.zeros((0, self._channels), np.float32), *map(frame_samples, frames)])

    def _placed(self, values: Samples) -> tuple[Samples, int]:
        pts = self._pts or 0
        if self._pts is not None:
            self._pts += len(values)
        return values, pts


class SoundTrack:
    """Cuts sound into `av.AudioFrame`s that an open encoder takes, resampled where its rate or layout differs."""

    def __init__(
        self, context: av.AudioCodecContext, layout: str, sample_rate_hz: int, to_layout: str, starts_at_zero: bool
    ) -> None:
        self._context = context
        self._layout = to_layout
        self._size = context.frame_size or PCM_BLOCK
        self._line = RateChange(
            layout, sample_rate_hz, context.sample_rate, to_layout=to_layout, starts_at_zero=starts_at_zero
        )
        self._waiting: list[Samples] = []
        self._count = 0
        self._pts: int | None = None

    def frames(self, values: Samples, pts: int) -> Iterator[av.AudioFrame]:
        """Full blocks; what is left waits for the next call. `pts` is in samples of the given rate."""
        values, position = self._line.push(values, pts)
        if self._pts is None:
            self._pts = position
        self._push(values)
        yield from self._blocks(self._size)

    def rest(self) -> Iterator[av.AudioFrame]:
        """What still waits, the last block as short as it is."""
        self._push(self._line.flush()[0])
        yield from self._blocks(self._size)
        if self._count:
            yield from self._blocks(self._count)

    def _push(self, values: Samples) -> None:
        self._waiting.append(values)
        self._count += len(values)

    def _blocks(self, size: int) -> Iterator[av.AudioFrame]:
        if self._count < size or self._pts is None:
            return
        joined = np.concatenate(self._waiting)
        whole = len(joined) // size * size
        self._waiting = [joined[whole:].copy()]
        self._count = len(joined) - whole
        rate = self._context.sample_rate
        for first in range(0, whole, size):
            block = joined[first : first + size]
            frame = samples_frame(block, self._context.format.name, self._layout, rate)
            frame.pts = self._pts
            frame.time_base = self._context.time_base
            self._pts += size
            yield frame
