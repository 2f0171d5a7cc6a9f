"""Which frame and which sample of one file belongs to which of the other, or a clear error."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from itertools import zip_longest

import numpy as np
from inrv_format.errors import InputError
from inrv_format.streams import AudioStream, VideoStream
from numpy.typing import NDArray

from invr.compare.clips import Clip, Frame, Sound, TimedFrame

# Containers round times to 1/1000 s (Matroska) or to ticks of their own.
ROUNDING_S = Fraction(1, 500)
# Codecs add at most a few of their blocks at the end.
LONGEST_TAIL_S = 0.1


def check_pictures(reference: Clip, distorted: Clip, one: VideoStream, other: VideoStream) -> None:
    """InputError when two picture streams cannot be compared frame by frame."""
    if (one.width, one.height) != (other.width, other.height):
        raise InputError(
            f"sizes differ: {reference.name} is {one.width}x{one.height}, "
            f"{distorted.name} is {other.width}x{other.height}"
        )


def paired_frames(reference: Clip, distorted: Clip) -> Iterator[tuple[Frame, Frame, float]]:
    """Frames shown at the same time since each file's first frame, and that time in seconds.

    InputError when a frame has no counterpart within a quarter of a frame, or one file has more frames.
    """
    starts: tuple[Fraction, Fraction] | None = None
    count = 0
    last = Fraction(0)
    for one, other in zip_longest(reference.frames(), distorted.frames()):
        if one is None or other is None:
            raise InputError(_counts(reference, distorted, count, one, other))
        starts = starts or (one.time, other.time)
        times = one.time - starts[0], other.time - starts[1]
        tolerance = max(ROUNDING_S, (times[0] - last) / 4) if count else Fraction(0)
        if abs(times[0] - times[1]) > tolerance:
            raise InputError(
                f"frame {count} is shown at {float(times[0]):.3f} s in {reference.name} "
                f"and at {float(times[1]):.3f} s in {distorted.name}{_rates(reference, distorted)}"
            )
        yield one.values, other.values, float(times[0])
        last, count = times[0], count + 1


def _rates(reference: Clip, distorted: Clip) -> str:
    """The frame rates that the streams claim, where they differ; the frames' own times are what counts."""
    rates = [float(clip.video.average_rate) for clip in (reference, distorted) if clip.video]
    return f" (frame rates {rates[0]:.3f} and {rates[1]:.3f})" if len(set(rates)) == 2 else ""


def _counts(reference: Clip, distorted: Clip, count: int, one: TimedFrame | None, other: TimedFrame | None) -> str:
    """Which file has more frames, and how many: the rest is counted only now."""
    longer, shorter = (distorted, reference) if one is None else (reference, distorted)
    del other
    total = count + 1 + sum(1 for _ in longer.frames())
    return f"numbers of frames differ: {shorter.name} has {count}, {longer.name} has {total}"


def check_sounds(reference: Clip, distorted: Clip, one: AudioStream, other: AudioStream) -> None:
    """InputError when two sound streams cannot be compared sample by sample."""
    for what, first, second in (
        ("sample rates", one.sample_rate_hz, other.sample_rate_hz),
        ("numbers of channels", one.channels, other.channels),
    ):
        if first != second:
            raise InputError(f"{what} differ: {reference.name} has {first}, {distorted.name} has {second}")


def paired_samples(
    reference: Sound, distorted: Sound, sample_rate_hz: int, delay: int = 0
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The span of `reference`, and what `distorted` has there when it is moved `delay` samples earlier.

    Codecs lengthen the sound by up to a block; samples before the first and after the last one are silent. InputError
    when the sounds end more than LONGEST_TAIL_S apart.
    """
    length = len(reference.values)
    start = reference.first_sample - distorted.first_sample + delay
    ends = length, len(distorted.values) - start
    if abs(ends[0] - ends[1]) > LONGEST_TAIL_S * sample_rate_hz:
        raise InputError(f"lengths of sound differ: {ends[0]} and {ends[1]} samples from the same moment on")
    moved = np.zeros_like(reference.values)
    low, high = max(0, -start), min(length, len(distorted.values) - start)
    if high > low:
        moved[low:high] = distorted.values[start + low : start + high]
    return reference.values, moved


def best_delay(reference: Sound, distorted: Sound, most: int) -> int:
    """By how many samples, at most `most`, `distorted` lags behind: the peak of their cross-correlation."""
    one, other = reference.values.mean(1), distorted.values.mean(1)
    size = 1 << (len(one) + len(other) - 1).bit_length()
    spectrum = np.conj(np.fft.rfft(one, size)) * np.fft.rfft(other, size)
    correlation = np.fft.irfft(spectrum, size)
    offset = reference.first_sample - distorted.first_sample
    lags = np.arange(offset - most, offset + most + 1)
    return int(lags[np.argmax(correlation[lags % size])]) - offset
